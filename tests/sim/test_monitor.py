"""The AXI4-Stream monitor sees what it is there to see; it runs in Icarus Verilog."""

import shutil
import subprocess
from pathlib import Path

import pytest

MONITOR = Path(__file__).resolve().parents[2] / "sim" / "axis_monitor.v"
needs_icarus = pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs iverilog")


def violations(tmp_path: Path, cycles: list[tuple[str, str, str]]) -> int:
    """Violations that the monitor counts when it sees `cycles` of (valid, ready, payload)."""
    steps = "".join(
        f"valid = 1'b{valid}; ready = 1'b{ready}; payload = 4'h{payload}; #10;\n"
        for valid, ready, payload in cycles
    )
    bench = tmp_path / "bench.v"
    bench.write_text(f"""
module bench;
  reg clk = 0, rst = 1, valid = 0, ready = 0;
  reg [3:0] payload = 0;
  wire [15:0] count;
  axis_monitor #(.WIDTH(4)) monitor (clk, rst, valid, ready, payload, count);
  always #5 clk = ~clk;
  initial begin
    #20 rst = 0;
    {steps}
    $display("count %0d", count);
    $finish;
  end
endmodule
""")
    program = tmp_path / "bench.vvp"
    subprocess.run(["iverilog", "-g2012", "-o", program, bench, MONITOR], check=True)
    done = subprocess.run(["vvp", "-n", program], check=True, capture_output=True, text=True)
    [count] = [line for line in done.stdout.splitlines() if line.startswith("count")]
    return int(count.split()[1])


@needs_icarus
@pytest.mark.parametrize(
    ("cycles", "expected"),
    [
        ([("1", "0", "3"), ("1", "0", "3"), ("1", "1", "3"), ("0", "1", "7")], 0),
        ([("1", "1", "3"), ("1", "1", "4"), ("0", "0", "x")], 0),
        ([("1", "0", "3"), ("0", "0", "3")], 1),  # valid withdrawn
        ([("1", "0", "3"), ("1", "1", "4")], 1),  # beat changed
        ([("1", "1", "x")], 1),
        ([("x", "1", "3")], 1),
        ([("0", "x", "3")], 1),
    ],
)
def test_rules(tmp_path, cycles, expected):
    assert violations(tmp_path, cycles) == expected
