"""The word counter against counting."""

import random

import pytest

from fmcodec_hw.ebpc.word_counter import WordCounter
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 64


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("length_bits", [1, 5, 24])
def test_lengths_are_counted_down(length_bits, stall):
    rng = random.Random(SEED)
    dut = WordCounter(length_bits)
    sizes = [rng.randint(1, min(2**length_bits, 40)) for _ in range(20)]
    pauses = stalls(stall, rng)

    async def body(ctx):
        for size in sizes:
            while not ctx.get(dut.active):
                assert ctx.get(dut.length.ready)
                await ctx.tick()
            for i in range(size):
                while next(pauses):
                    await ctx.tick()
                assert ctx.get(dut.active)
                assert not ctx.get(dut.length.ready)
                assert ctx.get(dut.last) == (i == size - 1)
                ctx.set(dut.take, 1)
                await ctx.tick()
                ctx.set(dut.take, 0)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            assert not ctx.get(dut.active)

    port = source(dut.length, [size - 1 for size in sizes], stalls(stall, rng))
    about = f"{length_bits} bits, stalls {stall}, seed {SEED}"
    clocked(dut, body, ports=[port], cycles=20_000, about=about)
