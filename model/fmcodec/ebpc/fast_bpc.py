"""BPC stream in numba, for any parameters: plane by plane, symbol by symbol."""

from __future__ import annotations

import numpy as np
from numpy import uint64 as u64

from fmcodec.fastbits import jit, peek, put

__all__ = [
    "block_facts",
    "decode",
    "decode_block",
    "encode",
    "packet_facts",
    "plane_code",
    "run_code",
]

# order of the columns of `block_facts` after the bits; Symbol's order
BASE, PLANE_RUN, ALL_ONES, ZERO_PLANE, PAIR, SINGLE, RAW = range(7)


@jit
def run_code(run, run_bits):
    if run == u64(1):
        return u64(0b01), u64(2)
    return u64(1) << run_bits | run - u64(2), u64(3) + run_bits


@jit
def plane_code(dbx, plane, plane_bits, position_bits):
    """(symbol, code, bits) of a plane whose dbx is not zero."""
    bits = position_bits + u64(5)
    if dbx == (u64(1) << plane_bits) - u64(1):
        return ALL_ONES, u64(0b00000), u64(5)
    if plane == u64(0):
        return ZERO_PLANE, u64(0b00001), u64(5)
    rest = dbx & (dbx - u64(1))  # without its last one
    last_one = dbx ^ rest
    if rest and rest != last_one << u64(1):
        return RAW, u64(1) << plane_bits | dbx, u64(1) + plane_bits
    position = plane_bits
    while dbx:
        dbx >>= u64(1)
        position -= u64(1)
    if rest:
        return PAIR, u64(0b00010) << position_bits | position, bits
    return SINGLE, u64(0b00011) << position_bits | position, bits


@jit
def _set_deltas(nonzero, start, deltas):
    for i in range(len(deltas)):
        deltas[i] = np.int64(nonzero[start + i + 1]) - np.int64(nonzero[start + i])


@jit
def _plane(deltas, k):
    plane = u64(0)
    for delta in deltas:
        plane = plane << u64(1) | u64(delta >> k & 1)
    return plane


@jit
def encode(nonzero, count, word_bits, block_words, run_bits, position_bits, stream):
    """Write the blocks of `count` words, zeros after them, and return the bits written."""
    plane_bits = u64(block_words - 1)
    deltas = np.empty(block_words - 1, dtype=np.int64)
    position = pending = u64(0)
    for start in range(0, count, block_words):
        base = u64(np.int64(nonzero[start])) & (u64(1) << u64(word_bits)) - u64(1)
        position, pending = put(stream, position, pending, base, u64(word_bits))
        _set_deltas(nonzero, start, deltas)
        run = previous = u64(0)
        for k in range(word_bits + 1):
            plane = _plane(deltas, k)
            dbx = plane ^ previous
            previous = plane
            if dbx == u64(0):
                run += u64(1)
                continue
            if run:
                code, bits = run_code(run, u64(run_bits))
                position, pending = put(stream, position, pending, code, bits)
                run = u64(0)
            _, code, bits = plane_code(dbx, plane, plane_bits, u64(position_bits))
            position, pending = put(stream, position, pending, code, bits)
        if run:
            code, bits = run_code(run, u64(run_bits))
            position, pending = put(stream, position, pending, code, bits)
    return position


@jit
def block_facts(nonzero, count, word_bits, block_words, run_bits, position_bits):
    """(bits of every block, number of every symbol in the packet) without writing the stream."""
    sizes = np.empty((count + block_words - 1) // block_words, dtype=np.int64)
    symbols = np.zeros(7, dtype=np.int64)
    plane_bits = u64(block_words - 1)
    deltas = np.empty(block_words - 1, dtype=np.int64)
    for block in range(len(sizes)):
        _set_deltas(nonzero, block * block_words, deltas)
        size = u64(word_bits)
        run = previous = u64(0)
        for k in range(word_bits + 2):  # one step more ends a run at the last plane
            plane = _plane(deltas, k) if k <= word_bits else u64(0)
            dbx = plane ^ previous
            previous = plane
            if dbx == u64(0) and k <= word_bits:
                run += u64(1)
                continue
            if run:
                _, bits = run_code(run, u64(run_bits))
                size += bits
                symbols[PLANE_RUN] += 1
                run = u64(0)
            if k <= word_bits:
                symbol, _, bits = plane_code(dbx, plane, plane_bits, u64(position_bits))
                size += bits
                symbols[symbol] += 1
        sizes[block] = size
    symbols[BASE] = len(sizes)
    return sizes, symbols


@jit
def packet_facts(
    words, bounds, word_bits, block_words, run_bits, position_bits, zero_run_bits,
    zeros, znz_bits, blocks, block_bounds,
):  # fmt: skip
    """Number of every symbol in the packets `words[bounds[i]:bounds[i + 1]]`.

    And of every packet: words that are zero, bits of the ZNZ stream, bits of its blocks, which go
    to `blocks` from `block_bounds[i]` on; m bits stand for the blocks of a packet of zeros.
    """
    longest = 0
    for packet in range(len(zeros)):
        longest = max(longest, bounds[packet + 1] - bounds[packet])
    nonzero = np.zeros(longest + block_words, dtype=words.dtype)
    symbols = np.zeros(7, dtype=np.int64)
    last_of_piece = (1 << zero_run_bits) - 1
    for packet in range(len(zeros)):
        count = pieces = run = 0
        for word in words[bounds[packet] : bounds[packet + 1]]:
            # the first zero opens a piece, the one behind a full piece the next
            pieces += word == 0 and run & last_of_piece == 0
            run = run + 1 if word == 0 else 0
            nonzero[count] = word
            count += word != 0
        nonzero[count : count + block_words] = 0
        zeros[packet] = bounds[packet + 1] - bounds[packet] - count
        znz_bits[packet] = pieces * (1 + zero_run_bits) + count
        sizes, counts = block_facts(nonzero, count, word_bits, block_words, run_bits, position_bits)
        symbols += counts
        start = block_bounds[packet]
        blocks[start : start + len(sizes)] = sizes
        if count == 0:
            blocks[start] = word_bits
        block_bounds[packet + 1] = start + max(len(sizes), 1)
    return symbols


@jit
def decode_block(stream, position, size, word_bits, run_bits, position_bits, deltas, words, start):
    """Read one block into `words` from `start` on.

    Return (position after it, 0), or (bit of the damage, what): 1 ends early, 2 plane run past the
    last plane, 3 position past the last plane bit.
    """
    plane_bits = len(deltas)
    base = peek(stream, position) >> u64(64 - word_bits)
    position += u64(word_bits)
    deltas[:] = 0
    plane = u64(0)
    k = 0
    while k <= word_bits:
        if position >= size:
            return size, 1
        window = peek(stream, position)
        run = 1
        field = u64(0)
        damage = 0
        dbx = u64(0)
        if window >> u64(63):
            dbx = (window << u64(1)) >> u64(64 - plane_bits)
            bits = u64(1 + plane_bits)
        elif window >> u64(62):
            bits = u64(2)
        elif window >> u64(61):
            run = int((window << u64(3)) >> u64(64 - run_bits)) + 2
            field, bits = u64(3), u64(3 + run_bits)
            if k + run > word_bits + 1:
                damage = 2
        elif window >> u64(59) == u64(0):
            dbx, bits = (u64(1) << u64(plane_bits)) - u64(1), u64(5)
        elif window >> u64(59) == u64(1):
            dbx, bits = plane, u64(5)
        else:
            is_pair = window >> u64(59) == u64(2)
            ones = 2 if is_pair else 1
            shift = plane_bits - ones - int((window << u64(5)) >> u64(64 - position_bits))
            field, bits = u64(5), u64(5 + position_bits)
            if shift < 0:
                damage = 3
            else:
                dbx = u64(3 if is_pair else 1) << u64(shift)
        if position + bits > size:
            return size, 1
        if damage:
            return position + field, damage
        position += bits
        plane ^= dbx
        if plane:
            for i in range(plane_bits):
                bit = np.int64(plane >> u64(plane_bits - 1 - i) & u64(1))
                # a run repeats its plane: a string of ones from bit k on
                deltas[i] |= bit * (((np.int64(1) << run) - 1) << k)
        k += run
    word = np.int64(base)
    unused = 64 - word_bits
    for i in range(plane_bits + 1):
        if i:
            word += deltas[i - 1]
        words[start + i] = (word << unused) >> unused  # wraps at m bits
    return position, 0


@jit
def decode(stream, size, count, word_bits, block_words, run_bits, position_bits, words):
    """Read the blocks of `count` non-zero words; return as `decode_block`."""
    deltas = np.empty(block_words - 1, dtype=np.int64)
    position = u64(0)
    for start in range(0, count, block_words):
        position, damage = decode_block(
            stream, position, size, word_bits, run_bits, position_bits, deltas, words, start
        )
        if damage:
            return position, damage
    return position, 0
