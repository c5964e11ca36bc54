"""The encoder's corner turn: words in, planes and bases out, whatever m and n."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.corner_turn import CornerTurn
from sim.stalls import stalls
from tests.hw.ebpc.blocks import word_plane
from tests.hw.simulate import clocked

SEED = 54


@pytest.mark.parametrize("stall", ["none", "geometric"])
@pytest.mark.parametrize("config", [(8, 8), (16, 16), (16, 8), (32, 16), (32, 8), (8, 16), (8, 4)])
def test_words_in_planes_out(config, stall):
    params = Params(*config)
    word_bits, block_words = config
    steps = max(config)
    rng = random.Random(SEED)
    dut = CornerTurn(params)
    pauses = stalls(stall, rng)
    sent = [[rng.getrandbits(word_bits) for _ in range(block_words)] for _ in range(8)]

    async def body(ctx):
        for now in range(len(sent) * steps):
            number, index = divmod(now, steps)
            word = sent[number][index] if index < block_words else rng.getrandbits(word_bits)
            ctx.set(dut.word, word)
            ctx.set(dut.index, index)
            while next(pauses):
                await ctx.tick()
            # plane k leaves k steps after the block's last word has entered
            since, k = divmod(now - (block_words - 1), steps)
            if since >= 0 and k < word_bits:
                plane = word_plane(sent[since], k)
                if k == 0:  # without the word that enters
                    plane &= 2 ** (block_words - 1) - 1
                assert ctx.get(dut.plane) == plane, f"block {since} plane {k}"
            if since >= 0 and k == 1:
                assert ctx.get(dut.base) == sent[since][0], f"block {since}"
            ctx.set(dut.step, 1)
            await ctx.tick()
            ctx.set(dut.step, 0)

    clocked(dut, body, cycles=20_000, about=f"{params}, stalls {stall}, seed {SEED}")
