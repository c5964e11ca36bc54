"""Readable bit-level model of Rice: follows doc/format.md section by section.

Every other implementation, the fast one in this package and the cores, is tested against this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from fmcodec.bits import BitReader, BitWriter
from fmcodec.errors import DamagedStream
from fmcodec.rice.formats import (
    LONGEST_RUN,
    MAX_RUN,
    MAX_SLOT,
    RUN_FRACTION,
    RUN_START,
    SLOT_FRACTION,
    SLOT_START,
    StreamParams,
)
from fmcodec.rice.stream import Encoded, check_encoded
from fmcodec.words import Words, check_words, signed_words

__all__ = ["decode", "decode_lenient", "encode", "encoded_bits"]


# --- Words --------------------------------------------------------------------------------------


def _rotated(params: StreamParams, pattern: int, by: int) -> int:
    """A pattern of m bits rotated left."""
    m = params.word_bits
    return (pattern << by | pattern >> m - by) & (1 << m) - 1


def _fold(params: StreamParams, word: int, prediction: int) -> int:
    """The folded difference e of `word` to `prediction`; 0 .. 2**m - 1."""
    size = 1 << params.word_bits
    if params.signed:
        return _zigzag((word - prediction + size // 2) % size - size // 2)
    if prediction >= size // 2:
        word, prediction = size - 1 - word, size - 1 - prediction
    return word if word > 2 * prediction else _zigzag(word - prediction)


def _unfold(params: StreamParams, folded: int, prediction: int) -> int:
    """The word that `_fold` made `folded` of."""
    size = 1 << params.word_bits
    if params.signed:
        return (prediction + _unzigzag(folded)) % size
    mirrored = prediction >= size // 2
    if mirrored:
        prediction = size - 1 - prediction
    word = folded if folded > 2 * prediction else prediction + _unzigzag(folded)
    return size - 1 - word if mirrored else word


def _zigzag(difference: int) -> int:
    """0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return 2 * difference if difference >= 0 else -2 * difference - 1


def _unzigzag(folded: int) -> int:
    return -(folded + 1) // 2 if folded & 1 else folded // 2


# --- State --------------------------------------------------------------------------------------


@dataclass
class _State:
    """What both sides have learnt from the words so far: the counters K, Z and R.

    And what the last code says of the next word: the word before it, and whether it is `direct`,
    a word that ends a run and cannot be zero.
    """

    params: StreamParams
    parameter: int = field(init=False)
    slot: int = SLOT_START
    run: int = RUN_START
    previous: int = 0
    direct: bool = False

    def __post_init__(self) -> None:
        self.parameter = self.params.word_bits << self.params.fraction_bits >> 1

    @property
    def k(self) -> int:
        return self.parameter >> self.params.fraction_bits

    @property
    def z(self) -> int:
        return self.slot >> SLOT_FRACTION

    @property
    def run_bits(self) -> int:
        return self.run >> RUN_FRACTION

    @property
    def is_raw(self) -> bool:
        return self.k == self.params.word_bits - 1

    @property
    def prediction(self) -> int:
        return self.previous if self.params.delta else 0

    @property
    def skips_zero(self) -> bool:
        """The next word cannot be what it is predicted to be, 0: e is one less."""
        return not self.params.signed and self.prediction == 0

    def after_raw(self, word: int, folded: int) -> None:
        if folded < 1 << self.params.word_bits - 1:
            self.parameter -= 1
        self.previous = word

    def after_zeros(self, full: bool) -> None:
        self.slot = max(self.slot - ((2 << self.z) - 1), 0)
        self.run = min(self.run + 1, MAX_RUN) if full else max(self.run - 1, 0)
        self.previous, self.direct = 0, not full

    def after_word(self, word: int, quotient: int) -> None:
        step = self.params.steps[min(quotient.bit_length(), 3)]
        self.parameter = min(max(self.parameter + step, 0), self.params.max_parameter)
        self.slot = min(self.slot + 1, MAX_SLOT)
        self.previous, self.direct = word, False


# --- Encoder ------------------------------------------------------------------------------------


def _write_lsb_first(stream: BitWriter, value: int, bits: int) -> None:
    for k in range(bits):
        stream.write(value >> k, 1)


def _write_unary(stream: BitWriter, ones: int) -> None:
    stream.write(-1, ones)
    stream.write(0, 1)


def _write_raw(stream: BitWriter, state: _State, word: int) -> None:
    folded = _fold(state.params, word, state.prediction)
    _write_lsb_first(stream, folded, state.params.word_bits)
    state.after_raw(word, folded)


def _write_zeros(stream: BitWriter, state: _State, rest: list[int]) -> int:
    """Code a zero and the run behind it; return how many words.

    `rest` begins with it and holds one word more than the longest run, or ends with the packet.
    """
    longest = 1 << state.run_bits
    behind = rest[1:]
    count = next((i for i, word in enumerate(behind) if word), len(behind))
    full = count >= longest or count == len(behind)
    count = min(count, longest)
    _write_unary(stream, state.z)
    stream.write(full, 1)
    if not full:
        _write_lsb_first(stream, count, state.run_bits)
    state.after_zeros(full)
    return 1 + count


def _write_word(stream: BitWriter, state: _State, word: int) -> None:
    params = state.params
    folded = _fold(params, word, state.prediction) - state.skips_zero
    quotient = folded >> state.k
    ones = quotient + (not state.direct and quotient >= state.z)
    if ones < params.escape_ones:
        _write_unary(stream, ones)
        _write_lsb_first(stream, folded, state.k)
    else:
        stream.write(-1, params.escape_ones)
        _write_lsb_first(stream, folded, params.word_bits)
    state.after_word(word, quotient)


def _encode(params: StreamParams, words: Words) -> BitWriter:
    packet = [word & (1 << params.word_bits) - 1 for word in words.tolist()]
    if params.sign_last:
        packet = [_rotated(params, word, 1) for word in packet]
    stream, state = BitWriter(params.word_bits), _State(params)
    for flag in (params.signed, params.delta, params.sign_last):
        stream.write(flag, 1)
    done = 0
    while done < len(packet):
        if state.is_raw:
            _write_raw(stream, state, packet[done])
            done += 1
        elif packet[done]:
            _write_word(stream, state, packet[done])
            done += 1
        else:
            done += _write_zeros(stream, state, packet[done : done + 2 + LONGEST_RUN])
    return stream


# --- Decoder ------------------------------------------------------------------------------------


def _read_lsb_first(reader: BitReader, bits: int) -> int:
    return sum(reader.read(1) << k for k in range(bits))


def _read_raw(reader: BitReader, state: _State) -> int:
    folded = _read_lsb_first(reader, state.params.word_bits)
    word = _unfold(state.params, folded, state.prediction)
    state.after_raw(word, folded)
    return word


def _read_zeros(reader: BitReader, state: _State, left: int) -> int:
    """How many zeros the run code says, the one before it included; `left` words are to come."""
    start = reader.position
    full = bool(reader.read(1))
    count = 1 << state.run_bits if full else _read_lsb_first(reader, state.run_bits)
    # a run that ends before a word needs that word; a full one may end with the packet
    if not full and 1 + count >= left:
        reader.damage("zero run past the last word", start)
    state.after_zeros(full)
    return min(1 + count, left)


def _read_word(reader: BitReader, state: _State, start: int, ones: int) -> int:
    """The word whose code begins with `ones`, at bit `start`."""
    params = state.params
    quotient = ones - (not state.direct and ones > state.z)
    if ones < params.escape_ones:
        folded = quotient << state.k | _read_lsb_first(reader, state.k)
        folded %= 1 << params.word_bits
    else:
        folded = _read_lsb_first(reader, params.word_bits)
    if state.skips_zero:
        word = (folded + 1) % (1 << params.word_bits)
    else:
        word = _unfold(params, folded, state.prediction)
    if word == 0 and (state.skips_zero or state.direct):
        reader.damage("zero in place of another word", start)
    state.after_word(word, quotient)
    return word


def _decode(params: StreamParams, reader: BitReader, num_words: int) -> Words:
    flags = [bool(reader.read(1)) for _ in range(3)]
    params = replace(params, signed=flags[0], delta=flags[1], sign_last=flags[2])
    state = _State(params)
    packet: list[int] = []
    while len(packet) < num_words:
        if state.is_raw:
            packet.append(_read_raw(reader, state))
            continue
        start, ones = reader.position, 0
        while ones < params.escape_ones and reader.read(1):
            ones += 1
        if ones == state.z and not state.direct:
            packet += [0] * _read_zeros(reader, state, num_words - len(packet))
        else:
            packet.append(_read_word(reader, state, start, ones))
    if params.sign_last:
        packet = [_rotated(params, word, params.word_bits - 1) for word in packet]
    return signed_words(params.word_bits, np.array(packet, dtype=np.uint32))


# --- Packets ------------------------------------------------------------------------------------


def encode(params: StreamParams, words: Words) -> Encoded:
    """Code a packet; see `Params.encode`."""
    words = check_words(params.word_bits, words)
    return Encoded(_encode(params, words).words(), len(words))


def encoded_bits(params: StreamParams, words: Words) -> int:
    """Bits of the stream before padding; see `Params.encoded_bits`."""
    return _encode(params, check_words(params.word_bits, words)).position


def decode(params: StreamParams, encoded: Encoded) -> Words:
    """The words of a packet; see `Params.decode`."""
    encoded = check_encoded(params, encoded)
    reader = BitReader(encoded.code, params.word_bits, "code")
    words = _decode(params, reader, encoded.num_words)
    end = reader.position
    if reader.read(-end % params.word_bits):
        reader.damage("padding is not zero", end)
    reader.finish()
    return words


def decode_lenient(params: StreamParams, encoded: Encoded) -> tuple[Words, bool]:
    """Decode as the cores do: N words whatever the stream holds, and whether it is damaged.

    Zeros are read where the stream has ended; padding is not looked at.
    """
    damage: list[DamagedStream] = []
    encoded = check_encoded(params, encoded)
    reader = BitReader(encoded.code, params.word_bits, "code", damage.append)
    words = _decode(params, reader, encoded.num_words)
    reader.finish()
    return words, bool(damage)
