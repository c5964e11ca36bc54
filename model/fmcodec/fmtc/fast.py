"""FMTC stage by stage, fast: the twin of `fmcodec.fmtc.reference`, symbol for symbol.

The matrix products run in floating point on integers. That is exact, in any order of summation
and on any machine, as long as no partial sum needs more bits than the significand: float32 where
the matrix allows it, else float64.
"""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from fmcodec.fmtc.errors import BadPadding, BadSymbol, Underrun, WordsLeftOver
from fmcodec.fmtc.fields import ContextFields
from fmcodec.fmtc.params import WORD_BITS
from fmcodec.fmtc.tile import Tile

__all__ = ["count_bits", "forward", "inverse", "pack", "payload_words", "quantise", "unpack"]


def forward(context: ContextFields, vectors: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Accumulators of `reference.forward`, shape (vectors, K)."""
    if context.bypass:
        products = vectors.astype(np.int32) << context.fraction_bits
    else:
        products = _product(vectors, context.matrix.T, 128)
    products -= context.bias
    return products


def quantise(
    context: ContextFields, accumulators: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint8], int]:
    """Symbols and clips of `reference.quantise`."""
    symbols = np.empty(accumulators.shape, dtype=np.uint8)
    clips = _quantise(
        accumulators.reshape(-1),
        context.scale,
        context.shift,
        context.zero_point,
        context.q_max,
        symbols.reshape(-1),
    )
    return symbols, int(clips)


def pack(
    context: ContextFields, symbols: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint32], bool]:
    """Payload and raw flag of `reference.pack`."""
    raw_words = -(-8 * symbols.size // WORD_BITS)
    words = -(-count_bits(context, symbols) // WORD_BITS)
    if words > raw_words:
        padded = np.zeros(4 * raw_words, dtype=np.uint8)
        padded[: symbols.size] = symbols.reshape(-1)
        return padded.view(">u4").astype(np.uint32), True
    payload = np.zeros(words, dtype=np.uint32)
    _pack(symbols, context.table_of, context.codes, context.lengths, payload)
    return payload, False


def count_bits(context: ContextFields, symbols: npt.NDArray[np.uint8]) -> int:
    """Bits of the codes of `symbols`, shape (vectors, K), without padding."""
    return int(_count_bits(symbols, context.table_of, context.lengths))


def payload_words(
    context: ContextFields, symbols: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64]
) -> int:
    """Payload words that `pack` gives for tiles that start at these rows, the end included."""
    words = _payload_words(symbols, context.table_of, context.lengths, starts)
    return int(words)


def unpack(context: ContextFields, tile: Tile) -> npt.NDArray[np.uint8]:
    """Symbols of `reference.unpack`; raises the same errors at the same bits."""
    name = "tile payload"
    size = WORD_BITS * len(tile.payload)
    # a size that no vectors can have is refused before memory is taken for them
    needed = tile.num_vectors * context.components * (8 if tile.raw else 1)
    if size < needed:
        tile = Tile(size // (needed // tile.num_vectors) + 1, tile.raw, 0, tile.payload)
    symbols = np.empty((tile.num_vectors, context.components), dtype=np.uint8)
    if tile.raw:
        received = tile.payload.astype(">u4").view(np.uint8)[: symbols.size]
        if wrong := np.flatnonzero(received > context.q_max).tolist():
            reason = f"symbol must be at most q_max = {context.q_max}, not {received[wrong[0]]}"
            raise BadSymbol(name, 8 * wrong[0], reason)
        end = 8 * symbols.size
        symbols.reshape(-1)[: len(received)] = received
    else:
        end = int(_unpack(tile.payload, context.table_of, context.decode_tables, symbols))
    if end > size:
        raise Underrun(name, size, "ends inside a symbol")
    if size - end >= WORD_BITS:
        raise WordsLeftOver(name, end, "goes on after its last symbol")
    if end < size and int(tile.payload[-1]) & (1 << size - end) - 1:
        raise BadPadding(name, end, "padding must be zero")
    return symbols


def inverse(context: ContextFields, symbols: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Vectors of `reference.inverse`, shape (vectors, C)."""
    levels = symbols.astype(np.int16) - np.int16(context.zero_point)
    if context.bypass:
        sums = levels.astype(np.int32) << context.fraction_bits
    else:
        sums = _product(levels, context.matrix, 255)
    vectors = np.empty(sums.shape, dtype=np.int8)
    _dequantise(
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
    worst = largest * int(np.abs(right.astype(np.int64)).sum(axis=0).max())
    dtype = np.float32 if worst < 1 << 24 else np.float64
    return (left.astype(dtype) @ right.astype(dtype)).astype(np.int32)


@numba.njit(cache=True)
def _quantise(accumulators, scale, shift, zero_point, q_max, symbols):
    half = np.int64(1) << (shift - 1)
    clips = 0
    for i in range(len(accumulators)):
        level = ((np.int64(accumulators[i]) * scale + half) >> shift) + zero_point
        symbol = min(max(level, 0), q_max)
        clips += symbol != level
        symbols[i] = symbol
    return clips


@numba.njit(cache=True)
def _count_bits(symbols, table_of, lengths):
    total = 0
    for i in range(symbols.shape[0]):
        for k in range(symbols.shape[1]):
            total += lengths[table_of[k], symbols[i, k]]
    return total


@numba.njit(cache=True)
def _payload_words(symbols, table_of, lengths, starts):
    total = 0
    for tile in range(len(starts) - 1):
        bits = 0
        for i in range(starts[tile], starts[tile + 1]):
            for k in range(symbols.shape[1]):
                bits += lengths[table_of[k], symbols[i, k]]
        raw = 8 * symbols.shape[1] * (starts[tile + 1] - starts[tile])
        total += (min(bits, raw) + 31) // 32
    return total


@numba.njit(cache=True)
def _pack(symbols, table_of, codes, lengths, payload):
    window, held, word = np.uint64(0), np.int64(0), 0
    for i in range(symbols.shape[0]):
        for k in range(symbols.shape[1]):
            table, symbol = table_of[k], symbols[i, k]
            length = np.int64(lengths[table, symbol])
            window = (window << np.uint64(length)) | np.uint64(codes[table, symbol])
            held += length
            if held >= 32:
                held -= 32
                payload[word] = np.uint32((window >> np.uint64(held)) & np.uint64(0xFFFFFFFF))
                word += 1
    if held:
        payload[word] = np.uint32((window << np.uint64(32 - held)) & np.uint64(0xFFFFFFFF))


@numba.njit(cache=True)
def _unpack(payload, table_of, tables, symbols):
    """Fill `symbols`; the bits taken, which are more than there are when the payload ends early."""
    bits = np.int64(0)
    while (np.int64(1) << bits) < tables.shape[1]:
        bits += 1
    mask = np.uint64(tables.shape[1] - 1)
    size = np.int64(32) * len(payload)
    window, held, word, taken = np.uint64(0), np.int64(0), 0, np.int64(0)
    for i in range(symbols.shape[0]):
        for k in range(symbols.shape[1]):
            if held < 32:  # zeros follow the last word: what they decode to is refused below
                following = np.uint64(payload[word]) if word < len(payload) else np.uint64(0)
                window = (window << np.uint64(32)) | following
                word += 1
                held += 32
            entry = tables[table_of[k], (window >> np.uint64(held - bits)) & mask]
            length = np.int64(entry & 15)
            held -= length
            taken += length
            symbols[i, k] = entry >> 4
        if taken > size:
            return taken
    return taken


@numba.njit(cache=True)
def _dequantise(sums, offset, scale, shift, low, high, vectors):
    half = np.int64(1) << (shift - 1)
    for i in range(sums.shape[0]):
        for c in range(sums.shape[1]):
            value = (np.int64(sums[i, c]) * scale + offset[c] + half) >> shift
            vectors[i, c] = min(max(value, low), high)
