"""Kernels of Rice for words of any width: one word, or run of zeros, after another.

A stream is written and read LSB first here, its first bit in bit 0 of the first byte: fields of
several bits go LSB first (doc/format.md), so that a code is one number, and 64-bit loads need no
byte swap. `reverse_bits` makes it a stream that is MSB first, or the other way round.

Everything is uint64, flags too, and selected, not branched for: what a word is, is hard to
predict. Only zeros are worth a branch, for one takes a whole run.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy import uint8
from numpy import uint64 as u64

from fmcodec.fastbits import Bytes, jit
from fmcodec.rice.formats import (
    HEADER_BITS,
    MAX_RUN,
    MAX_SLOT,
    RUN_FRACTION,
    RUN_START,
    SLOT_FRACTION,
    SLOT_START,
    StreamParams,
)

__all__ = [
    "decode",
    "encode",
    "fields",
    "load",
    "packet_bits",
    "packet_cycles",
    "reverse_bits",
    "rotate",
]

# Ones at the low end of a byte
_ONES = np.array([next(i for i in range(9) if i == 8 or not byte >> i & 1) for byte in range(256)])
_ONES = _ONES.astype(uint8)
_RUN_FRACTION, _MAX_RUN = u64(RUN_FRACTION), u64(MAX_RUN)
_SLOT_FRACTION, _MAX_SLOT = u64(SLOT_FRACTION), u64(MAX_SLOT)
_QUOTIENT_BITS = u64(3)  # quotients from 4 on are alike


@cache
def _next_parameters(word_bits: int) -> Bytes:
    """The counter K behind a word, by K and, in the low bits, quotient."""
    params = StreamParams(word_bits)
    quotients = range(1 << int(_QUOTIENT_BITS))
    steps = np.array([params.steps[min(q.bit_length(), 3)] for q in quotients])
    counters = np.arange(params.max_parameter + 1)[:, None] + steps
    return counters.clip(0, params.max_parameter).astype(uint8).ravel()


def fields(params: StreamParams) -> tuple[u64, u64, u64, u64, u64, Bytes]:
    """What the kernels want to know of `params`."""
    m, cap = u64(params.word_bits), u64(params.escape_ones)
    next_parameters = _next_parameters(params.word_bits)
    flags = u64(params.signed), u64(params.delta)
    return m, *flags, u64(params.fraction_bits), cap, next_parameters


@jit
def load(data, index):
    """The 8 bytes from `index` on, the first one the least significant."""
    value = u64(0)
    for k in range(8):
        value |= u64(data[index + u64(k)]) << u64(8 * k)
    return value


@jit
def _store(data, index, value):
    """Write what `load` reads."""
    for k in range(8):
        data[index + u64(k)] = uint8(value >> u64(8 * k) & u64(0xFF))


@jit
def _swap(x, shift, low):
    """Exchange neighbouring groups of `shift` bits; `low` has ones in every second one."""
    return (x >> shift & low) | (x & low) << shift


@jit
def reverse_bits(words):
    """Turn every byte of `words`, uint64, around."""
    for i in range(len(words)):
        x = _swap(words[i], u64(1), u64(0x5555555555555555))
        x = _swap(x, u64(2), u64(0x3333333333333333))
        words[i] = _swap(x, u64(4), u64(0x0F0F0F0F0F0F0F0F))


@jit
def rotate(patterns, m, by, rotated):
    """Rotate patterns of m bits to the left, 0 < by < m; `rotated` may be `patterns` itself."""
    mask = (u64(1) << m) - u64(1)
    for i in range(len(patterns)):
        pattern = u64(patterns[i])
        rotated[i] = (pattern << by | pattern >> (m - by)) & mask


@jit
def _mirror(prediction, signed, m):
    """Ones that turn the range of unsigned words around where its upper end is the nearer one."""
    upper = (prediction >> (m - u64(1))) & (u64(1) - signed)
    return (u64(0) - upper) & ((u64(1) << m) - u64(1))


@jit
def _fold(word, prediction, signed, m):
    mask = (u64(1) << m) - u64(1)
    mirror = _mirror(prediction, signed, m)
    word, prediction = word ^ mirror, prediction ^ mirror
    difference = (word - prediction) & mask
    negative = difference >> (m - u64(1)) if signed else u64(word < prediction)
    zigzag = (difference << u64(1) ^ (u64(0) - negative)) & mask
    # signed words lie on a circle: there is no far end
    return word if word > (prediction << u64(1) | mask * signed) else zigzag


@jit
def _unfold(folded, prediction, skips, signed, m):
    mask = (u64(1) << m) - u64(1)
    mirror = _mirror(prediction, signed, m)
    prediction = prediction ^ mirror
    difference = folded >> u64(1) ^ (u64(0) - (folded & u64(1)))
    near = prediction + difference
    word = folded if folded > (prediction << u64(1) | mask * signed) else near
    return (word + skips & mask) ^ mirror


@jit
def _behind_zeros(slot, run, full):
    """The counters Z and R behind a zero and its run."""
    slot -= min((u64(2) << (slot >> _SLOT_FRACTION)) - u64(1), slot)
    return slot, min(run + u64(1), _MAX_RUN) if full else run - u64(run > u64(0))


@jit
def _end_of_zeros(words, start, longest):
    """Where the zeros from `start` on end, or `longest` of them, or the packet."""
    end = min(start + longest, u64(len(words)))
    while start < end and words[start] == 0:
        start += u64(1)
    return start


@jit
def encode(words, m, signed, delta, fraction, cap, next_parameters, data, ends):
    """Write the stream of `words`, patterns of m bits, behind the header in `data`; its bits.

    And word and bit behind every code to `ends`, shape (words, 2). What is empty is not written.
    """
    one, zero = u64(1), u64(0)
    raw_from = (m - one) << fraction
    parameter, slot, run = (m << fraction) >> one, u64(SLOT_START), u64(RUN_START)
    previous, has_slot = zero, one
    writes, records = len(data) > 0, len(ends) > 0
    pending, position = u64(data[0]) if writes else zero, u64(HEADER_BITS)
    i, size, coded = zero, u64(len(words)), zero
    while i < size:
        word = u64(words[i])
        i += one
        k, z = parameter >> fraction, slot >> _SLOT_FRACTION
        if word == zero and parameter < raw_from:
            run_bits = run >> _RUN_FRACTION
            end = _end_of_zeros(words, i, one << run_bits)
            count = end - i
            full = count == one << run_bits or end == size
            code, bits = (one << z) - one, z + u64(2)
            if full:
                code |= u64(2) << z
            else:
                code |= count << bits
                bits += run_bits
            slot, run = _behind_zeros(slot, run, full)
            previous, has_slot, i = zero, u64(full), end
        else:
            prediction = previous * delta
            folded = _fold(word, prediction, signed, m)
            previous = word
            if parameter >= raw_from:
                code, bits = folded, m
                parameter -= one - (folded >> (m - one))
            else:
                folded -= (one - signed) & u64(prediction == zero)
                quotient = folded >> k
                ones = quotient + (has_slot & u64(quotient >= z))
                code = ((one << ones) - one) | (folded & ((one << k) - one)) << (ones + one)
                bits = ones + one + k
                if ones >= cap:
                    code, bits = ((one << cap) - one) | folded << cap, cap + m
                entry = parameter << _QUOTIENT_BITS | min(quotient, u64(7))
                parameter = u64(next_parameters[entry])
                slot, has_slot = min(slot + one, _MAX_SLOT), one
        if writes:
            pending |= code << (position & u64(7))
            _store(data, position >> u64(3), pending)
            pending >>= ((position & u64(7)) + bits) & u64(56)
        position += bits
        if records:
            ends[coded, 0], ends[coded, 1] = i, position
            coded += one
    return position, coded


@jit
def packet_bits(patterns, bounds, coding, data, ends, bits):
    """Bits of the stream of every packet `patterns[bounds[i]:bounds[i + 1]]` to `bits`.

    `coding` are `fields`; `data` and `ends` are empty.
    """
    m, signed, delta, fraction, cap, steps = coding
    for packet in range(len(bits)):
        words = patterns[bounds[packet] : bounds[packet + 1]]
        bits[packet] = encode(words, m, signed, delta, fraction, cap, steps, data, ends)[0]


@jit
def packet_cycles(patterns, bounds, packets, beat_bits, coding, data, cycles):
    """Add to `cycles`, for every size of a beat, what some packets take: a code as many cycles as
    it has words or, where that is more, as beats end in it."""
    longest = 0
    for packet in packets:
        longest = max(longest, bounds[packet + 1] - bounds[packet])
    ends = np.empty((longest, 2), dtype=np.int64)
    m, signed, delta, fraction, cap, steps = coding
    for packet in packets:
        words = patterns[bounds[packet] : bounds[packet + 1]]
        codes = encode(words, m, signed, delta, fraction, cap, steps, data, ends)[1]
        for port in range(len(beat_bits)):
            word = beat = 0
            for code in range(codes):
                last_word, last_beat = ends[code, 0], ends[code, 1] // beat_bits[port]
                cycles[port] += max(last_word - word, last_beat - beat)
                word, beat = last_word, last_beat


@jit
def _decode(
    data, size, num_words, m, signed, delta, fraction, cap, next_parameters, ones_table, words
):
    one, zero = u64(1), u64(0)
    mask, cap_mask = (one << m) - one, (one << cap) - one
    raw_from = (m - one) << fraction
    parameter, slot, run = (m << fraction) >> one, u64(SLOT_START), u64(RUN_START)
    previous, has_slot = zero, one
    position, done = u64(HEADER_BITS), zero
    while done < num_words and position <= size:
        k, z = parameter >> fraction, slot >> _SLOT_FRACTION
        prediction = previous * delta
        window = load(data, position >> u64(3)) >> (position & u64(7))
        if parameter >= raw_from:
            folded = window & mask
            previous = _unfold(folded, prediction, zero, signed, m)
            words[done] = previous
            parameter -= one - (folded >> (m - one))
            done, position = done + one, position + m
            continue
        ones = u64(ones_table[window & cap_mask])
        if ones == z and has_slot:
            start = position + z + one
            window >>= z + one
            full = window & one
            run_bits = run >> _RUN_FRACTION
            count = one << run_bits if full else window >> one & ((one << run_bits) - one)
            position = start + one + (zero if full else run_bits)
            # a run that ends before a word needs that word
            if not full and count + one >= num_words - done:
                return (size, 1) if position > size else (start, 2)
            done += one + count
            slot, run = _behind_zeros(slot, run, full)
            previous, has_slot = zero, full
            continue
        quotient = ones - (has_slot & u64(ones > z))
        bits = ones + one
        folded = (quotient << k | window >> bits & ((one << k) - one)) & mask
        bits += k
        if ones == cap:
            folded, bits = window >> cap & mask, cap + m
        skips = (one - signed) & u64(prediction == zero)
        previous = _unfold(folded, prediction, skips, signed, m)
        if previous == zero and (skips or not has_slot):
            return (size, 1) if position + bits > size else (position, 3)
        words[done] = previous
        done, position = done + one, position + bits
        parameter = u64(next_parameters[parameter << _QUOTIENT_BITS | min(quotient, u64(7))])
        slot, has_slot = min(slot + one, _MAX_SLOT), one
    return (size, 1) if position > size else (position, 0)


def decode(
    data: Bytes, size: int, num_words: int, params: StreamParams, words: np.ndarray
) -> tuple[int, int]:
    """Read `num_words` words of a stream of `size` bits into zeroed `words`; (position, status).

    Status is 0, or what is damaged at the position: 1, the stream ends early; 2, a run past the
    last word; 3, a zero in place of another word. `words` has room for what `size` bits can make.
    """
    position, status = _decode(data, u64(size), u64(num_words), *fields(params), _ONES, words)
    return int(position), int(status)
