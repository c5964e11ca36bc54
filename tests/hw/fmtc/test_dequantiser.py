"""The arithmetic from a sum to a value, against the format's formula."""

import random

from fmcodec_hw.fmtc.dequantiser import SUM_BITS, Dequantiser
from tests.hw.simulate import clocked

SEED = 31


def test_every_field():
    rng = random.Random(SEED)
    dut = Dequantiser()
    top = 1 << SUM_BITS - 1

    async def body(ctx):
        for _ in range(3000):
            total = rng.choice([rng.randrange(-top, top), rng.randrange(-300, 300), -top, top - 1])
            scale, shift = rng.choice([1, 255, rng.randint(1, 255)]), rng.randrange(16)
            offset = rng.choice([0, -1 << 23, (1 << 23) - 1, rng.randrange(-1 << 23, 1 << 23)])
            low = rng.choice([-128, 0, rng.randint(-128, 127)])
            high = rng.randint(low, 127)
            for name, value in {
                "sum": total,
                "scale": scale,
                "shift": shift,
                "offset": offset,
                "low": low,
                "high": high,
            }.items():
                ctx.set(getattr(dut, name), value)
            ctx.set(dut.step, 1)
            await ctx.tick()
            ctx.set(dut.step, 0)
            ctx.set(dut.sum, 0)
            await ctx.tick()
            wanted = total * scale + offset + (1 << shift >> 1) >> shift
            assert ctx.get(dut.value) == min(max(wanted, low), high)

    clocked(dut, body, cycles=7000, about=f"seed {SEED}")
