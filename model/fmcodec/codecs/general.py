"""General-purpose coders for comparison: DEFLATE, Zstandard, and the order-0 entropy."""

from __future__ import annotations

import math
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fmcodec.bits import signed_dtype, unsigned_dtype
from fmcodec.codecs.base import Codec, Coder
from fmcodec.errors import DamagedStream, require
from fmcodec.words import Words

__all__ = ["Deflate", "Entropy", "Zstd"]

PIECE = 1 << 20  # words


class _ByteCodec(Codec):
    """A coder of bytes on the little-endian bytes of the words, 1, 2 or 4 a word.

    Attributes:
        expansion: bytes that one byte of a stream can make at most.
    """

    expansion: ClassVar[int]

    def _encoded_bits(self, words: Words) -> int:
        return 8 * len(self._encode(words))

    def _encode(self, words: Words) -> bytes:
        little_endian = words.astype(words.dtype.newbyteorder("<"), copy=False)
        return self._compress(little_endian.view(np.uint8).data)

    def _decode(self, payload: memoryview, num_words: int) -> Words:
        dtype = signed_dtype(self.word_bits).newbyteorder("<")
        data = self._decompress(payload, num_words * dtype.itemsize)
        if len(data) != num_words * dtype.itemsize:
            raise DamagedStream("payload", 8 * len(payload), f"does not hold {num_words} words")
        words = np.frombuffer(data, dtype).astype(dtype.newbyteorder("="), copy=False)
        unused = 8 * dtype.itemsize - self.word_bits
        if unused and np.any(words << unused >> unused != words):
            raise DamagedStream("payload", 0, f"holds a word of more than {self.word_bits} bits")
        return words

    def _max_words(self, num_bytes: int) -> int:
        return self.expansion * num_bytes

    @abstractmethod
    def _compress(self, data: memoryview) -> bytes: ...

    @abstractmethod
    def _decompress(self, payload: memoryview, size: int) -> bytes:
        """The data, or anything of another length than `size` if it has another one."""


@dataclass(frozen=True)
class Deflate(_ByteCodec):
    """DEFLATE (RFC 1951), a raw stream without zlib's header.

    Attributes:
        level: effort, 1..9.
    """

    codec_id = "deflate"
    title = "DEFLATE"
    expansion = 4 * 258  # matches of 258 bytes in codes of one bit and one

    level: int = 6

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("level", "an int in 1..9", range(1, 10))

    def _compress(self, data: memoryview) -> bytes:
        return zlib.compress(data, self.level, wbits=-15)

    def _decompress(self, payload: memoryview, size: int) -> bytes:
        decoder = zlib.decompressobj(wbits=-15)
        try:
            data = decoder.decompress(payload, size + 1)
        except zlib.error as error:
            raise DamagedStream("payload", 0, "is no DEFLATE stream") from error
        # what follows the stream, or a stream without its end, is damage as well
        return data if decoder.eof and not decoder.unused_data else b""


@dataclass(frozen=True)
class Zstd(_ByteCodec):
    """Zstandard (RFC 8878), by the optional package numcodecs.

    Attributes:
        level: effort, 1..22.
    """

    codec_id = "zstd"
    title = "zstd"
    expansion = (1 << 17) // 4 + 1  # blocks of 128 KiB, a byte repeated, in four bytes

    level: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("level", "an int in 1..22", range(1, 23))
        self._codec()  # says at once that the package is missing

    def _codec(self) -> Any:
        return require("numcodecs", "numcodecs", "the codec zstd").Zstd(level=self.level)

    def _compress(self, data: memoryview) -> bytes:
        return self._codec().encode(data)

    def _decompress(self, payload: memoryview, size: int) -> bytes:
        try:
            return self._codec().decode(payload)
        except (RuntimeError, ValueError, MemoryError) as error:  # a frame says its size first
            raise DamagedStream("payload", 0, "is no Zstandard frame") from error


@dataclass(frozen=True)
class Entropy(Coder):
    """Order-0 entropy: what an ideal code of each word by its frequency in the packet takes.

    A bound, no codec: the frequencies themselves are not charged.
    """

    codec_id = "entropy"
    title = "entropy (bound)"

    def _encoded_bits(self, words: Words) -> int:
        bits = 0.0
        for counts in _counts(words):
            counts = counts[counts > 0].astype(np.float64)
            bits += float((counts * np.log2(len(words) / counts)).sum())
        return math.ceil(round(bits, 6))  # the sum of floats must not lift a whole number


def _counts(words: Words) -> Iterator[np.ndarray]:
    """How often each word occurs, in pieces: what counts takes eight bytes a word."""
    pieces = range(0, len(words), PIECE)
    if words.dtype.itemsize <= 2:
        patterns = words.view(unsigned_dtype(8 * words.dtype.itemsize))
        values = 1 << 8 * words.dtype.itemsize
        counts = (np.bincount(patterns[i : i + PIECE], minlength=values) for i in pieces)
        yield sum(counts, np.zeros(values, np.int64))
        return
    ordered = np.sort(words)
    start = 0
    for i in pieces:
        ends = np.flatnonzero(np.diff(ordered[i : i + PIECE + 1])) + i + 1
        if len(ends):
            yield np.diff(ends, prepend=start)
            start = int(ends[-1])
    yield np.array([len(words) - start])
