"""Synthesis with Yosys and ABC: small real runs, and what is done to their netlists."""

import dataclasses
import re
from pathlib import Path

import pytest

from synth import asic, library, timing

PDK = Path(__file__).parents[3] / "shared" / "pdk"


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


def test_a_counter_goes_through_the_flow(own, counter, tmp_path):
    recipes = ("area", "balanced")
    found = asic.synthesise(counter, "counter", own, tmp_path, recipes=recipes)
    area = {name: netlist.area_ge for name, netlist in found.netlists.items()}
    assert found.flip_flops == 16
    # registers, and at least an XOR of the increment and one of the comparison a bit
    assert 16 * (17 / 3 + 2 * 2) < area["area"] < 16 * 20
    assert area["area"] < area["balanced"]
    for netlist in found.netlists.values():
        assert 3 < netlist.logic_depth < 40
        assert 0.05 < netlist.abc_ns < 2
    assert sum(block.area_ge for block in found.blocks.values()) == pytest.approx(
        area["area"], rel=0.02
    )


def test_the_period_is_that_of_the_netlist_in_names_of_the_source(own, counter, tmp_path, sta):
    found = asic.synthesise(counter, "counter", own, tmp_path, recipes=("area", "balanced"))
    for recipe, netlist in found.netlists.items():
        timed = timing.minimum_period(tmp_path / f"{recipe}.v", "counter", own)
        # ABC leaves out the registers' own delay: two, and one, of the five-tau inverters
        assert 0.025 < timed.period_ns - netlist.abc_ns < 0.3
        assert re.fullmatch(r"(count|value|limit)\[\d+\]|step", timed.path_from)
        assert re.fullmatch(r"(count|value)\[\d+\]|full", timed.path_to)


# One flip-flop has both outputs, the other the inverted one only
BOTH = """
  cell (BOTH) { area : 6; ff (IQ, IQN) { next_state : "D"; clocked_on : "CK"; }
    pin (CK) { direction : input; capacitance : 1; clock : true; }
    pin (D) { direction : input; capacitance : 1; }
    pin (Q) { direction : output; function : "IQ"; }
    pin (QN) { direction : output; function : "IQN"; } }
"""
INVERTED = BOTH.replace('    pin (Q) { direction : output; function : "IQ"; }\n', "")


@pytest.mark.parametrize("flip_flop", [BOTH, INVERTED], ids=["both", "inverted"])
def test_registers_keep_their_names_whatever_outputs_they_have(own, counter, tmp_path, flip_flop):
    start, end = own.text.index("  cell (DFF_X1)"), own.text.index("  cell (CLKGATE_X1)")
    path = tmp_path / "one.lib"
    path.write_text(own.text[:start] + flip_flop + own.text[end:])
    one = library.load(path)
    assert one.flip_flops == {"BOTH"}
    asic.synthesise(counter, "counter", one, tmp_path, recipes=("area",))
    registers = re.findall(r"^  BOTH (\S+) +\(", (tmp_path / "area.v").read_text(), re.MULTILINE)
    names = {timing.plain_name(name) for name in registers}
    assert names <= {f"{net}[{i}]" for net in ("value", "count") for i in range(16)}
    assert len(names) == 16


def test_clock_gating_takes_the_enable_out_of_the_logic(own, tmp_path):
    bank = """
        module bank(input clk, input enable, input [15:0] d, output reg [15:0] q);
          always @(posedge clk) if (enable) q <= d ^ {d[0], d[15:1]};
        endmodule
    """

    def area(gating, folder):
        options = {"recipes": ("area",), "clock_gating": gating}
        found = asic.synthesise(bank, "bank", own, tmp_path / folder, **options)
        assert found.flip_flops == 16
        return found.netlists["area"].area_ge

    assert area(True, "gated") < area(False, "plain")
    assert "CLKGATE_X1" in (tmp_path / "gated" / "area.v").read_text()


def test_a_clock_gates_test_pin_is_tied_low(own, tmp_path):
    test_pin = "pin (TE) { direction : input; capacitance : 1; clock_gate_test_pin : true; }"
    gate = own.text.index("cell (CLKGATE_X1)")
    text = own.text[:gate] + own.text[gate:].replace("pin (E)", f"{test_pin} pin (E)")
    path = tmp_path / "test.lib"
    path.write_text(text.replace(": latch_posedge;", ': "latch_posedge_precontrol";'))
    cells = library.load(path)
    assert cells.clock_gate == library.ClockGate("CLKGATE_X1", "E", "CK", "GCK", ("TE",))
    bank = """
        module bank(input clk, input enable, input [7:0] d, output reg [7:0] q);
          always @(posedge clk) if (enable) q <= d ^ {d[0], d[7:1]};
        endmodule
    """
    asic.synthesise(bank, "bank", cells, tmp_path, recipes=("area",), clock_gating=True)
    assert ".TE(1'b0)" in (tmp_path / "area.v").read_text()


def test_cells_of_power_domains_are_not_mapped_to(own, tmp_path):
    start = own.text.index("  cell (NAND2_X1)")
    cheap = own.text[start : own.text.index("  cell (", start + 1)]
    cheap = cheap.replace("NAND2_X1", "ISO").replace("area : 1.0000;", "area : 0.1;")
    nand = "module nand2(input a, input b, output y); assign y = ~(a & b); endmodule"
    for attribute, used in (("", "ISO"), ("is_isolation_cell : true;", "NAND2_X1")):
        path = tmp_path / f"{used}.lib"
        cell = cheap.replace("area :", f"{attribute} area :")
        path.write_text(own.text[: own.text.rindex("}")] + cell + "}")
        cells = library.load(path)
        assert cells.nand2 == used
        asic.synthesise(nand, "nand2", cells, tmp_path / used, recipes=("area",))
        assert f"  {used} " in (tmp_path / used / "area.v").read_text()


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


@pytest.mark.parametrize("name", ["sg13g2_stdcell_slow_1p08V_125C.lib", "sky130hd_tt.lib.gz"])
def test_a_real_library_goes_through_the_flow(name, counter, tmp_path, sta):
    path = PDK / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the checkout")
    cells = library.load(path)
    found = asic.synthesise(counter, "counter", cells, tmp_path, recipes=("balanced",))
    assert found.flip_flops == 16
    # registers of seven, and some gates a bit, as with the own cells
    assert 16 * 8 < found.netlists["balanced"].area_ge < 16 * 25
    timed = timing.minimum_period(tmp_path / "balanced.v", "counter", cells)
    # ABC leaves out the registers, which are slow and, smallest of their kind, weak
    assert 0.2 < timed.period_ns - found.netlists["balanced"].abc_ns < 2
    assert re.fullmatch(r"(count|value|limit)\[\d+\]|step", timed.path_from)
    assert re.fullmatch(r"(count|value)\[\d+\]|full", timed.path_to)
