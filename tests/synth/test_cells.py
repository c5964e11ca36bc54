"""The project's own cell library."""

import re

import pytest

from synth import cells, library


def evaluate(function: str, **pins: bool) -> bool:
    return bool(
        eval(re.sub(r"!", " not ", function).replace("*", " and ").replace("+", " or "), pins)
    )


def test_own_cells_do_what_their_names_say():
    expected = {
        "INV": lambda a: not a,
        "BUF": lambda a: a,
        "NAND": lambda *p: not all(p),
        "NOR": lambda *p: not any(p),
        "AND": lambda *p: all(p),
        "OR": lambda *p: any(p),
        "XOR": lambda a, b: a != b,
        "XNOR": lambda a, b: a == b,
        "MUX": lambda a, b, s: b if s else a,
        "AOI21": lambda a, b, c: not ((a and b) or c),
        "AOI22": lambda a, b, c, d: not ((a and b) or (c and d)),
        "AOI211": lambda a, b, c, d: not ((a and b) or c or d),
        "OAI21": lambda a, b, c: not ((a or b) and c),
        "OAI22": lambda a, b, c, d: not ((a or b) and (c or d)),
        "OAI211": lambda a, b, c, d: not ((a or b) and c and d),
    }
    for cell in cells.CELLS:
        kind = cell.name.split("_")[0]
        meant = expected.get(kind) or expected[kind.rstrip("0123456789")]
        for bits in range(2 ** len(cell.inputs)):
            values = [bool(bits >> i & 1) for i in range(len(cell.inputs))]
            pins = dict(zip(cell.inputs, values, strict=True))
            assert evaluate(cell.function, **pins) == bool(meant(*values)), cell.name


def test_own_cells_are_sane():
    by_name = {cell.name: cell for cell in cells.CELLS}
    assert len(by_name) == len(cells.CELLS)
    assert by_name["NAND2_X1"].area == 1
    for cell in cells.CELLS:
        assert 0.5 <= cell.area <= 3
        assert cell.parasitic >= 1
        assert cell.effort >= 1
    for name in ("INV", "BUF", "NAND2", "NOR2"):
        assert by_name[f"{name}_X2"].area > by_name[f"{name}_X1"].area
        assert by_name[f"{name}_X2"].drive == 2


def test_own_library_reads_back(own):
    assert own.name == cells.NAME
    assert own.nand2_area == pytest.approx(1)
    assert own.output_load_ff == pytest.approx(4 * 4 / 3, abs=1e-3)
    assert own.flip_flops == {"DFF_X1", "DFFR_X1"}
    assert own.buffer == "BUF_X1"
    assert own.clock_gate == library.ClockGate("CLKGATE_X1", "E", "CK", "GCK")
    assert own.outputs["MUX2_X1"] == {"Y"}
