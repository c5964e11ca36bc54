"""FMTC stage by stage, made to be read: what `fmcodec.fmtc.fast` gives, symbol for symbol.

encode: forward -> quantise -> pack. decode: unpack -> inverse. See doc/format.md, "FMTC".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from fmcodec.bits import BitReader, BitWriter
from fmcodec.fmtc.fields import DCT4_CLASS, DecoderFields, EncoderFields, Shared
from fmcodec.fmtc.params import WORD_BITS
from fmcodec.fmtc.tile import Found, Tile

__all__ = [
    "DCT4_GAIN",
    "DCT4_ROWS",
    "ESCAPE",
    "START_K",
    "START_R",
    "START_Z",
    "forward",
    "inverse",
    "pack",
    "quantise",
    "unpack",
]

DCT4_ROWS = ((1, 1, 1, 1), (2, 1, -1, -2), (1, -1, -1, 1), (1, -2, 2, -1))  # A
DCT4_GAIN = (30, 19, 12)  # V, by class
ACC_BITS, SUM_BITS, LEVEL_BITS = 24, 17, 16
START_K, START_Z, START_R = 6, 8, 4  # of every group at a tile's start
ESCAPE = 8  # ones in front of a word that is sent as it is


def forward(context: EncoderFields, vectors: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """Accumulators acc of doc/format.md, shape (vectors, K)."""
    bias = context.bias.tolist()
    result = []
    for x in vectors.tolist():
        if context.transform == "none":
            products = [value << 7 for value in x]
        elif context.transform == "dct4":
            products = [
                sum(
                    DCT4_ROWS[k % 4][i] * DCT4_ROWS[k // 4][j] * x[4 * i + j]
                    for i in range(4)
                    for j in range(4)
                )
                << 5
                for k in range(16)
            ]
        else:
            rows = context.matrix.tolist()
            products = [sum(t * value for t, value in zip(row, x, strict=True)) for row in rows]
        result.append([_wrapped(p - b, ACC_BITS) for p, b in zip(products, bias, strict=True)])
    return np.array(result, dtype=np.int32).reshape(len(vectors), context.components)


def quantise(
    context: EncoderFields, accumulators: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.uint8], int]:
    """Symbols q[k] of accumulators, which are saturated to 24 bits, and how many were clipped."""
    pairs = list(zip(context.shift.tolist(), context.scale.tolist(), strict=True))
    symbols, clips = [], 0
    for vector in accumulators.tolist():
        for (shift, scale), acc in zip(pairs, vector, strict=True):
            a = _saturated(_saturated(acc, ACC_BITS) >> shift, LEVEL_BITS)
            level = (a * scale + (1 << 13) >> 14) + context.zero_point
            symbol = min(max(level, 0), context.q_max)
            clips += symbol != level
            symbols.append(symbol)
    return np.array(symbols, dtype=np.uint8).reshape(accumulators.shape), clips


def pack(
    context: EncoderFields, symbols: npt.NDArray[np.uint8], raw: bool = False
) -> npt.NDArray[np.uint32]:
    """Payload words of the symbols of a tile, shape (vectors, K)."""
    writer = BitWriter(WORD_BITS)
    if raw:
        for symbol in symbols.ravel().tolist():
            writer.write(symbol, 8)
    elif context.coder == "rice":
        _pack_rice(context, symbols, writer)
    else:
        codes, lengths = context.codes.tolist(), context.lengths.tolist()
        for vector in symbols.tolist():
            used = context.components
            while used and vector[used - 1] == context.zero_point:
                used -= 1
            if used < context.end_before:
                vector = [*vector[:used], context.end_of_vector]
            for table, symbol in zip(context.group_of.tolist(), vector, strict=False):
                writer.write(codes[table][symbol], lengths[table][symbol])
    return writer.words().astype(np.uint32)


class _Group:
    """What the Rice coder adapts for a group of components."""

    def __init__(self) -> None:
        self.K, self.Z, self.R = START_K, START_Z, START_R

    @property
    def k(self) -> int:
        """Low bits of a word that are sent as they are."""
        return self.K >> 2

    @property
    def slot(self) -> int:
        """Ones of the code that means zero."""
        return self.Z >> 3

    @property
    def run_bits(self) -> int:
        """A run code tells of up to 2^run_bits further zeros."""
        return self.R >> 1

    def word(self, q: int) -> None:
        """After a word, not a zero of a run, of this quotient."""
        self.K = min(max(self.K + (-1 if q == 0 else 0 if q == 1 else 2 if q < 4 else 4), 0), 31)
        self.Z = min(self.Z + 1, 31)

    def zero(self, full: bool) -> None:
        """After a zero and its run code."""
        self.Z = max(self.Z - ((2 << self.slot) - 1), 0)
        self.R = min(self.R + 1, 11) if full else max(self.R - 1, 0)


def _pack_rice(context: Shared, symbols: npt.NDArray[np.uint8], writer: BitWriter) -> None:
    groups = [_Group() for _ in range(context.groups)]
    levels = [symbol - context.zero_point for symbol in symbols.ravel().tolist()]
    index, direct = 0, False
    while index < len(levels):
        d, group = levels[index], groups[context.group_of[index % context.components]]
        if d == 0 and not direct:
            _ones(writer, group.slot)
            count, most = 0, 1 << group.run_bits
            while (
                count < most and index + 1 + count < len(levels) and not levels[index + 1 + count]
            ):
                count += 1
            index += 1 + count
            full = count == most or index == len(levels)
            writer.write(full, 1)
            if not full:
                _low_first(writer, count, group.run_bits)
            direct = not full
            group.zero(full)
            continue
        e = 2 * d - 2 if d > 0 else -2 * d - 1
        q = e >> group.k
        ones = q + (not direct and q >= group.slot)
        if ones < ESCAPE:
            _ones(writer, ones)
            _low_first(writer, e, group.k)
        else:
            writer.write((1 << ESCAPE) - 1, ESCAPE)
            _low_first(writer, e, 8)
        group.word(q)
        index, direct = index + 1, False


def unpack(context: Shared, tile: Tile, num_vectors: int) -> Found:
    """Coefficients of a payload, whatever it holds, and the first of each kind of fault."""
    reader = BitReader(tile.payload, WORD_BITS, "tile payload", on_damage=lambda _: None)
    shape = (num_vectors, context.components)
    bad_symbol = bad_run = -1
    if tile.raw:
        received = [reader.read(8) for _ in range(num_vectors * context.components)]
        wrong = (8 * index for index, q in enumerate(received) if q > context.q_max)
        bad_symbol = next(wrong, -1)
        levels = [q - context.zero_point for q in received]
        if context.coder == "rice":  # 8 bits are enough, but for what no encoder writes
            levels = [(level + 128) % 256 - 128 for level in levels]
    elif context.coder == "rice":
        levels, bad_symbol, bad_run = _unpack_rice(context, reader, num_vectors)
    else:
        levels = list(_unpack_huffman(context, reader, num_vectors))
    found = np.array(levels, dtype=np.int16).reshape(shape)
    return Found(found, reader.position, bad_symbol, bad_run)


def _unpack_huffman(context: Shared, reader: BitReader, num_vectors: int) -> Iterator[int]:
    books = [
        {
            (int(length), int(code)): symbol
            for symbol, (length, code) in enumerate(zip(lengths, codes, strict=True))
        }
        for lengths, codes in zip(context.lengths, context.codes, strict=True)
    ]
    for _ in range(num_vectors):
        over = False
        for table in context.group_of.tolist():
            if not over:
                length, code = 1, reader.read(1)
                while (length, code) not in books[table]:
                    length, code = length + 1, code << 1 | reader.read(1)
                symbol = books[table][length, code]
                over = symbol == context.end_of_vector
            yield 0 if over else symbol - context.zero_point


def _unpack_rice(
    context: Shared, reader: BitReader, num_vectors: int
) -> tuple[list[int], int, int]:
    groups = [_Group() for _ in range(context.groups)]
    total = num_vectors * context.components
    levels: list[int] = []
    direct, bad_symbol, bad_run = False, -1, -1
    while len(levels) < total:
        group = groups[context.group_of[len(levels) % context.components]]
        start, ones = reader.position, 0
        while ones < ESCAPE and reader.read(1):
            ones += 1
        if ones == group.slot and not direct:
            left = total - len(levels) - 1
            full = bool(reader.read(1))
            count = 1 << group.run_bits if full else _read_low_first(reader, group.run_bits)
            if not full and count >= left and bad_run < 0:
                bad_run = start
            levels += [0] * (1 + min(count, left))
            group.zero(full)
            direct = not full
            continue
        if ones == ESCAPE:
            e, q = _read_low_first(reader, 8), ESCAPE
        else:
            q = ones - (not direct and ones > group.slot)
            e = (q << group.k | _read_low_first(reader, group.k)) & 0xFF
        if e == 254 and bad_symbol < 0:
            bad_symbol = start
        d = -(e + 1) // 2 if e & 1 else e // 2 + 1
        levels.append(_wrapped(d, 8))
        group.word(q)
        direct = False
    return levels, bad_symbol, bad_run


def inverse(context: DecoderFields, levels: npt.NDArray[np.int16]) -> npt.NDArray[np.int8]:
    """Vectors y[c] of coefficients d, shape (vectors, C)."""
    half = 1 << context.inverse_shift >> 1
    result = []
    for d in levels.tolist():
        if context.transform == "none":
            sums = [level << 7 for level in d]
        elif context.transform == "dct4":
            sums = [
                sum(
                    DCT4_ROWS[k % 4][i] * DCT4_ROWS[k // 4][j] * DCT4_GAIN[DCT4_CLASS[k]] * d[k]
                    for k in range(16)
                )
                for i in range(4)
                for j in range(4)
            ]
        else:
            rows = context.matrix.tolist()
            sums = [sum(t * level for t, level in zip(row, d, strict=True)) for row in rows]
        values = [
            _saturated(_wrapped(r, ACC_BITS), SUM_BITS) * context.inverse_scale + off + half
            >> context.inverse_shift
            for r, off in zip(sums, context.offset.tolist(), strict=True)
        ]
        result.append([min(max(value, context.low), context.high) for value in values])
    return np.array(result, dtype=np.int8).reshape(len(levels), context.channels)


def _wrapped(value: int, bits: int) -> int:
    """`value` modulo 2^bits, two's complement."""
    half = 1 << bits - 1
    return (value + half) % (2 * half) - half


def _saturated(value: int, bits: int) -> int:
    return min(max(value, -1 << bits - 1), (1 << bits - 1) - 1)


def _ones(writer: BitWriter, count: int) -> None:
    """`count` ones and a zero."""
    writer.write((1 << count + 1) - 2, count + 1)


def _low_first(writer: BitWriter, value: int, bits: int) -> None:
    for bit in range(bits):
        writer.write(value >> bit, 1)


def _read_low_first(reader: BitReader, bits: int) -> int:
    return sum(reader.read(1) << bit for bit in range(bits))
