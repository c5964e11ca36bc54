"""When a port rests: the same patterns for cocotb's ports and for Amaranth's simulator."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

__all__ = ["STALLS", "stalls"]

STALLS = ("none", "pattern", "geometric", "long", "mixed")


def stalls(kind: str, rng: random.Random) -> Iterator[bool]:
    """Whether a port rests, cycle by cycle, for ever.

    Parameters:
        kind: "none": never; "pattern": a fixed one; "geometric": at random, a share of the cycles;
            "long": for tens of cycles at a time; "mixed": one of these, drawn.
        rng: where the drawn ones come from.

    Raises:
        ValueError: `kind` is not one of `STALLS`.
    """
    if kind not in STALLS:
        raise ValueError(f"kind must be one of {', '.join(STALLS)}, not {kind!r}")
    return _flags(rng.choice(STALLS[:-1]) if kind == "mixed" else kind, rng)


def _flags(kind: str, rng: random.Random) -> Iterator[bool]:
    if kind == "pattern":
        yield from itertools.cycle([False, False, True, False, True, True, True, False, True])
    elif kind == "geometric":
        share = rng.choice([0.1, 0.5, 0.8])
        while True:
            yield rng.random() < share
    elif kind == "long":
        while True:
            yield from itertools.repeat(False, rng.randrange(1, 100))
            yield from itertools.repeat(True, rng.randrange(20, 80))
    yield from itertools.repeat(False)
