"""What coded packets take in memory, the same charges for every codec.

- A stream of a packet begins at a burst's edge, so that a packet is read without its neighbours;
  what is left of its last burst is empty. EBPC has two streams, the other codecs have one.
- A 32-bit word of index a stream says where it begins and whether the packet is raw. The indices
  lie one behind the other; bits of a header that a stream has of its own are in its bits.
- A packet that coding does not make smaller, in bursts, is kept as it is, raw.

A map without a codec has its words one behind the other, and ends with a burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["BURSTS", "DEFAULT_BURST", "INDEX_BYTES", "Burst", "Stored"]

BURSTS = (32, 64, 128)  # bytes: LPDDR4 x16 BL16, the same of two channels or DDR x64, a cache line
DEFAULT_BURST = 64
INDEX_BYTES = 4  # a stream


class Stored(NamedTuple):
    """Bytes of a packet with its index, and whether it is raw."""

    bytes: int
    raw: bool


@dataclass(frozen=True)
class Burst:
    """Memory that is read and written in bursts.

    Attributes:
        size: bytes of a burst.
    """

    size: int

    def aligned(self, bits: float) -> int:
        """Bytes of the bursts that hold `bits`."""
        return -(-int(bits) // (8 * self.size)) * self.size

    def stored(self, stream_bits: Sequence[int], raw_bits: int) -> Stored:
        """A coded packet in memory.

        Args:
            stream_bits: bits of each of its streams.
            raw_bits: bits of its words.
        """
        coded, raw = sum(map(self.aligned, stream_bits)), self.aligned(raw_bits)
        return Stored(min(coded, raw) + INDEX_BYTES * len(stream_bits), coded >= raw)
