"""How far a long run is: bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

__all__ = ["Progress", "show_progress"]

Progress = Callable[[str, int, int], None]  # is told (what, done, total)

EVERY = 10.0  # seconds between two plain lines


@contextmanager
def show_progress(console: Console, every: float = EVERY) -> Iterator[Progress]:
    """Show a run's progress; yields the function that is told it: (what, done, total).

    Args:
        console: where to. One that is no terminal gets a line now and then, and none in short runs.
        every: seconds between two of these lines.
    """
    if console.is_terminal:
        with _bars(console) as tell:
            yield tell
        return
    last = time.monotonic()

    def tell_plainly(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= every:
            last = time.monotonic()
            console.print(f"{what}: {done} of {total}", highlight=False, markup=False)

    yield tell_plainly


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console) as bars:
        known: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in known:
                known[what] = bars.add_task(what, total=total)
            bars.update(known[what], completed=done)

        yield tell
