"""Tiles: the header, checksum and container of coded vectors (doc/format.md, "FMTC tile")."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc.errors import (
    BadChecksum,
    BadField,
    ContextMismatch,
    EmptyTile,
    Underrun,
    WordsLeftOver,
)
from fmcodec.fmtc.fields import ContextFields
from fmcodec.fmtc.params import WORD_BITS

__all__ = [
    "HEADER_WORDS",
    "MAX_TILE_VECTORS",
    "Encoded",
    "Tile",
    "pack_tile",
    "require_words",
    "unpack_tile",
]

HEADER_WORDS = 4
MAX_TILE_VECTORS = (1 << 16) - 1
RAW = 1  # flag

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Tile:
    """An opened tile.

    Attributes:
        num_vectors: vectors in it, 1..65535.
        raw: the payload is one byte a coefficient, not Huffman codes.
        clips: coefficients that the quantiser had to clip.
        payload: the words after the header, uint32.
    """

    num_vectors: int
    raw: bool
    clips: int
    payload: Words


@dataclass(frozen=True, eq=False)
class Encoded:
    """Tiles one after another.

    Attributes:
        words: all tiles, headers included, uint32.
        starts: word at which each tile starts, and the end of the last: the index for random
            access, int64, shape (tiles + 1,).
    """

    words: Words
    starts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, index: int) -> Words:
        """The words of one tile, for `Context.decode_tile`."""
        if not 0 <= index < len(self):
            raise IndexError(f"tile must be in 0..{len(self) - 1}, not {index}")
        return self.words[self.starts[index] : self.starts[index + 1]]

    def __iter__(self) -> Iterator[Words]:
        return (self[index] for index in range(len(self)))

    @property
    def bits(self) -> int:
        """Bits in memory: the tiles with their headers and padding, and a word of index each."""
        return WORD_BITS * (len(self.words) + len(self))

    @classmethod
    def from_tiles(cls, tiles: list[Words]) -> Encoded:
        """Put tiles one after another."""
        starts = np.cumsum([0, *map(len, tiles)], dtype=np.int64)
        return cls(np.concatenate(tiles) if tiles else np.zeros(0, np.uint32), starts)

    @classmethod
    def from_words(cls, words: Words) -> Encoded:
        """Find the tiles in `words` by the sizes that their headers state.

        Raises:
            TypeError, ValueError: see `require_words`.
            Underrun: the last tile is cut.
        """
        require_words(words)
        starts = [0]
        while starts[-1] < len(words):
            start = starts[-1]
            if start + HEADER_WORDS > len(words):
                raise Underrun("tile", WORD_BITS * (len(words) - start), "ends inside its header")
            starts.append(start + HEADER_WORDS + (int(words[start + 1]) & 0xFFFFFF))
        if starts[-1] > len(words):
            raise Underrun("tile", WORD_BITS * (len(words) - starts[-2]), "ends early")
        return cls(words, np.array(starts, dtype=np.int64))


def require_words(words: object) -> None:
    """Raise TypeError or ValueError unless `words` is an array of uint32 of one dimension."""
    if not isinstance(words, np.ndarray) or words.dtype != np.uint32:
        kind = words.dtype if isinstance(words, np.ndarray) else type(words).__name__
        raise TypeError(f"words must be an array of uint32, not {kind}")
    if words.ndim != 1:
        raise ValueError(f"words must be of one dimension, not of shape {words.shape}")


def pack_tile(context: ContextFields, tile: Tile) -> Words:
    """Put the header before the payload of `tile`."""
    words = np.empty(HEADER_WORDS + len(tile.payload), dtype=np.uint32)
    words[0] = tile.num_vectors << 16 | context.tag
    words[1] = (RAW if tile.raw else 0) << 24 | len(tile.payload)
    words[2] = tile.clips
    words[HEADER_WORDS:] = tile.payload
    words[3] = _checksum(words)
    return words


def unpack_tile(context: ContextFields, words: Words) -> Tile:
    """Check the header of a tile; raises the error that doc/format.md names for each fault."""
    require_words(words)
    words = np.ascontiguousarray(words)
    if len(words) < HEADER_WORDS:
        raise Underrun("tile", WORD_BITS * len(words), "ends inside its header")
    size = HEADER_WORDS + (int(words[1]) & 0xFFFFFF)
    if len(words) < size:
        raise Underrun("tile", WORD_BITS * len(words), f"must be of {size} words")
    if len(words) > size:
        raise WordsLeftOver("tile", WORD_BITS * size, f"must be of {size} words, not {len(words)}")
    expected = _checksum(words)
    if words[3] != expected:
        reason = f"CRC-32 must be 0x{expected:08x}, not 0x{int(words[3]):08x}"
        raise BadChecksum("tile", 96, reason)
    flags, num_vectors, tag = int(words[1]) >> 24, int(words[0]) >> 16, int(words[0]) & 0xFFFF
    if tag != context.tag:
        reason = f"context tag must be 0x{context.tag:04x}, not 0x{tag:04x}: another layer's tile"
        raise ContextMismatch("tile", 16, reason)
    if num_vectors == 0:
        raise EmptyTile("tile", 0, "must hold a vector")
    if flags & ~RAW:
        raise BadField("tile", 32, f"flags must be 0 or 1, not {flags}")
    return Tile(num_vectors, bool(flags & RAW), int(words[2]), words[HEADER_WORDS:])


def _checksum(words: Words) -> int:
    data = words.astype("<u4", copy=False)
    return zlib.crc32(data[HEADER_WORDS:].tobytes(), zlib.crc32(data[:3].tobytes()))
