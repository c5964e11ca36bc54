"""Minimum clock period of a mapped netlist, and delays at its ports, from OpenSTA."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from synth.figures import Port, Timing
from synth.library import Library

__all__ = ["minimum_period", "port_delays", "sta_version"]

# The worst path sets the period, whatever period the analysis ran with
_PROBE_NS = 10.0

# Units are set, for OpenSTA takes those of the library. `all_inputs -no_clocks` is not known to
# every version, so the clock is left out by name.
_CONSTRAINTS = """\
{libraries}read_verilog {netlist}
link_design {top}
set_cmd_units -time ns -capacitance fF
create_clock -name clk -period {probe} [get_ports clk]
set data_inputs {{}}
foreach port [all_inputs] {{
  if {{[get_property $port full_name] ne "clk"}} {{ lappend data_inputs $port }}
}}
set_input_delay 0 -clock clk $data_inputs
set_output_delay 0 -clock clk [all_outputs]
set_load {load} [all_outputs]
if {{[llength [get_ports -quiet rst_n]]}} {{ set_false_path -from [get_ports rst_n] }}
"""

_PERIOD = "report_checks -path_delay max -format full -digits 4\n"

# Every port by itself: a path that it does not have prints "No paths found."
_PORTS = """\
proc by_name {ports} {
  set groups {}
  foreach port $ports {
    dict lappend groups [regsub {\\[\\d+\\]$} [get_property $port full_name] {}] $port
  }
  return $groups
}
proc path {kind from to options} {
  puts "path $kind $from $to"
  report_checks -path_delay max {*}$options -format full -digits 4
}
set inputs [by_name $data_inputs]
set outputs [by_name [all_outputs]]
dict for {from ports} $inputs {
  path input $from - [list -from $ports -to [all_registers -data_pins]]
  dict for {to ends} $outputs { path through $from $to [list -from $ports -to $ends] }
}
dict for {to ends} $outputs {
  path output - $to [list -from [all_registers -clock_pins] -to $ends]
}
puts "path end - -"
"""

_PATH = re.compile(r"^path (\w+) (\S+) (\S+)$(.*?)(?=^path )", re.DOTALL | re.MULTILINE)
_SLACK = re.compile(r"(-?[\d.]+)\s+slack")


def minimum_period(
    netlist: Path, top: str, library: Library, memories: Path | None = None
) -> Timing | None:
    """Slowest path of `netlist`, which gives its minimum period; None where `sta` is missing.

    Conditions: the library's corner, ideal clock and wires, no delay outside the ports, inputs
    driven ideally, every output loaded with four NAND2 inputs, an asynchronous reset not timed.

    Parameters:
        netlist: Verilog of cells, and of memories where there are any.
        top: its module.
        library: its cells.
        memories: Liberty file of its memories (`synth.ideal_memories`).

    Raises:
        RuntimeError: OpenSTA has failed, or said "Error".
    """
    report = _run(_PERIOD, netlist, top, library, memories)
    if report is None:
        return None
    period = _needs_ns(report)
    if period is None:
        raise RuntimeError(f"OpenSTA has found no path in {netlist}")
    return Timing(period, *worst_path(report))


def port_delays(
    netlist: Path, top: str, library: Library, memories: Path | None = None
) -> dict[str, Port]:
    """Delays of every port of `netlist` that has a timed path, by name.

    Conditions, parameters and errors are `minimum_period`'s; without `sta` there are none.
    """
    report = _run(_PORTS, netlist, top, library, memories) or ""
    register: dict[tuple[str, str], float | None] = {}
    through: dict[str, dict[str, float]] = {}
    for kind, start, end, text in _PATH.findall(report):
        delay = _needs_ns(text)
        if kind == "through":
            through.setdefault(start, {}).update({} if delay is None else {end: delay})
        else:
            register[kind, end if kind == "output" else start] = delay
    reached = {end for ends in through.values() for end in ends}
    return {
        name: Port(direction, delay, through.get(name, {}))
        for (direction, name), delay in register.items()
        if delay is not None or through.get(name) or name in reached
    }


def _run(
    commands: str, netlist: Path, top: str, library: Library, memories: Path | None
) -> str | None:
    """What OpenSTA prints for `commands` on the constrained netlist; None where it is missing."""
    if shutil.which("sta") is None:
        return None
    liberty, script = netlist.with_name("cells.lib"), netlist.with_suffix(".tcl")
    if not liberty.exists():
        liberty.write_text(library.text)
    read = [path for path in (liberty, memories) if path is not None]
    constraints = _CONSTRAINTS.format(
        libraries="".join(f"read_liberty {path}\n" for path in read),
        netlist=netlist,
        top=top,
        probe=_PROBE_NS,
        load=library.output_load_ff,
    )
    script.write_text(f"{constraints}{commands}exit\n")
    done = subprocess.run(
        ["sta", "-no_splash", "-exit", str(script)], capture_output=True, text=True
    )
    said = done.stdout + done.stderr
    # An error ends neither the script nor, by its exit code, the program
    errors = [line for line in said.splitlines() if line.startswith("Error")]
    if done.returncode or errors:
        raise RuntimeError(f"OpenSTA: {errors[0] if errors else said.strip()[-300:]}")
    return done.stdout


def _needs_ns(report: str) -> float | None:
    """Time that the path of a `report_checks` text takes; None if there is none."""
    slack = _SLACK.search(report)
    return None if slack is None else round(_PROBE_NS - float(slack[1]), 4)


def worst_path(report: str) -> tuple[str, str, int]:
    """Start, end and cells of the path of a `report_checks` text, its first register included."""
    ends = [re.search(rf"{end}point: (\S+)", report) for end in ("Start", "End")]
    start, end = (match[1] if match else "?" for match in ends)
    data = report.split("data arrival time")[0]
    cells = set(re.findall(r"[\^v] (\S+)/\S+ \(\S+\)", data)) - ({end} - {start})
    return plain_name(start), plain_name(end), len(cells)


def plain_name(name: str) -> str:
    """An instance's name as the source has it: no escapes, no shell around the core."""
    return re.sub(r"_reg(?=\[|$)", "", name.replace("\\", "").removeprefix("core."))


def sta_version() -> str | None:
    """OpenSTA's version; None where it is missing."""
    if shutil.which("sta") is None:
        return None
    done = subprocess.run(["sta", "-version"], capture_output=True, text=True)
    return done.stdout.strip() or None
