"""The synthesis flow: cell library, Liberty reading, reports, and a small real run."""

import dataclasses
import json
import re
import shutil

import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from click.testing import CliRunner

from fmcodec.ebpc import Params
from fmcodec_hw import catalog
from fmcodec_hw.shell import ports
from synth import asic, cells, fpga, library, readme, run, tables, timing
from synth.common import BASELINE, change, chosen

# a core that is only asked for its ports is never elaborated
pytestmark = pytest.mark.filterwarnings("ignore:.*created but never used")


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> library.Library:
    return library.load(cells.write(tmp_path_factory.mktemp("cells")))


class Counter(wiring.Component):
    """Sixteen bits that count up to a limit."""

    def __init__(self):
        super().__init__({"step": In(1), "limit": In(16), "count": Out(16), "full": Out(1)})

    def elaborate(self, platform):
        m = Module()
        value = Signal(16, reset_less=True)
        m.d.comb += [self.count.eq(value), self.full.eq(value == self.limit)]
        with m.If(self.step & ~self.full):
            m.d.sync += value.eq(value + 1)
        return m


@pytest.fixture(scope="module")
def counter() -> str:
    from amaranth.back import verilog

    return verilog.convert(Counter(), name="counter", emit_src=False)


# The cell library


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


def test_a_library_without_gate_equivalent_is_refused(tmp_path):
    path = tmp_path / "bad.lib"
    path.write_text("library (x) { cell (A) { area : 1; } }")
    with pytest.raises(ValueError, match=r"^bad\.lib must have a cell of function !\(A\*B\)"):
        library.load(path)
    path = tmp_path / "worse.lib"
    path.write_text("not Liberty at all")
    with pytest.raises(ValueError, match=r"^worse\.lib must be a Liberty file$"):
        library.load(path)


def flip_flop(name: str, area: float, outputs: dict[str, str], clear: str = "!R") -> str:
    pins = "".join(
        f'pin ({pin}) {{ direction : output; function : "{function}"; }} '
        for pin, function in outputs.items()
    )
    return (
        f'cell ({name}) {{ area : {area}; ff (IQ, IQN) {{ next_state : "D"; clocked_on : "CK"; '
        f'clear : "{clear}"; }} pin (D) {{ direction : input; capacitance : 1; }} {pins} }} '
    )


def test_flip_flops_with_an_inverted_output_are_found(own, tmp_path):
    assert own.inverter == library.Inverter("INV_X1", pytest.approx(2 / 3, abs=1e-3), "A", "Y")
    assert own.two_outputs == {}
    both = {"Q": "IQ", "QN": "IQN"}
    registers = (
        flip_flop("ONE", 5, {"Q": "IQ"})
        + flip_flop("TWO", 5.5, both)
        + flip_flop("LARGE", 5.6, both)
        + flip_flop("STRONG", 5.7, {"Q": "IQ"})  # as large as an inverter and the next
        + flip_flop("OTHER", 5, {"Q": "IQ"}, clear="R")
    )
    text = own.path.read_text()
    path = tmp_path / "both.lib"
    path.write_text(text[: text.rindex("}")] + registers + "}")
    two = library.TwoOutputs("TWO", "Q", "QN")
    large = library.TwoOutputs("LARGE", "Q", "QN")
    assert library.load(path).two_outputs == {"ONE": two, "TWO": two, "LARGE": large}


def test_an_inverter_behind_a_register_becomes_its_second_output(own):
    def cell(kind: str, pins: dict[str, int]) -> dict:
        directions = {pin: "output" if pin in "QY" else "input" for pin in pins}
        nets = {pin: [net] for pin, net in pins.items()}
        return {"type": kind, "connections": nets, "port_directions": directions}

    module = {
        "cells": {
            "a_reg": cell("DFF_X1", {"D": 2, "CK": 3, "Q": 4}),
            "b_reg": cell("DFF_X1", {"D": 9, "CK": 3, "Q": 5}),
            "u1": cell("INV_X1", {"A": 4, "Y": 6}),
            "u2": cell("INV_X1", {"A": 4, "Y": 7}),
            "u3": cell("INV_X2", {"A": 5, "Y": 8}),
        }
    }
    both = dataclasses.replace(own, two_outputs={"DFF_X1": library.TwoOutputs("BOTH", "Q", "QN")})
    asic.use_inverted_outputs(module, both)
    assert set(module["cells"]) == {"a_reg", "b_reg", "u2", "u3"}
    assert module["cells"]["a_reg"] == {
        "type": "BOTH",
        "connections": {"D": [2], "CK": [3], "Q": [4], "QN": [6]},
        "port_directions": {"D": "input", "CK": "input", "Q": "output", "QN": "output"},
    }
    assert module["cells"]["b_reg"]["type"] == "DFF_X1"


# Yosys, ABC, OpenSTA


def test_a_counter_goes_through_the_flow(own, counter, tmp_path):
    recipes = ("area", "balanced")
    found = asic.synthesise(counter, "counter", own, tmp_path, recipes=recipes)
    area = {name: netlist["area_ge"] for name, netlist in found["netlists"].items()}
    assert found["flip_flops"] == 16
    # registers, and at least an XOR of the increment and one of the comparison a bit
    assert 16 * (17 / 3 + 2 * 2) < area["area"] < 16 * 20
    assert area["area"] < area["balanced"]
    for netlist in found["netlists"].values():
        assert 3 < netlist["logic_depth"] < 40
        assert 0.05 < netlist["abc_ns"] < 2
    assert sum(block["area_ge"] for block in found["blocks"].values()) == pytest.approx(
        area["area"], rel=0.02
    )
    if shutil.which("sta") is None:
        pytest.skip("OpenSTA is not installed")
    for recipe, netlist in found["netlists"].items():
        timed = timing.minimum_period(tmp_path / f"{recipe}.v", "counter", own)
        # ABC leaves out the registers' own delay: two, and one, of the five-tau inverters
        assert 0.025 < timed["period_ns"] - netlist["abc_ns"] < 0.3
        assert re.fullmatch(r"(count|value|limit)\[\d+\]|step", timed["path_from"])
        assert re.fullmatch(r"(count|value)\[\d+\]|full", timed["path_to"])


def test_clock_gating_takes_the_enable_out_of_the_logic(own, tmp_path):
    bank = """
        module bank(input clk, input enable, input [15:0] d, output reg [15:0] q);
          always @(posedge clk) if (enable) q <= d ^ {d[0], d[15:1]};
        endmodule
    """

    def area(gating, folder):
        options = {"recipes": ("area",), "clock_gating": gating}
        found = asic.synthesise(bank, "bank", own, tmp_path / folder, **options)
        assert found["flip_flops"] == 16
        return found["netlists"]["area"]["area_ge"]

    assert area(True, "gated") < area(False, "plain")
    assert "CLKGATE_X1" in (tmp_path / "gated" / "area.v").read_text()


def test_yosys_says_what_was_wrong(own, tmp_path):
    with pytest.raises(RuntimeError, match=r"Yosys failed in .*: ERROR: .*"):
        asic.yosys("read_verilog missing.v\n", tmp_path)


def test_logic_depth_counts_cells_between_registers(own):
    def cell(kind, **pins):
        return {"type": kind, "connections": {name: [bit] for name, bit in pins.items()}}

    netlist = {
        "cells": {
            "a": cell("INV_X1", A=2, Y=3),
            "b": cell("NAND2_X1", A=3, B=2, Y=4),
            "r": cell("DFF_X1", CK=9, D=4, Q=5),
            "c": cell("INV_X1", A=5, Y=6),
        }
    }
    assert asic.logic_depth(netlist, own) == 2


def test_worst_path_is_told_in_names_of_the_source():
    report = """\
Startpoint: core.packer.count_reg[2]
            (rising edge-triggered flip-flop clocked by clk)
Endpoint: m_axis_tdata[0] (output port clocked by clk)

   0.2000    0.2000 ^ core.packer.count_reg[2]/Q (dfrbpq_1)
   0.1000    0.3000 v _12_/Y (inv_1)
             0.3000   data arrival time
   9.7000   slack (MET)
"""
    path = {"path_from": "packer.count[2]", "path_to": "m_axis_tdata[0]", "path_cells": 2}
    assert timing.worst_path(report) == path


# Configurations and tables


def test_configurations_are_the_catalogues():
    [(config, core)] = chosen(["ebpc 8/8/16p2"], ["decoder"], "asic")
    assert (config.params, core) == (Params(8, 8, 16, 2), "decoder")
    assert {core for _, core in chosen([], [], "asic")} == {"encoder", "decoder"}
    assert len(chosen([], [], "asic")) > len(chosen([], [], "fpga")) > 0
    for config, core in chosen([], [], "asic"):
        assert core in config.cores
        assert "asic" in config.figures
    with pytest.raises(ValueError, match=r"^config must be one of ebpc 8/8/16, .*, not '8/8/9'$"):
        chosen(["8/8/9"], [], "asic")


def figures(area=100.0, period=3.0):
    slow = {"area_ge": area, "logic_depth": 30, "abc_ns": 5.0, "period_ns": 2 * period}
    fast = {"area_ge": 1.5 * area, "logic_depth": 10, "abc_ns": 1.5, "period_ns": period}
    return {"flip_flops": 8, "netlists": {"area": slow, "fast": fast}, "blocks": {}}


def test_summary_takes_the_smallest_and_the_fastest_netlist():
    row = tables.summary(figures(), 3.6)
    assert (row["area_ge"], row["period_ns"], row["fastest_ge"]) == (100, 3.0, 150)
    assert row["in_period_ge"] == 150
    assert tables.summary(figures(), 7.0)["in_period_ge"] == 100
    assert tables.summary(figures(), 1.0)["in_period_ge"] is None


def test_changes_have_arrows():
    assert change(10.0, None, 0) == "10"
    assert change(10.0, 10.04, 1) == "10.0"
    assert change(9.0, 10.0, 0) == "9 [green]▼1[/green]"
    assert change(11.0, 10.0, 1) == "11.0 [red]▲1.0[/red]"
    assert change(11.0, 10.0, 0, less=False) == "11 [green]▲1[/green]"
    assert change(None, 10.0, 0) == "-"


def test_readme_tables_are_filled_between_their_markers():
    text = "a\n<!-- synth: lib -->\nold\n<!-- end -->\nb\n"
    kept = {"lib": {"period": 3.6, "results": {"8/8/16": {"encoder": figures()}}}}
    new = readme.filled(text, kept)
    assert "| 8/8/16 | encoder | 100 | 8 | 150 | 1.50 | 3.00 | 150 |" in new
    assert new.startswith("a\n<!-- synth: lib -->\n|")
    assert new.endswith("|\n<!-- end -->\nb\n")
    assert readme.filled(new, kept) == new
    with pytest.raises(ValueError, match=r"^a table's figures must be of lib, not 'other'$"):
        readme.filled(text.replace("lib", "other"), kept)


def test_a_marker_chooses_configurations():
    kept = {"lib": {"period": 3.6, "results": {"8/8/16": {"encoder": figures()}}}}
    kept["lib"]["results"]["8/8/8"] = {"decoder": figures()}
    both = readme.filled("<!-- synth: lib -->\n<!-- end -->", kept)
    one = readme.filled("<!-- synth: lib; 8/8/8 -->\n<!-- end -->", kept)
    assert "encoder" in both
    assert "encoder" not in one
    assert "| 8/8/8 | decoder |" in one


@pytest.mark.parametrize("document", readme.DOCUMENTS, ids=lambda path: path.name)
def test_documents_have_the_committed_figures(document):
    if not BASELINE.exists():
        pytest.skip("no figures are committed yet")
    text = document.read_text()
    assert "<!-- synth: " in text
    assert readme.filled(text, json.loads(BASELINE.read_text())) == text


def test_the_harness_connects_every_port():
    top = catalog.tops(catalog.find("ebpc 8/8/16"))["encoder"]
    text = fpga.harness(top)
    for port in ports(top):
        assert f".{port.name}(" in text
    inputs = sum(p.width for p in ports(top) if p.direction == "input") - 1
    assert f"reg [{inputs - 1}:0] entering;" in text


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--core", "x"], "Invalid value for '--core'"),
        (["--liberty", "missing.lib"], "Invalid value for '--liberty'"),
        (["--accept", "--recipe", "area"], "a baseline has every recipe"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(arguments, error):
    result = CliRunner().invoke(run.run, arguments)
    assert result.exit_code
    assert error in result.output
