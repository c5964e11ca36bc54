"""The decoder's corner turn: planes in, deltas out, whatever m and n."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.delta_turn import DeltaTurn
from sim.stalls import stalls
from tests.hw.ebpc.blocks import word_plane
from tests.hw.simulate import clocked

SEED = 55


@pytest.mark.parametrize("stall", ["none", "geometric"])
@pytest.mark.parametrize("config", [(8, 8), (16, 16), (16, 8), (32, 16), (32, 8), (8, 16), (8, 4)])
def test_planes_in_deltas_out(config, stall):
    params = Params(*config)
    word_bits = params.word_bits
    steps = max(config)
    rng = random.Random(SEED)
    dut = DeltaTurn(params)
    pauses = stalls(stall, rng)
    sent = [[rng.getrandbits(word_bits) for _ in range(params.plane_bits)] for _ in range(8)]

    async def body(ctx):
        for now in range(len(sent) * steps):
            number, k = divmod(now, steps)
            has_plane = k < word_bits
            plane = word_plane(sent[number], k) if has_plane else rng.getrandbits(params.plane_bits)
            ctx.set(dut.plane, plane)
            ctx.set(dut.index, k)
            while next(pauses):
                await ctx.tick()
            if 0 < k < word_bits:
                assert ctx.get(dut.before) == word_plane(sent[number], k - 1)
            # the deltas follow one by one behind the block's last plane
            since, i = divmod(now - word_bits, steps)
            if since >= 0 and i < params.plane_bits:
                assert ctx.get(dut.delta) == sent[since][i], f"block {since}, delta {i}"
            ctx.set(dut.step, 1)
            await ctx.tick()
            ctx.set(dut.step, 0)

    clocked(dut, body, cycles=20_000, about=f"{params}, stalls {stall}, seed {SEED}")
