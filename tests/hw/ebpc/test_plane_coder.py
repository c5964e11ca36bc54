"""The plane coder against the table of the format: all planes, or many where they are too many."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.plane_coder import PlaneCoder
from tests.hw.ebpc.blocks import plane_symbol, run_symbol
from tests.hw.simulate import combinational

SEED = 51


def dbxs(params: Params) -> list[int]:
    """All dbx of a short plane; of a long one those of few ones or zeros, and random ones."""
    bits = params.plane_bits
    if bits < 10:
        return list(range(2**bits))
    rng = random.Random(SEED)
    near = [1 << i | 1 << j for i in range(bits) for j in range(bits)]
    ones = 2**bits - 1
    return [0, ones, *near, *(ones ^ few for few in near), *(rng.getrandbits(bits) for _ in near)]


@pytest.mark.parametrize("block_words", [4, 8, 16, 32])
def test_every_plane(block_words):
    params = Params(block_words=block_words)
    dut = PlaneCoder(params)

    async def body(ctx):
        for dbx in dbxs(params):
            for dbp_zero in (0, 1):
                ctx.set(dut.dbx, dbx)
                ctx.set(dut.dbp_zero, dbp_zero)
                symbol = f"{ctx.get(dut.symbol):0{params.max_symbol_bits}b}"
                code = plane_symbol(params, dbx, not dbp_zero) if dbx else run_symbol(params, 1)
                assert symbol == code.ljust(len(symbol), "0"), f"dbx {dbx:b}, dbp zero {dbp_zero}"
                assert ctx.get(dut.zero) == (dbx == 0)

    print(f"seed {SEED}")
    combinational(dut, body)
