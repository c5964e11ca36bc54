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
                ctx.set(dut.enters, rng.getrandbits(1))
                if k == 0:  # the last word's bit comes by itself
                    last_bit = plane >> (params.block_words - 1)
                    ctx.set(dut.enters, last_bit)
                    plane ^= last_bit << (params.block_words - 1)
                ctx.set(dut.words, plane)
                ctx.set(dut.first, k == 0)
                ctx.set(dut.last, k == params.word_bits - 1)
                while next(pauses):
                    await ctx.tick()
                dbx = expected[k] ^ (expected[k - 1] if k else 0)
                assert ctx.get(dut.dbx) == dbx
                assert ctx.get(dut.zero) == (expected[k] == 0)
                assert ctx.get(dut.repeats) == (k > 0 and dbx == 0)
                if k == 0 and sign is not None:
                    assert (ctx.get(dut.sign_dbx), ctx.get(dut.sign_zero)) == sign
                ctx.set(dut.step, 1)
                await ctx.tick()
                ctx.set(dut.step, 0)
            sign = expected[-1] ^ expected[-2], expected[-1] == 0
            assert (ctx.get(dut.sign_dbx), ctx.get(dut.sign_zero)) == sign

    clocked(dut, body, cycles=20_000, about=f"{params}, stalls {stall}, seed {SEED}")
