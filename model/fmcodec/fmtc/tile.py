"""Tiles: header, checksum, damage and container of coded vectors (doc/format.md, "FMTC tile")."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.errors import DamagedStream
from fmcodec.fmtc.errors import (
    BadChecksum,
    BadPadding,
    BadRun,
    BadSymbol,
    ContextMismatch,
    LengthMismatch,
    Underrun,
    WordsLeftOver,
)
from fmcodec.fmtc.fields import Shared
from fmcodec.fmtc.params import WORD_BITS

__all__ = [
    "FRAME_WORDS",
    "MAX_TILE_VECTORS",
    "Encoded",
    "Found",
    "Tile",
    "faults",
    "pack_tile",
    "require_words",
    "unpack_tile",
]

FRAME_WORDS = 2  # of a tile besides its payload: header and CRC
MAX_TILE_VECTORS = 1 << 16

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Tile:
    """An opened tile, whatever is wrong with it.

    Attributes:
        num_vectors: vectors that its header names, 1..65536.
        raw: the payload is one byte a coefficient, not codes.
        tag: of its context.
        payload: the words between header and CRC, uint32.
        checksum, computed: the last word, and what it has to be; a tile of one word is a header
            and its own last word.
    """

    num_vectors: int
    raw: bool
    tag: int
    payload: Words
    checksum: int = 0
    computed: int = 0
    whole: bool = True


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in the payload of a tile.

    Attributes:
        levels: coefficients d, int16, shape (vectors, K).
        end: bits taken.
        bad_symbol, bad_run: bit of the first symbol of that fault; -1 for none.
    """

    levels: npt.NDArray[np.int16]
    end: int
    bad_symbol: int = -1
    bad_run: int = -1


@dataclass(frozen=True, eq=False)
class Encoded:
    """Tiles one after another.

    Attributes:
        words: all tiles, headers included, uint32.
        starts: word at which each tile starts, and the end of the last: the index for random
            access, int64, shape (tiles + 1,).
        clips: coefficients of each tile that the quantiser had to clip, int64, shape (tiles,);
            an encoder's status, no part of the tiles.
    """

    words: Words
    starts: npt.NDArray[np.int64]
    clips: npt.NDArray[np.int64]

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
        """Bits in memory: the tiles with their frames and padding, and a word of index each."""
        return WORD_BITS * (len(self.words) + len(self))

    @classmethod
    def from_tiles(cls, tiles: list[Words], clips: list[int] | None = None) -> Encoded:
        """Put tiles one after another."""
        starts = np.cumsum([0, *map(len, tiles)], dtype=np.int64)
        words = np.concatenate(tiles) if tiles else np.zeros(0, np.uint32)
        counts = [0] * len(tiles) if clips is None else clips
        return cls(words, starts, np.array(counts, dtype=np.int64))


def require_words(words: object) -> None:
    """Raise TypeError or ValueError unless `words` is an array of uint32 of one dimension."""
    if not isinstance(words, np.ndarray) or words.dtype != np.uint32:
        kind = words.dtype if isinstance(words, np.ndarray) else type(words).__name__
        raise TypeError(f"words must be an array of uint32, not {kind}")
    if words.ndim != 1:
        raise ValueError(f"words must be of one dimension, not of shape {words.shape}")


def pack_tile(tag: int, num_vectors: int, raw: bool, payload: Words) -> Words:
    """A tile's words: header, payload, CRC."""
    words = np.empty(FRAME_WORDS + len(payload), dtype=np.uint32)
    words[0] = num_vectors - 1 << 16 | raw << 15 | tag
    words[1:-1] = payload
    words[-1] = _checksum(words[:-1])
    return words


def unpack_tile(words: Words) -> Tile:
    """Open a tile of at least one word; `faults` says what is wrong with it.

    Raises:
        TypeError, ValueError: see `require_words`.
        Underrun: there is no word.
    """
    require_words(words)
    if len(words) == 0:
        raise Underrun("tile", 0, "ends inside its header")
    words = np.ascontiguousarray(words)
    header = int(words[0])
    return Tile(
        (header >> 16) + 1,
        bool(header >> 15 & 1),
        header & 0x7FFF,
        words[1:-1],
        int(words[-1]),
        _checksum(words[:-1]),
        len(words) >= FRAME_WORDS,
    )


def faults(
    context: Shared, tile: Tile, num_vectors: int, found: Found, padding: bool = False
) -> list[DamagedStream]:
    """All that is wrong with a tile, in the order of doc/format.md.

    Args:
        context: that it was decoded with.
        tile, found: what `unpack_tile` and the entropy decoder gave.
        num_vectors: how many vectors were asked for.
        padding: look at the padding too, which cores do not.
    """
    size, end = WORD_BITS * len(tile.payload), found.end
    result: list[DamagedStream] = []
    if not tile.whole:
        result.append(Underrun("tile", WORD_BITS, "ends inside its frame"))
    elif end > size:
        result.append(Underrun("tile payload", size, "ends inside a symbol"))
    if size - end >= WORD_BITS:
        result.append(WordsLeftOver("tile payload", end, "goes on after its last symbol"))
    if tile.checksum != tile.computed:
        reason = f"CRC-32 must be 0x{tile.computed:08x}, not 0x{tile.checksum:08x}"
        at = WORD_BITS * (len(tile.payload) + tile.whole)
        result.append(BadChecksum("tile", at, reason))
    if tile.tag != context.tag:
        reason = f"context tag must be 0x{context.tag:04x}, not 0x{tile.tag:04x}"
        result.append(ContextMismatch("tile", 17, f"{reason}: another layer's tile"))
    if tile.num_vectors != num_vectors:
        reason = f"number of vectors must be {num_vectors}, not {tile.num_vectors}"
        result.append(LengthMismatch("tile", 0, reason))
    if found.bad_symbol >= 0:
        rule = f"at most q_max = {context.q_max}" if tile.raw else "of -128..127"
        result.append(BadSymbol("tile payload", found.bad_symbol, f"symbol must be {rule}"))
    if found.bad_run >= 0:
        reason = "run must end with the tile, or before a word that is not zero"
        result.append(BadRun("tile payload", found.bad_run, reason))
    if padding and 0 < size - end < WORD_BITS and int(tile.payload[-1]) & (1 << size - end) - 1:
        result.append(BadPadding("tile payload", end, "padding must be zero"))
    return result


def _checksum(words: Words) -> int:
    return zlib.crc32(words.astype("<u4", copy=False).tobytes())
