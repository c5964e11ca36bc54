"""Bit streams for numba: 64-bit windows on byte arrays, MSB first, and words to bytes and back.

Everything is uint64: numba makes a float of a signed and an unsigned 64-bit number. Arrays are
read and written 8 bytes at a time, so they need `SLACK` bytes after their last used one.
"""

from __future__ import annotations

import sys

import numba
import numpy as np
import numpy.typing as npt
from numpy import uint64 as u64

from fmcodec.bits import unsigned_dtype
from fmcodec.errors import DamagedStream

__all__ = [
    "SLACK",
    "Bytes",
    "check_end",
    "jit",
    "load64",
    "peek",
    "put",
    "store64",
    "stream_bytes",
    "stream_words",
]

SLACK = 32
Bytes = npt.NDArray[np.uint8]

jit = numba.njit(cache=True, nogil=True, boundscheck=False)


@jit
def load64(data, index):  # LLVM makes one load and a byte swap of it
    """The 8 bytes from `index` on as a number, the first byte the most significant one."""
    value = u64(0)
    for k in range(8):
        value |= u64(data[index + u64(k)]) << u64(56 - 8 * k)
    return value


@jit
def store64(data, index, value):
    """Write what `load64` reads."""
    for k in range(8):
        data[index + u64(k)] = np.uint8(value >> u64(56 - 8 * k) & u64(0xFF))


@jit
def peek(data, position):
    """The bits from `position` on in the MSBs of a number, 57 of them or more."""
    return load64(data, position >> u64(3)) << (position & u64(7))


@jit
def put(data, position, pending, value, bits):
    """Append `bits`, 0..56, of `value` at `position`; return the new position and pending bits.

    `pending` holds the bits since the last whole byte in its MSBs. A byte is written again until
    it is full, so that nothing needs flushing.
    """
    used = position & u64(7)
    # two shifts: one by 64, of no bits into an empty byte, would be undefined
    pending |= (value << u64(1)) << (u64(63) - used - bits)
    store64(data, position >> u64(3), pending)
    return position + bits, pending << ((used + bits) & u64(56))


@jit
def _pack(words, word_bits, data):
    position = u64(0)
    pending = u64(0)
    for word in words:
        position, pending = put(data, position, pending, u64(word), u64(word_bits))


@jit
def _unpack(data, word_bits, words):
    for i in range(len(words)):
        window = peek(data, u64(i) * u64(word_bits))
        words[i] = window >> u64(64 - word_bits)


def stream_bytes(words: npt.NDArray[np.unsignedinteger], word_bits: int) -> Bytes:
    """The bits of a stream of `word_bits` words, 1..32, as bytes with `SLACK` zero bytes more."""
    data = np.zeros(-(-len(words) * word_bits // 8) + SLACK, dtype=np.uint8)
    if word_bits in (8, 16, 32):
        data[: len(words) * word_bits // 8].view(f">u{word_bits // 8}")[:] = words
    else:
        _pack(words.astype(unsigned_dtype(word_bits), copy=False), word_bits, data)
    return data


def stream_words(data: Bytes, num_bits: int, word_bits: int) -> npt.NDArray[np.unsignedinteger]:
    """The first `num_bits` of `data` as words of `word_bits`, 1..32, zero padded to a whole one.

    The bits after `num_bits` in its last byte must be zero; what follows that byte is ignored.
    Words of whole bytes take over the memory of `data`, which the caller leaves to them: a large
    stream is not there twice.
    """
    num_words = -(-num_bits // word_bits)
    num_bytes = -(-num_bits // 8)
    dtype = unsigned_dtype(word_bits)
    data[num_bytes : num_bytes + 4] = 0  # a word may end up to 31 bits after the last bit
    if word_bits in (8, 16, 32):
        # gives back what a bound asked for and no bit needed; nobody else looks at `data`
        data.resize(num_words * dtype.itemsize, refcheck=False)
        words = data.view(dtype)
        return words.byteswap(inplace=True) if sys.byteorder == "little" else words
    words = np.empty(num_words, dtype=dtype)
    _unpack(data, word_bits, words)
    return words


def check_end(name: str, position: int, size: int, word_bits: int) -> None:
    """Raise DamagedStream if a word follows the one that holds the last bit read."""
    end = position + -position % word_bits
    if end < size:
        raise DamagedStream(name, end, "goes on after its last symbol")
