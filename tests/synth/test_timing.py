"""OpenSTA."""

import dataclasses
import re

import pytest

from fmcodec_hw.ram import RamMacros
from synth import ideal_memories, library, timing
from synth.figures import Port, Timing


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
    assert timing.worst_path(report) == ("packer.count[2]", "m_axis_tdata[0]", 2)


def test_only_the_suffix_that_the_flow_gave_leaves_a_name():
    assert timing.plain_name("core.word_regs.valid_reg_reg[3]") == "word_regs.valid_reg[3]"
    assert timing.plain_name("full_reg") == "full"


# Three inverters before the register, none behind it, one of its own
NETLIST = """
module three(input clk, input rst_n, input [1:0] d, input go, output q, output done);
  wire a, b, c;
  INV_X1 u1(.A(d[1]), .Y(a));
  INV_X1 u2(.A(a), .Y(b));
  INV_X1 u3(.A(b), .Y(c));
  DFFR_X1 \\value_reg[0] (.CK(clk), .RN(rst_n), .D(c), .Q(q));
  INV_X1 u4(.A(go), .Y(done));
endmodule
"""
# In the own cells' terms of five ps: an inverter drives another (2), the last one the register
# (2 as well), or a port of four NAND2 inputs (1 + 16/3); clock to output 10, setup 5
TAU, PORT_LOAD = 0.005, 16 / 3


@pytest.fixture
def three(tmp_path):
    path = tmp_path / "three.v"
    path.write_text(NETLIST)
    return path


def test_a_path_from_an_input_to_a_register_sets_the_period(own, three, sta):
    # the register's way out, 10 + 16/3, would be longer than 6 + 5: without its load it is not
    light = dataclasses.replace(own, output_load_ff=0.0)
    found = timing.minimum_period(three, "three", light)
    assert found == Timing(pytest.approx(TAU * (3 * 2 + 5)), "d[1]", "value[0]", 3)


def test_delays_of_every_port(own, three, sta):
    assert timing.port_delays(three, "three", own) == {
        "d": Port("input", pytest.approx(TAU * (3 * 2 + 5), abs=1e-4)),
        "go": Port("input", None, {"done": pytest.approx(TAU * (1 + PORT_LOAD), abs=1e-4)}),
        "q": Port("output", pytest.approx(TAU * (10 + PORT_LOAD), abs=1e-4)),
        "done": Port("output", None),
    }


def test_units_are_the_flows_whatever_the_librarys_are(own, three, tmp_path, sta):
    """The same library in ps and pF."""

    def scaled(text, before, by):
        """Numbers behind `before` times `by`."""
        number = r"\d+\.?\d*(?:e-?\d+)?"
        return re.sub(
            rf"(?<={before})({number}(?:[\", ]+{number})*)",
            lambda match: re.sub(number, lambda one: f"{float(one[0]) * by:.7f}", match[0]),
            text,
        )

    text = own.text.replace('"1ns"', '"1ps"').replace("(1, ff)", "(1, pf)")
    text = scaled(text, r'values \("', 1000)
    text = scaled(text, r'index_1 \("', 1000)
    text = scaled(text, r'index_2 \("', 0.001)
    text = scaled(text, r"capacitance : ", 0.001)
    text = scaled(text, r"max_transition : ", 1000)
    path = tmp_path / "other.lib"
    path.write_text(text)
    other = library.load(path)
    assert other.output_load_ff == pytest.approx(own.output_load_ff)
    folder = tmp_path / "other"
    folder.mkdir()
    netlist = folder / "three.v"
    netlist.write_text(NETLIST)
    want = timing.minimum_period(three, "three", own)
    assert timing.minimum_period(netlist, "three", other).period_ns == pytest.approx(
        want.period_ns, abs=2e-4
    )


def test_an_error_of_opensta_is_no_figure(own, three, sta):
    three.write_text(NETLIST.replace("endmodule", ""))
    with pytest.raises(RuntimeError, match=r"^OpenSTA: Error: "):
        timing.minimum_period(three, "three", own)


def test_paths_from_and_to_memories_are_timed(own, tmp_path, sta):
    """A memory between inverters: three in front, two behind it with a port's load."""
    memories = RamMacros("core")
    name = memories.module(4, 2)
    netlist = tmp_path / "held.v"
    netlist.write_text(f"""
module held(input clk, input [1:0] d, input [1:0] at, input on, output [1:0] q);
  wire a, b, c, e;
  wire [1:0] r;
  INV_X1 u1(.A(d[1]), .Y(a));
  INV_X1 u2(.A(a), .Y(b));
  INV_X1 u3(.A(b), .Y(c));
  {name} ram(.clk(clk), .write_enable(on), .write_address(at), .write_data({{c, d[0]}}),
    .read_enable(on), .read_address(at), .read_data(r));
  INV_X1 u4(.A(r[1]), .Y(e));
  INV_X1 u5(.A(e), .Y(q[1]));
  INV_X1 u6(.A(r[0]), .Y(q[0]));
endmodule
""")
    library = tmp_path / "memories.lib"
    library.write_text(ideal_memories.liberty(memories))
    found = timing.minimum_period(netlist, "held", own, library)
    assert found.path_to == "q[1]"
    assert found.path_from == "ram"
    assert found.period_ns == pytest.approx(TAU * (2 + 1 + PORT_LOAD), abs=1e-4)
    ports = timing.port_delays(netlist, "held", own, library)
    assert ports["d"].register_ns == pytest.approx(TAU * (2 + 2 + 1), abs=1e-4)
    assert ports["at"].register_ns == 0
