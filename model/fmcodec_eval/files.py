"""Files of a report: written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["file_name", "written_aside"]


@contextmanager
def written_aside(file: str | Path) -> Iterator[Path]:
    """A path beside `file` to write to; it takes the place of `file` when nothing failed."""
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    yield aside
    os.replace(aside, file)


def file_name(text: str) -> str:
    """A text as a part of a file name."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in text)
