"""Parameters of the streams of Rice, its constants, and every size that follows from them.

What codes and reads streams takes these; `fmcodec.rice.Params` adds the codec and the cores.
"""

from __future__ import annotations

from dataclasses import dataclass

from fmcodec.bits import require_int

__all__ = [
    "HEADER_BITS",
    "LONGEST_RUN",
    "MAX_RUN",
    "MAX_SLOT",
    "RUN_FRACTION",
    "RUN_START",
    "SLOT_FRACTION",
    "SLOT_START",
    "StreamParams",
]

HEADER_BITS = 3
# The counters Z and R: fraction bits, start, largest value
SLOT_FRACTION, SLOT_START, MAX_SLOT = 3, 8, 31
RUN_FRACTION, RUN_START, MAX_RUN = 1, 4, 11
LONGEST_RUN = 1 << (MAX_RUN >> RUN_FRACTION)  # zeros that a code can count behind the first

# What a packet takes beyond 9/8 of its words, by m, in eighths of a bit: the longest path of
# `fmcodec.rice.bound`, header included
_EXCESS = dict(
    zip(
        range(4, 33),
        (
            *(84, 87, 112, 142, 192, 210, 236, 251, 276, 290),
            *(312, 327, 344, 360, 372, 389, 396, 414, 416, 435),
            *(432, 453, 446, 468, 456, 479, 466, 486, 472),
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class StreamParams:
    """What the stream of a packet depends on (doc/format.md, "Rice parameters"). See `Params`."""

    word_bits: int = 8
    signed: bool = True
    delta: bool = True
    sign_last: bool = False

    def __post_init__(self) -> None:
        require_int("word_bits", self.word_bits, "an int in 4..32")
        if not 4 <= self.word_bits <= 32:
            raise ValueError(f"word_bits must be an int in 4..32, not {self.word_bits!r}")
        for name in ("signed", "delta", "sign_last"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be a bool, not {getattr(self, name)!r}")

    @property
    def fraction_bits(self) -> int:
        """Fraction bits of the counter K: 2, or 3 for words below 8 bits."""
        return 2 if self.word_bits >= 8 else 3

    @property
    def max_parameter(self) -> int:
        """Largest value of the counter K."""
        return (self.word_bits << self.fraction_bits) - 1

    @property
    def escape_ones(self) -> int:
        """Ones that say that all bits of a folded word follow: min(m, 8)."""
        return min(self.word_bits, 8)

    @property
    def steps(self) -> tuple[int, int, int, int]:
        """What the quotients 0, 1, 2 to 3, and 4 and more add to the counter K."""
        return (-1, 0, 2, 4) if self.word_bits >= 8 else (-1, 1, 8, 8)

    def max_encoded_bits(self, num_words: int) -> int:
        """Upper bound of the bits of a packet of `num_words`, padding to a whole word included.

        Not more than 9/8 of the words and 4 words (doc/format.md, "Rice size").
        """
        bits = (9 * self.word_bits * num_words + _EXCESS[self.word_bits]) // 8
        return bits + -bits % self.word_bits

    @property
    def max_code_bits(self) -> int:
        """Bits of the longest code: an escape, or a zero with its run."""
        longest_zero = (MAX_SLOT >> SLOT_FRACTION) + 2 + (MAX_RUN >> RUN_FRACTION)
        return max(self.escape_ones + self.word_bits, longest_zero)
