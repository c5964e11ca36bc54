"""The encoded packet of EBPC, and the checks that guard both ends of the codec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int, unsigned_dtype
from fmcodec.ebpc.formats import StreamParams

__all__ = ["FORMAT_VERSION", "Encoded", "check_encoded"]

# Version of the streams (doc/format.md); a change of emitted bits is a new one
FORMAT_VERSION = "1.0"

StreamWords = npt.NDArray[np.unsignedinteger]


@dataclass(frozen=True, eq=False)
class Encoded:
    """One packet, coded: two bit streams and the number of words that they hold.

    Attributes:
        bpc: the BPC stream, m-bit words, the first bit in the MSB; uint8, uint16 or uint32.
        znz: the ZNZ stream, packed the same way.
        num_words: words N of the packet, >= 1; the streams do not say it themselves.
    """

    bpc: StreamWords
    znz: StreamWords
    num_words: int

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Encoded):
            return NotImplemented
        return (
            self.num_words == other.num_words
            and np.array_equal(self.bpc, other.bpc)
            and np.array_equal(self.znz, other.znz)
        )


def check_encoded(params: StreamParams, encoded: object) -> Encoded:
    """Return `encoded`, its arrays contiguous, or raise the error that says why not."""
    if not isinstance(encoded, Encoded):
        raise TypeError(f"encoded must be an Encoded, not {type(encoded).__name__}")
    require_int("num_words", encoded.num_words, "an int >= 1")
    if encoded.num_words < 1:
        raise ValueError(f"num_words must be an int >= 1, not {encoded.num_words!r}")
    return Encoded(
        _check_stream(params, "bpc", encoded.bpc),
        _check_stream(params, "znz", encoded.znz),
        encoded.num_words,
    )


def _check_stream(params: StreamParams, name: str, stream: object) -> StreamWords:
    dtype = unsigned_dtype(params.word_bits)
    if not isinstance(stream, np.ndarray):
        raise TypeError(f"{name} must be a numpy array, not {type(stream).__name__}")
    if stream.dtype != dtype:
        raise TypeError(f"{name} must be {dtype}, not {stream.dtype}")
    if stream.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {stream.shape}")
    high = (1 << params.word_bits) - 1
    if stream.size and int(stream.max()) > high:
        raise ValueError(f"{name} must be in 0..{high}, not {int(stream.max())}")
    return np.ascontiguousarray(stream)
