"""Figures as tables, for the terminal and for the README."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from rich.table import Table

from synth.common import change

__all__ = [
    "asic_markdown",
    "baseline_key",
    "blocks",
    "fpga_markdown",
    "netlists",
    "summary",
    "totals",
]

# Heading, key of a summary, digits
_COLUMNS = (
    ("GE", "area_ge", 0),
    ("FF", "flip_flops", 0),
    ("depth", "logic_depth", 0),
    ("ABC ns", "abc_ns", 2),
    ("STA ns", "period_ns", 2),
    ("at GE", "fastest_ge", 0),
    ("GE in period", "in_period_ge", 0),
)


def baseline_key(library: str, reset: str, clock_gating: bool) -> str:
    """Name of the figures of a library and of the options that they were made with."""
    return f"{library}, {reset}" + (", clock gating" if clock_gating else "")


def summary(found: Mapping[str, Any], period: float) -> dict[str, Any]:
    """The figures of a table row: the smallest netlist, the fastest, the smallest in `period`."""
    netlists = list(found["netlists"].values())
    speed = "period_ns" if "period_ns" in netlists[0] else "abc_ns"
    fastest = min(netlists, key=lambda netlist: netlist[speed])
    within = [n["area_ge"] for n in netlists if n.get("period_ns", period + 1) <= period]
    return {
        **fastest,
        "area_ge": min(netlist["area_ge"] for netlist in netlists),
        "flip_flops": found["flip_flops"],
        "fastest_ge": fastest["area_ge"],
        "in_period_ge": min(within, default=None),
    }


def totals(
    results: Mapping[tuple[str, str], Mapping[str, Any]],
    baseline: Mapping[str, Any],
    period: float,
    title: str,
) -> Table:
    """The table of all cores, each figure with its change from the baseline."""
    table = Table(title=f"{title}, period {period} ns")
    table.add_column("config")
    table.add_column("core")
    for heading, _, _ in _COLUMNS:
        table.add_column(heading, justify="right")
    table.add_column("worst path of the fastest")
    for (config, core), found in results.items():
        now = summary(found, period)
        before = baseline.get(config, {}).get(core)
        then = summary(before, period) if before else {}
        cells = [change(now.get(key), then.get(key), digits) for _, key, digits in _COLUMNS]
        path = f"{now['path_from']} → {now['path_to']}" if "path_from" in now else ""
        table.add_row(config, core, *cells, path.replace("[", "\\["))
    return table


def blocks(title: str, found: Mapping[str, Any]) -> Table:
    """Gates and registers of every block; blocks are mapped alone, so the sum exceeds the total."""
    table = Table(title=title)
    for heading in ("block", "GE", "FF"):
        table.add_column(heading, justify="left" if heading == "block" else "right")
    for block, own in found["blocks"].items():
        table.add_row(block, f"{own['area_ge']:.0f}", str(own["flip_flops"]))
    return table


def netlists(title: str, found: Mapping[str, Any]) -> Table:
    """What every recipe made of a core."""
    table = Table(title=title)
    for heading in ("recipe", "GE", "depth", "ABC ns", "STA ns"):
        table.add_column(heading, justify="left" if heading == "recipe" else "right")
    for recipe, netlist in found["netlists"].items():
        digits = (("area_ge", 0), ("logic_depth", 0), ("abc_ns", 2), ("period_ns", 2))
        table.add_row(recipe, *(change(netlist.get(key), None, n) for key, n in digits))
    return table


def asic_markdown(results: Mapping[str, Any], period: float) -> str:
    """Markdown of a library's figures: smallest and fastest netlist, and that in `period`."""
    lines = [
        f"| configuration | core | GE | flip-flops | GE in {period} ns | ABC ns | STA ns | at GE |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for config, cores in results.items():
        for core, found in cores.items():
            row = summary(found, period)
            shortest = f"{row['period_ns']:.2f}" if "period_ns" in row else "-"
            within = f"{row['in_period_ge']:.0f}" if row["in_period_ge"] else "-"
            lines.append(
                f"| {config} | {core} | {row['area_ge']:.0f} | {row['flip_flops']} "
                f"| {within} | {row['abc_ns']:.2f} | {shortest} | {row['fastest_ge']:.0f} |"
            )
    return "\n".join(lines)


def fpga_markdown(results: Mapping[str, Any]) -> str:
    """Markdown of the FPGA figures: LUTs, flip-flops and the seeds' median Fmax."""
    lines = [
        "| configuration | core | device | LUT4 | flip-flops | Fmax MHz (range) |",
        "|---|---|---|--:|--:|--:|",
    ]
    for config, cores in results.items():
        for core, devices in cores.items():
            for device, found in devices.items():
                fmax = list(found["fmax_mhz"].values())
                lines.append(
                    f"| {config} | {core} | {device} | {found['luts']} | {found['flip_flops']} "
                    f"| {median(fmax):.0f} ({min(fmax):.0f}-{max(fmax):.0f}) |"
                )
    return "\n".join(lines)
