"""Energy of a mapped netlist: cell models, activity, and one netlist calculated by hand."""

import numpy as np
import pytest

from synth.activity import Netlist, Source
from synth.cell_models import models
from synth.cell_verilog import verilog
from synth.meter import Conditions, energy

# fF, pW; energies in fJ at 1 V, the same for every slew and load but where a test asks for more
LIBERTY = """
library (tiny) {
  capacitive_load_unit (1, ff);
  voltage_unit : "1V";
  leakage_power_unit : "1nW";
  nom_voltage : 2.0;
  power_lut_template (by_load) {
    variable_1 : total_output_net_capacitance;
    index_1 ("0, 10");
  }
  cell (INV) {
    area : 1;
    leakage_power () { when : "A"; value : 4; }
    cell_leakage_power : 2;
    pin (A) { direction : input; capacitance : 3; }
    pin (Y) {
      direction : output; function : "!A";
      internal_power () {
        related_pin : "A";
        rise_power (by_load) { values ("5, 15"); }
        fall_power (scalar) { values ("7"); }
      }
    }
  }
  cell (DFF) {
    area : 4;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; clear : "!RN"; }
    pin (CK) {
      direction : input; capacitance : 2; clock : true;
      internal_power () {
        rise_power (scalar) { values ("11"); } fall_power (scalar) { values ("13"); }
      }
      internal_power () {
        when : "D ^ Q";
        rise_power (scalar) { values ("1"); } fall_power (scalar) { values ("13"); }
      }
    }
    pin (D) {
      direction : input; capacitance : 1;
      internal_power () {
        rise_power (scalar) { values ("17"); } fall_power (scalar) { values ("19"); }
      }
    }
    pin (RN) { direction : input; capacitance : 1; }
    pin (Q) {
      direction : output; function : "IQ";
      internal_power () {
        related_pin : "CK";
        rise_power (scalar) { values ("23"); } fall_power (scalar) { values ("29"); }
      }
    }
  }
  cell (ICG) {
    area : 4; clock_gating_integrated_cell : latch_posedge;
    statetable ("CK E", "IQ") { table : "L L : - : L, L H : - : H, H - : - : N"; }
    pin (IQ) { direction : internal; internal_node : "IQ"; }
    pin (CK) { direction : input; capacitance : 2; clock_gate_clock_pin : true; }
    pin (E) { direction : input; capacitance : 1; clock_gate_enable_pin : true; }
    pin (GCK) {
      direction : output; clock_gate_out_pin : true; state_function : "CK * IQ";
      internal_power () {
        related_pin : "CK";
        rise_power (scalar) { values ("31"); } fall_power (scalar) { values ("37"); }
      }
    }
  }
}
"""

CK, VALID, READY, LAST, DATA, RST = 2, 3, 4, 5, 6, 7
OUT_READY, OUT_VALID, OUT_LAST, HELD, OUT = 8, 9, 10, 11, 12


def register(data: int, out: int, clock: int = CK) -> dict:
    return {"type": "DFF", "connections": {"CK": [clock], "D": [data], "RN": [RST], "Q": [out]}}


def stream_register(data_clock: int = CK, **cells: dict) -> dict:
    """A stage of a stream that never waits: registers, and an inverter behind the data."""

    def port(direction: str, bit: int | str) -> dict:
        return {"direction": direction, "bits": [bit]}

    return {
        "ports": {
            "clk": port("input", CK),
            "rst_n": port("input", RST),
            "s_axis_tdata": port("input", DATA),
            "s_axis_tlast": port("input", LAST),
            "s_axis_tvalid": port("input", VALID),
            "s_axis_tready": port("output", "1"),
            "m_axis_tdata": port("output", OUT),
            "m_axis_tlast": port("output", OUT_LAST),
            "m_axis_tvalid": port("output", OUT_VALID),
            "m_axis_tready": port("input", OUT_READY),
        },
        "cells": {
            "valid": register(VALID, OUT_VALID),
            "last": register(LAST, OUT_LAST),
            "data": register(DATA, HELD, data_clock),
            "inverter": {"type": "INV", "connections": {"A": [HELD], "Y": [OUT]}},
            **cells,
        },
    }


def run(module: dict, data: list[int]):
    netlist = Netlist(module, models(LIBERTY, {cell["type"] for cell in module["cells"].values()}))
    last = np.arange(len(data)) == len(data) - 1
    source = Source("s_axis", {"tdata": np.array(data), "tlast": last})
    return netlist, netlist.run([source], ["m_axis"], 1, 100)


def test_activity_is_the_registers():
    _, activity = run(stream_register(), [1, 0, 1, 1])
    # a beat is out one cycle after it came in; the last one ends the run
    assert activity.values.shape[0] == 5
    netlist, _ = run(stream_register(), [1])
    held, out = netlist.net(HELD), netlist.net(OUT)
    assert activity.values[:, held].tolist() == [0, 1, 0, 1, 1]
    assert activity.values[:, out].tolist() == [1, 0, 1, 0, 0]


def test_energy_is_what_a_hand_adds_up():
    netlist, activity = run(stream_register(), [1, 0, 1, 1])
    found = energy(netlist, activity, LIBERTY, Conditions(clock_mhz=1000, port_ff=10))
    # Four steps between five cycles. V^2/2 is 2, a change of c fF costs 2c fJ.
    # valid: data 1 1 1 1 0 in, state 0 1 1 1 1; last: 0 0 0 1 1 in (held), state 0 0 0 0 1;
    # data: 1 0 1 1 1 in (held), state 0 1 0 1 1.
    # At the edges after cycles 1..3 (the last one, nothing follows, counts its own cycle again):
    # D differs from Q at: valid none but the end (cycle 4: 0, 1); last cycle 3; data cycles 1, 2.
    clock_rise = {"valid": 3 * 11 + 1, "last": 11 + 11 + 1 + 11, "data": 1 + 1 + 11 + 11}
    clock = sum(clock_rise.values()) + 3 * 4 * 13 + 3 * 4 * 2 * 2 * 2
    outputs = 23 + 23 + (23 + 29 + 23)  # Q of valid, last, data
    inputs = 19 + 17 + (19 + 17)  # D of valid falls, of last rises; of data falls and rises
    inverter = 2 * 7 + 15  # Y falls, rises, falls; drives 10 fF
    assert found.clock == pytest.approx(clock / 1000)
    assert found.cells == pytest.approx((outputs + inputs + inverter) / 1000)
    # nets: two ports of 10 fF once, the inverter's input of 3 fF and its port three times
    assert found.nets == pytest.approx(2 * (10 + 10 + 3 * 3 + 3 * 10) / 1000)
    # of four cycles A is high in 3: mean (3 * 4 + 2) / 4 nW; the registers leak nothing
    assert found.leakage == pytest.approx(4 * 3.5e-9 * 1e-9 * 1e12)
    assert found.total == pytest.approx(found.clock + found.cells + found.nets + found.leakage)


def test_wires_cost_by_the_pins_they_drive():
    netlist, activity = run(stream_register(), [1, 0, 1, 1])
    bare = energy(netlist, activity, LIBERTY, Conditions())
    wired = energy(netlist, activity, LIBERTY, Conditions(wire_ff=5))
    # only the net between register and inverter has a pin on it and is driven by a cell
    assert wired.nets - bare.nets == pytest.approx(3 * 2 * 5 / 1000)


def test_a_gated_clock_costs_only_where_it_passes():
    gated = 20
    gate = {"type": "ICG", "connections": {"CK": [CK], "E": [VALID], "GCK": [gated]}}
    module = stream_register(gated, gate=gate)
    netlist, activity = run(module, [1, 0, 1, 1])
    assert activity.enabled[:, 0].tolist() == [True, True, True, True, False]
    assert activity.values[:, netlist.net(HELD)].tolist() == [0, 1, 0, 1, 1]
    found = energy(netlist, activity, LIBERTY, Conditions())
    # valid and last as before; data and the gate's output tick three times of four
    always = (3 * 11 + 1) + (3 * 11 + 1) + 2 * (4 * 13 + 4 * 8)
    data = (1 + 1 + 11) + 3 * 13 + 3 * 8
    own = 4 * 8 + 3 * (31 + 37)
    assert found.clock == pytest.approx((always + data + own) / 1000)


def test_a_memory_keeps_what_was_written():
    """Two words of a bit, the last beat's in the upper one; a read gives what was there before."""
    read = 20
    pins = {"write_enable": VALID, "write_address": LAST, "write_data": DATA}
    pins |= {"read_enable": VALID, "read_address": LAST, "read_data": read}
    ram = {"type": "ram", "connections": {pin: [bit] for pin, bit in pins.items()}}
    module = stream_register(ram=ram)
    netlist = Netlist(module, models(LIBERTY, ["INV", "DFF"]), {"ram": (2, 1)})
    fields = {"tdata": np.array([1, 0, 1, 1]), "tlast": np.array([0, 0, 0, 1])}
    activity = netlist.run([Source("s_axis", fields)], ["m_axis"], 1, 100)
    assert activity.values[:, netlist.net(read)].tolist() == [0, 0, 1, 0, 0]
    assert "ram" not in netlist.cells  # whose energy is counted


def test_what_is_set_up_before_does_not_count():
    """A second stream whose last beat is told of a cycle later."""
    valid, data, last, told = 20, 21, 22, 23
    module = stream_register(told=register(last, told))
    bits = {"s_ctx_tvalid": valid, "s_ctx_tdata": data, "s_ctx_tlast": last}
    module["ports"] |= {name: {"direction": "input", "bits": [b]} for name, b in bits.items()}
    module["ports"]["s_ctx_tready"] = {"direction": "output", "bits": ["1"]}
    module["ports"]["told"] = {"direction": "output", "bits": [told]}
    netlist = Netlist(module, models(LIBERTY, ["INV", "DFF"]))
    _, alone = run(stream_register(), [1, 0, 1, 1])
    beats = np.arange(4) == 3
    setup = Source("s_ctx", {"tdata": np.array([1, 1, 0, 1]), "tlast": beats})
    source = Source("s_axis", {"tdata": np.array([1, 0, 1, 1]), "tlast": beats})
    found = netlist.run([source], ["m_axis"], 1, 100, setup=[setup], ready="told")
    assert len(found.values) == len(alone.values)
    # before it the port rests with its first beat
    assert found.values[:, netlist.net(HELD)].tolist() == [1, 1, 0, 1, 1]
    assert found.values[:, netlist.net(VALID)].tolist() == [1, 1, 1, 1, 0]
    with pytest.raises(RuntimeError, match=r"^the packets must be through after 6 cycles$"):
        netlist.run([source], ["m_axis"], 1, 6, setup=[setup], ready="told")


def test_a_register_on_another_clock_is_refused():
    with pytest.raises(ValueError, match=r"^register data must be clocked by clk or by a gate"):
        run(stream_register(DATA), [1])


def test_blocks_share_out_the_total():
    netlist, activity = run(stream_register(), [1, 0, 1, 1])
    found = energy(netlist, activity, LIBERTY, Conditions(), lambda cell: cell[:1])
    assert set(found.blocks) == {"v", "l", "d", "i"}
    assert sum(found.blocks.values()) == pytest.approx(found.total)


def test_cells_become_verilog():
    text = verilog(models(LIBERTY, ["INV", "DFF", "ICG"]).values())
    assert "assign Y = (~A);" in text
    assert (
        "always @(posedge CK or posedge clear) if (clear) state <= 1'b0; else state <= next;"
        in text
    )
    assert "always @* if (!CK) passes = " in text
