"""ZNZ stream in numba: eight words a step, by tables, without a branch that depends on the data."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from numpy import uint64 as u64

from fmcodec.fastbits import jit, load64, peek, put, store64

__all__ = ["SLACK_WORDS", "count_nonzero", "encode", "expand", "group_table", "room"]

GROUP = 8
# `expand` reads and writes whole groups and 16 zeros at a time, and cuts off what is too much
SLACK_WORDS = 32


@jit
def _fill_group_table(zero_run_bits, table):
    max_run = 1 << zero_run_bits
    piece_bits = 1 + zero_run_bits
    for index in range(len(table)):
        run, code, bits = index >> GROUP, 0, 0
        for i in range(GROUP):
            nonzero = index >> (GROUP - 1 - i) & 1
            if (run and nonzero) or run == max_run - 1:
                # the run ends here, or this zero fills the piece
                length = run if nonzero else max_run
                code, bits, run = code << piece_bits | length - 1, bits + piece_bits, 0
            elif not nonzero:
                run += 1
            if nonzero:
                code, bits = code << 1 | 1, bits + 1
        table[index] = u64(code << 16 | bits << 8 | run)


@cache
def group_table(zero_run_bits: int) -> npt.NDArray[np.uint64]:
    """What a group of words adds to the stream, by pending zero run and by the group's mask.

    Index: run << 8 | mask, where a mask bit is 1 for a non-zero word and the first word's is the
    MSB. Entry: code << 16 | bits << 8 | run that is pending after the group.
    """
    table = np.empty(1 << zero_run_bits + GROUP, dtype=np.uint64)
    _fill_group_table(zero_run_bits, table)
    return table


@jit
def encode(words, zero_run_bits, table, stream, nonzero):
    """Write the ZNZ stream, gather the non-zero words; return (bits written, words gathered)."""
    piece_bits = u64(1 + zero_run_bits)
    position = pending = run = count = u64(0)
    whole = len(words) // GROUP * GROUP
    for start in range(0, whole, GROUP):
        mask = u64(0)
        for i in range(GROUP):
            word = words[start + i]
            nonzero[count] = word
            count += u64(word != 0)
            mask = mask << u64(1) | u64(word != 0)
        entry = table[run << u64(GROUP) | mask]
        bits = entry >> u64(8) & u64(0xFF)
        position, pending = put(stream, position, pending, entry >> u64(16), bits)
        run = entry & u64(0xFF)
    for i in range(whole, len(words)):
        if words[i] == 0:
            run += u64(1)
            if run >> u64(zero_run_bits):
                position, pending = put(stream, position, pending, run - u64(1), piece_bits)
                run = u64(0)
            continue
        if run:
            position, pending = put(stream, position, pending, run - u64(1), piece_bits)
            run = u64(0)
        position, pending = put(stream, position, pending, u64(1), u64(1))
        nonzero[count] = words[i]
        count += u64(1)
    if run:
        position, pending = put(stream, position, pending, run - u64(1), piece_bits)
    return position, count


def _leading_ones() -> npt.NDArray[np.uint64]:
    return np.array([8 - (~byte & 0xFF).bit_length() for byte in range(256)], dtype=np.uint64)


_ONES = _leading_ones()
DENSE = u64(32)


@jit
def _is_dense(stream, position):
    """Whether the next `DENSE` symbols are ones: dense maps are hardly anything else."""
    return peek(stream, position) >> (u64(64) - DENSE) == (u64(1) << DENSE) - u64(1)


@jit
def _next_symbols(stream, position, zero_run_bits, ones_table):
    """Up to 8 ones and the zero piece behind them: (ones, zeros, bits they take)."""
    window = peek(stream, position)
    ones = ones_table[window >> u64(56)]
    piece = (window << ones << u64(1)) >> (u64(64) - zero_run_bits)
    is_piece = u64(ones < u64(8))
    return ones, (piece + u64(1)) * is_piece, ones + (u64(1) + zero_run_bits) * is_piece


@jit
def _count_nonzero(stream, size, zero_run_bits, num_words, ones_table):
    position = done = count = u64(0)
    while done < num_words:
        if _is_dense(stream, position) and done + DENSE < num_words and position + DENSE <= size:
            done, count, position = done + DENSE, count + DENSE, position + DENSE
            continue
        ones, zeros, bits = _next_symbols(stream, position, zero_run_bits, ones_table)
        if done + ones >= num_words:
            ones, zeros, bits = num_words - done, u64(0), num_words - done
        if position + bits > size:
            return count, size, u64(1)
        if done + ones + zeros > num_words:
            return count, position + ones + u64(1), u64(2)
        done += ones + zeros
        count += ones
        position += bits
    return count, position, u64(0)


def count_nonzero(
    stream: npt.NDArray[np.uint8], size: int, zero_run_bits: int, num_words: int
) -> tuple[int, int, str]:
    """Check a stream of `size` bits; return (non-zero words, bits read, what is wrong there)."""
    count, position, status = _count_nonzero(
        stream, u64(size), u64(zero_run_bits), u64(num_words), _ONES
    )
    return int(count), int(position), ("", "ends early", "zero run past the last word")[status]


@jit
def _expand(stream, zero_run_bits, num_words, nonzero, words, item, ones_table):
    position = done = taken = u64(0)
    while done < num_words:
        if _is_dense(stream, position) and done + DENSE <= num_words:
            for k in range(u64(0), DENSE * item, u64(8)):
                store64(words, done * item + k, load64(nonzero, taken * item + k))
            done, taken, position = done + DENSE, taken + DENSE, position + DENSE
            continue
        ones, zeros, bits = _next_symbols(stream, position, zero_run_bits, ones_table)
        for k in range(item):
            offset = u64(8 * k)
            store64(words, done * item + offset, load64(nonzero, taken * item + offset))
        done += ones
        taken += ones
        for k in range(u64(0), zeros * item, u64(16)):
            store64(words, done * item + k, u64(0))
            store64(words, done * item + k + u64(8), u64(0))
        done += zeros
        position += bits


def room(zero_run_bits: int, num_words: int) -> int:
    """Words that `expand` needs beside the slack behind the last non-zero word."""
    # past the last word the padding may read as one more group and one more zero piece
    return num_words + SLACK_WORDS + (1 << zero_run_bits)


def expand(
    stream: npt.NDArray[np.uint8],
    zero_run_bits: int,
    num_words: int,
    count: int,
    words: npt.NDArray[np.integer],
) -> None:
    """Put the zeros of a checked stream back between the `count` non-zero words, in place.

    `words` holds `room` words and `SLACK_WORDS` more. The non-zero ones lie at its end, from
    `room` - `count` on: what is written never reaches what is still to be read, because at least
    as many words are missing as non-zero ones are left.
    """
    start = room(zero_run_bits, num_words) - count
    _expand(
        stream,
        u64(zero_run_bits),
        u64(num_words),
        words[start:].view(np.uint8),
        words.view(np.uint8),
        u64(words.itemsize),
        _ONES,
    )
