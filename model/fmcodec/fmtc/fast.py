"""FMTC stage by stage, fast: the twin of `fmcodec.fmtc.reference`, symbol for symbol.

The matrix products run in floating point on integers. That is exact, in any order of summation
and on any machine, as long as no partial sum needs more bits than the significand: float32 where
the matrix allows it, else float64.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.fastbits import SLACK, stream_bytes, stream_words
from fmcodec.fmtc import kernels
from fmcodec.fmtc.fields import DecoderFields, EncoderFields, Shared
from fmcodec.fmtc.params import WORD_BITS
from fmcodec.fmtc.tile import Found, Tile

__all__ = ["count_bits", "forward", "inverse", "pack", "quantise", "tile_bits", "unpack"]


def forward(context: EncoderFields, vectors: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Accumulators of `reference.forward`, shape (vectors, K)."""
    if context.transform == "none":
        acc = vectors.astype(np.int32) << 7
    elif context.transform == "dct4":
        acc = np.empty(vectors.shape, dtype=np.int32)
        kernels.dct4(vectors, acc)
    else:
        acc = _product(vectors, context.matrix.T, 128)
    acc -= context.bias
    # only a matrix that no calibration makes leaves the 24 bits
    if (
        context.transform == "matrix"
        and acc.size
        and not -1 << 23 <= acc.min() <= acc.max() < 1 << 23
    ):
        acc = acc << 8 >> 8
    return acc


def quantise(
    context: EncoderFields, accumulators: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint8], int]:
    """Symbols and clips of `reference.quantise`."""
    symbols = np.empty(accumulators.shape, dtype=np.uint8)
    clips = kernels.quantise(
        np.ascontiguousarray(accumulators),
        context.shift,
        context.scale,
        context.zero_point,
        context.q_max,
        symbols,
    )
    return symbols, int(clips)


def pack(
    context: EncoderFields, symbols: npt.NDArray[np.uint8], raw: bool | None = False
) -> tuple[npt.NDArray[np.uint32], bool]:
    """Payload of `reference.pack`, and whether it is raw: with None if that takes fewer words."""
    raw_words = -(-8 * symbols.size // WORD_BITS)
    if not raw:
        longest = 16 if context.coder == "rice" else context.code_bits
        data = np.empty(longest * symbols.size // 8 + 1 + SLACK, dtype=np.uint8)
        bits = _pack(context, symbols, data)
        if raw is False or -(-bits // WORD_BITS) <= raw_words:
            return stream_words(data, bits, WORD_BITS), False
    return stream_words(stream_bytes(symbols.reshape(-1), 8), 8 * symbols.size, WORD_BITS), True


def _pack(
    context: EncoderFields, symbols: npt.NDArray[np.uint8], data: npt.NDArray[np.uint8]
) -> int:
    if context.coder == "rice":
        return int(
            kernels.rice_pack(symbols, context.zero_point, context.group_of, context.groups, data)
        )
    return int(
        kernels.huffman_pack(
            symbols,
            context.zero_point,
            context.end_before,
            context.group_of,
            context.codes,
            context.lengths,
            data,
        )
    )


def count_bits(context: EncoderFields, symbols: npt.NDArray[np.uint8]) -> int:
    """Bits of the codes of `symbols`, shape (vectors, K), as one tile without padding."""
    return int(tile_bits(context, symbols, np.array([0, len(symbols)]))[0])


def tile_bits(
    context: EncoderFields, symbols: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Bits of the codes of tiles that start at these rows, the end included, without padding."""
    result = np.empty(len(starts) - 1, dtype=np.int64)
    if context.coder == "rice":
        kernels.rice_bits(
            symbols, context.zero_point, context.group_of, context.groups, starts, result
        )
    else:
        kernels.huffman_bits(
            symbols,
            context.zero_point,
            context.end_before,
            context.group_of,
            context.lengths,
            starts,
            result,
        )
    return result


def unpack(context: Shared, tile: Tile, num_vectors: int) -> Found:
    """What `reference.unpack` finds."""
    shape = (num_vectors, context.components)
    count = num_vectors * context.components
    data = stream_bytes(tile.payload, WORD_BITS)
    if tile.raw:
        received = np.zeros(count, dtype=np.uint8)
        there = min(count, 4 * len(tile.payload))
        received[:there] = data[:there]
        wrong = np.flatnonzero(received > context.q_max)
        levels = received.astype(np.int16) - np.int16(context.zero_point)
        if context.coder == "rice":
            levels = levels.astype(np.int8).astype(np.int16)
        return Found(levels.reshape(shape), 8 * count, 8 * int(wrong[0]) if len(wrong) else -1)
    levels = np.empty(shape, dtype=np.int16)
    if context.coder == "rice":
        end, bad_symbol, bad_run = kernels.rice_unpack(
            data, context.group_of, context.groups, levels
        )
        return Found(levels, int(end), int(bad_symbol), int(bad_run))
    end = kernels.huffman_unpack(
        data,
        context.group_of,
        context.decode_tables,
        context.code_bits,
        context.zero_point,
        context.end_of_vector,
        levels,
    )
    return Found(levels, int(end))


def inverse(context: DecoderFields, levels: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    """Vectors of `reference.inverse`, shape (vectors, C)."""
    if context.transform == "none":
        sums = levels.astype(np.int32) << 7
    elif context.transform == "dct4":
        sums = np.empty(levels.shape, dtype=np.int32)
        kernels.inverse_dct4(levels, sums)
    else:
        sums = _product(levels, context.matrix.T, 255)
    vectors = np.empty(sums.shape, dtype=np.int8)
    kernels.dequantise(
        sums,
        context.offset,
        context.inverse_scale,
        context.inverse_shift,
        context.low,
        context.high,
        vectors,
    )
    return vectors


def _product(
    left: npt.NDArray[np.signedinteger], right: npt.NDArray[np.int16], largest: int
) -> npt.NDArray[np.int32]:
    """Exact `left @ right`, no entry of `left` above `largest` in magnitude."""
    worst = largest * int(np.abs(right.astype(np.int64)).sum(axis=0).max(initial=0))
    dtype = np.float32 if worst < 1 << 24 else np.float64
    return (left.astype(dtype) @ right.astype(dtype)).astype(np.int32)
