"""Pairs of the coefficients: one for all, of the classes of dct4, from either half of a memory."""

import random

import pytest

from fmcodec.fmtc import Params
from fmcodec.fmtc.fields import DCT4_CLASS
from fmcodec_hw.fmtc.context_fields import Build
from fmcodec_hw.fmtc.scales import Scales
from tests.hw.simulate import clocked

SEED = 101


@pytest.mark.parametrize("transform", ["none", "dct4"])
def test_pairs(transform):
    rng = random.Random(SEED)
    channels = 16 if transform == "dct4" else 11
    build = Build(Params(channels, transform, "rice"), "encoder")
    dut = Scales(build)

    def pair() -> dict[str, int]:
        return {"shift": rng.randrange(16), "scale": rng.randrange(128)}

    async def body(ctx):
        for _ in range(20):
            pairs, own, bank = [pair() for _ in range(build.pairs)], [], rng.getrandbits(1)
            for i, each in enumerate(pairs):
                ctx.set(dut.pairs[i], each)
            kinds = DCT4_CLASS.tolist() if transform == "dct4" else [0] * channels
            expected = [pairs[kind] for kind in kinds]
            if build.has_each:
                each = rng.getrandbits(1)
                own = [pair() for _ in range(channels)]
                ctx.set(dut.each, each)
                for half, values in ((bank, own), (1 - bank, [pair() for _ in own])):
                    ctx.set(dut.bank, 1 - half)
                    for i, value in enumerate(values):
                        ctx.set(dut.write, {"valid": 1, "index": i, "pair": value})
                        await ctx.tick()
                    ctx.set(dut.write.valid, 0)
                ctx.set(dut.bank, bank)
                expected = own if each else expected
            ctx.set(dut.component, 0)
            ctx.set(dut.opens, 1)
            await ctx.tick()
            ctx.set(dut.opens, 0)
            for i in range(3 * channels):
                k = i % channels
                ctx.set(dut.component, k)
                ctx.set(dut.following, (k + 1) % channels)
                while rng.random() < 0.2:
                    await ctx.tick()
                assert ctx.get(dut.shift) == expected[k]["shift"]
                ctx.set(dut.step, 1)
                await ctx.tick()
                ctx.set(dut.step, 0)
                assert ctx.get(dut.scale) == expected[k]["scale"]

    clocked(dut, body, cycles=10_000, about=f"{transform}, seed {SEED}")
