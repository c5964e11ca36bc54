"""Codecs of sparsity: zero-RLE, zero-value compression and compressed sparse columns."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy import uint64 as u64

from fmcodec.codecs.base import Codec
from fmcodec.errors import DamagedStream
from fmcodec.lazy import LazyModule
from fmcodec.words import Words

__all__ = ["Csc", "ZeroRle", "Zvc"]

kernels = LazyModule("fmcodec.codecs.kernels")

_POWERS = [1 << k for k in range(1, 17)]


@dataclass(frozen=True)
class ZeroRle(Codec):
    """Zero run-length coding: `1` and a word as it is, or `0` and the length of a zero run.

    Attributes:
        max_run: longest run of one symbol, a power of two, 2..65536; a longer one is cut.
    """

    codec_id = "zero_rle"
    title = "zero-RLE"

    max_run: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("max_run", "a power of two in 2..65536", _POWERS)

    @property
    def run_bits(self) -> int:
        """Bits of a run's length field."""
        return self.max_run.bit_length() - 1

    def _encoded_bits(self, words: Words) -> int:
        pieces, nonzero = map(int, kernels.count_zero_rle(words, u64(self.run_bits)))
        return pieces * (1 + self.run_bits) + nonzero * (1 + self.word_bits)

    def _max_words(self, num_bytes: int) -> int:
        # by the shorter symbol's length and the longer one's words
        return 8 * num_bytes // (1 + min(self.run_bits, self.word_bits)) * self.max_run

    def _encode(self, words: Words) -> bytes:
        room = self._encoded_bits(words)
        return kernels.run(kernels.encode_zero_rle, room, words, self.word_bits, self.run_bits)

    def _decode(self, payload: memoryview, num_words: int) -> Words:
        fields = self.word_bits, self.run_bits
        return kernels.read(kernels.decode_zero_rle, payload, self.word_bits, num_words, *fields)


@dataclass(frozen=True)
class Zvc(Codec):
    """Zero-value compression: a mask of a group of words, then its non-zero words.

    Attributes:
        group_words: words of a group, 1..32.
    """

    codec_id = "zvc"
    title = "ZVC"

    group_words: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("group_words", "an int in 1..32", range(1, 33))

    def _encoded_bits(self, words: Words) -> int:
        return len(words) + int(np.count_nonzero(words)) * self.word_bits

    def _max_words(self, num_bytes: int) -> int:
        return 8 * num_bytes  # a bit of a mask each

    def _encode(self, words: Words) -> bytes:
        room = self._encoded_bits(words)
        return kernels.run(kernels.encode_zvc, room, words, self.word_bits, self.group_words)

    def _decode(self, payload: memoryview, num_words: int) -> Words:
        fields = self.word_bits, self.group_words
        return kernels.read(kernels.decode_zvc, payload, self.word_bits, num_words, *fields)


@dataclass(frozen=True)
class Csc(Codec):
    """Compressed sparse column with relative indices: an entry is (zeros skipped, word).

    A gap too long for its field is bridged by entries whose word is zero. Zeros after the last
    non-zero word have no entry.

    Attributes:
        max_distance: longest step from one entry to the next, a power of two, 2..65536.
    """

    codec_id = "csc"
    title = "CSC"

    max_distance: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("max_distance", "a power of two in 2..65536", _POWERS)

    @property
    def index_bits(self) -> int:
        """Bits of an entry's field of zeros skipped."""
        return self.max_distance.bit_length() - 1

    def _num_entries(self, words: Words) -> int:
        return int(kernels.count_csc(words, u64(self.index_bits)))

    def _max_words(self, num_bytes: int) -> None:
        return None  # zeros behind the last entry take no bytes

    def _encoded_bits(self, words: Words) -> int:
        return self._num_entries(words) * (self.index_bits + self.word_bits)

    def _encode(self, words: Words) -> bytes:
        room = self._encoded_bits(words)
        entries = kernels.run(kernels.encode_csc, room, words, self.word_bits, self.index_bits)
        return struct.pack(">I", self._num_entries(words)) + entries

    def _decode(self, payload: memoryview, num_words: int) -> Words:
        if len(payload) < 4:
            raise DamagedStream("container", 32 + 8 * len(payload), "ends early")
        (num_entries,) = struct.unpack_from(">I", payload)
        if num_entries > num_words:
            raise DamagedStream("container", 32, f"{num_entries} entries of {num_words} words")
        fields = self.word_bits, self.index_bits, num_entries
        return kernels.read(kernels.decode_csc, payload[4:], self.word_bits, num_words, *fields)
