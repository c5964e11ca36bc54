"""Figures as tables, for the terminal and for the README."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.table import Table

from synth.common import change
from synth.figures import Block, Core

__all__ = [
    "ENERGY_PARTS",
    "asic_markdown",
    "baseline_key",
    "blocks",
    "corners_markdown",
    "energy_markdown",
    "energy_pj",
    "fpga_markdown",
    "netlists",
    "parts_markdown",
    "ports_markdown",
    "summary",
    "totals",
]

# Heading, attribute of a row, digits
_COLUMNS = (
    ("GE", "area_ge", 0),
    ("FF", "flip_flops", 0),
    ("depth", "logic_depth", 0),
    ("ABC ns", "abc_ns", 2),
    ("STA ns", "period_ns", 2),
    ("at GE", "fastest_ge", 0),
    ("GE in period", "in_period_ge", 0),
)

ENERGY_PARTS = ("clock", "cells", "nets", "leakage")

Results = Mapping[str, Mapping[str, Core]]  # by configuration and core


@dataclass(frozen=True)
class Row:
    """A core's row: the smallest netlist's area, the smallest in the period, the fastest.

    `logic_depth`, `abc_ns`, `period_ns` and `path` (the worst one) are the fastest netlist's, and
    so is `fastest_ge`. None is what OpenSTA has not measured, or no netlist keeps.
    """

    area_ge: float
    flip_flops: int
    logic_depth: int
    abc_ns: float
    period_ns: float | None
    path: str
    fastest_ge: float
    in_period_ge: float | None


def baseline_key(library: str, reset: str, clock_gating: bool) -> str:
    """Name of the figures of a library and of the options that they were made with."""
    return f"{library}, {reset}" + (", clock gating" if clock_gating else "")


def summary(core: Core, period: float) -> Row:
    """The figures of a table row; `period` in ns."""
    fastest = core.netlists[core.fastest()]
    timed = [made for made in core.netlists.values() if made.timing]
    within = [m.area_ge for m in timed if m.timing and m.timing.period_ns <= period]
    timing = fastest.timing
    return Row(
        area_ge=_smallest(core),
        flip_flops=core.flip_flops,
        logic_depth=fastest.logic_depth,
        abc_ns=fastest.abc_ns,
        period_ns=timing.period_ns if timing else None,
        path=f"{timing.path_from} → {timing.path_to}" if timing else "",
        fastest_ge=fastest.area_ge,
        in_period_ge=min(within, default=None),
    )


def totals(
    results: Mapping[tuple[str, str], Core], baseline: Results, period: float, title: str
) -> Table:
    """The table of all cores, each figure with its change from the baseline."""
    table = Table(title=f"{title}, period {period} ns")
    table.add_column("config")
    table.add_column("core")
    for heading, _, _ in _COLUMNS:
        table.add_column(heading, justify="right")
    table.add_column("memory bits", justify="right")
    table.add_column("worst path of the fastest")
    for (config, core), found in results.items():
        now = summary(found, period)
        before = baseline.get(config, {}).get(core)
        then = summary(before, period) if before else None
        cells = [
            change(getattr(now, key), getattr(then, key, None), digits)
            for _, key, digits in _COLUMNS
        ]
        bits = str(found.memory_bits or "-")
        table.add_row(config, core, *cells, bits, now.path.replace("[", "\\["))
    return table


def blocks(title: str, found: Core) -> Table:
    """Gates and registers of every block; blocks are mapped alone, so the sum exceeds the total."""
    table = Table(title=title)
    for heading in ("block", "GE", "FF"):
        table.add_column(heading, justify="left" if heading == "block" else "right")
    for name, block in found.blocks.items():
        table.add_row(name, f"{block.area_ge:.0f}", str(block.flip_flops))
    return table


def netlists(title: str, found: Core) -> Table:
    """What every recipe made of a core."""
    table = Table(title=title)
    for heading in ("recipe", "GE", "depth", "ABC ns", "STA ns"):
        table.add_column(heading, justify="left" if heading == "recipe" else "right")
    for recipe, netlist in found.netlists.items():
        table.add_row(
            recipe,
            f"{netlist.area_ge:.0f}",
            str(netlist.logic_depth),
            f"{netlist.abc_ns:.2f}",
            _ns(netlist.timing.period_ns if netlist.timing else None),
        )
    return table


def asic_markdown(results: Results, period: float) -> str:
    """Markdown of a library's figures: smallest and fastest netlist, and that in `period`.

    Bits of memories have a column where any core has some.
    """
    held = _has_memories(results)
    lines = [
        f"| configuration | core | GE | flip-flops |{' memory bits |' * held} "
        f"GE in {period} ns | ABC ns | STA ns | at GE |",
        f"|---|---|--:|--:|{'--:|' * held}--:|--:|--:|--:|",
    ]
    for config, cores in results.items():
        for core, found in cores.items():
            row = summary(found, period)
            cells = [f"{row.area_ge:.0f}", row.flip_flops, *[found.memory_bits] * held]
            cells += [_ge(row.in_period_ge), f"{row.abc_ns:.2f}", _ns(row.period_ns)]
            cells.append(f"{row.fastest_ge:.0f}")
            lines.append(f"| {config} | {core} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def corners_markdown(corners: Mapping[str, tuple[Results, float]]) -> str:
    """Markdown of several corners of a library side by side: area once, periods of each.

    `corners`: results and period of every corner, by its name; areas are the first one's. Bits of
    memories have a column where any core has some. A corner that lacks a core has dashes.
    """
    heads = [f"{name}: STA ns | at GE | GE in {period} ns" for name, (_, period) in corners.items()]
    first, _ = next(iter(corners.values()))
    held = _has_memories(first)
    heads = [*["memory bits"] * held, *heads]
    lines = [
        f"| configuration | core | GE | flip-flops | {' | '.join(heads)} |",
        f"|---|---|--:|--:|{'--:|' * held}{'--:|--:|--:|' * len(corners)}",
    ]
    for config, cores in first.items():
        for core, found in cores.items():
            cells = [f"{_smallest(found):.0f}", found.flip_flops, *[found.memory_bits] * held]
            for results, period in corners.values():
                there = results.get(config, {}).get(core)
                cells += _periods(summary(there, period)) if there else ["-"] * 3
            lines.append(f"| {config} | {core} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _smallest(core: Core) -> float:
    return min(netlist.area_ge for netlist in core.netlists.values())


def _periods(row: Row) -> list[str]:
    return [_ns(row.period_ns), f"{row.fastest_ge:.0f}", _ge(row.in_period_ge)]


def _has_memories(results: Results) -> bool:
    return any(found.memory_bits for cores in results.values() for found in cores.values())


def parts_markdown(results: Results) -> str:
    """Markdown of the modules of cores, each mapped by itself for area, and of their memories.

    Instances that differ by a number at their end stand together.
    """
    lines = ["| configuration | core | part | GE | flip-flops |", "|---|---|---|--:|--:|"]
    for config, cores in results.items():
        for core, found in cores.items():
            for part, instances in _grouped(found.blocks).items():
                name = f"{len(instances)} x {part}" if len(instances) > 1 else part
                area = sum(block.area_ge for block in instances)
                held = sum(block.flip_flops for block in instances)
                lines.append(f"| {config} | {core} | {name} | {area:.0f} | {held} |")
            if found.memory_bits:
                lines.append(f"| {config} | {core} | memories, bits | {found.memory_bits} | |")
    return "\n".join(lines)


def _grouped(blocks: Mapping[str, Block]) -> dict[str, list[Block]]:
    """Blocks by name, without the number at its end where others differ by that alone."""
    grouped: dict[str, list[Block]] = {}
    for name, block in blocks.items():
        grouped.setdefault(re.sub(r"_\d+$", "", name), []).append(block)
    return dict(sorted(grouped.items(), key=lambda pair: -sum(b.area_ge for b in pair[1])))


def ports_markdown(results: Results) -> str:
    """Markdown of the delays at every port: to or from a register, and through to other ports.

    Of an input the slowest output that it reaches without a register stands in the table, of an
    output the slowest such input.
    """
    lines = [
        "| configuration | core | port | | register, ns | through, ns | to or from |",
        "|---|---|---|---|--:|--:|---|",
    ]
    for config, cores in results.items():
        for core, found in cores.items():
            for name, port in found.ports.items():
                reached = port.through_ns or {
                    source: other.through_ns[name]
                    for source, other in found.ports.items()
                    if name in other.through_ns
                }
                far = max(reached, key=lambda end: reached[end], default=None)
                lines.append(
                    f"| {config} | {core} | `{name}` | {port.direction} | {_ns(port.register_ns)} "
                    + (f"| {_ns(reached[far])} | `{far}` |" if far else "| - | |")
                )
    return "\n".join(lines)


def _ns(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _ge(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"


def fpga_markdown(results: Mapping[str, Any]) -> str:
    """Markdown of the FPGA figures: what a core takes, and the seeds' median Fmax.

    Block RAMs and multipliers have columns where any core has them. A core without Fmax does not
    fit.
    """
    parts = {"block_rams": "block RAM", "multipliers": "multipliers"}
    rows = [
        (config, core, device, found)
        for config, cores in results.items()
        for core, devices in cores.items()
        for device, found in devices.items()
    ]
    shown = {k: head for k, head in parts.items() if any(row[-1].get(k) for row in rows)}
    more = "".join(f" {head} |" for head in shown.values())
    lines = [
        f"| configuration | core | device | LUT4 | flip-flops |{more} Fmax MHz (range) |",
        f"|---|---|---|--:|--:|{'--:|' * len(shown)}--:|",
    ]
    for config, core, device, found in rows:
        cells = [found["luts"], found["flip_flops"], *(found.get(k, 0) for k in shown)]
        lines.append(
            f"| {config} | {core} | {device} | {' | '.join(map(str, cells))} "
            f"| {_fmax(list(found['fmax_mhz'].values()))} |"
        )
    return "\n".join(lines)


def _fmax(found: Sequence[float]) -> str:
    if not found:
        return "does not fit"
    return f"{median(found):.0f} ({min(found):.0f}-{max(found):.0f})"


def energy_pj(found: Mapping[str, float]) -> float:
    """pJ a word of a core on a map, all parts together."""
    return sum(found[part] for part in ENERGY_PARTS)


def energy_markdown(ways: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown of pJ a word, a bit and by part: `ways` are results by the name of their columns.

    A way that lacks a core has dashes.
    """
    heads = [f"{name}: pJ/word | pJ/bit | {' | '.join(ENERGY_PARTS)}" for name in ways]
    lines = [
        f"| configuration | core | map | zeros | {' | '.join(heads)} |",
        "|---|---|---|--:|" + "--:|" * (2 + len(ENERGY_PARTS)) * len(ways),
    ]
    first = next(iter(ways.values()))
    for config, cores in first.items():
        for core, by_map in cores.items():
            for kind, found in by_map.items():
                others = [way.get(config, {}).get(core, {}).get(kind) for way in ways.values()]
                cells = " | ".join(_energies(other) for other in others)
                lines.append(f"| {config} | {core} | {kind} | {found['zeros']:.0%} | {cells} |")
    return "\n".join(lines)


def _energies(found: Mapping[str, float] | None) -> str:
    if found is None:
        return " | ".join("-" * (2 + len(ENERGY_PARTS)))
    total = energy_pj(found)
    values = (total, total / found["word_bits"], *(found[part] for part in ENERGY_PARTS))
    return " | ".join(f"{value:.2f}" for value in values)
