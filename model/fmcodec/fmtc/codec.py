"""Encoding and decoding of many tiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int
from fmcodec.errors import DamagedStream
from fmcodec.fmtc import fast
from fmcodec.fmtc.fields import DecoderFields, EncoderFields
from fmcodec.fmtc.tile import (
    MAX_TILE_VECTORS,
    Encoded,
    faults,
    pack_tile,
    unpack_tile,
)

Vectors = npt.NDArray[np.int8]

__all__ = [
    "decode",
    "decode_leniently",
    "decode_tile",
    "encode",
    "encode_coefficients",
    "encoded_bits",
]


def encode(
    context: EncoderFields,
    vectors: Vectors,
    tile_vectors: int = 1024,
    raw: bool | None = None,
) -> Encoded:
    """Code `vectors`, int8 of shape (vectors, C), into tiles of `tile_vectors` vectors.

    The last tile holds what is left.

    Args:
        context: of the encoder.
        vectors: what is coded.
        tile_vectors: vectors of a tile, 1..65536.
        raw: whether tiles are raw. None takes what is smaller, tile by tile, so that no tile is
            larger than its frame and one byte a coefficient; a core does not know beforehand.

    Raises:
        TypeError: `vectors` is not an int8 array, or `tile_vectors` not an int.
        ValueError: `vectors` is not of shape (vectors >= 1, C), `tile_vectors` is out of range, or
            the context's transform is folded.
    """
    if context.transform == "folded":
        raise ValueError("context must have a transform to encode vectors, not a folded one")
    _require_rows("vectors", vectors, np.int8, context.channels)
    _require_tile_vectors(tile_vectors)
    return _encode(context, vectors, tile_vectors, raw, folded=False)


def encode_coefficients(
    context: EncoderFields,
    accumulators: npt.NDArray[np.int32],
    tile_vectors: int = 1024,
    raw: bool | None = None,
) -> Encoded:
    """Code coefficients that a convolution with the transform folded in gives.

    Args:
        context: of the encoder; its transform and bias are not used.
        accumulators: acc, the mean taken off; int32, shape (vectors, K); saturated to 24 bits.
        tile_vectors, raw: see `encode`.

    Raises:
        TypeError, ValueError: as `encode` does.
    """
    _require_rows("accumulators", accumulators, np.int32, context.components)
    _require_tile_vectors(tile_vectors)
    return _encode(context, accumulators, tile_vectors, raw, folded=True)


def decode(context: DecoderFields, encoded: Encoded) -> Vectors:
    """The vectors of all tiles, int8 of shape (vectors, C); raises what `decode_tile` does."""
    tiles = [decode_tile(context, words) for words in encoded]
    return np.concatenate(tiles) if tiles else np.zeros((0, context.channels), np.int8)


def decode_tile(
    context: DecoderFields, words: npt.NDArray[np.uint32], num_vectors: int | None = None
) -> Vectors:
    """The vectors of one tile, int8 of shape (vectors, C).

    Args:
        context: of the decoder.
        words: the tile.
        num_vectors: how many it must hold; None believes the tile.

    Raises:
        Underrun, WordsLeftOver, BadChecksum, ContextMismatch, LengthMismatch, BadSymbol, BadRun,
        BadPadding: the tile is damaged, or another layer's; nothing of it is given. Of several
            faults the first in this order.
    """
    vectors, wrong = _decode(context, words, num_vectors, padding=True)
    if wrong:
        raise wrong[0]
    return vectors


def decode_leniently(
    context: DecoderFields, words: npt.NDArray[np.uint32], num_vectors: int
) -> tuple[Vectors, list[DamagedStream]]:
    """What a core makes of any words at all: exactly `num_vectors` vectors, and what is wrong.

    Args:
        context: of the decoder.
        words: a tile, at least one word.
        num_vectors: vectors to give, 1..65536.

    Returns:
        Vectors, int8 of shape (num_vectors, C), and the faults in the order of `decode_tile`;
        cores do not look at the padding.

    Raises:
        Underrun: there is no word.
        TypeError, ValueError: the words are no array of uint32 of one dimension.
    """
    return _decode(context, words, num_vectors, padding=False)


def encoded_bits(context: EncoderFields, vectors: Vectors) -> int:
    """Exact bits of the codes of `vectors`, as one tile, without frame and padding."""
    _require_rows("vectors", vectors, np.int8, context.channels)
    symbols, _ = fast.quantise(context, fast.forward(context, vectors))
    return fast.count_bits(context, symbols)


def _encode(
    context: EncoderFields,
    rows: npt.NDArray[np.signedinteger],
    tile_vectors: int,
    raw: bool | None,
    folded: bool,
) -> Encoded:
    tiles, clips = [], []
    for first in range(0, len(rows), tile_vectors):
        part = rows[first : first + tile_vectors]
        accumulators = part if folded else fast.forward(context, part)
        symbols, clipped = fast.quantise(context, accumulators)
        payload, escape = fast.pack(context, symbols, raw)
        tiles.append(pack_tile(context.tag, len(symbols), escape, payload))
        clips.append(clipped)
    return Encoded.from_tiles(tiles, clips)


def _decode(
    context: DecoderFields,
    words: npt.NDArray[np.uint32],
    num_vectors: int | None,
    padding: bool,
) -> tuple[Vectors, list[DamagedStream]]:
    tile = unpack_tile(words)
    asked = tile.num_vectors if num_vectors is None else num_vectors
    found = fast.unpack(context, tile, asked)
    wrong = faults(context, tile, asked, found, padding)
    return fast.inverse(context, found.levels), wrong


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
