"""Numba kernels of the sparsity codecs: bit streams, MSB first, padded to a whole byte."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import uint64 as u64

from fmcodec.bits import signed_dtype
from fmcodec.errors import DamagedStream
from fmcodec.fastbits import SLACK, check_end, jit, peek, put
from fmcodec.words import Words

__all__ = [
    "big_endian",
    "count_csc",
    "count_zero_rle",
    "decode_csc",
    "decode_zero_rle",
    "decode_zvc",
    "encode_csc",
    "encode_zero_rle",
    "encode_zvc",
    "padded",
    "read",
    "run",
]

_DAMAGE = ("", "ends early", "goes past the last word")


def run(kernel: Callable[..., None], num_bits: int, words: Words, *fields: int) -> bytes:
    """The stream of exactly `num_bits` that an encoding kernel writes."""
    num_bytes = -(-num_bits // 8)
    stream = np.zeros(num_bytes + SLACK, dtype=np.uint8)
    kernel(words, stream, *map(u64, fields))
    return stream[:num_bytes].tobytes()


def padded(payload: memoryview) -> np.ndarray:
    """The bytes of a stream with the slack behind them that windows of 64 bits need."""
    return np.concatenate((np.frombuffer(payload, np.uint8), np.zeros(SLACK, np.uint8)))


def big_endian(stream: np.ndarray) -> memoryview:
    """The bytes of the words of a stream, which is written to: a copy would double a large one."""
    if sys.byteorder == "little":
        stream.byteswap(inplace=True)
    return stream.view(np.uint8).data


def read(
    kernel: Callable[..., Any], payload: memoryview, word_bits: int, num_words: int, *fields: int
) -> Words:
    """The words that a decoding kernel reads from a stream.

    Raises:
        DamagedStream: it ends early, goes on, or holds more words than `num_words`.
    """
    try:
        # zeroed pages cost nothing before they are used: a wrong count fills no memory
        words = np.zeros(num_words, dtype=signed_dtype(word_bits))
    except MemoryError as error:  # or there are not that many
        raise DamagedStream(
            "container", 0, f"claims {num_words} words, more than memory holds"
        ) from error
    size = 8 * len(payload)
    end, status = kernel(padded(payload), u64(size), words, *map(u64, fields))
    if status:
        raise DamagedStream("payload", int(end), _DAMAGE[status])
    check_end("payload", int(end), size, 8)
    return words


@jit
def _pattern(word, word_bits):
    return u64(np.int64(word)) & (u64(1) << word_bits) - u64(1)


@jit
def _word(window, word_bits):
    """The word in the MSBs of a window, sign extended."""
    return np.int64(window) >> np.int64(u64(64) - word_bits)


@jit
def count_zero_rle(words, run_bits):
    """(pieces of zero runs, non-zero words) of a packet."""
    pieces = nonzero = length = u64(0)
    for word in words:
        if word == 0:
            # the first zero opens a piece, the one behind a full piece the next
            pieces += u64(length & ((u64(1) << run_bits) - u64(1)) == u64(0))
            length += u64(1)
        else:
            nonzero += u64(1)
            length = u64(0)
    return pieces, nonzero


@jit
def count_csc(words, index_bits):
    """Entries of a packet: the non-zero words, and what bridges gaps before them."""
    entries = length = u64(0)
    for word in words:
        if word == 0:
            length += u64(1)
        else:
            entries += u64(1) + (length >> index_bits)
            length = u64(0)
    return entries


@jit
def encode_zero_rle(words, stream, word_bits, run_bits):
    position = pending = length = u64(0)
    for i in range(len(words) + 1):
        is_zero = i < len(words) and words[i] == 0
        length += u64(is_zero)
        if length and (not is_zero or length >> run_bits):
            position, pending = put(stream, position, pending, length - u64(1), u64(1) + run_bits)
            length = u64(0)
        if i < len(words) and not is_zero:
            code = u64(1) << word_bits | _pattern(words[i], word_bits)
            position, pending = put(stream, position, pending, code, u64(1) + word_bits)


@jit
def decode_zero_rle(stream, size, words, word_bits, run_bits):
    position = done = u64(0)
    num_words = u64(len(words))
    while done < num_words:
        if position >= size:
            return size, 1
        window = peek(stream, position)
        is_word = window >> u64(63)
        bits = u64(1) + (word_bits if is_word else run_bits)
        if position + bits > size:
            return size, 1
        if is_word:
            words[done] = _word(window << u64(1), word_bits)
            done += u64(1)
        else:
            done += ((window << u64(1)) >> (u64(64) - run_bits)) + u64(1)
            if done > num_words:
                return position + u64(1), 2
        position += bits
    return position, 0


@jit
def encode_zvc(words, stream, word_bits, group_words):
    position = pending = u64(0)
    for start in range(u64(0), u64(len(words)), group_words):
        group = words[start : start + group_words]
        mask = u64(0)
        for word in group:
            mask = mask << u64(1) | u64(word != 0)
        position, pending = put(stream, position, pending, mask, u64(len(group)))
        for word in group:
            if word:
                pattern = _pattern(word, word_bits)
                position, pending = put(stream, position, pending, pattern, word_bits)


@jit
def decode_zvc(stream, size, words, word_bits, group_words):
    position = u64(0)
    for start in range(u64(0), u64(len(words)), group_words):
        group = words[start : start + group_words]
        if position + u64(len(group)) > size:
            return size, 1
        mask = peek(stream, position)
        position += u64(len(group))
        for i in range(len(group)):
            if mask >> u64(63):
                if position + word_bits > size:
                    return size, 1
                group[i] = _word(peek(stream, position), word_bits)
                position += word_bits
            mask <<= u64(1)
    return position, 0


@jit
def encode_csc(words, stream, word_bits, index_bits):
    position = pending = skipped = u64(0)
    longest = (u64(1) << index_bits) - u64(1)
    bits = index_bits + word_bits
    bridges = u64(0)  # entries of the word zero: written once a non-zero word is sure to follow
    for word in words:
        if word == 0:
            if skipped == longest:
                bridges += u64(1)
                skipped = u64(0)
            else:
                skipped += u64(1)
            continue
        for _ in range(bridges):
            position, pending = put(stream, position, pending, longest << word_bits, bits)
        code = skipped << word_bits | _pattern(word, word_bits)
        position, pending = put(stream, position, pending, code, bits)
        skipped = bridges = u64(0)


@jit
def decode_csc(stream, size, words, word_bits, index_bits, num_entries):
    position = index = u64(0)
    bits = index_bits + word_bits
    if num_entries * bits > size:
        return size, 1
    for _ in range(num_entries):
        window = peek(stream, position)
        index += window >> (u64(64) - index_bits)
        if index >= u64(len(words)):
            return position, 2
        words[index] = _word(window << index_bits, word_bits)
        index += u64(1)
        position += bits
    return position, 0
