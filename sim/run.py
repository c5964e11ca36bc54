"""Simulate the exported Verilog of the cores against the golden models (`make sim`).

Every configuration is exported, built once and simulated with the benches chosen; a table of the
feature maps and one of the tests follow. Everything is left in build/sim, `results.json` too.
"""

from __future__ import annotations

import json
import os
import random
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from rich.console import Console

from fmcodec_hw import catalog
from fmcodec_hw.codec import Config
from sim.record import Run
from sim.runner import OUTPUT, ROOT, Outcome, simulate, simulator_environment
from sim.runner import benches as benches_of
from sim.tables import layers_table, maps_table, tests_table

MAX_WORDS = 2**24  # of a packet, by the width of the decoders' length port


def check_map(path: Path) -> int:
    """Bits of the words of a user's map; a clear error where it cannot be simulated."""
    try:
        words = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        raise click.ClickException(f"{path} must be a .npy file of integers") from None
    if not isinstance(words, np.ndarray) or words.dtype.kind not in "iu" or words.itemsize > 4:
        dtype = getattr(words, "dtype", type(words).__name__)
        raise click.ClickException(f"{path} must hold int8, int16 or int32 words, not {dtype}")
    if not 1 <= words.size <= MAX_WORDS:
        raise click.ClickException(f"{path} must hold 1..{MAX_WORDS} words, not {words.size}")
    return words.itemsize * 8


def configs_for_maps(word_bits: int) -> list[Config]:
    """Of every codec the configurations whose maps are shown, or else the first of this width."""
    chosen = []
    for codec in catalog.CODECS.values():
        fitting = [config for config in codec if bits_of(config) == word_bits]
        chosen += [config for config in fitting if config.maps] or fitting[:1]
    return chosen


def bits_of(config: Config) -> int:
    """Bits of the words that a configuration's cores take; a lossy codec's are int8."""
    return getattr(config.params, "word_bits", 8)


def check_benches(configs: Sequence[Config], names: Sequence[str]) -> None:
    """Every codec to be simulated has every bench called for."""
    for codec in {config.codec for config in configs}:
        there = benches_of(codec)
        for name in names:
            if name not in there:
                rule = f"bench must be one of {', '.join(there)} for {codec}"
                raise click.ClickException(f"{rule}, not {name!r}")


@click.command()
@click.option("--config", "names", multiple=True, help="Of the catalogue; default: all.")
@click.option("--bench", "benches", multiple=True, help="encoder, decoder, ...; default: all.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), envvar="SEED", help="Default: random.")
@click.option("--short", is_flag=True, envvar="SIM_SHORT", help="Fewer configurations, less data.")
@click.option("--waves", is_flag=True, envvar="WAVES", help="Keep waveforms; implies --short.")
@click.option(
    "--sim",
    "simulator",
    type=click.Choice(("verilator", "icarus")),
    default="verilator",
    show_default=True,
    envvar="SIM",
)
@click.option(
    "--map",
    "map_path",
    type=click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path),
    envvar="MAP",
    help="A .npy file of integers: only this feature map is simulated.",
)
@click.option("--jobs", type=click.IntRange(1), default=min(4, os.cpu_count() or 1))
def main(
    names: Sequence[str],
    benches: Sequence[str],
    seed: int | None,
    short: bool,
    waves: bool,
    simulator: str,
    map_path: Path | None,
    jobs: int,
) -> None:
    """Simulate the cores' exported Verilog; exit code 1 when anything failed."""
    short = short or waves  # a megabyte for a thousand cycles
    if map_path:
        fitting, benches = configs_for_maps(check_map(map_path)), ("maps",)
    else:
        fitting = [config for config in catalog.configs() if config.short or not short]
    configs = [catalog.find(name) for name in names] or fitting
    check_benches(configs, benches)
    os.environ |= simulator_environment(simulator)
    for variable in ("WAVES", "SIM"):  # cocotb reads them too, with meanings of its own
        os.environ.pop(variable, None)
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    console = Console()
    if not console.is_terminal:
        console.width = 132
    console.print(f"seed {seed}, {simulator}, results in {OUTPUT.relative_to(ROOT)}")
    begin = time.monotonic()

    def one(config: Config) -> Outcome:
        folder = OUTPUT / f"{config.id.replace('/', '-').replace(' ', '-')}-{simulator}"
        run = Run(
            config.id, short or config.slow, str(map_path or ""), str(folder / "measured.jsonl")
        )
        wanted = benches or tuple(benches_of(config.codec))
        outcome = simulate(run, wanted, seed=seed, simulator=simulator, waves=waves)
        state = f"[red]{len(outcome.errors)} failed" if outcome.errors else "passed"
        console.print(f"{config.id}: {state} in {outcome.seconds:.0f} s")
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(one, configs))
    report(console, outcomes, {"seed": seed, "simulator": simulator, "short": short})
    console.print(f"{time.monotonic() - begin:.0f} s")
    sys.exit(any(outcome.errors for outcome in outcomes))


def report(console: Console, outcomes: Sequence[Outcome], about: Mapping[str, object]) -> None:
    """Print the tables and every failure; write them to results.json."""
    if any("map" in row for outcome in outcomes for row in outcome.measured):
        console.print(maps_table(outcomes))
    if any("layer" in row for outcome in outcomes for row in outcome.measured):
        console.print(layers_table(outcomes))
    console.print(tests_table(outcomes))
    for outcome in outcomes:
        for test, error in outcome.errors.items():
            line = textwrap.shorten(f"{outcome.config} {test}: {error.splitlines()[0]}", 200)
            console.print(line, style="red", markup=False, highlight=False)
    document = {**about, "configs": [asdict(outcome) for outcome in outcomes]}
    (OUTPUT / "results.json").write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        print(f"sim: {error.format_message()}", file=sys.stderr)
        sys.exit(2)
    except ValueError as error:
        print(f"sim: {error}", file=sys.stderr)
        sys.exit(2)
    except click.Abort:
        print("sim: interrupted", file=sys.stderr)
        sys.exit(130)
