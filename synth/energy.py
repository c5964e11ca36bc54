"""Energy per word of the mapped cores on real feature maps: `python -m synth.energy --help`."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from fmcodec import feature_maps
from fmcodec_hw import catalog
from fmcodec_hw.codec import CORES, Config
from fmcodec_hw.verilog import to_verilog
from synth import activity, asic, cell_models, library, meter, tables
from synth.activity import Netlist, Source
from synth.common import BUILD, ENERGY, cached, change, chosen, command_line, nested, save
from synth.meter import Conditions, Energy
from synth.run import tools

__all__ = ["MAPS", "block_of", "measured", "packet", "per_word", "sources"]

# By their zeros: the embedded map, its first words
MAPS = {
    "dense": "mobilenet_v2/stem",
    "typical": "mobilenet_v2/block3.depthwise",
    "sparse": "squeezenet_v1_0/fire9.expand3x3",
}
WORDS = 4096
_RECIPE = "resub"  # the smallest netlist of most cores


def _is_lossless(config: Config) -> bool:
    """Whether the codec's cores take packets of words and nothing else."""
    return importlib.util.find_spec(f"sim.{config.codec}.packets") is not None


def packet(kind: str, word_bits: int) -> np.ndarray:
    """The packet that energy is measured on, one of `MAPS`, words of the codec's dtype."""
    [found] = [m for m in feature_maps.load() if m.name == MAPS[kind]]
    return found.words.ravel()[:WORDS].astype(f"i{word_bits // 8}")


def sources(config: Config, core: str, words: np.ndarray) -> list[Source]:
    """What enters a core with a packet: the beats of every stream."""
    packets = importlib.import_module(f"sim.{config.codec}.packets").Packets(config)
    bits = config.params.word_bits
    top = catalog.tops(config)[core]
    if core == "encoder":
        entering = _beats("s_axis", words.view(f"u{bits // 8}"), bits, 1)
        if "s_axis_tuser" in top.signature.members:
            user = {"tuser": np.full(len(words), packets.user)}
            entering = Source("s_axis", {**entering.fields, **user})
        return [entering]
    encoded = config.params.encode(words)
    length = Source("s_axis_len", {"tdata": np.array([len(words) - 1])})
    streams = [
        _beats(prefix, stream, bits, top.signature.members[f"{prefix}_tdata"].shape // bits)
        for name, stream in packets.streams(encoded).items()
        for prefix in [f"s_axis_{name}"]
    ]
    return [length, *streams]


def _beats(prefix: str, words: np.ndarray, bits: int, lanes: int) -> Source:
    """Beats of `lanes` words, the first one lowest; only the last beat may be partial."""
    count = -(-len(words) // lanes)
    padded = np.zeros((count, lanes), np.uint64)
    padded.ravel()[: len(words)] = words
    kept = np.arange(count * lanes).reshape(count, lanes) < len(words)
    shifts = np.arange(lanes, dtype=np.uint64) * np.uint64(bits)
    fields = {
        "tdata": np.bitwise_or.reduce(padded << shifts, axis=1),
        "tlast": np.arange(count) == count - 1,
    }
    if lanes > 1:
        bytes_kept = np.repeat(kept, bits // 8, axis=1)
        fields["tkeep"] = (bytes_kept << np.arange(bytes_kept.shape[1])).sum(axis=1)
    return Source(prefix, fields)


def measured(
    config: Config, core: str, cells: library.Library, gating: bool, conditions: Conditions
) -> dict[str, Any]:
    """Energies of a core by map: pJ a word by part, cycles, zeros, and pJ a word of every block."""
    top = catalog.tops(config)[core]
    text = to_verilog(top)

    def measure(folder: Path) -> dict[str, Any]:
        asic.synthesise(text, top.name, cells, folder, recipes=[_RECIPE], clock_gating=gating)
        flat = _netlist(folder / f"{_RECIPE}.json", top.name, cells)
        parts = _netlist(folder / "blocks.json", top.name, cells)
        sinks = [prefix for prefix in top.streams if prefix.startswith("m_")]
        found = {}
        for kind in MAPS:
            words = packet(kind, config.params.word_bits)
            entering = sources(config, core, words)
            run = partial(_energy, entering, sinks, cells, conditions)
            whole = run(flat)
            blocks = run(parts, block_of)
            found[kind] = {
                "words": len(words),
                "word_bits": config.params.word_bits,
                "zeros": float(np.mean(words == 0)),
                "cycles": whole.cycles,
                **{part: getattr(whole, part) / len(words) for part in tables.ENERGY_PARTS},
                "blocks": {name: pj / len(words) for name, pj in blocks.blocks.items()},
            }
        return found

    modules = (asic, activity, cell_models, meter, sys.modules[__name__])
    state = [Path(module.__file__ or "").read_text() for module in modules]
    options = [cells.digest, str(gating), repr(conditions), json.dumps(tools())]
    return cached([text, *state, *options], measure)


def _netlist(path: Path, top: str, cells: library.Library) -> Netlist:
    module = json.loads(path.read_text())["modules"][top]
    names = {cell["type"] for cell in module["cells"].values()}
    return Netlist(module, cell_models.models(cells.text, names))


def block_of(cell: str) -> str:
    """The block that a cell of blocks.json belongs to, by its name: core.packer.queue_reg[3]."""
    # Yosys marks what it made while flattening; a name that is a keyword has an underscore behind
    steps = cell.removeprefix("$flatten").replace("\\", "").split(".")
    inside = steps[1:] if steps[0] == "core" else steps
    return inside[0].rstrip("_") if len(inside) > 1 else "core"


def _energy(
    entering: list[Source],
    sinks: list[str],
    cells: library.Library,
    conditions: Conditions,
    netlist: Netlist,
    block: Any = lambda cell: "",
) -> Energy:
    limit = 8 * max(map(len, entering)) + 8 * WORDS
    moved = netlist.run(entering, sinks, 1, limit)
    return meter.energy(netlist, moved, cells.text, conditions, block)


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
        (dataclasses.replace(config, reset="async-low"), core)
        for config, core in chosen(configs, cores, "fpga")
        if _is_lossless(config)
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
