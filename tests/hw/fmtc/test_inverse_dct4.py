"""Values of blocks as the model has them, one a cycle."""

import random

import pytest

from fmcodec.fmtc.fields import DCT4_CLASS
from fmcodec.fmtc.reference import DCT4_GAIN, DCT4_ROWS
from fmcodec_hw.fmtc.inverse_dct4 import InverseDct4
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED, BITS = 104, 9


def values(block: list[int]) -> list[int]:
    """R of doc/format.md."""
    return [
        sum(
            DCT4_ROWS[k % 4][i] * DCT4_ROWS[k // 4][j] * DCT4_GAIN[DCT4_CLASS[k]] * block[k]
            for k in range(16)
        )
        for i in range(4)
        for j in range(4)
    ]


def extreme(rng: random.Random) -> list[int]:
    """The levels that make one of the values as large as it can be."""
    i, j, sign = rng.randrange(4), rng.randrange(4), rng.choice([-254, 255])
    signs = [DCT4_ROWS[k % 4][i] * DCT4_ROWS[k // 4][j] for k in range(16)]
    return [sign if s > 0 else -254 if sign > 0 else 254 for s in signs]


def drawn(rng: random.Random) -> list[int]:
    return extreme(rng) if rng.random() < 0.3 else [rng.randint(-254, 255) for _ in range(16)]


def transform(stall: str, blocks: int) -> list[int]:
    """Blocks come out right; the cycles of their values."""
    rng = random.Random(SEED)
    dut = InverseDct4(BITS)
    sent = [drawn(rng) for _ in range(blocks)]
    ends = [rng.random() < 0.4 for _ in sent]
    levels = [
        {"value": level, "last": i == 15 and end}
        for block, end in zip(sent, ends, strict=True)
        for i, level in enumerate(block)
    ]
    pause, found, cycles = stalls(stall, rng), [], []

    async def body(ctx):
        cycle = 0
        while len(found) < 16 * blocks:
            ready = not next(pause)
            ctx.set(dut.sum.ready, ready)
            *_, valid, payload = await ctx.tick().sample(dut.sum.valid, dut.sum.payload)
            if valid and ready:
                place = len(found) % 16
                assert payload.last == (place == 15 and ends[len(found) // 16])
                found.append(payload.value)
                cycles.append(cycle)
            cycle += 1

    port = source(dut.level, levels, stalls(stall, rng))
    clocked(dut, body, ports=[port], cycles=400 * blocks, about=f"stalls {stall}, seed {SEED}")
    assert found == [r for block in sent for r in values(block)]
    return cycles


@pytest.mark.parametrize("stall", STALLS)
def test_blocks(stall):
    transform(stall, 40)


def test_a_value_a_cycle():
    cycles = transform("none", 20)
    assert cycles[0] == 16
    assert cycles[-1] - cycles[0] == len(cycles) - 1


@pytest.mark.parametrize("pause", range(19))
def test_a_pause_of_any_length(pause):
    """A block leaves in the 16 cycles behind its last coefficient; the next one comes meanwhile."""
    rng = random.Random(SEED + pause)
    dut = InverseDct4(BITS)
    sent = [drawn(rng) for _ in range(4)]
    offered = [level for block in sent for level in [*block, *[None] * pause]] + [None] * 18
    found = []

    async def body(ctx):
        ctx.set(dut.sum.ready, 1)
        for cycle, level in enumerate(offered):
            ctx.set(dut.level.valid, level is not None)
            ctx.set(dut.level.payload.value, rng.randint(-254, 255) if level is None else level)
            assert ctx.get(dut.level.ready)
            if ctx.get(dut.sum.valid):
                found.append((cycle, ctx.get(dut.sum.payload.value)))
            await ctx.tick()

    clocked(dut, body, cycles=400, about=f"seed {SEED + pause}")
    wanted = [values(block) for block in sent]
    assert found == [
        ((16 + pause) * n + 16 + i, r)
        for n, block in enumerate(wanted)
        for i, r in enumerate(block)
    ]


def test_a_block_waits_for_the_one_that_has_begun():
    rng = random.Random(SEED)
    dut = InverseDct4(BITS)
    sent = [drawn(rng) for _ in range(2)]

    async def body(ctx):
        ctx.set(dut.sum.ready, 1)
        for i, level in enumerate(sent[0] + sent[1]):
            ctx.set(dut.level.valid, 0)
            for _ in range(3 if i > 16 else 0):
                assert not ctx.get(dut.sum.valid)
                await ctx.tick()
            ctx.set(dut.level.valid, 1)
            ctx.set(dut.level.payload.value, level)
            assert ctx.get(dut.sum.valid) == (i > 15)
            if i > 15:
                assert ctx.get(dut.sum.payload.value) == values(sent[0])[i - 16]
            await ctx.tick()

    clocked(dut, body, cycles=200, about=f"seed {SEED}")
