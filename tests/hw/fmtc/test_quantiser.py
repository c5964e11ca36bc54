"""Symbols, zeros and clips of accumulators, corners first."""

import random

import pytest

from fmcodec_hw.fmtc.quantiser import Quantiser
from tests.hw.simulate import clocked

SEED = 96


def expected(acc: int, shift: int, scale: int, zero_point: int, q_max: int) -> tuple[int, bool]:
    reduced = min(max(acc >> shift, -1 << 15), (1 << 15) - 1)
    level = (reduced * scale + (1 << 13) >> 14) + zero_point
    symbol = min(max(level, 0), q_max)
    return symbol, symbol != level


@pytest.mark.parametrize("booth", [False, True])
def test_levels(booth):
    rng = random.Random(SEED)
    dut = Quantiser(booth=booth)
    top = 1 << 23

    async def body(ctx):
        for _ in range(6000):
            near = rng.choice([1, 1 << 10, 1 << 15, 1 << 20, top])
            acc = rng.choice([-top, top - 1, 0, -1, rng.randrange(-near, near)])
            shift, scale = rng.randrange(16), rng.choice([128, 255, rng.randint(128, 255)])
            q_max = rng.choice([1, 254, rng.randint(1, 254)])
            zero_point = rng.choice([0, q_max, rng.randint(0, q_max)])
            ctx.set(dut.acc, acc)
            ctx.set(dut.shift, shift)
            ctx.set(dut.step, 1)
            await ctx.tick()
            ctx.set(dut.step, 0)
            ctx.set(dut.acc, rng.randrange(-top, top))
            ctx.set(dut.scale, scale - 128)
            ctx.set(dut.zero_point, zero_point)
            ctx.set(dut.span, q_max - zero_point)
            if rng.random() < 0.2:
                await ctx.tick()
            symbol, clipped = expected(acc, shift, scale, zero_point, q_max)
            size, negative = ctx.get(dut.magnitude), ctx.get(dut.negative)
            assert zero_point + (-size if negative else size) == symbol, (acc, shift, scale)
            assert ctx.get(dut.zero) == (symbol == zero_point)
            assert ctx.get(dut.clipped) == clipped

    clocked(dut, body, cycles=20_000, about=f"seed {SEED}")
