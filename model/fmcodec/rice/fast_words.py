"""Kernels of Rice for words of any width.

A stream is written and read LSB first here, its first bit in bit 0 of the first byte: fields of
several bits go LSB first (doc/format.md), so that a code is one number, and 64-bit loads need no
byte swap. `reverse_bits` makes it a stream that is MSB first, or the other way round.

All arithmetic is int64: a code has 40 bits at most.
"""

from __future__ import annotations

from numpy import uint8, uint64

from fmcodec.fastbits import jit
from fmcodec.rice.formats import (
    MAX_RUN,
    MAX_SLOT,
    RUN_FRACTION,
    RUN_START,
    SLOT_FRACTION,
    SLOT_START,
)

__all__ = ["decode", "encode", "load", "reverse_bits", "store"]


@jit
def load(data, index):
    """The 8 bytes from `index` on, the first one the least significant."""
    value = uint64(0)
    for k in range(8):
        value |= uint64(data[index + k]) << uint64(8 * k)
    return value


@jit
def store(data, index, value):
    """Write what `load` reads."""
    for k in range(8):
        data[index + k] = uint8(value >> uint64(8 * k) & uint64(0xFF))


@jit
def reverse_bits(words):
    """Turn every byte around; `words` are the bytes as uint64."""
    for i in range(len(words)):
        x = words[i]
        x = (x >> uint64(1) & uint64(0x5555555555555555)) | (
            (x & uint64(0x5555555555555555)) << uint64(1)
        )
        x = (x >> uint64(2) & uint64(0x3333333333333333)) | (
            (x & uint64(0x3333333333333333)) << uint64(2)
        )
        x = (x >> uint64(4) & uint64(0x0F0F0F0F0F0F0F0F)) | (
            (x & uint64(0x0F0F0F0F0F0F0F0F)) << uint64(4)
        )
        words[i] = x


@jit
def _fold(word, prediction, signed, m):
    size = 1 << m
    if signed:
        difference = (word - prediction) & (size - 1)
        difference -= (difference >> (m - 1)) << m
        return (difference << 1) ^ (difference >> 63)
    if prediction >= size >> 1:
        word, prediction = size - 1 - word, size - 1 - prediction
    difference = word - prediction
    return word if word > 2 * prediction else (difference << 1) ^ (difference >> 63)


@jit
def _unfold(folded, prediction, signed, m):
    size = 1 << m
    difference = (folded >> 1) ^ -(folded & 1)
    if signed:
        return (prediction + difference) & (size - 1)
    mirror = size - 1 if prediction >= size >> 1 else 0
    prediction ^= mirror
    return mirror ^ (folded if folded > 2 * prediction else prediction + difference)


@jit
def _step(quotient, steps):
    if quotient < 2:
        return steps[quotient]
    return steps[2] if quotient < 4 else steps[3]


@jit
def _zeros(words, start, longest):
    """(zeros behind the one at `start`, `longest` at most, and whether they fill the run)."""
    end = min(start + 1 + longest, len(words))
    i = start + 1
    while i < end and words[i] == 0:
        i += 1
    return i - start - 1, i == end and (i - start - 1 == longest or i == len(words))


@jit
def encode(words, m, signed, delta, fraction, cap, steps, data):
    """Write the stream of `words`, patterns of m bits, behind the header in `data`; its bits.

    Where `data` is empty, they are only counted.
    """
    writes = len(data) > 0
    top, start = (m << fraction) - 1, m << fraction >> 1
    parameter, slot, run, previous, direct = start, SLOT_START, RUN_START, 0, False
    pending, position = uint64(0), 0
    if writes:
        pending = uint64(data[0])
    position = 3
    i = 0
    while i < len(words):
        word = int(words[i])
        k, z = parameter >> fraction, slot >> SLOT_FRACTION
        prediction = previous if delta else 0
        if k == m - 1:
            code, bits = _fold(word, prediction, signed, m), m
            parameter -= 1 - (code >> (m - 1))
            previous = word
            i += 1
        elif word == 0:
            run_bits = run >> RUN_FRACTION
            count, full = _zeros(words, i, 1 << run_bits)
            code = (1 << z) - 1
            if full:
                code, bits = code | 2 << z, z + 2
                run = min(run + 1, MAX_RUN)
            else:
                code, bits = code | count << (z + 2), z + 2 + run_bits
                run = max(run - 1, 0)
            slot = max(slot - ((2 << z) - 1), 0)
            previous, direct = 0, not full
            i += 1 + count
        else:
            folded = _fold(word, prediction, signed, m)
            if not signed and prediction == 0:
                folded -= 1
            quotient = folded >> k
            ones = quotient + (not direct and quotient >= z)
            if ones < cap:
                code = (1 << ones) - 1 | (folded & ((1 << k) - 1)) << (ones + 1)
                bits = ones + 1 + k
            else:
                code, bits = (1 << cap) - 1 | folded << cap, cap + m
            parameter = min(max(parameter + _step(quotient, steps), 0), top)
            slot = min(slot + 1, MAX_SLOT)
            previous, direct = word, False
            i += 1
        if writes:
            pending |= uint64(code) << uint64(position & 7)
            store(data, position >> 3, pending)
            pending >>= uint64((position & 7) + bits & 56)
        position += bits
    return position


@jit
def decode(data, size, num_words, m, signed, delta, fraction, cap, steps, words):
    """Read `num_words` words of a stream of `size` bits; (words, position, status).

    Status is 0, 1: the stream ends early, 2: a run past the last word, 3: a zero in place of
    another word; the position is that of the damage. `words` holds what `size` bits can make.
    """
    top, start, mask = (m << fraction) - 1, m << fraction >> 1, (1 << m) - 1
    parameter, slot, run, previous, direct = start, SLOT_START, RUN_START, 0, False
    position = 3
    done = 0
    while done < num_words:
        if position > size:
            return size, 1
        k, z = parameter >> fraction, slot >> SLOT_FRACTION
        prediction = previous if delta else 0
        window = int(load(data, position >> 3) >> uint64(position & 7))
        begin = position
        if k == m - 1:
            folded = window & mask
            position += m
            previous = _unfold(folded, prediction, signed, m)
            parameter -= 1 - (folded >> (m - 1))
            words[done] = previous
            done += 1
            continue
        ones = 0
        while ones < cap and window >> ones & 1:
            ones += 1
        if ones == z and not direct:
            run_bits = run >> RUN_FRACTION
            window >>= z + 1
            count = 1 << run_bits
            full = window & 1
            if full:
                position += z + 2
                run = min(run + 1, MAX_RUN)
            else:
                count = window >> 1 & (count - 1)
                position += z + 2 + run_bits
                run = max(run - 1, 0)
            if position > size:
                return size, 1
            left = num_words - done - 1
            if not full and count >= left:
                return begin + z + 1, 2
            for i in range(done, done + 1 + min(count, left)):
                words[i] = 0
            done += 1 + min(count, left)
            slot = max(slot - ((2 << z) - 1), 0)
            previous, direct = 0, not full
            continue
        quotient = ones - (not direct and ones > z)
        if ones < cap:
            window >>= ones + 1
            folded = (quotient << k | window & ((1 << k) - 1)) & mask
            position += ones + 1 + k
        else:
            folded = window >> cap & mask
            position += cap + m
        skips = not signed and prediction == 0
        previous = (folded + 1) & mask if skips else _unfold(folded, prediction, signed, m)
        if previous == 0 and (skips or direct):
            return (size, 1) if position > size else (begin, 3)
        words[done] = previous
        done += 1
        parameter = min(max(parameter + _step(quotient, steps), 0), top)
        slot = min(slot + 1, MAX_SLOT)
        direct = False
    if position > size:
        return size, 1
    return position, 0
