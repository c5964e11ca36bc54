"""Fast path of Rice in numba: the streams of the reference, two to three orders faster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fmcodec.bits import signed_dtype, unsigned_dtype
from fmcodec.errors import DamagedStream
from fmcodec.fastbits import SLACK, Bytes, check_end, stream_bytes, stream_words
from fmcodec.rice import fast_words
from fmcodec.rice.formats import HEADER_BITS, LONGEST_RUN, StreamParams
from fmcodec.rice.stream import Encoded, check_encoded
from fmcodec.words import Words, check_words, signed_words

__all__ = [
    "START_CYCLES",
    "code_ends",
    "decode",
    "decode_bytes",
    "encode",
    "encoded_bits",
    "packet_bits",
    "packet_cycles",
]

# Header, latency, and the beats that a decoder looks ahead
START_CYCLES = 8

_NO_DATA, _NO_ENDS = np.empty(0, dtype=np.uint8), np.empty((0, 2), dtype=np.int64)
_DAMAGE = ("", "ends early", "zero run past the last word", "zero in place of another word")


def _patterns(params: StreamParams, words: object) -> np.ndarray:
    """The packet as unsigned patterns, the sign where the stream has it."""
    words = check_words(params.word_bits, words)
    patterns = words.view(unsigned_dtype(params.word_bits))
    if params.word_bits != 8 * patterns.itemsize:
        patterns = patterns & patterns.dtype.type((1 << params.word_bits) - 1)
    return _rotated(params.word_bits, patterns, 1) if params.sign_last else patterns


def _rotated(word_bits: int, patterns: np.ndarray, by: int) -> np.ndarray:
    rotated = np.empty_like(patterns)
    fast_words.rotate(patterns, np.uint64(word_bits), np.uint64(by), rotated)
    return rotated


def _turn(data: Bytes, size: int) -> None:
    """Make a stream of `size` bits that is MSB first LSB first, or the other way round."""
    # whole numbers of 64 bits: the slack behind the stream has room for the last one
    fast_words.reverse_bits(data[: -(-size // 64) * 8].view(np.uint64))


def _code(
    params: StreamParams, patterns: np.ndarray, data: Bytes = _NO_DATA, ends: np.ndarray = _NO_ENDS
) -> tuple[int, int]:
    """(bits, codes) of a packet's stream; see `fast_words.encode`."""
    bits, codes = fast_words.encode(patterns, *fast_words.fields(params), data, ends)
    return int(bits), int(codes)


def encode(params: StreamParams, words: Words) -> Encoded:
    """Code a packet; see `Params.encode`."""
    patterns = _patterns(params, words)
    bound = params.max_code_bits * len(patterns) + HEADER_BITS
    data = np.empty(-(-bound // 8) + 2 * SLACK, dtype=np.uint8)
    data[0] = params.signed | params.delta << 1 | params.sign_last << 2
    bits, _ = _code(params, patterns, data=data)
    _turn(data, bits)
    return Encoded(stream_words(data, bits, params.word_bits), len(patterns))


def encoded_bits(params: StreamParams, words: Words) -> int:
    """Bits of the stream before padding; see `Params.encoded_bits`."""
    return _code(params, _patterns(params, words))[0]


def packet_bits(
    params: StreamParams, words: Words, bounds: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """`encoded_bits` of the packets `words[bounds[i]:bounds[i + 1]]`, shape (packets,)."""
    bits = np.empty(len(bounds) - 1, dtype=np.int64)
    coded = fast_words.fields(params), _NO_DATA, _NO_ENDS
    fast_words.packet_bits(_patterns(params, words), bounds, *coded, bits)
    return bits


def packet_cycles(
    params: StreamParams,
    words: Words,
    bounds: npt.NDArray[np.int64],
    packets: npt.NDArray[np.int64],
    port_words: Sequence[int],
) -> npt.NDArray[np.int64]:
    """Cycles that the cores take at most, summed over some packets; see `cycles.bound`.

    Args:
        params: of the streams.
        words, bounds: as in `packet_bits`.
        packets: indices of those that are counted.
        port_words: words in a beat of the code port, an entry of the result each.
    """
    cycles = START_CYCLES * len(packets) * np.ones(len(port_words), dtype=np.int64)
    if len(packets):
        beats = params.word_bits * np.array(port_words, dtype=np.int64)
        coded = fast_words.fields(params), _NO_DATA
        fast_words.packet_cycles(_patterns(params, words), bounds, packets, beats, *coded, cycles)
    return cycles


def code_ends(params: StreamParams, words: Words) -> npt.NDArray[np.int64]:
    """The word and the bit behind every code of a packet in order, header included; (codes, 2)."""
    patterns = _patterns(params, words)
    ends = np.empty((len(patterns), 2), dtype=np.int64)
    _, codes = _code(params, patterns, ends=ends)
    return ends[:codes]


def decode(params: StreamParams, encoded: Encoded) -> Words:
    """The words of a packet; see `Params.decode`."""
    encoded = check_encoded(params, encoded)
    m = params.word_bits
    return decode_bytes(
        params, stream_bytes(encoded.code, m), m * len(encoded.code), encoded.num_words
    )


def decode_bytes(params: StreamParams, data: Bytes, size: int, num_words: int) -> Words:
    """The words of a packet from its stream of `size` bits and `SLACK` bytes more.

    `data` is written to. Raises DamagedStream as `Params.decode`.
    """
    m = params.word_bits
    if size < HEADER_BITS:
        raise DamagedStream("code", size, "ends early")
    _turn(data, size)
    flags = StreamParams(m, *(bool(data[0] >> i & 1) for i in range(HEADER_BITS)))
    # no code of the stream makes more words of its bits than a full run of two bits
    room = min(num_words, size * (1 + LONGEST_RUN))
    words = np.zeros(room, dtype=unsigned_dtype(m))  # pages cost nothing before they are used
    end, status = fast_words.decode(data, size, num_words, flags, words)
    if status:
        raise DamagedStream("code", end, _DAMAGE[status])
    if flags.sign_last:
        fast_words.rotate(words, np.uint64(m), np.uint64(m - 1), words)
    padding = -end % m
    if int(fast_words.load(data, np.uint64(end >> 3))) >> (end & 7) & (1 << padding) - 1:
        raise DamagedStream("code", end, "padding is not zero")
    check_end("code", end, size, m)
    if m == 8 * words.itemsize:
        return words.view(signed_dtype(m))
    return signed_words(m, words)
