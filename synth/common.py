"""What the commands of the flow share: folders, cache, committed figures, errors."""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from amaranth.hdl import UnusedElaboratable

from fmcodec_hw import catalog
from fmcodec_hw.codec import Config

__all__ = [
    "BASELINE",
    "BUILD",
    "ENERGY",
    "cached",
    "change",
    "chosen",
    "command_line",
    "for_cells",
    "nested",
    "save",
]

# A configuration is built whole; a core that is not asked for is never elaborated
warnings.simplefilter("ignore", UnusedElaboratable)

BASELINE = Path(__file__).with_name("baseline.json")
ENERGY = Path(__file__).with_name("energy.json")
BUILD = Path("build/synth")


def chosen(names: Iterable[str], cores: Iterable[str], flow: str) -> list[tuple[Config, str]]:
    """Configurations of the catalogue and their cores: those named, or all measured by `flow`.

    Raises:
        ValueError: no configuration has such a name.
    """
    configs = [catalog.find(name) for name in names]
    configs = configs or [config for config in catalog.configs() if flow in config.figures]
    wanted = tuple(cores)
    return [(c, core) for c in configs for core in c.cores if core in wanted or not wanted]


def for_cells(config: Config, reset: str) -> Config:
    """`config` as it is mapped to cells: memories without gates, multipliers of gates."""
    ours = {"memory": "external", "multipliers": "booth"}
    options = {**config.options, **{k: v for k, v in ours.items() if k in config.options}}
    return replace(config, reset=reset, options=options)


def cached(state: Iterable[str], measure: Callable[[Path], dict[str, Any]]) -> dict[str, Any]:
    """`measure(folder)`, or what it gave before for the same `state`: all that it depends on."""
    digest = hashlib.sha256("\0".join(state).encode()).hexdigest()[:24]
    folder = (BUILD / "cache" / digest).resolve()
    kept = folder / "figures.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(measure(folder)))
    return json.loads(kept.read_text())


def save(path: Path, document: Any) -> None:
    """Write `document` as JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1) + "\n")
    part.replace(path)


def nested(results: dict[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
    """Results by configuration, then core."""
    tree: dict[str, dict[str, Any]] = {}
    for (config, core), found in results.items():
        tree.setdefault(config, {})[core] = found
    return tree


def change(value: float | None, before: float | None, digits: int, *, less: bool = True) -> str:
    """A figure and an arrow with its change, if it has changed in the digits shown.

    `less` says that less is better: the arrow is green then for a fall, otherwise for a rise.
    """
    if value is None:
        return "-"
    text = f"{value:.{digits}f}"
    if before is None or f"{before:.{digits}f}" == text:
        return text
    by = value - before
    colour = "green" if (by < 0) == less else "red"
    return f"{text} [{colour}]{'▲' if by > 0 else '▼'}{abs(by):.{digits}f}[/{colour}]"


def command_line(command: click.Command, name: str) -> None:
    """Run a command; an error is one line on stderr and exit code 2."""
    # The catalogue makes every core of a configuration, a command may want one of them
    warnings.simplefilter("ignore", UnusedElaboratable)
    try:
        command.main(prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        _fail(name, error.format_message())
    except (TypeError, ValueError, OSError, RuntimeError) as error:
        _fail(name, str(error))
    except (click.Abort, KeyboardInterrupt):
        _fail(name, "interrupted")


def _fail(name: str, message: str) -> None:
    print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)
