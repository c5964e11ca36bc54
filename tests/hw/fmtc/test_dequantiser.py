"""The arithmetic from a sum to a value, against the format's formula."""

import random

import pytest

from fmcodec_hw.fmtc.dequantiser import SUM_BITS, Dequantiser
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 31


@pytest.mark.parametrize("booth", [False, True])
def test_every_field(booth):
    rng = random.Random(SEED)
    dut = Dequantiser(booth=booth)
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
@pytest.mark.parametrize("own_offsets", [False, True])
def test_a_value_a_cycle(own_offsets, stall):
    rng = random.Random(SEED)
    dut = Dequantiser(own_offsets=own_offsets)
    sums = [{"value": rng.randrange(-100, 100), "last": i % 7 == 6} for i in range(200)]
    offsets = [rng.randrange(-20, 20) if own_offsets else 0 for _ in sums]
    taken = [0]

    async def offset_port(ctx):
        while taken[0] < len(sums):
            ctx.set(dut.offset, offsets[taken[0]])
            *_, valid, ready = await ctx.tick().sample(dut.sum.valid, dut.sum.ready)
            taken[0] += valid and ready

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
    clocked(dut, body, ports=[port, offset_port], cycles=5000, about=f"stalls {stall}, seed {SEED}")
    assert found == [
        {**one, "value": one["value"] + offset} for one, offset in zip(sums, offsets, strict=True)
    ]
    if stall == "none":
        assert cycles[-1] - cycles[0] == len(sums) - 1
