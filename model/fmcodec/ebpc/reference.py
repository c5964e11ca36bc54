"""Readable bit-level model of EBPC: follows doc/format.md section by section.

Every other implementation, the fast one in this package and the cores, is tested against this one.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from fmcodec.bits import BitReader, BitWriter
from fmcodec.ebpc.formats import StreamParams
from fmcodec.ebpc.stream import Encoded, check_encoded
from fmcodec.errors import DamagedStream
from fmcodec.words import Words, check_words, signed_words

__all__ = [
    "BlockCost",
    "Symbol",
    "block_costs",
    "decode",
    "decode_lenient",
    "encode",
    "encoded_bits",
    "symbol_counts",
]


class Symbol(StrEnum):
    """What a field of the BPC stream is, by the names of doc/format.md."""

    BASE = "base"
    PLANE_RUN = "plane run"
    ALL_ONES = "all ones"
    ZERO_PLANE = "zero plane"
    PAIR = "pair"
    SINGLE = "single"
    RAW = "raw"


class Code(NamedTuple):
    """A field of a stream: `bits` bits that spell `value`, MSB first."""

    symbol: Symbol
    value: int
    bits: int


class BlockCost(NamedTuple):
    """What a block takes: `words` of the packet, its zeros included, and `bits` of BPC stream."""

    words: int
    bits: int


# --- ZNZ stream ---------------------------------------------------------------------------------


def _encode_znz(params: StreamParams, words: list[int]) -> BitWriter:
    stream = BitWriter(params.word_bits)
    for is_zero, group in groupby(words, key=lambda word: word == 0):
        length = len(list(group))
        if not is_zero:
            stream.write(-1, length)
            continue
        while length:
            piece = min(length, params.max_zero_run)
            stream.write(piece - 1, 1 + params.zero_run_bits)
            length -= piece
    return stream


def _decode_znz(params: StreamParams, reader: BitReader, num_words: int) -> list[bool]:
    """True for every word of the packet that is not zero."""
    nonzero: list[bool] = []
    while len(nonzero) < num_words:
        if reader.read(1):
            nonzero.append(True)
            continue
        field = reader.position
        piece = reader.read(params.zero_run_bits) + 1
        if len(nonzero) + piece > num_words:
            reader.damage("zero run past the last word", field)
        nonzero += [False] * piece
    reader.finish()
    return nonzero[:num_words]


# --- BPC stream ---------------------------------------------------------------------------------


def _blocks(params: StreamParams, words: list[int]) -> Iterator[list[int]]:
    """The non-zero words in blocks of n, the last one filled with zeros."""
    nonzero = [word for word in words if word]
    for start in range(0, len(nonzero), params.block_words):
        block = nonzero[start : start + params.block_words]
        yield block + [0] * (params.block_words - len(block))


def _bit_planes(params: StreamParams, block: list[int]) -> list[int]:
    """The m + 1 planes of the deltas, the LSB plane first, d_0 in a plane's MSB."""
    planes = []
    for k in range(params.planes):
        plane = 0
        for first, second in pairwise(block):
            plane = plane << 1 | (second - first) >> k & 1
        planes.append(plane)
    return planes


def _block_codes(params: StreamParams, block: list[int]) -> Iterator[Code]:
    yield Code(Symbol.BASE, block[0] & (1 << params.word_bits) - 1, params.word_bits)
    run = previous = 0
    for plane in _bit_planes(params, block):
        dbx = plane ^ previous
        previous = plane
        if dbx == 0:
            run += 1
            continue
        if run:
            yield _run_code(params, run)
            run = 0
        yield _plane_code(params, dbx, plane)
    if run:
        yield _run_code(params, run)


def _run_code(params: StreamParams, run: int) -> Code:
    if run == 1:
        return Code(Symbol.PLANE_RUN, 0b01, 2)
    return Code(Symbol.PLANE_RUN, 0b001 << params.run_bits | run - 2, 3 + params.run_bits)


def _plane_code(params: StreamParams, dbx: int, plane: int) -> Code:
    """The symbol of a plane whose dbx is not zero: the first case that fits."""
    if dbx == (1 << params.plane_bits) - 1:
        return Code(Symbol.ALL_ONES, 0b00000, 5)
    if plane == 0:
        return Code(Symbol.ZERO_PLANE, 0b00001, 5)
    # positions count from the MSB of a plane and name the first one
    position = params.plane_bits - dbx.bit_length()
    first_one = 1 << dbx.bit_length() - 1
    bits = 5 + params.position_bits
    if first_one > 1 and dbx == first_one | first_one >> 1:
        return Code(Symbol.PAIR, 0b00010 << params.position_bits | position, bits)
    if dbx == first_one:
        return Code(Symbol.SINGLE, 0b00011 << params.position_bits | position, bits)
    return Code(Symbol.RAW, 1 << params.plane_bits | dbx, 1 + params.plane_bits)


def _encode_bpc(params: StreamParams, words: list[int]) -> BitWriter:
    stream = BitWriter(params.word_bits)
    for block in _blocks(params, words):
        for code in _block_codes(params, block):
            stream.write(code.value, code.bits)
    if stream.position == 0:
        stream.write(0, params.word_bits)  # a packet of zeros: the one word that carries its end
    return stream


def _decode_block(params: StreamParams, reader: BitReader) -> list[int]:
    """The n words of a block, as patterns of m bits."""
    base = reader.read(params.word_bits)
    deltas = [0] * params.plane_bits
    plane = 0
    k = 0
    while k < params.planes:
        run, dbx = _read_symbol(params, reader, plane, params.planes - k)
        plane ^= dbx
        for _ in range(run):
            for i in range(params.plane_bits):
                deltas[i] |= (plane >> params.plane_bits - 1 - i & 1) << k
            k += 1
    block = [base]
    for delta in deltas:
        block.append(block[-1] + delta & (1 << params.word_bits) - 1)
    return block


def _read_symbol(params: StreamParams, reader: BitReader, plane: int, left: int) -> tuple[int, int]:
    """The next symbol as (planes it covers, their dbx); `plane` is the one before it."""
    if reader.read(1):
        return 1, reader.read(params.plane_bits)
    if reader.read(1):
        return 1, 0
    if reader.read(1):
        field = reader.position
        run = reader.read(params.run_bits) + 2
        if run > left:
            reader.damage("plane run past the last plane", field)
        return min(run, left), 0
    match reader.read(2):
        case 0b00:
            return 1, (1 << params.plane_bits) - 1
        case 0b01:
            return 1, plane
        case 0b10:
            ones, pattern = 2, 0b11
        case _:
            ones, pattern = 1, 0b1
    field = reader.position
    position = reader.read(params.position_bits)
    shift = params.plane_bits - ones - position
    if shift < 0:
        reader.damage("position past the last plane bit", field)
        return 1, 0
    return 1, pattern << shift


def _decode_bpc(params: StreamParams, reader: BitReader, num_nonzero: int) -> list[int]:
    """The non-zero words in order, as patterns of m bits."""
    words: list[int] = []
    while len(words) < num_nonzero:
        words += _decode_block(params, reader)
    if not num_nonzero:
        reader.read(params.word_bits)
    reader.finish()
    return words[:num_nonzero]


# --- Packets ------------------------------------------------------------------------------------


def encode(params: StreamParams, words: Words) -> Encoded:
    """Code a packet; see `Params.encode`."""
    packet = check_words(params.word_bits, words).tolist()
    znz, bpc = _encode_znz(params, packet), _encode_bpc(params, packet)
    return Encoded(bpc.words(), znz.words(), len(packet))


def encoded_bits(params: StreamParams, words: Words) -> int:
    """Bits of both streams before padding; see `Params.encoded_bits`."""
    packet = check_words(params.word_bits, words).tolist()
    return _encode_znz(params, packet).position + _encode_bpc(params, packet).position


def decode(params: StreamParams, encoded: Encoded) -> Words:
    """The words of a packet; see `Params.decode`."""
    encoded = check_encoded(params, encoded)
    znz = BitReader(encoded.znz, params.word_bits, "znz")
    bpc = BitReader(encoded.bpc, params.word_bits, "bpc")
    return _decode_packet(params, bpc, znz, encoded.num_words)


def decode_lenient(params: StreamParams, encoded: Encoded) -> tuple[Words, bool]:
    """Decode as the cores do: N words whatever the streams hold, and whether they are damaged.

    Of a damaged packet only the number of words and the flag are specified, not the words.
    """
    damage: list[DamagedStream] = []
    encoded = check_encoded(params, encoded)
    znz = BitReader(encoded.znz, params.word_bits, "znz", damage.append)
    bpc = BitReader(encoded.bpc, params.word_bits, "bpc", damage.append)
    words = _decode_packet(params, bpc, znz, encoded.num_words)
    return words, bool(damage)


def _decode_packet(params: StreamParams, bpc: BitReader, znz: BitReader, num_words: int) -> Words:
    nonzero = np.array(_decode_znz(params, znz, num_words))
    patterns = np.zeros(num_words, dtype=np.uint32)
    patterns[nonzero] = _decode_bpc(params, bpc, int(nonzero.sum()))
    return signed_words(params.word_bits, patterns)


# --- Facts about a packet -----------------------------------------------------------------------


def block_costs(params: StreamParams, words: Words) -> list[BlockCost]:
    """Input words and BPC bits of every block of a packet, in order.

    Zeros count to the block of the next non-zero word, those after the last one to the last
    block. A packet without a non-zero word counts as one block of its N words and m bits.
    """
    packet = check_words(params.word_bits, words).tolist()
    ends = [i + 1 for i, word in enumerate(packet) if word]
    ends = ends[params.block_words - 1 :: params.block_words]
    codes = (_block_codes(params, block) for block in _blocks(params, packet))
    bits = [sum(code.bits for code in block) for block in codes] or [params.word_bits]
    bounds = [0, *ends[: len(bits) - 1], len(packet)]
    spans = (end - start for start, end in pairwise(bounds))
    return [BlockCost(*cost) for cost in zip(spans, bits, strict=True)]


def symbol_counts(params: StreamParams, words: Words) -> dict[Symbol, int]:
    """How often each field occurs in the BPC stream of a packet."""
    counts = dict.fromkeys(Symbol, 0)
    for block in _blocks(params, check_words(params.word_bits, words).tolist()):
        for code in _block_codes(params, block):
            counts[code.symbol] += 1
    return counts
