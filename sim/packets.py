"""Packets of words for the benches: every size that could matter, every kind of data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fmcodec.ebpc import Params
from fmcodec.ebpc.stream import Encoded

__all__ = [
    "KINDS",
    "damaged",
    "every_density",
    "every_kind",
    "every_size",
    "make",
    "sizes",
    "vectors",
]

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


def sizes(params: Params) -> list[int]:
    """Sizes around one word, a block, a stream word and a zero run, and twice and thrice those."""
    marks = (params.block_words, params.word_bits, params.max_zero_run)
    around = {k * mark + d for mark in marks for k in (1, 2, 3) for d in (-1, 0, 1)}
    return sorted(around | {1, 2, 3, 4, 5})


def make(params: Params, kind: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """A packet of `size` signed words of the codec's dtype."""
    m = params.word_bits
    low, high = -(2 ** (m - 1)), 2 ** (m - 1) - 1
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
        _clear_runs(words, params, rng)
    elif kind != "random":
        share = {"quarter_zeros": 0.25, "half_zeros": 0.5, "sparse": 0.95}[kind]
        words[rng.random(size) < share] = 0
    wrapped = (words - low) % 2**m + low
    return wrapped.astype(f"int{max(8, m)}")


def _clear_runs(words: np.ndarray, params: Params, rng: np.random.Generator) -> None:
    """Runs of zeros about as long as one symbol codes, one of them at the packet's end."""
    z, end = params.max_zero_run, len(words)
    words[words == 0] = 1
    while end > 0:
        begin = max(end - int(rng.choice([1, z - 1, z, z + 1, 2 * z, 2 * z + 1])), 0)
        words[begin:end] = 0
        end = begin - int(rng.integers(1, params.block_words + 2))


def every_size(params: Params, kinds: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Packets of every size in random order, each in `kinds` randomly chosen kinds."""
    chosen = rng.choice(KINDS, kinds, replace=False)
    batch = [make(params, kind, size, rng) for size in sizes(params) for kind in chosen]
    rng.shuffle(batch)
    return batch


def every_kind(params: Params, rng: np.random.Generator) -> list[np.ndarray]:
    """A packet of every kind, a dozen blocks long."""
    return [make(params, kind, 12 * params.block_words + 3, rng) for kind in KINDS]


def every_density(params: Params, rng: np.random.Generator) -> list[np.ndarray]:
    """Random packets of none to nine tenths of zeros, forty blocks long."""
    batch = []
    for tenths in range(10):
        words = make(params, "dense", 40 * params.block_words, rng)
        words[rng.random(len(words)) < tenths / 10] = 0
        batch.append(words)
    return batch


def vectors(path: Path, step: int = 1) -> Iterator[tuple[str, np.ndarray, Encoded]]:
    """Name, words and streams of every `step`-th published vector of a file."""
    with np.load(path) as npz:
        names = sorted({name.rpartition(".")[0] for name in npz.files})
        for name in names[::step]:
            words = npz[f"{name}.words"]
            yield name, words, Encoded(npz[f"{name}.bpc"], npz[f"{name}.znz"], len(words))


def damaged(params: Params, encoded: Encoded, rng: np.random.Generator) -> Encoded:
    """`encoded` with a bit flipped, a stream cut, lengthened or replaced, or a wrong length."""
    streams = {"bpc": encoded.bpc.copy(), "znz": encoded.znz.copy()}
    num_words = encoded.num_words
    name = rng.choice(["bpc", "znz"])
    stream = streams[name]
    noise = rng.integers(0, 2**params.word_bits, rng.integers(1, 20)).astype(stream.dtype)
    match rng.choice(["flip", "flip", "cut", "more", "replace", "length"]):
        case "flip":
            stream[rng.integers(len(stream))] ^= stream.dtype.type(
                1 << int(rng.integers(params.word_bits))
            )
        case "cut":
            streams[name] = stream[: rng.integers(1, len(stream) + 1)]
        case "more":
            streams[name] = np.concatenate([stream, noise])
        case "replace":
            streams[name] = noise
        case "length":
            num_words = max(1, num_words + int(rng.integers(-20, 21)))
    return Encoded(streams["bpc"], streams["znz"], num_words)
