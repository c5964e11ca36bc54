"""Encoding and decoding of many tiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int
from fmcodec.fmtc import fast
from fmcodec.fmtc.fields import ContextFields
from fmcodec.fmtc.tile import MAX_TILE_VECTORS, Encoded, Tile, pack_tile, unpack_tile

Vectors = npt.NDArray[np.int8]

__all__ = ["decode", "decode_tile", "encode", "encode_coefficients", "encoded_bits"]


def encode(
    context: ContextFields, vectors: npt.NDArray[np.int8], tile_vectors: int = 1024
) -> Encoded:
    """Code `vectors`, int8 of shape (vectors, C), into tiles of `tile_vectors` vectors.

    The last tile holds what is left. A tile whose codes would take more words than its symbols
    as bytes is sent raw, so no tile is larger than its header and one byte a coefficient.

    Raises:
        TypeError: `vectors` is not an int8 array, or `tile_vectors` not an int.
        ValueError: `vectors` is not of shape (vectors >= 1, C), or `tile_vectors` out of range.
    """
    _require_rows("vectors", vectors, np.int8, context.channels)
    _require_tile_vectors(tile_vectors)
    return Encoded.from_tiles(
        [
            _encode_tile(context, fast.forward(context, vectors[first : first + tile_vectors]))
            for first in range(0, len(vectors), tile_vectors)
        ]
    )


def encode_coefficients(
    context: ContextFields, accumulators: npt.NDArray[np.int32], tile_vectors: int = 1024
) -> Encoded:
    """Code coefficients that a convolution with the transform folded in gives.

    Args:
        context: of the layer.
        accumulators: acc, in units of 2^-F input steps, the mean taken off; int32, shape
            (vectors, K).
        tile_vectors: vectors of a tile, 1..65535.

    Raises:
        TypeError, ValueError: as `encode` does.
    """
    _require_rows("accumulators", accumulators, np.int32, context.components)
    _require_tile_vectors(tile_vectors)
    return Encoded.from_tiles(
        [
            _encode_tile(context, accumulators[first : first + tile_vectors])
            for first in range(0, len(accumulators), tile_vectors)
        ]
    )


def decode(context: ContextFields, encoded: Encoded) -> npt.NDArray[np.int8]:
    """The vectors of all tiles, int8 of shape (vectors, C); raises what `decode_tile` does."""
    tiles = [decode_tile(context, words) for words in encoded]
    return np.concatenate(tiles) if tiles else np.zeros((0, context.channels), np.int8)


def decode_tile(context: ContextFields, words: npt.NDArray[np.uint32]) -> npt.NDArray[np.int8]:
    """The vectors of one tile, int8 of shape (vectors, C).

    Raises:
        Underrun, WordsLeftOver, BadChecksum, ContextMismatch, EmptyTile, BadField, BadSymbol,
        BadPadding: the tile is damaged, or another layer's; nothing of it is given.
    """
    return fast.inverse(context, fast.unpack(context, unpack_tile(context, words)))


def encoded_bits(context: ContextFields, vectors: npt.NDArray[np.int8]) -> int:
    """Exact bits of the codes of `vectors`, before headers, padding and raw escapes."""
    _require_rows("vectors", vectors, np.int8, context.channels)
    symbols, _ = fast.quantise(context, fast.forward(context, vectors))
    return fast.count_bits(context, symbols)


def _encode_tile(
    context: ContextFields, accumulators: npt.NDArray[np.int32]
) -> npt.NDArray[np.uint32]:
    symbols, clips = fast.quantise(context, accumulators)
    payload, raw = fast.pack(context, symbols)
    return pack_tile(context, Tile(len(symbols), raw, clips, payload))


def _require_tile_vectors(tile_vectors: int) -> None:
    rule = f"an int in 1..{MAX_TILE_VECTORS}"
    require_int("tile_vectors", tile_vectors, rule)
    if not 1 <= tile_vectors <= MAX_TILE_VECTORS:
        raise ValueError(f"tile_vectors must be {rule}, not {tile_vectors!r}")


def _require_rows(name: str, array: object, dtype: type, columns: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
        raise TypeError(f"{name} must be an array of {np.dtype(dtype)}, not {kind}")
    if array.ndim != 2 or len(array) == 0 or array.shape[1] != columns:
        raise ValueError(f"{name} must be of shape (vectors >= 1, {columns}), not {array.shape}")
