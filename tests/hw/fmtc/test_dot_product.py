"""Sums of products, wrapped, and lanes that do not count."""

import random

import pytest

from fmcodec_hw.fmtc.dot_product import DotProduct
from fmcodec_hw.fmtc.numbers import ACC_BITS
from tests.hw.simulate import clocked

SEED = 111


@pytest.mark.parametrize(("lanes", "value_bits", "weight_bits"), [(1, 8, 8), (3, 9, 10), (8, 9, 8)])
def test_sums(lanes, value_bits, weight_bits):
    rng = random.Random(SEED)
    dut = DotProduct(lanes, value_bits, weight_bits)

    def number(bits: int) -> int:
        low = -1 << bits - 1
        return rng.choice([low, -1 - low, rng.randint(low, -1 - low)])

    async def body(ctx):
        total, wrapped = 0, False
        for length in [*(rng.randint(1, 9) for _ in range(60)), 600]:
            same = [(number(value_bits), number(weight_bits))] * lanes if length > 9 else None
            for i in range(length):
                pairs = same or [(number(value_bits), number(weight_bits)) for _ in range(lanes)]
                partial, last_lane = rng.random() < 0.5, rng.randrange(lanes)
                ctx.set(dut.first, i == 0)
                ctx.set(dut.partial, partial)
                ctx.set(dut.last_lane, last_lane)
                for lane, (value, weight) in enumerate(pairs):
                    ctx.set(dut.values[lane], value)
                    ctx.set(dut.weights[lane], weight)
                while rng.random() < 0.2:
                    await ctx.tick()
                ctx.set(dut.step, 1)
                await ctx.tick()
                ctx.set(dut.step, 0)
                counted = pairs[: last_lane + 1] if partial else pairs
                total = (total if i else 0) + sum(value * weight for value, weight in counted)
                half = 1 << ACC_BITS - 1
                wrapped |= not -half <= total < half
                assert ctx.get(dut.total) == (total + half) % (2 * half) - half
        assert wrapped or lanes * value_bits * weight_bits < 200

    clocked(dut, body, cycles=10_000, about=f"{lanes} lanes, seed {SEED}")
