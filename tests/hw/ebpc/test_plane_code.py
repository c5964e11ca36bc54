"""The table of the plane code: as doc/format.md has it, and what is read off it."""

import re
from pathlib import Path

import pytest
from amaranth.hdl import Module, Signal

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc import plane_code
from tests.hw.ebpc.blocks import run_symbol
from tests.hw.simulate import combinational

FORMAT = Path(__file__).parents[3] / "doc" / "format.md"
CONFIGS = [(8, 8), (16, 8), (8, 16), (8, 4), (32, 32)]


def test_prefixes_are_those_of_the_format():
    table = FORMAT.read_text().partition("**Symbols.**")[2].partition("A position counts")[0]
    written = {
        name: re.findall(r"`([01]+)`", code)
        for name, _, code in re.findall(
            r"^\| ([a-z ]+) \| (.*) \| (.*`.*) \|$", table, re.MULTILINE
        )
    }
    codes = {name.replace("_", " "): code for name, code in plane_code.codes(Params()).items()}
    runs = [codes.pop("run of one").prefix, codes.pop("run").prefix]
    assert written.pop("plane run") == runs
    assert written == {name: [code.prefix] for name, code in codes.items()}


@pytest.mark.parametrize("config", CONFIGS)
def test_the_code_is_complete(config):
    # no symbol is the beginning of another one, and every sequence of bits is symbols
    table = plane_code.codes(Params(*config)).values()
    assert sum(2.0 ** -len(code.prefix) for code in table) == 1
    assert max(code.bits for code in table) == Params(*config).max_symbol_bits


@pytest.mark.parametrize("config", CONFIGS)
def test_a_symbol_is_told_by_its_first_bits(config):
    params = Params(*config)
    m, symbol = Module(), Signal(params.max_symbol_bits)
    case = plane_code.match(m, params, symbol, "symbol")
    length = plane_code.length_bits(plane_code.lengths(params, case))
    table = plane_code.codes(params)

    async def body(ctx):
        for prefix in range(32):
            ctx.set(symbol, prefix << params.max_symbol_bits - 5)
            (expected,) = (n for n, c in table.items() if f"{prefix:05b}".startswith(c.prefix))
            assert [name for name, there in case.items() if ctx.get(there)] == [expected]
            assert ctx.get(length) == table[expected].bits
            assert ctx.get(plane_code.is_run(params, symbol)) == expected.startswith("run")

    combinational(m, body)


@pytest.mark.parametrize("config", CONFIGS)
def test_runs_grow_plane_by_plane(config):
    params = Params(*config)
    m, symbol = Module(), Signal(params.max_symbol_bits)

    async def body(ctx):
        for length in range(1, params.planes):
            ctx.set(symbol, int(run_symbol(params, length).ljust(len(symbol), "0"), 2))
            longer = f"{ctx.get(plane_code.extend_run(params, symbol)):0{len(symbol)}b}"
            assert longer == run_symbol(params, length + 1).ljust(len(symbol), "0")
        of_one = f"{ctx.get(plane_code.extend_run(params, None)):0{len(symbol)}b}"
        assert of_one == run_symbol(params, 2).ljust(len(symbol), "0")

    combinational(m, body)
