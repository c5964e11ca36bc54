"""What moves a report's results: versions, files, inputs, options; and every tensor's fate."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

import fmcodec
from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.capture.graph import TensorNote
from fmcodec_eval.capture.images import files_in
from fmcodec_eval.cores import Cores
from fmcodec_eval.files import written_aside
from fmcodec_eval.report.plan import Plan, digest_of, part_key

__all__ = ["RUN", "TENSORS", "describe", "finish", "finished", "key_of", "settings", "write"]

RUN, TENSORS = "run.json", "tensors.csv"
_FINISHED = "parts/finished"


def describe(plan: Plan) -> dict[str, Any]:
    """Everything that a reader needs to get the same figures, JSON-able.

    Keys: `versions` of fmcodec and what it computes with; `machine`; `networks`, by name: what
    `Source.record` says, and the SHA-256 of file and images; `plan`: all options.
    """
    return {
        "versions": {
            "fmcodec": fmcodec.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        },
        "machine": platform.machine(),
        "networks": {spec.open().name: _source(spec) for spec in plan.sources},
        "plan": asdict(plan),
    }


def _source(spec: SourceSpec) -> dict[str, Any]:
    source = spec.open()
    record = source.record()
    about = {"file": Path(spec.network).name, "sha256": content_digest(spec.network)}
    about |= {"images": f"{len(source)}", "images sha256": content_digest(spec.images)}
    return {
        **{name: value for name, value in about.items() if value is not None},
        **record.settings,
        "assumed": list(record.assumed),
    }


def settings(plan: Plan) -> dict[str, str]:
    """What `describe` says, a line each, for the foot of a page."""
    told = describe(plan)
    lines = {"versions": ", ".join(f"{name} {v}" for name, v in told["versions"].items())}
    lines["machine"] = told["machine"]
    for network, about in told["networks"].items():
        lines[network] = "; ".join(f"{key}: {v}" for key, v in about.items() if key != "assumed")
    return lines


def write(folder: Path, plan: Plan, skipped: Iterable[tuple[str, int, str]] = ()) -> None:
    """Write `run.json` and `tensors.csv`.

    Args:
        folder: of the report.
        plan: what was measured.
        skipped: (network, image, reason) of the images that could not be used.
    """
    left_out = [{"network": n, "image": i, "reason": reason} for n, i, reason in skipped]
    with written_aside(folder / RUN) as aside:
        text = json.dumps({**describe(plan), "skipped": left_out}, indent=1, ensure_ascii=False)
        aside.write_text(text + "\n", encoding="utf-8")
    with (
        written_aside(folder / TENSORS) as aside,
        aside.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(["network", *(field.name for field in fields(TensorNote))])
        for spec in plan.sources:
            source = spec.open()
            for note in source.tensors():
                about = {**vars(note), "shape": "x".join(map(str, note.shape))}
                writer.writerow([source.name, *about.values()])


def key_of(sources: Iterable[SourceSpec], options: Mapping[str, Any], cores: Cores) -> str:
    """A name of a run that changes with its options, its files and this package's version.

    Files are those of the sources and of the figures of cores: `cores` is what that one holds.
    """
    elsewhere = ("output", "scheduler", "resume", "batch_images", "batch_layers")
    counted = {name: value for name, value in options.items() if name not in elsewhere}
    files = [digest_of(source) for source in sources]
    return part_key("report", {"options": counted, "files": files, "cores": repr(cores)})


def finished(folder: Path, key: str) -> Path | None:
    """The page of a run that is complete, or None."""
    page, mark = folder / "report.html", folder / _FINISHED
    same = mark.is_file() and mark.read_text(encoding="utf-8").strip() == key
    return page if same and page.is_file() else None


def finish(folder: Path, key: str) -> None:
    """Mark a run as complete."""
    with written_aside(folder / _FINISHED) as aside:
        aside.write_text(key + "\n", encoding="utf-8")


@lru_cache(maxsize=64)
def content_digest(path: str | None) -> str | None:
    """SHA-256 of a file, or of names and contents of the files in a folder, hexadecimal.

    None for what is no file: a network by its name, noise.
    """
    place = Path(path or "")
    if path is None or not place.exists():
        return None
    if place.is_file():
        return _file_digest(place)
    digest = hashlib.sha256()
    for file in files_in(place):
        digest.update(f"{file.relative_to(place)}\n{_file_digest(file)}\n".encode())
    return digest.hexdigest()


def _file_digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
