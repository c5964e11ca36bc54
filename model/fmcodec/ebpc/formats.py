"""Parameters of the streams of EBPC, and every size that follows from them.

What codes and reads streams takes these; `fmcodec.ebpc.Params` adds the codec and the cores.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from fmcodec.bits import require_int

__all__ = ["StreamParams", "default_block_words"]


def default_block_words(word_bits: int) -> int:
    """n where it is not given: 8 for words of up to 8 bits, 16 for wider ones.

    Sixteen words share a base and code a plane more cheaply, which is worth more the wider words
    are; a core's gates grow with the smaller one of m and n.
    """
    return 8 if word_bits <= 8 else 16


@dataclass(frozen=True)
class StreamParams:
    """What the streams of a packet depend on (doc/format.md, "Parameters"). See `Params`."""

    word_bits: int = 8
    block_words: int = None  # type: ignore[assignment]  # only until `__post_init__`
    max_zero_run: int = 16

    def __post_init__(self) -> None:
        self._require("word_bits", "an int in 4..32", range(4, 33))
        if self.block_words is None:
            object.__setattr__(self, "block_words", default_block_words(self.word_bits))
        self._require("block_words", "4, 8, 16 or 32", (4, 8, 16, 32))
        self._require("max_zero_run", "a power of two in 2..256", [2**k for k in range(1, 9)])

    def _require(self, name: str, rule: str, allowed: Container[int]) -> None:
        value = getattr(self, name)
        require_int(name, value, rule)
        if value not in allowed:
            raise ValueError(f"{name} must be {rule}, not {value!r}")

    @property
    def planes(self) -> int:
        """Bit planes of a block: m + 1, the sign plane included."""
        return self.word_bits + 1

    @property
    def plane_bits(self) -> int:
        """Bits of a plane, one per delta: n - 1."""
        return self.block_words - 1

    @property
    def run_bits(self) -> int:
        """Bits of the length field of a run of two or more zero planes: ceil(log2 m)."""
        return (self.word_bits - 1).bit_length()

    @property
    def position_bits(self) -> int:
        """Bits of the position field of a one-bit or two-bit plane: ceil(log2 n)."""
        return (self.block_words - 1).bit_length()

    @property
    def zero_run_bits(self) -> int:
        """Bits of the length field of a zero run in the ZNZ stream: log2 z."""
        return self.max_zero_run.bit_length() - 1

    @property
    def max_symbol_bits(self) -> int:
        """Bits of the longest plane symbol."""
        return max(self.block_words, 5 + self.position_bits, 3 + self.run_bits)

    @property
    def max_block_bits(self) -> int:
        """BPC bits of the worst block: the base and m + 1 of the longest non-run symbols."""
        return self.word_bits + self.planes * max(self.block_words, 5 + self.position_bits)

    def max_encoded_bits(self, num_words: int) -> int:
        """Upper bound of the bits of both streams, padding included, of a packet of `num_words`.

        No word costs more than a non-zero one's share of the worst block, or a lone zero.
        """
        blocks = -(-num_words // self.block_words)
        padding = 2 * (self.word_bits - 1)
        znz = num_words * (1 + self.zero_run_bits)
        return max(blocks * self.max_block_bits, self.word_bits) + znz + padding
