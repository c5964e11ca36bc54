"""BPC blocks of eight 8-bit words: a block is one 64-bit number, its planes one 8x8 transpose.

Byte 7, the MSB, of a block holds its first word, so that bytes 6..0 of the byte-wise difference
hold d_0..d_6, and the bytes of the transpose hold the planes, plane 0 in byte 0, d_0 in bit 6.
Every symbol comes out of a table; a branch that depends on the data costs more than the rest.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby

import numpy as np
import numpy.typing as npt
from numpy import uint64 as u64

from fmcodec.ebpc import fast_bpc
from fmcodec.fastbits import jit, load64, peek, put, store64

__all__ = ["code_tables", "decode", "encode", "encoded_bits", "size_tables", "symbol_table"]

Table = npt.NDArray[np.uint64]

WORD_BITS, BLOCK_WORDS, PLANES, PLANE_BITS, RUN_BITS, POSITION_BITS = 8, 8, 9, 7, 3, 3

LOW7 = u64(0x7F7F7F7F7F7F7F7F)
HIGH = u64(0x8080808080808080)
EVERY = u64(0x0101010101010101)
# adds up byte j of a number of 0s and 1s as bit j of the product's top byte
GATHER = u64(0x0102040810204080)


@jit
def _subtract(a, b):
    """Byte by byte a - b, modulo 256."""
    return ((a | HIGH) - (b & LOW7)) ^ ((a ^ ~b) & HIGH)


@jit
def _add(a, b):
    """Byte by byte a + b, modulo 256."""
    return ((a & LOW7) + (b & LOW7)) ^ ((a ^ b) & HIGH)


@jit
def _transpose(x):
    """Bit i of byte k becomes bit k of byte i: swaps of 1x1, 2x2 and 4x4 blocks."""
    t = (x ^ (x >> u64(7))) & u64(0x00AA00AA00AA00AA)
    x ^= t ^ (t << u64(7))
    t = (x ^ (x >> u64(14))) & u64(0x0000CCCC0000CCCC)
    x ^= t ^ (t << u64(14))
    t = (x ^ (x >> u64(28))) & u64(0x00000000F0F0F0F0)
    return x ^ t ^ (t << u64(28))


@jit
def _plane_indices(block):
    """(indices of planes 0..7 a byte each, index of the sign plane, mask of planes with dbx = 0).

    An index is dbx, and 128 more where the plane is all zeros.
    """
    shifted = block >> u64(8)
    delta = _subtract(block, shifted)
    planes = _transpose(delta & u64(0x00FFFFFFFFFFFFFF))
    # a delta's ninth bit is the borrow of the words with their order made unsigned
    a, b = block ^ HIGH, shifted ^ HIGH
    borrow = ((~a & b) | (~(a ^ b) & delta)) & u64(0x0080808080808080)
    sign = ((borrow >> u64(7)) * GATHER) >> u64(56)
    sign_dbx = sign ^ (planes >> u64(56))
    dbx = planes ^ (planes << u64(8))
    index = dbx | (~(planes + LOW7) & HIGH)
    unchanged = ((~(dbx + LOW7) & HIGH) >> u64(7)) * GATHER >> u64(56)
    mask = unchanged | u64(sign_dbx == u64(0)) << u64(8)
    return index, sign_dbx | u64(sign == u64(0)) << u64(7), mask


# --- Encoding -----------------------------------------------------------------------------------


def _runs(mask: int) -> list[tuple[int, int]]:
    """(first plane, planes) of every run of ones of a mask."""
    groups = groupby(range(PLANES), key=lambda k: mask >> k & 1)
    return [(ks[0], len(ks)) for one, group in groups if one and (ks := list(group))]


@cache
def code_tables() -> tuple[Table, Table]:
    """(codes of planes by their index, codes of runs by mask << 4 | plane), each code << 8 | bits.

    Planes with dbx = 0 have an empty code in the first table; in the second one, a run's first
    plane has its code and all others an empty one.
    """
    planes = np.zeros(256, dtype=np.uint64)
    for index in range(256):
        dbx, is_zero = index & 127, index >> 7
        if dbx:
            _, code, bits = fast_bpc.plane_code.py_func(
                *map(u64, (dbx, 1 - is_zero, PLANE_BITS, POSITION_BITS))
            )
            planes[index] = int(code) << 8 | int(bits)
    runs = np.zeros(512 << 4, dtype=np.uint64)
    for mask in range(512):
        for first, length in _runs(mask):
            code, bits = fast_bpc.run_code.py_func(u64(length), u64(RUN_BITS))
            runs[mask << 4 | first] = int(code) << 8 | int(bits)
    return planes, runs


@jit
def encode(nonzero, count, plane_codes, run_codes, stream):
    """Write the blocks of `count` words, zeros after them, and return the bits written."""
    position = pending = u64(0)
    for start in range(0, count, BLOCK_WORDS):
        block = load64(nonzero, u64(start))
        index, sign, mask = _plane_indices(block)
        row = mask << u64(4)
        # 80 bits at most: the base and planes 0..3, then the other five
        value, bits = block >> u64(56), u64(WORD_BITS)
        for k in range(4):
            entry = plane_codes[index >> u64(8 * k) & u64(0xFF)] | run_codes[row + u64(k)]
            value = value << (entry & u64(0xFF)) | entry >> u64(8)
            bits += entry & u64(0xFF)
        position, pending = put(stream, position, pending, value, bits)
        value = bits = u64(0)
        for k in range(4, 8):
            entry = plane_codes[index >> u64(8 * k) & u64(0xFF)] | run_codes[row + u64(k)]
            value = value << (entry & u64(0xFF)) | entry >> u64(8)
            bits += entry & u64(0xFF)
        entry = plane_codes[sign] | run_codes[row + u64(8)]
        value = value << (entry & u64(0xFF)) | entry >> u64(8)
        bits += entry & u64(0xFF)
        position, pending = put(stream, position, pending, value, bits)
    return position


@cache
def size_tables() -> tuple[Table, Table]:
    """(bits of a plane by its index, bits of all runs of a block by its mask)."""
    planes, runs = code_tables()
    return planes & np.uint64(0xFF), (runs & np.uint64(0xFF)).reshape(512, 16).sum(axis=1)


@jit
def encoded_bits(nonzero, count, plane_bits, run_bits):
    """Bits of the blocks of `count` non-zero words."""
    total = u64(0)
    for start in range(0, count, BLOCK_WORDS):
        index, sign, mask = _plane_indices(load64(nonzero, u64(start)))
        total += u64(WORD_BITS) + run_bits[mask] + plane_bits[sign]
        for k in range(8):
            total += plane_bits[index >> u64(8 * k) & u64(0xFF)]
    return total


# --- Decoding -----------------------------------------------------------------------------------

# fields of an entry of `symbol_table`; its bits come first, where a shift takes them as they are
DBX_SHIFT, COPY_SHIFT, RUN_SHIFT, BAD_SHIFT = u64(8), u64(16), u64(24), u64(32)


@cache
def symbol_table() -> Table:
    """The symbol that a byte of the stream starts with, as no symbol is longer.

    Entry: bits | dbx << 8 | copy << 16 | planes << 24 | bad << 32; copy is a mask of the plane
    before that is dbx itself (zero plane); bad is 1 for a position with no plane bit.
    """
    table = np.zeros(256, dtype=np.uint64)
    for byte in range(256):
        dbx, copy, run, bits, bad = 0, 0, 1, 8, 0
        position = byte & 7
        if byte >> 7:
            dbx = byte & 127
        elif byte >> 6:
            bits = 2
        elif byte >> 5:
            run, bits = (byte >> 2 & 7) + 2, 6
        elif byte >> 3 == 0b00000:
            dbx, bits = 127, 5
        elif byte >> 3 == 0b00001:
            copy, bits = 127, 5
        else:
            ones = 0b11 << 5 if byte >> 3 == 0b00010 else 1 << 6
            bad = int(ones >> position == 0 or bool((ones >> position << position) != ones))
            dbx = ones >> position
        table[byte] = bits | dbx << 8 | copy << 16 | run << 24 | bad << 32
    return table


@jit
def _decode_block(stream, position, symbols):
    """(the eight words as a number, position after them, whether a symbol is damaged)."""
    window = peek(stream, position)
    base = window >> u64(56)
    window <<= u64(8)
    used = u64(8)
    dbx = plane = k = bad = u64(0)
    while k < u64(PLANES):
        if used > u64(48):  # no whole symbol left in the window for sure
            position += used
            window = peek(stream, position)
            used = u64(0)
        entry = symbols[window >> u64(56)]
        change = (entry >> DBX_SHIFT | entry >> COPY_SHIFT & plane) & u64(0xFF)
        plane ^= change
        # the sign plane at k = 8 shifts out: words are modulo 256
        dbx |= (change << (k << u64(2))) << (k << u64(2))
        k += entry >> RUN_SHIFT & u64(0xFF)
        bad |= entry >> BAD_SHIFT
        window <<= entry & u64(63)
        used += entry & u64(63)
    bad |= u64(k > u64(PLANES))
    planes = dbx ^ (dbx << u64(8))
    planes ^= planes << u64(16)
    planes ^= planes << u64(32)
    words = _transpose(planes) | base << u64(56)
    words = _add(words, words >> u64(8))
    words = _add(words, words >> u64(16))
    words = _add(words, words >> u64(32))
    return words, position + used, bad


@jit
def decode(stream, size, count, symbols, words):
    """Read the blocks of `count` non-zero words; return as `fast_bpc.decode_block`."""
    position = u64(0)
    for start in range(0, count, BLOCK_WORDS):
        block, end, bad = _decode_block(stream, position, symbols)
        if bad or end > size:
            # the general decoder finds where and what
            deltas = np.empty(PLANE_BITS, dtype=np.int64)
            return fast_bpc.decode_block(
                stream, position, size, WORD_BITS, RUN_BITS, POSITION_BITS, deltas, words, start
            )
        store64(words, u64(start), block)
        position = end
    return position, 0
