"""Run the benches of `make sim` on the mapped netlists: `python -m synth.gates --help`."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from fmcodec_hw import catalog
from fmcodec_hw.codec import Config
from fmcodec_hw.verilog import memories, to_verilog
from sim.record import Run
from sim.runner import Outcome, benches, simulate, simulator_environment
from synth import asic, cell_models, cell_verilog, library
from synth import cells as own_cells
from synth.common import BUILD, chosen, command_line, for_cells

__all__ = ["NETLISTS", "netlists"]

# What is simulated of every configuration: the recipe, and whether clocks are gated
NETLISTS = {"area": ("area", False), "fastest": ("fastest", False), "gated": ("area", True)}
RESET = "async-low"  # as the cells have it


def netlists(config: Config, kind: str, cells: library.Library, folder: Path) -> dict[str, str]:
    """Verilog of a configuration's cores mapped as `NETLISTS[kind]` says, and of their cells."""
    recipe, gating = NETLISTS[kind]
    files: dict[str, str] = {}
    names: set[str] = set()
    for core, top in catalog.tops(for_cells(config, RESET)).items():
        made = folder / core
        macros = memories(top)
        verilog = to_verilog(top) + macros.stubs()
        state = made / "state.txt"
        wanted = "\0".join([verilog, cells.digest, kind, Path(asic.__file__).read_text()])
        if not state.exists() or state.read_text() != wanted:
            asic.synthesise(verilog, top.name, cells, made, recipes=[recipe], clock_gating=gating)
            state.write_text(wanted)
        module = json.loads((made / f"{recipe}.json").read_text())["modules"][top.name]
        names |= {cell["type"] for cell in module["cells"].values()} - set(macros.sizes)
        files |= {f"{top.name}_ram.v": macros.models()} if macros.sizes else {}
        files[f"{top.name}.v"] = (made / f"{recipe}.v").read_text()
    models = cell_models.models(cells.text, names)
    return {**files, "cells.v": cell_verilog.verilog(models.values())}


def simulated(config: Config, kind: str, cells: library.Library, seed: int, short: bool) -> Outcome:
    """Outcome of the benches on a configuration's netlists."""
    name = f"{config.id.replace('/', '-').replace(' ', '-')}-{kind}"
    folder = (BUILD / "gates" / name).resolve()
    run = Run(config.id, short, "", str(folder / "measured.jsonl"), RESET)
    cores = netlists(config, kind, cells, folder)
    outcome = simulate(run, tuple(benches(config.codec)), seed=seed, cores=cores)
    return dataclasses.replace(outcome, config=f"{config.id} {kind}")


@click.command(context_settings={"show_default": True})
@click.option("--config", "configs", multiple=True, help="Of the catalogue; default: a few.")
@click.option(
    "--netlist", "kinds", multiple=True, type=click.Choice(list(NETLISTS)), help="Or all."
)
@click.option(
    "--liberty",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar="LIBERTY",
    help="Cell library; the project's own by default.",
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), envvar="SEED", help="Default: random.")
@click.option("--full", is_flag=True, help="As much as `make sim` in full.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=min(4, os.cpu_count() or 1))
def run(
    configs: tuple[str, ...],
    kinds: tuple[str, ...],
    liberty: Path | None,
    seed: int | None,
    full: bool,
    jobs: int,
) -> None:
    """Simulate netlists, the library's cells as its Liberty file describes them, without delays.

    The exit code is 1 when anything failed.
    """
    cells = library.load(liberty or own_cells.write(BUILD))
    os.environ |= simulator_environment("verilator")
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    console = Console(width=None if sys.stdout.isatty() else 132)
    console.print(f"seed {seed}, {cells.name}")
    named = {config.id: config for config, _ in chosen(configs, (), "gates")}
    tasks = [
        (config, kind)
        for config in named.values()
        for kind in kinds or NETLISTS
        if not NETLISTS[kind][1] or cells.clock_gate is not None
    ]

    def one(task: tuple[Config, str]) -> Outcome:
        outcome = simulated(*task, cells, seed, not full)
        state = f"[red]{len(outcome.errors)} failed" if outcome.errors else "passed"
        console.print(f"{outcome.config}: {state} in {outcome.seconds:.0f} s")
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(one, tasks))
    table = Table(title=f"Benches on netlists of {cells.name}")
    for heading in ("netlist", "passed", "failed"):
        table.add_column(heading, justify="left" if heading == "netlist" else "right")
    for outcome in outcomes:
        failed = f"[red]{len(outcome.errors)}" if outcome.errors else "0"
        table.add_row(outcome.config, str(outcome.passed), failed)
    console.print(table)
    for outcome in outcomes:
        for test, error in outcome.errors.items():
            line = f"{outcome.config} {test}: {error.splitlines()[0]}"
            console.print(line, style="red", markup=False, highlight=False)
    sys.exit(any(outcome.errors for outcome in outcomes))


if __name__ == "__main__":
    command_line(run, "synth.gates")
