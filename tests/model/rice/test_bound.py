"""The bound of a packet's size: no circle of positive weight, and no packet that breaks it."""

import dataclasses

import numpy as np
import pytest

from fmcodec.bits import signed_dtype
from fmcodec.rice import Params, bound, fast
from fmcodec.rice.formats import StreamParams
from tests.model.rice.cases import FLAGS, KINDS, make


@pytest.mark.parametrize("word_bits", range(4, 33))
def test_constant_is_that_of_the_heaviest_path(word_bits):
    params = StreamParams(word_bits)
    eighths = bound.heaviest_packet(params)
    for num_words in (1, 2, 7, 8, 1000):
        bits = (9 * word_bits * num_words + eighths) // 8
        words = -(-bits // word_bits)
        assert params.max_encoded_bits(num_words) == words * word_bits
        assert words <= 9 / 8 * num_words + 4


def test_a_circle_is_found():
    @dataclasses.dataclass(frozen=True)
    class Slower(StreamParams):
        """K rises by one for quotients of 2 and 3: long codes for ever."""

        @property
        def steps(self):
            return -1, 0, 1, 4

    with pytest.raises(ValueError, match=r"^a circle of positive weight for words of 8 bits$"):
        bound.heaviest_packet(Slower(8))


def excess(params: Params, words: np.ndarray) -> float:
    """Bits beyond 9/8 of the packet's words."""
    return params.encoded_bits(words) - 9 / 8 * params.word_bits * len(words)


@pytest.mark.parametrize("word_bits", [4, 5, 8, 12, 16])
def test_search_finds_no_larger_packet(word_bits):
    """Hill climbing: change a few words, keep what takes more."""
    rng = np.random.default_rng(word_bits)
    most = bound.heaviest_packet(StreamParams(word_bits)) / 8
    dtype = signed_dtype(word_bits)
    seen = -np.inf
    for flags in FLAGS:
        params = Params(word_bits, *flags)
        for start in range(4):
            words = make(KINDS[start], 40, word_bits, rng)
            best = excess(params, words)
            for _ in range(400):
                other = words.copy()
                where = rng.integers(0, len(words), rng.integers(1, 4))
                other[where] = make(
                    "extremes" if rng.random() < 0.5 else "random", len(where), word_bits, rng
                )
                if rng.random() < 0.3:
                    other = other[: rng.integers(1, len(other) + 1)]
                if rng.random() < 0.3:
                    other = np.concatenate((other, other[-8:])).astype(dtype)[:60]
                if (weight := excess(params, other)) >= best:
                    words, best = other, weight
            assert best <= most
            seen = max(seen, best)
    assert seen > most / 3  # it does come near: the bound says something


def test_no_code_weighs_more_than_the_potential_falls():
    """Wherever a packet stops, it has not taken more than the start's potential."""
    start = bound.potential(StreamParams(8))[16, 8, 4] / 8
    rng = np.random.default_rng(3)
    for kind in KINDS:
        for flags in FLAGS:
            ends = fast.code_ends(Params(8, *flags), make(kind, 400, 8, rng))
            assert (ends[:, 1] - 3 - 9 * ends[:, 0]).max() <= start
