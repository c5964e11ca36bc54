"""Packets of words: what every codec takes and gives.

A word is `word_bits` bits of two's complement, 4..32, held in the narrowest of int8, int16 and
int32; unsigned arrays of the same width hold the bit patterns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.bits import signed_dtype, unsigned_dtype

__all__ = ["Words", "check_words", "signed_words"]

Words = npt.NDArray[np.integer]


def check_words(word_bits: int, words: object) -> Words:
    """Return `words` as a contiguous signed array, or raise the error that says why not.

    Accepted: shape (N,), N >= 1, signed or unsigned integers of the narrowest dtype that holds a
    word of `word_bits`. An unsigned word is a bit pattern of two's complement. Values must fit
    `word_bits`.
    """
    width = 8 * unsigned_dtype(word_bits).itemsize
    if not isinstance(words, np.ndarray):
        raise TypeError(f"words must be a numpy array, not {type(words).__name__}")
    if words.dtype.kind not in "iu" or 8 * words.dtype.itemsize != width:
        raise TypeError(f"words must be int{width} or uint{width}, not {words.dtype}")
    if words.ndim != 1:
        raise ValueError(f"words must be one-dimensional, not of shape {words.shape}")
    if words.size == 0:
        raise ValueError("words must hold at least one word, not 0")
    if word_bits < width:
        low, high = -1 << word_bits - 1, (1 << word_bits - 1) - 1
        if words.dtype.kind == "u":
            low, high = 0, (1 << word_bits) - 1
        for value in (int(words.min()), int(words.max())):
            if not low <= value <= high:
                raise ValueError(f"words must be in {low}..{high}, not {value}")
        if words.dtype.kind == "u":
            return signed_words(word_bits, words)
    return np.ascontiguousarray(words, dtype=signed_dtype(word_bits))


def signed_words(word_bits: int, patterns: npt.NDArray[np.integer]) -> Words:
    """Bit patterns of m bits, unsigned, as two's complement words."""
    unsigned = unsigned_dtype(word_bits)
    unused = 8 * unsigned.itemsize - word_bits
    return (patterns.astype(unsigned) << unused).view(signed_dtype(word_bits)) >> unused
