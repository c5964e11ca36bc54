"""Bit streams packed MSB first into words: the writer and the reader of every reference model.

Bit 0 of a stream is the most significant bit of its first word (doc/format.md, "Conventions").
Both classes work field by field in Python integers: made to be read, not to be fast.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from fmcodec.errors import DamagedStream

__all__ = ["BitReader", "BitWriter", "require_int", "signed_dtype", "unsigned_dtype"]


def require_int(name: str, value: object, rule: str) -> None:
    """Raise TypeError unless `value` is an int; a bool is none to a user who counts bits."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be {rule}, not {value!r}")


def unsigned_dtype(word_bits: int) -> np.dtype:
    """Narrowest of uint8, uint16, uint32 and uint64 that holds a word of `word_bits`."""
    return np.dtype(f"u{next(size for size in (1, 2, 4, 8) if word_bits <= 8 * size)}")


def signed_dtype(word_bits: int) -> np.dtype:
    """Narrowest of int8, int16, int32 and int64 that holds a word of `word_bits`."""
    return np.dtype(f"i{unsigned_dtype(word_bits).itemsize}")


class BitWriter:
    """Appends fields of bits and packs them into words of `word_bits`, 1..64."""

    def __init__(self, word_bits: int) -> None:
        self.word_bits = word_bits
        self.position = 0
        self._words: list[int] = []
        self._rest = 0  # the bits that fill no whole word yet

    def write(self, value: int, bits: int) -> None:
        """Append the `bits` least significant bits of `value`, the most significant one first."""
        self._rest = self._rest << bits | value & (1 << bits) - 1
        waiting = self.position % self.word_bits + bits
        self.position += bits
        while waiting >= self.word_bits:
            waiting -= self.word_bits
            self._words.append(self._rest >> waiting)
            self._rest &= (1 << waiting) - 1

    def words(self) -> npt.NDArray[np.unsignedinteger]:
        """The stream so far as unsigned words, zero padded to a whole word; shape (words,)."""
        padding = -self.position % self.word_bits
        tail = [self._rest << padding] if padding else []
        return np.array(self._words + tail, dtype=unsigned_dtype(self.word_bits))


class BitReader:
    """Reads fields of bits from the words that a `BitWriter` made.

    Damage is handed to `on_damage`, by default raised. Where that returns, reading goes on: a
    stream reads as zeros after its end.
    """

    def __init__(
        self,
        words: npt.NDArray[np.unsignedinteger],
        word_bits: int,
        name: str,
        on_damage: Callable[[DamagedStream], None] | None = None,
    ) -> None:
        self.name = name
        self.position = 0
        self.word_bits = word_bits
        self.size = len(words) * word_bits
        self._words = words.tolist()
        self._on_damage = on_damage

    def read(self, bits: int) -> int:
        """The next `bits` bits as an unsigned number, the first bit the most significant one."""
        if self.position <= self.size < self.position + bits:  # once, at the first bit missing
            self.damage("ends early", self.size)
        first, last = self.position // self.word_bits, (self.position + bits - 1) // self.word_bits
        window = 0
        for index in range(first, last + 1):
            word = self._words[index] if index < len(self._words) else 0
            window = window << self.word_bits | word
        self.position += bits
        return window >> (last + 1) * self.word_bits - self.position & (1 << bits) - 1

    def finish(self) -> None:
        """Check that no word follows the one that holds the last bit read."""
        end = self.position + -self.position % self.word_bits
        if end < self.size:
            self.damage("goes on after its last symbol", end)

    def damage(self, reason: str, bit: int) -> None:
        """Report `reason` at `bit`."""
        damaged = DamagedStream(self.name, bit, reason)
        if self._on_damage is None:
            raise damaged
        self._on_damage(damaged)
