"""The encoded packet of EBPC, and the checks that guard both ends of the codec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.ebpc.formats import StreamParams
from fmcodec.words import check_num_words, check_stream

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
    check_num_words(encoded.num_words)
    return Encoded(
        check_stream(params.word_bits, "bpc", encoded.bpc),
        check_stream(params.word_bits, "znz", encoded.znz),
        encoded.num_words,
    )
