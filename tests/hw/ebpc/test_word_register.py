"""The word register: sums and zeros in, words out, the last one when it may."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.word_register import WordRegister
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink

SEED = 63


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("word_bits", [8, 16])
def test_words_of_packets(word_bits, stall):
    rng = random.Random(SEED)
    dut = WordRegister(Params(word_bits=word_bits))
    mask = 2**word_bits - 1
    pauses = stalls(stall, rng)
    beats: list[Beat] = []
    expected: list[tuple[int, bool, bool]] = []

    async def body(ctx):
        total = 0
        for size in (1, 2, 50, 1, 30):
            for i in range(size):
                kind = rng.choice(["base", "delta", "zero"])
                value, last = rng.getrandbits(word_bits), i == size - 1
                while next(pauses) or not ctx.get(dut.free):
                    await ctx.tick()
                ctx.set(dut.base, value if kind == "base" else rng.getrandbits(word_bits))
                ctx.set(dut.delta, value if kind == "delta" else rng.getrandbits(word_bits))
                ctx.set(dut.loads, kind == "base" or (kind == "zero" and rng.getrandbits(1)))
                ctx.set(dut.moves, kind != "zero")
                ctx.set(dut.shows, kind != "zero")
                ctx.set(dut.last, last)
                ctx.set(dut.emit, 1)
                await ctx.tick()
                for signal in (dut.emit, dut.moves):
                    ctx.set(signal, 0)
                if kind != "zero":
                    total = (value + total * (kind == "delta")) & mask
                expected.append((total if kind != "zero" else 0, last, False))
            damaged = rng.getrandbits(1)
            expected[-1] = (*expected[-1][:2], bool(damaged))
            assert ctx.get(dut.final)
            for _ in range(rng.randrange(4)):
                assert not ctx.get(dut.words.valid)
                assert not ctx.get(dut.free)
                await ctx.tick()
            ctx.set(dut.damaged, damaged)
            ctx.set(dut.release, 1)
            while not ctx.get(dut.clear):
                await ctx.tick()
            await ctx.tick()
            ctx.set(dut.release, 0)
            ctx.set(dut.damaged, 0)
            assert not ctx.get(dut.final)

    port = sink(dut.words, beats, stalls(stall, rng))
    about = f"{word_bits} bits, stalls {stall}, seed {SEED}"
    clocked(dut, body, ports=[port], cycles=20_000, about=about)
    assert [(beat.data, beat.last, beat.user) for beat in beats] == expected
