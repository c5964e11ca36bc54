"""The ZNZ coder against the golden model's stream, under stalls on both sides."""

import random

import numpy as np
import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.znz_coder import ZnzCoder
from sim.stalls import STALLS, stalls
from sim.words import KINDS, make
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink

SEED = 58


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("config", [(8, 8, 2), (8, 8, 16), (8, 8, 128), (8, 8, 256), (16, 8, 16)])
def test_stream_of_packets(config, stall):
    params = Params(*config)
    rng, numbers = random.Random(SEED), np.random.default_rng(SEED)
    z = params.max_zero_run
    packets = [
        make(params.word_bits, rng.choice(KINDS), size, numbers, zero_run=z)
        for size in (1, 2, 9, z - 1, z, z + 1, 2 * z, 3 * z + 1, 60, 1, 40)
    ]
    dut = ZnzCoder(params)
    beats: list[Beat] = []
    pauses = stalls(stall, rng)

    async def body(ctx):
        for words in packets:
            for word in words:
                ctx.set(dut.nonzero, int(word != 0))
                while next(pauses) or not ctx.get(dut.ready):
                    await ctx.tick()
                ctx.set(dut.strobe, 1)
                await ctx.tick()
                ctx.set(dut.strobe, 0)
            ctx.set(dut.close, 1)
            while not ctx.get(dut.closed):
                ctx.set(dut.nonzero, rng.getrandbits(1))  # the next packet waits
                await ctx.tick()
            await ctx.tick()
            ctx.set(dut.close, 0)

    about = f"{params}, stalls {stall}, seed {SEED}"
    clocked(
        dut, body, ports=[sink(dut.beat, beats, stalls(stall, rng))], cycles=100_000, about=about
    )
    found: list[list[int]] = [[]]
    for beat in beats:
        found[-1].append(beat.data)
        if beat.last:
            found.append([])
    assert found == [*(params.encode(words).znz.tolist() for words in packets), []]


def test_one_word_per_cycle():
    dut = ZnzCoder(Params())

    async def body(ctx):
        rng = random.Random(SEED)
        ctx.set(dut.beat.ready, 1)
        ctx.set(dut.strobe, 1)
        for _ in range(300):
            assert ctx.get(dut.ready)
            ctx.set(dut.nonzero, rng.getrandbits(1))
            await ctx.tick()

    clocked(dut, body, cycles=400, about=f"no stalls, seed {SEED}")
