"""Packets for tests of Rice: hypothesis strategies, plain generators, and the frozen vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from fmcodec.bits import signed_dtype
from fmcodec.rice import Encoded, Params
from tests.model.ebpc.cases import packets

VECTORS = Path(__file__).parent / "vectors.npz"
FLAGS = [(bool(i & 4), bool(i & 2), bool(i & 1)) for i in range(8)]
KINDS = ("zeros", "random", "sparse", "walk", "half", "extremes", "constant", "lone")

all_params = st.builds(
    Params,
    word_bits=st.one_of(st.sampled_from([8, 16, 32]), st.integers(4, 32)),
    signed=st.booleans(),
    delta=st.booleans(),
    sign_last=st.booleans(),
)


@st.composite
def params_and_words(draw: st.DrawFn) -> tuple[Params, np.ndarray]:
    params = draw(all_params)
    return params, draw(packets(params.word_bits))


def make(kind: str, size: int, word_bits: int, rng: np.random.Generator) -> np.ndarray:
    """A packet of one of `KINDS`, signed words."""
    low, high = -1 << word_bits - 1, (1 << word_bits - 1) - 1
    anything = rng.integers(low, high, size, endpoint=True)
    small = np.minimum(rng.exponential(10, size), high).astype(np.int64)
    zeros = np.zeros(size, np.int64)
    words = {
        "zeros": zeros,
        "random": anything,
        "sparse": np.where(rng.random(size) < 0.05, anything, 0),
        "walk": np.cumsum(rng.integers(-3, 4, size)),
        "half": np.where(rng.random(size) < 0.5, small, 0),
        "extremes": rng.choice([0, 1, low, high, -1], size),
        "constant": zeros + anything[0],
        "lone": np.where(np.arange(size) == size - 1, 1, 0),
    }[kind]
    return ((words - low) % (1 << word_bits) + low).astype(signed_dtype(word_bits))


def vectors() -> Iterator[tuple[str, Params, np.ndarray, Encoded]]:
    """(name, parameters, words, stream) of every packet of the frozen vectors."""
    with np.load(VECTORS) as arrays:
        for name in arrays.files:
            if name.endswith(".words"):
                key = name.removesuffix(".words")
                m, *flags = map(int, key.split("_")[1:])
                words = arrays[name]
                encoded = Encoded(arrays[f"{key}.code"], len(words))
                yield key, Params(m, *map(bool, flags)), words, encoded
