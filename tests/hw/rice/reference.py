"""Rice streams bit by bit, for the tests of the cores and of their parts."""

from __future__ import annotations

import random
from dataclasses import dataclass

KINDS = ("zeros", "random", "sparse", "walk", "half_zeros", "extremes", "ones", "lone_last")


@dataclass(frozen=True)
class Flags:
    """How the words of a packet are read."""

    signed: bool = False
    delta: bool = True
    sign_last: bool = False

    @classmethod
    def draw(cls, rng: random.Random) -> Flags:
        return cls(*(rng.random() < share for share in (0.5, 0.7, 0.3)))


def fold(word: int, prediction: int, signed: bool, word_bits: int) -> int:
    """The folded difference, of the case where 0 has a place."""
    size = 1 << word_bits
    if signed:
        difference = (word - prediction) % size
        return 2 * difference if difference < size // 2 else 2 * (size - difference) - 1
    if prediction >= size // 2:
        word, prediction = size - 1 - word, size - 1 - prediction
    difference = word - prediction
    if word > 2 * prediction:
        return word
    return 2 * difference if difference >= 0 else -2 * difference - 1


@dataclass
class State:
    """What a core has learnt: K, Z and R of doc/format.md."""

    word_bits: int
    parameter: int = -1
    slot: int = 8
    run: int = 4

    def __post_init__(self) -> None:
        if self.parameter < 0:
            self.parameter = 2 * self.word_bits

    @property
    def k(self) -> int:
        return self.parameter >> 2

    @property
    def raw(self) -> bool:
        return self.k == self.word_bits - 1

    def value(self, quotient: int) -> None:
        step = -1 if quotient == 0 else 0 if quotient == 1 else 2 if quotient < 4 else 4
        self.parameter = min(max(self.parameter + step, 0), 4 * self.word_bits - 1)
        self.slot = min(self.slot + 1, 31)

    def raw_value(self, folded: int) -> None:
        self.parameter -= folded < 1 << (self.word_bits - 1)

    def zeros(self, full: bool) -> None:
        self.slot = max(self.slot - (2 ** ((self.slot >> 3) + 1) - 1), 0)
        self.run = min(self.run + 1, 11) if full else max(self.run - 1, 0)


def lsb_first(value: int, bits: int) -> list[int]:
    return [value >> i & 1 for i in range(bits)]


def rotate(word: int, word_bits: int) -> int:
    return (word << 1 | word >> (word_bits - 1)) & ((1 << word_bits) - 1)


def encode_bits(words: list[int], flags: Flags, word_bits: int) -> list[int]:
    """The bits of a packet's stream, without padding."""
    bits = [int(flags.signed), int(flags.delta), int(flags.sign_last)]
    if flags.sign_last:
        words = [rotate(word, word_bits) for word in words]
    state, previous, direct, i = State(word_bits), 0, False, 0
    while i < len(words):
        word, prediction = words[i], previous if flags.delta else 0
        folded = fold(word, prediction, flags.signed, word_bits)
        i += 1
        if state.raw:
            bits += lsb_first(folded, word_bits)
            state.raw_value(folded)
        elif word == 0:
            zero_bits = state.run >> 1
            bits += [1] * (state.slot >> 3) + [0]
            count = 0
            while i < len(words) and words[i] == 0 and count < 1 << zero_bits:
                i, count = i + 1, count + 1
            full = count == 1 << zero_bits or i == len(words)
            bits += [1] if full else [0, *lsb_first(count, zero_bits)]
            state.zeros(full)
            direct = not full
        else:
            folded -= not flags.signed and prediction == 0
            quotient = folded >> state.k
            ones = quotient + (not direct and quotient >= state.slot >> 3)
            if ones < 8:
                bits += [1] * ones + [0] + lsb_first(folded, state.k)
            else:
                bits += [1] * 8 + lsb_first(folded, word_bits)
            state.value(quotient)
            direct = False
        previous = word
    return bits


def stream(words: list[int], flags: Flags, word_bits: int) -> list[int]:
    """The words of a packet's stream."""
    bits = encode_bits(words, flags, word_bits)
    bits += [0] * (-len(bits) % word_bits)
    return [
        int("".join(map(str, bits[i : i + word_bits])), 2) for i in range(0, len(bits), word_bits)
    ]


def unfold(folded: int, prediction: int, signed: bool, word_bits: int) -> int:
    size = 1 << word_bits
    mirror = not signed and prediction >= size // 2
    if mirror:
        prediction = size - 1 - prediction
    half = folded >> 1
    difference = -half - 1 if folded & 1 else half
    word = folded if not signed and folded > 2 * prediction else prediction + difference
    return (size - 1 - word if mirror else word) % size


def decode(stream_words: list[int], num_words: int, word_bits: int) -> tuple[list[int], bool]:
    """Words of a stream that may be damaged, and whether it is seen to be."""
    bits = [word >> i & 1 for word in stream_words for i in reversed(range(word_bits))]
    at, damaged, size = 0, False, 1 << word_bits

    def take(count: int) -> int:
        nonlocal at
        got = [bits[i] if i < len(bits) else 0 for i in range(at, at + count)]
        at += count
        return sum(bit << i for i, bit in enumerate(got))

    signed, delta, sign_last = (take(1) for _ in range(3))
    state, previous, direct = State(word_bits), 0, False
    words: list[int] = []
    while len(words) < num_words:
        prediction = previous if delta else 0
        if state.raw:
            folded = take(word_bits)
            previous = unfold(folded, prediction, bool(signed), word_bits)
            words.append(previous)
            state.raw_value(folded)
            continue
        ones, slot = 0, state.slot >> 3
        while ones < 8 and take(1):
            ones += 1
        if ones == slot and not direct:
            full, zero_bits = bool(take(1)), state.run >> 1
            count = 1 << zero_bits if full else take(zero_bits)
            left = num_words - len(words) - 1
            damaged |= not full and count >= left
            words += [0] * min(count + 1, left + 1)
            state.zeros(full)
            direct, previous = not full, 0
            continue
        quotient = ones - (not direct and ones > slot)
        folded = take(word_bits) if ones == 8 else (quotient << state.k | take(state.k)) % size
        skips = not signed and prediction == 0
        previous = unfold(folded, prediction, bool(signed), word_bits)
        if skips:
            previous = (folded + 1) % size
        damaged |= (skips or direct) and previous == 0
        words.append(previous)
        state.value(8 if ones == 8 else quotient)
        direct = False
    damaged |= -(-at // word_bits) != len(stream_words)
    if sign_last:
        words = [word >> 1 | (word & 1) << (word_bits - 1) for word in words]
    return words, damaged


def packet(kind: str, size: int, word_bits: int, rng: random.Random) -> list[int]:
    """Words of a packet, one of `KINDS`."""
    top, words = 1 << word_bits, [0] * size
    for i in range(size):
        if kind == "random":
            words[i] = rng.randrange(top)
        elif kind == "sparse":
            words[i] = rng.randrange(top) if rng.random() < 0.05 else 0
        elif kind == "walk":
            words[i] = ((words[i - 1] if i else rng.randrange(top)) + rng.randint(-3, 3)) % top
        elif kind == "half_zeros":
            words[i] = min(top - 1, int(rng.expovariate(0.1))) if rng.random() < 0.5 else 0
        elif kind == "extremes":
            words[i] = rng.choice([0, 1, top // 2 - 1, top // 2, top - 1])
        elif kind == "ones":
            words[i] = 1
    if kind == "lone_last":
        words[-1] = rng.randrange(1, top)
    return words


def packets(
    word_bits: int, count: int, rng: random.Random, longest: int = 150
) -> list[tuple[list[int], Flags]]:
    """Packets of all kinds and of many sizes, with flags."""
    sizes = [*range(1, 12), 31, 32, 33, 34, 64, 65, 66, 67, longest]
    return [
        (packet(KINDS[i % len(KINDS)], rng.choice(sizes), word_bits, rng), Flags.draw(rng))
        for i in range(count)
    ]
