"""Minimum clock period of a mapped netlist, from OpenSTA."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from synth.library import OUTPUT_FANOUT, Library

__all__ = ["minimum_period"]

# The worst path sets the period, whatever period the analysis ran with
_PROBE_NS = 10.0

_SCRIPT = """\
read_liberty {liberty}
read_verilog {netlist}
link_design {top}
create_clock -name clk -period {probe} [get_ports clk]
set data_inputs [all_inputs -no_clocks]
set_input_delay 0 -clock clk $data_inputs
set_output_delay 0 -clock clk [all_outputs]
set_load {load} [all_outputs]
if {{[llength [get_ports -quiet rst_n]]}} {{ set_false_path -from [get_ports rst_n] }}
report_checks -path_delay max -format full -digits 4
exit
"""


def minimum_period(netlist: Path, top: str, library: Library) -> dict[str, object] | None:
    """Period in ns of the slowest path of `netlist`, and that path; None where `sta` is missing.

    Conditions: the library's corner, ideal clock and wires, no delay outside the ports, inputs
    driven ideally, every output loaded with four NAND2 inputs, an asynchronous reset not timed.

    Returns `period_ns`, `path_from` and `path_to` (registers or ports, in the source's names) and
    `path_cells`.

    Raises:
        RuntimeError: OpenSTA has failed.
    """
    if shutil.which("sta") is None:
        return None
    script = netlist.with_suffix(".tcl")
    script.write_text(
        _SCRIPT.format(
            liberty=library.path,
            netlist=netlist,
            top=top,
            probe=_PROBE_NS,
            load=OUTPUT_FANOUT * library.nand2_load,
        )
    )
    command = ["sta", "-no_splash", "-exit", str(script)]
    done = subprocess.run(command, capture_output=True, text=True)
    slack = re.search(r"(-?[\d.]+)\s+slack", done.stdout)
    if done.returncode or slack is None:
        raise RuntimeError(f"OpenSTA: {(done.stdout + done.stderr).strip()[-300:]}")
    return {"period_ns": _PROBE_NS - float(slack[1]), **worst_path(done.stdout)}


def worst_path(report: str) -> dict[str, object]:
    """Start, end and cells of the path of a `report_checks` text."""
    ends = [re.search(rf"{end}point: (\S+)", report) for end in ("Start", "End")]
    names = [plain_name(match[1]) if match else "?" for match in ends]
    data = report.split("data arrival time")[0]
    cells = re.findall(r"[\^v] \S+/\S+ \((\S+)\)", data)
    return {"path_from": names[0], "path_to": names[1], "path_cells": len(cells)}


def plain_name(name: str) -> str:
    """An instance's name as the source has it: no escapes, no shell around the core."""
    return name.replace("\\", "").removeprefix("core.").replace("_reg", "")


def sta_version() -> str | None:
    """OpenSTA's version; None where it is missing."""
    if shutil.which("sta") is None:
        return None
    done = subprocess.run(["sta", "-version"], capture_output=True, text=True)
    return done.stdout.strip() or None
