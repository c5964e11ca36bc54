"""The bit window: any number of bits let go of a cycle, packet after packet, under stalls."""

import random

import pytest

from fmcodec_hw.bit_window import BitWindow
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 42
# word_bits, step_bits, registers, port_words: a step of less than a word, of more, of many beats
SIZES = [(8, 5, 1, 1), (8, 8, 1, 1), (8, 16, 3, 1), (8, 21, 4, 1), (16, 20, 2, 1), (8, 16, 2, 2)]


def beats_of(words: list[int], word_bits: int, port_words: int) -> list[dict[str, int]]:
    """A packet's beats, the first word in the low lanes; a lane that is no word holds ones."""
    beats = []
    for start in range(0, len(words), port_words):
        chunk = words[start : start + port_words]
        lanes = chunk + [2**word_bits - 1] * (port_words - len(chunk))
        beat = {
            "data": sum(word << i * word_bits for i, word in enumerate(lanes)),
            "last": start + port_words >= len(words),
        }
        if port_words > 1:
            beat["keep"] = 2 ** (len(chunk) * word_bits // 8) - 1
        beats.append(beat)
    return beats


def first_bits(value: int, of: int, count: int) -> str:
    return f"{value:0{of}b}"[:count]


def let_go(ctx, dut: BitWindow, word_bits: int, length: int, rng: random.Random) -> None:
    """Ask for `length` bits: in one symbol or two, with a word before them or without."""
    skip = length >= word_bits and rng.random() < 0.5
    length -= skip * word_bits
    first = rng.randint(0, length)
    two = first < length or rng.random() < 0.5
    ctx.set(dut.skip, skip)
    ctx.set(dut.code, first)
    ctx.set(dut.two, two)
    # what does not count may be anything
    ctx.set(dut.second, length - first if two else rng.randint(0, length))


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("size", SIZES)
def test_steps_show_the_packets_bits(size, stall):
    word_bits, step_bits, registers, port_words = size
    beat_bits = word_bits * port_words
    keep_bits = beat_bits // 8 if port_words > 1 else 0
    lengths = range(step_bits + 1)
    dut = BitWindow(
        word_bits,
        step_bits,
        registers,
        lengths=lengths,
        port_words=port_words,
        keep_bits=keep_bits,
    )
    rng = random.Random(SEED)
    packets = [
        [rng.getrandbits(word_bits) for _ in range(rng.choice([1, 2, 3, 7, 40]))] for _ in range(20)
    ]
    beats = [beat for words in packets for beat in beats_of(words, word_bits, port_words)]
    pauses = stalls(stall, rng)

    async def read(ctx, bits: str, upto: int) -> None:
        """Let go of the packet's bits up to bit `upto`, in steps of any length."""
        position = 0
        while position < upto:
            shown = ctx.get(dut.shown)
            assert shown & (shown + 1) == 0, "a slot is skipped"
            visible = shown.bit_count() * beat_bits - position % beat_bits
            there = min(visible, len(bits) - position, step_bits)
            if there > 0:
                head = first_bits(ctx.get(dut.head), step_bits, there)
                assert head == bits[position : position + there]
                left = len(bits) - position
                first_lane = position % beat_bits // word_bits == 0
                if shown >> 1 or (port_words > 1 and first_lane and ctx.get(dut.held)):
                    inside = word_bits - position % word_bits
                    assert ctx.get(dut.more) == (left > inside)
                if ctx.get(dut.held):
                    assert ctx.get(dut.whole) == (position % word_bits == 0)
            length = min(rng.randint(0, max(there, 0)), upto - position)
            step = not next(pauses)
            let_go(ctx, dut, word_bits, length, rng)
            ctx.set(dut.step, step)
            assert not ctx.get(dut.overrun)
            await ctx.tick()
            position += length * step
            ctx.set(dut.step, 0)
        if position == len(bits) and ctx.get(dut.seen):
            assert not ctx.get(dut.whole)
            assert not ctx.get(dut.more)

    async def body(ctx):
        for words in packets:
            bits = "".join(f"{word:0{word_bits}b}" for word in words)
            await read(ctx, bits, rng.choice([len(bits), len(bits), rng.randint(0, len(bits))]))
            # what is left goes in whole beats, up to the last one
            while not ctx.get(dut.seen):
                ctx.set(dut.drop, ctx.get(dut.held))
                await ctx.tick()
                ctx.set(dut.drop, 0)
                assert not ctx.get(dut.overrun), "beats that are dropped are no overrun"
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)

    port = source(dut.beat, beats, stalls(stall, rng))
    about = f"{size}, stalls {stall}, seed {SEED}"
    clocked(dut, body, ports=[port], cycles=100_000, about=about)


@pytest.mark.parametrize("beyond", [1, 7, 8, 9, 16])
@pytest.mark.parametrize("words", [1, 2, 3])
@pytest.mark.parametrize("port_words", [1, 2])
def test_bits_beyond_the_end_are_an_overrun(words, port_words, beyond):
    keep_bits = port_words if port_words > 1 else 0
    dut = BitWindow(8, 16, 3, lengths=range(17), port_words=port_words, keep_bits=keep_bits)
    rng = random.Random(SEED)
    beats = beats_of([rng.getrandbits(8) for _ in range(words)], 8, port_words)

    async def body(ctx):
        while not ctx.get(dut.seen):
            await ctx.tick()
        ctx.set(dut.step, 1)
        for _ in range(words):
            ctx.set(dut.code, 8)
            assert not ctx.get(dut.overrun)
            await ctx.tick()
        ctx.set(dut.code, 0)
        assert not ctx.get(dut.overrun)
        # told in the step or in the cycle after it
        ctx.set(dut.code, beyond)
        told = ctx.get(dut.overrun)
        await ctx.tick()
        ctx.set(dut.step, 0)
        assert told or ctx.get(dut.overrun)

    port = source(dut.beat, beats, stalls("none", rng))
    clocked(dut, body, ports=[port], cycles=100, about=f"{words} words, seed {SEED}")


def test_one_beat_per_cycle():
    dut = BitWindow(8, 8, 1, lengths=(2, 5, 8))
    rng = random.Random(SEED)
    words = [rng.getrandbits(8) for _ in range(50)]

    async def body(ctx):
        ctx.set(dut.code, 2)
        ctx.set(dut.step, 1)
        for word in words:
            assert ctx.get(dut.head) == word
            await ctx.tick()

    port = source(dut.beat, beats_of(words, 8, 1), stalls("none", rng))
    clocked(dut, body, ports=[port], cycles=100, about=f"no stalls, seed {SEED}")
