"""The encoded packet of Rice, and the checks that guard both ends of the codec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int, unsigned_dtype
from fmcodec.rice.formats import StreamParams

__all__ = ["FORMAT_VERSION", "Encoded", "check_encoded"]

# Version of the stream (doc/format.md); a change of emitted bits is a new one
FORMAT_VERSION = "1.0"


@dataclass(frozen=True, eq=False)
class Encoded:
    """One packet, coded: its stream and the number of words that it holds.

    Attributes:
        code: the stream, m-bit words, the first bit in the MSB; uint8, uint16 or uint32.
        num_words: words N of the packet, >= 1; the stream does not say it itself.
    """

    code: npt.NDArray[np.unsignedinteger]
    num_words: int

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Encoded):
            return NotImplemented
        return self.num_words == other.num_words and np.array_equal(self.code, other.code)


def check_encoded(params: StreamParams, encoded: object) -> Encoded:
    """Return `encoded`, its array contiguous, or raise the error that says why not."""
    if not isinstance(encoded, Encoded):
        raise TypeError(f"encoded must be an Encoded, not {type(encoded).__name__}")
    require_int("num_words", encoded.num_words, "an int >= 1")
    if encoded.num_words < 1:
        raise ValueError(f"num_words must be an int >= 1, not {encoded.num_words!r}")
    code, dtype = encoded.code, unsigned_dtype(params.word_bits)
    if not isinstance(code, np.ndarray):
        raise TypeError(f"code must be a numpy array, not {type(code).__name__}")
    if code.dtype != dtype:
        raise TypeError(f"code must be {dtype}, not {code.dtype}")
    if code.ndim != 1:
        raise ValueError(f"code must be one-dimensional, not of shape {code.shape}")
    high = (1 << params.word_bits) - 1
    if code.size and int(code.max()) > high:
        raise ValueError(f"code must be in 0..{high}, not {int(code.max())}")
    return Encoded(np.ascontiguousarray(code), encoded.num_words)
