"""The bit-serial subtractor against subtraction."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.plane_subtractor import PlaneSubtractor
from sim.stalls import stalls
from tests.hw.ebpc.blocks import block, planes, word_plane
from tests.hw.simulate import clocked

SEED = 52


@pytest.mark.parametrize("stall", ["none", "geometric"])
@pytest.mark.parametrize("config", [(8, 8), (16, 8), (8, 4)])
def test_planes_of_words_become_planes_of_deltas(config, stall):
    params = Params(*config)
    rng = random.Random(SEED)
    dut = PlaneSubtractor(params)
    pauses = stalls(stall, rng)
    sent = [block(params, rng) for _ in range(20)]

    async def body(ctx):
        sign = None
        for words in sent:
            expected = planes(params, words)
            for k in range(params.word_bits):
                plane = word_plane(words, k)
                if k == params.word_bits - 1:
                    plane ^= 2**params.block_words - 1  # sign bits come inverted
                ctx.set(dut.words, plane)
                ctx.set(dut.first, k == 0)
                while next(pauses):
                    await ctx.tick()
                assert ctx.get(dut.dbp) == expected[k]
                if k:
                    assert ctx.get(dut.before) == expected[k - 1]
                    assert ctx.get(dut.dbx) == expected[k] ^ expected[k - 1]
                elif sign is not None:
                    assert ctx.get(dut.sign) == sign
                ctx.set(dut.step, 1)
                await ctx.tick()
                ctx.set(dut.step, 0)
            sign = expected[-1]
            assert ctx.get(dut.sign) == sign

    clocked(dut, body, cycles=20_000, about=f"{params}, stalls {stall}, seed {SEED}")
