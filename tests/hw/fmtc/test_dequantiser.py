"""The arithmetic from a sum to a value, against the format's formula."""

import random

import pytest

from fmcodec_hw.fmtc.dequantiser import SUM_BITS, Dequantiser
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

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
                "scale": scale,
                "shift": shift,
                "offset": offset,
                "low": low,
                "high": high,
            }.items():
                ctx.set(getattr(dut, name), value)
            ctx.set(dut.sum.payload, {"value": total, "last": total & 1})
            ctx.set(dut.sum.valid, 1)
            assert ctx.get(dut.sum.ready)
            await ctx.tick()
            ctx.set(dut.sum.valid, 0)
            ctx.set(dut.value.ready, 0)
            for _ in range(2):
                assert not ctx.get(dut.value.valid)
                await ctx.tick()
            wanted = total * scale + offset + (1 << shift >> 1) >> shift
            for _ in range(2):
                assert ctx.get(dut.value.valid)
                assert ctx.get(dut.value.payload.value) == min(max(wanted, low), high)
                assert ctx.get(dut.value.payload.last) == total & 1
                await ctx.tick()
            ctx.set(dut.value.ready, 1)
            await ctx.tick()

    clocked(dut, body, cycles=20_000, about=f"seed {SEED}")


@pytest.mark.parametrize("stall", STALLS)
def test_a_value_a_cycle(stall):
    rng = random.Random(SEED)
    dut = Dequantiser()
    sums = [{"value": rng.randrange(-100, 100), "last": i % 7 == 6} for i in range(200)]
    found, cycles, pause = [], [], stalls(stall, rng)

    async def body(ctx):
        ctx.set(dut.scale, 1)
        ctx.set(dut.low, -128)
        ctx.set(dut.high, 127)
        cycle = 0
        while len(found) < len(sums):
            ready = not next(pause)
            ctx.set(dut.value.ready, ready)
            *_, valid, payload = await ctx.tick().sample(dut.value.valid, dut.value.payload)
            if valid and ready:
                found.append({"value": payload.value, "last": payload.last})
                cycles.append(cycle)
            cycle += 1

    port = source(dut.sum, sums, stalls(stall, rng))
    clocked(dut, body, ports=[port], cycles=5000, about=f"stalls {stall}, seed {SEED}")
    assert found == sums
    if stall == "none":
        assert cycles[-1] - cycles[0] == len(sums) - 1
