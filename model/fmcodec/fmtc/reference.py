"""FMTC stage by stage in Python integers: made to be read beside doc/format.md, not to be fast.

Every function has its twin of the same name in `fmcodec.fmtc.fast`; what they give is the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.bits import BitReader, BitWriter
from fmcodec.fmtc.errors import BadPadding, BadSymbol, Underrun, WordsLeftOver
from fmcodec.fmtc.fields import ContextFields
from fmcodec.fmtc.params import WORD_BITS
from fmcodec.fmtc.tile import Tile

__all__ = ["forward", "inverse", "pack", "quantise", "unpack"]


def forward(context: ContextFields, vectors: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Accumulators acc[k] = sum_c T[k][c] x[c] - bias[k], shape (vectors, K)."""
    rows, bias = context.matrix.tolist(), context.bias.tolist()
    result = []
    for x in vectors.tolist():
        if context.bypass:
            products = [value << context.fraction_bits for value in x]
        else:
            products = [sum(t * value for t, value in zip(row, x, strict=True)) for row in rows]
        result.append([p - b for p, b in zip(products, bias, strict=True)])
    return np.array(result, dtype=np.int32).reshape(len(vectors), context.components)


def quantise(
    context: ContextFields, accumulators: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint8], int]:
    """Symbols q = sat((acc M + 2^(S-1) >> S) + zp, 0, q_max), and how many were clipped."""
    half = 1 << context.shift - 1
    symbols, clips = [], 0
    for acc in accumulators.ravel().tolist():
        level = (acc * context.scale + half >> context.shift) + context.zero_point
        symbol = min(max(level, 0), context.q_max)
        clips += symbol != level
        symbols.append(symbol)
    return np.array(symbols, dtype=np.uint8).reshape(accumulators.shape), clips


def pack(
    context: ContextFields, symbols: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint32], bool]:
    """Payload words of the symbols of a tile, shape (vectors, K), and whether they are raw."""
    codes, lengths = context.codes.tolist(), context.lengths.tolist()
    coded, raw = BitWriter(WORD_BITS), BitWriter(WORD_BITS)
    for vector in symbols.tolist():
        for table, symbol in zip(context.table_of.tolist(), vector, strict=True):
            coded.write(codes[table][symbol], lengths[table][symbol])
            raw.write(symbol, 8)
    if len(coded.words()) > len(raw.words()):
        return raw.words().astype(np.uint32), True
    return coded.words().astype(np.uint32), False


def unpack(context: ContextFields, tile: Tile) -> npt.NDArray[np.uint8]:
    """Symbols of a tile, shape (vectors, K); raises what doc/format.md, "FMTC tile", names."""
    books = [
        {
            (int(length), int(code)): symbol
            for symbol, (length, code) in enumerate(zip(lengths, codes, strict=True))
        }
        for lengths, codes in zip(context.lengths, context.codes, strict=True)
    ]
    reader = BitReader(tile.payload, WORD_BITS, "tile payload")

    def bits(count: int) -> int:
        if reader.position + count > reader.size:
            raise Underrun("tile payload", reader.size, "ends inside a symbol")
        return reader.read(count)

    symbols = []
    for _ in range(tile.num_vectors):
        for table in context.table_of.tolist():
            start = reader.position
            if tile.raw:
                symbol = bits(8)
                if symbol > context.q_max:
                    reason = f"symbol must be at most q_max = {context.q_max}, not {symbol}"
                    raise BadSymbol("tile payload", start, reason)
            else:
                length, code = 1, bits(1)
                while (length, code) not in books[table]:
                    length, code = length + 1, code << 1 | bits(1)
                symbol = books[table][length, code]
            symbols.append(symbol)
    end = reader.position
    if reader.size - end >= WORD_BITS:
        raise WordsLeftOver("tile payload", end, "goes on after its last symbol")
    if end < reader.size and reader.read(reader.size - end):
        raise BadPadding("tile payload", end, "padding must be zero")
    return np.array(symbols, dtype=np.uint8).reshape(tile.num_vectors, context.components)


def inverse(context: ContextFields, symbols: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Vectors y[c] = sat(r[c] Md + off[c] + 2^(Sd-1) >> Sd, low, high), r = T^T (q - zp)."""
    columns, offset = context.matrix.T.tolist(), context.offset.tolist()
    half = 1 << context.inverse_shift - 1
    result = []
    for vector in symbols.tolist():
        levels = [symbol - context.zero_point for symbol in vector]
        if context.bypass:
            sums = [level << context.fraction_bits for level in levels]
        else:
            sums = [sum(t * d for t, d in zip(col, levels, strict=True)) for col in columns]
        values = [
            r * context.inverse_scale + off + half >> context.inverse_shift
            for r, off in zip(sums, offset, strict=True)
        ]
        result.append([min(max(value, context.low), context.high) for value in values])
    return np.array(result, dtype=np.int8).reshape(len(symbols), context.channels)
