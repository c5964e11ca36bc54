"""The encoded packet of Rice, and the checks that guard both ends of the codec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.rice.formats import StreamParams
from fmcodec.words import check_num_words, check_stream

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
    check_num_words(encoded.num_words)
    code = check_stream(params.word_bits, "code", encoded.code)
    return Encoded(code, encoded.num_words)
