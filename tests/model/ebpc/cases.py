"""Packets for tests: hypothesis strategies and the published vectors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from fmcodec.ebpc import Encoded, Params

VECTORS = Path(__file__).parents[2] / "vectors"


def signed_dtype(word_bits: int) -> np.dtype:
    return np.dtype(f"i{next(size for size in (1, 2, 4) if word_bits <= 8 * size)}")


def vectors() -> Iterator[tuple[str, Params, np.ndarray, Encoded]]:
    """(name, parameters, words, streams) of every packet of the published vectors."""
    for path in sorted(VECTORS.glob("*.npz")):
        params = Params(*map(int, re.findall(r"\d+", path.stem)))
        with np.load(path) as arrays:
            for name in arrays.files:
                if name.endswith(".words"):
                    key = name.removesuffix(".words")
                    words = arrays[name]
                    streams = Encoded(arrays[f"{key}.bpc"], arrays[f"{key}.znz"], len(words))
                    yield f"{path.stem}:{key}", params, words, streams


all_params = st.builds(
    Params,
    word_bits=st.one_of(st.sampled_from([8, 16, 32]), st.integers(4, 32)),
    block_words=st.sampled_from([4, 8, 16, 32]),
    max_zero_run=st.sampled_from([2, 4, 8, 16, 32, 64, 128, 256]),
)


@st.composite
def packets(draw: st.DrawFn, word_bits: int) -> np.ndarray:
    """A packet in pieces of all kinds: zeros, ramps, constants, extremes, random words."""
    low, high = -1 << word_bits - 1, (1 << word_bits - 1) - 1
    words = st.one_of(st.integers(low, high), st.integers(-3, 3), st.sampled_from([low, high]))
    pieces: list[np.ndarray] = []
    for kind in draw(st.lists(st.sampled_from(["zero", "ramp", "constant", "random"]), max_size=6)):
        if kind == "zero":
            pieces.append(np.zeros(draw(st.integers(1, 300)), dtype=np.int64))
        elif kind == "random":
            pieces.append(np.array(draw(st.lists(words, min_size=1, max_size=40)), dtype=np.int64))
        else:
            step = draw(st.integers(-5, 5)) if kind == "ramp" else 0
            length = draw(st.integers(1, 80))
            pieces.append(draw(words) + step * np.arange(length, dtype=np.int64))
    pieces.append(np.array([draw(words)]))
    packet = np.concatenate(pieces)
    # ramps wrap as the words of hardware do
    return ((packet - low) % (1 << word_bits) + low).astype(signed_dtype(word_bits))


@st.composite
def params_and_words(draw: st.DrawFn) -> tuple[Params, np.ndarray]:
    params = draw(all_params)
    return params, draw(packets(params.word_bits))
