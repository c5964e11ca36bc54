"""Symbols, zeros and clips of accumulators, corners first."""

import random

from fmcodec_hw.fmtc.quantiser import Quantiser
from tests.hw.simulate import clocked

SEED = 96


def expected(acc: int, shift: int, scale: int, zero_point: int, q_max: int) -> tuple[int, bool]:
    reduced = min(max(acc >> shift, -1 << 15), (1 << 15) - 1)
    level = (reduced * scale + (1 << 13) >> 14) + zero_point
    symbol = min(max(level, 0), q_max)
    return symbol, symbol != level


def test_levels():
    rng = random.Random(SEED)
    dut = Quantiser()
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
            ctx.set(dut.q_max, q_max)
            if rng.random() < 0.2:
                await ctx.tick()
            symbol, clipped = expected(acc, shift, scale, zero_point, q_max)
            shown = tuple(map(ctx.get, (dut.symbol, dut.zero, dut.clipped)))
            assert shown == (symbol, symbol == zero_point, clipped), (acc, shift, scale)

    clocked(dut, body, cycles=20_000, about=f"seed {SEED}")
