"""Packets of words for the benches, of every kind of data that a codec could treat apart."""

from __future__ import annotations

import numpy as np

__all__ = ["KINDS", "make"]

KINDS = (
    "zeros",
    "ones",
    "minima",
    "maxima",
    "extremes",
    "ramp",
    "walk",
    "random",
    "dense",
    "quarter_zeros",
    "half_zeros",
    "sparse",
    "lone_first",
    "lone_last",
    "full_runs",
)


def make(
    word_bits: int,
    kind: str,
    size: int,
    rng: np.random.Generator,
    *,
    zero_run: int = 16,
    block: int = 8,
) -> np.ndarray:
    """A packet of `size` signed words of `word_bits` bits, int8, int16 or int32.

    "full_runs" has runs of zeros about `zero_run` words long, `block` words and less between them.
    """
    low, high = -(2 ** (word_bits - 1)), 2 ** (word_bits - 1) - 1
    words = rng.integers(low, high, size, endpoint=True)
    if kind in ("zeros", "lone_first", "lone_last"):
        lone = words[0] or 1
        words = np.zeros(size, np.int64)
        if kind != "zeros":
            words[0 if kind == "lone_first" else -1] = lone
    elif kind in ("ones", "minima", "maxima"):
        words = np.full(size, {"ones": 1, "minima": low, "maxima": high}[kind])
    elif kind == "extremes":
        words = rng.choice([low, high], size)
    elif kind == "ramp":
        words = np.arange(size) - size // 2
    elif kind == "walk":
        words = high // 2 + np.cumsum(rng.integers(-2, 3, size))
    elif kind == "dense":
        words[words == 0] = 1
    elif kind == "full_runs":
        _clear_runs(words, zero_run, block, rng)
    elif kind != "random":
        share = {"quarter_zeros": 0.25, "half_zeros": 0.5, "sparse": 0.95}[kind]
        words[rng.random(size) < share] = 0
    wrapped = (words - low) % 2**word_bits + low
    return wrapped.astype(f"int{8 if word_bits <= 8 else 16 if word_bits <= 16 else 32}")


def _clear_runs(words: np.ndarray, z: int, block: int, rng: np.random.Generator) -> None:
    """Runs of zeros about as long as one symbol codes, one of them at the packet's end."""
    end = len(words)
    words[words == 0] = 1
    while end > 0:
        begin = max(end - int(rng.choice([1, z - 1, z, z + 1, 2 * z, 2 * z + 1])), 0)
        words[begin:end] = 0
        end = begin - int(rng.integers(1, block + 2))
