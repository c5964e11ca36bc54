"""What coded packets take in memory, the same charges for every codec.

- A stream of a packet begins at a burst's edge, so that a packet is read without its neighbours;
  what is left of its last burst is empty. EBPC has two streams, the other codecs have one.
- A 32-bit word of index a stream says where it begins and whether the packet is raw. The indices
  lie one behind the other; bits of a header that a stream has of its own are in its bits.
- A packet that coding does not make smaller, in bursts, is kept as it is, raw.

A map without a codec has its words one behind the other, and ends with a burst.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["BURSTS", "DEFAULT_BURST", "INDEX_BYTES", "Burst", "Stored"]

BURSTS = (32, 64, 128)  # bytes: LPDDR4 x16 BL16, the same of two channels or DDR x64, a cache line
DEFAULT_BURST = 64
INDEX_BYTES = 4  # a stream


class Stored(NamedTuple):
    """Bytes of every packet with its index, and whether it is raw; shape (packets,)."""

    bytes: npt.NDArray[np.int64]
    raw: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Burst:
    """Memory that is read and written in bursts.

    Attributes:
        size: bytes of a burst.
    """

    size: int

    def aligned(self, bits: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Bytes of the bursts that hold `bits`."""
        return -(-bits // (8 * self.size)) * self.size

    def stored(self, stream_bits: npt.NDArray[np.int64], raw_bits: npt.NDArray[np.int64]) -> Stored:
        """Coded packets in memory.

        Args:
            stream_bits: bits of each of their streams, shape (packets, streams).
            raw_bits: bits of their words, shape (packets,).
        """
        coded, raw = self.aligned(stream_bits).sum(axis=1), self.aligned(raw_bits)
        index = INDEX_BYTES * stream_bits.shape[1]
        return Stored(np.minimum(coded, raw) + index, coded >= raw)
