"""Energy per word of the mapped cores on real feature maps: `python -m synth.energy --help`."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from fmcodec_hw import catalog
from fmcodec_hw.codec import CORES, Config
from fmcodec_hw.ram import RamMacros
from fmcodec_hw.verilog import memories, to_verilog
from synth import activity, asic, cell_models, library, meter, stimuli, tables
from synth.activity import Netlist
from synth.common import (
    BUILD,
    ENERGY,
    cached,
    change,
    chosen,
    command_line,
    for_cells,
    nested,
    save,
)
from synth.meter import Conditions, Energy
from synth.run import tools
from synth.stimuli import MAPS, Stimulus

__all__ = ["block_of", "measured", "netlist", "per_word"]

_RECIPE = "resub"  # the smallest netlist of most cores


def measured(
    config: Config, core: str, cells: library.Library, gating: bool, conditions: Conditions
) -> dict[str, Any]:
    """Energies of a core by map: pJ a word by part, cycles, zeros, and pJ a word of every block.

    Its memories take part, but their energy does not.
    """
    top = catalog.tops(config)[core]
    macros = memories(top) if top.memory == "external" else RamMacros(top.name)
    text = to_verilog(top) + macros.stubs()

    def measure(folder: Path) -> dict[str, Any]:
        asic.synthesise(text, top.name, cells, folder, recipes=[_RECIPE], clock_gating=gating)
        flat = netlist(folder / f"{_RECIPE}.json", top.name, cells, macros)
        parts = netlist(folder / "blocks.json", top.name, cells, macros)
        sinks = [prefix for prefix in top.streams if prefix.startswith("m_")]
        found = {}
        for kind in MAPS:
            given = stimuli.stimulus(config, core, kind)
            run = partial(_energy, given, sinks, cells, conditions)
            whole = run(flat)
            blocks = run(parts, block_of)
            found[kind] = {
                "words": given.words,
                "word_bits": given.word_bits,
                "zeros": given.zeros,
                "cycles": whole.cycles,
                **{part: getattr(whole, part) / given.words for part in tables.ENERGY_PARTS},
                "blocks": {name: pj / given.words for name, pj in blocks.blocks.items()},
            }
        return found

    modules = (asic, activity, cell_models, meter, stimuli, sys.modules[__name__])
    state = [Path(module.__file__ or "").read_text() for module in modules]
    options = [cells.digest, str(gating), repr(conditions), json.dumps(tools())]
    return cached([text, *state, *options], measure)


def netlist(path: Path, top: str, cells: library.Library, macros: RamMacros) -> Netlist:
    """The mapped module `top` of a JSON file, made of `cells` and of the memories `macros`."""
    module = json.loads(path.read_text())["modules"][top]
    names = {cell["type"] for cell in module["cells"].values()} - set(macros.sizes)
    return Netlist(module, cell_models.models(cells.text, names), macros.sizes)


def block_of(cell: str) -> str:
    """The block that a cell of blocks.json belongs to, by its name: core.packer.queue_reg[3]."""
    # Yosys marks what it made while flattening; a name that is a keyword has an underscore behind
    steps = cell.removeprefix("$flatten").replace("\\", "").split(".")
    inside = steps[1:] if steps[0] == "core" else steps
    return inside[0].rstrip("_") if len(inside) > 1 else "core"


def _energy(
    given: Stimulus,
    sinks: list[str],
    cells: library.Library,
    conditions: Conditions,
    mapped: Netlist,
    block: Any = lambda cell: "",
) -> Energy:
    moved = mapped.run(given.sources, sinks, 1, given.limit, setup=given.setup, ready=given.ready)
    return meter.energy(mapped, moved, cells.text, conditions, block)


def table(results: Mapping[tuple[str, str], Any], before: Mapping[str, Any], title: str) -> Table:
    """pJ a word of every core on every map, by part, with the change from the baseline."""
    made = Table(title=title)
    for heading in ("config", "core", "map"):
        made.add_column(heading)
    for heading in ("zeros", "pJ/word", "pJ/bit", *tables.ENERGY_PARTS):
        made.add_column(heading, justify="right")
    for (config, core), by_map in results.items():
        for kind, found in by_map.items():
            then = before.get(config, {}).get(core, {}).get(kind)
            total = tables.energy_pj(found)
            made.add_row(
                config,
                core,
                kind,
                f"{found['zeros']:.0%}",
                change(total, tables.energy_pj(then) if then else None, 2),
                f"{total / found['word_bits']:.2f}",
                *(f"{found[part]:.2f}" for part in tables.ENERGY_PARTS),
            )
        made.add_section()
    return made


def per_word(kept: Mapping[str, Any], key: str) -> dict[str, dict[str, dict[str, float]]]:
    """pJ a word by configuration, core and map: figures `key` of the JSON `kept`, parts summed."""
    return {
        config: {
            core: {kind: tables.energy_pj(found) for kind, found in by_map.items()}
            for core, by_map in by_core.items()
        }
        for config, by_core in kept[key]["results"].items()
    }


@click.command(context_settings={"show_default": True})
@click.option("--config", "configs", multiple=True, help="Of the catalogue; default: a few.")
@click.option("--core", "cores", multiple=True, type=click.Choice(CORES), help="Default: all.")
@click.option(
    "--liberty",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="LIBERTY",
    required=True,
    help="Cell library with internal power.",
)
@click.option("--clock-gating/--no-clock-gating", "gating", default=None, help="Default: both.")
@click.option("--clock-mhz", type=float, default=100.0, help="Clock, which leakage is spread over.")
@click.option("--slew", type=float, default=0.1, help="Rise and fall time of every signal, ns.")
@click.option("--wire-ff", type=float, default=0.0, help="Wire capacitance for each pin driven.")
@click.option("--blocks", is_flag=True, help="Tables of pJ a word by block.")
@click.option("--accept", is_flag=True, help="Make the figures the committed ones.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1)
def run(
    configs: tuple[str, ...],
    cores: tuple[str, ...],
    liberty: Path,
    gating: bool | None,
    clock_mhz: float,
    slew: float,
    wire_ff: float,
    blocks: bool,
    accept: bool,
    jobs: int,
) -> None:
    """pJ a word of the cores' smallest netlists on real maps, by clock, cells, nets and leakage.

    Left out: wires (but see --wire-ff), the clock's tree, hazards, and pads.
    """
    cells = library.load(liberty)
    if "internal_power" not in cells.text:
        raise click.ClickException(f"{liberty} must have internal_power, which {cells.name} lacks")
    if gating and cells.clock_gate is None:
        raise click.ClickException(f"{cells.name} must have a clock gate for --clock-gating")
    conditions = Conditions(clock_mhz, slew, wire_ff, cells.output_load_ff)
    # asynchronous reset, as the cells have it
    tasks = [
        (for_cells(config, "async-low"), core) for config, core in chosen(configs, cores, "energy")
    ]
    kept = json.loads(ENERGY.read_text()) if ENERGY.exists() else {}
    console = Console(width=None if sys.stdout.isatty() else 160)
    both = [False, True] if cells.clock_gate is not None else [False]
    ways = both if gating is None else [gating]
    about = {"tools": tools(), "conditions": dataclasses.asdict(conditions), "maps": MAPS}
    with (
        Progress(transient=True, console=Console(stderr=True)) as progress,
        ProcessPoolExecutor(jobs) as pool,
    ):
        bar = progress.add_task("energy", total=len(tasks) * len(ways))
        for gated in ways:
            pending = [
                pool.submit(measured, config, core, cells, gated, conditions)
                for config, core in tasks
            ]
            results = {}
            for (config, core), future in zip(tasks, pending, strict=True):
                results[config.id, core] = future.result()
                progress.advance(bar)
            key = tables.baseline_key(cells.name, "async-low", gated)
            before = kept.get(key, {}).get("results", {})
            title = f"{key}, {clock_mhz:g} MHz, slew {slew:g} ns, wires {wire_ff:g} fF a pin"
            console.print(table(results, before, title))
            for (name, core), found in results.items() if blocks else ():
                console.print(_blocks_table(f"{name} {core}", found))
            tree = nested(results)
            save(BUILD / f"energy-{key.replace(', ', '-').replace(' ', '-')}.json", {key: tree})
            # figures of other conditions do not stay beside these
            merged = before if kept.get(key, {}).get("conditions") == about["conditions"] else {}
            for name, by_core in tree.items():
                merged.setdefault(name, {}).update(by_core)
            kept[key] = {**about, "results": merged}
    if accept:
        save(ENERGY, kept)


def _blocks_table(title: str, by_map: Mapping[str, Any]) -> Table:
    made = Table(title=f"{title}, pJ a word; blocks are mapped alone")
    made.add_column("block")
    for kind in by_map:
        made.add_column(kind, justify="right")
    names = sorted(by_map["dense"]["blocks"], key=lambda name: -by_map["dense"]["blocks"][name])
    for name in names:
        made.add_row(name, *(f"{found['blocks'].get(name, 0):.2f}" for found in by_map.values()))
    return made


if __name__ == "__main__":
    command_line(run, "synth.energy")
