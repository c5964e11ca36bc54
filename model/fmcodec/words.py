"""Packets of words: what every codec takes and gives.

A word is `word_bits` bits of two's complement, 4..32, held in the narrowest of int8, int16 and
int32; unsigned arrays of the same width hold the bit patterns.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int, signed_dtype, unsigned_dtype

__all__ = ["Words", "check_num_words", "check_stream", "check_words", "signed_words"]

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


def check_num_words(num_words: int) -> None:
    """Raise the error that says why `num_words` is no number of words of a packet, if it is not.

    Raises:
        TypeError: it is not an int.
        ValueError: it is less than 1, or more than an array can hold.
    """
    require_int("num_words", num_words, "an int >= 1")
    if num_words < 1:
        raise ValueError(f"num_words must be an int >= 1, not {num_words!r}")
    if num_words >= 1 << 63:
        raise ValueError(f"num_words must be less than 2**63, not {num_words!r}")


def check_stream(word_bits: int, name: str, stream: object) -> npt.NDArray[np.unsignedinteger]:
    """Return the stream `name`, contiguous, or raise the error that says why it is none.

    Raises:
        TypeError: not a numpy array of the unsigned dtype of `word_bits` bits.
        ValueError: not one-dimensional, or a word that does not fit `word_bits` bits.
    """
    dtype = unsigned_dtype(word_bits)
    if not isinstance(stream, np.ndarray):
        raise TypeError(f"{name} must be a numpy array, not {type(stream).__name__}")
    if stream.dtype != dtype:
        raise TypeError(f"{name} must be {dtype}, not {stream.dtype}")
    if stream.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {stream.shape}")
    high = (1 << word_bits) - 1
    if stream.size and int(stream.max()) > high:
        raise ValueError(f"{name} must be in 0..{high}, not {int(stream.max())}")
    return np.ascontiguousarray(stream)
