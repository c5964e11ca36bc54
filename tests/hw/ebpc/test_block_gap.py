"""The gap between two blocks: every code is taken once, in order, in no cycle of another one."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.block_gap import BlockGap
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked

SEED = 60
BLOCKS = 40


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("config", [(8, 8), (16, 8), (8, 16)])
def test_codes_between_blocks(config, stall):
    params = Params(*config)
    word_bits, steps = params.word_bits, max(config)
    rng = random.Random(SEED)
    dut = BlockGap(params)
    pauses, hides = stalls(stall, rng), stalls(stall, rng)
    taken: list[str] = []
    expected: list[str] = []

    async def tick(ctx, reading: bool = False) -> None:
        sign, base = ctx.get(dut.takes_sign), ctx.get(dut.takes_base)
        assert not (sign and base), "one code a cycle"
        assert not (reading and (sign or base)), "a plane's code is taken in this cycle"
        taken.extend(["sign"] * sign + ["base"] * base)
        await ctx.tick()
        ctx.set(dut.shows, not next(hides))

    async def body(ctx):
        for _ in range(BLOCKS):
            covers = rng.getrandbits(1)
            running = covers and rng.getrandbits(1)
            expected.extend(["base", *["plane"] * word_bits, *["sign"] * (not covers)])
            for k in range(steps):
                at_last = k == word_bits - 1
                ctx.set(dut.first, k == 0)
                ctx.set(dut.last_plane, at_last)
                ctx.set(dut.ends, k == steps - 1)
                ctx.set(dut.reads, k < word_bits)
                ctx.set(dut.covers_sign, covers if at_last else rng.getrandbits(1))
                ctx.set(dut.running, running if at_last else rng.getrandbits(1))
                while next(pauses) or ctx.get(dut.waits):
                    await tick(ctx)
                ctx.set(dut.step, 1)
                if k < word_bits:
                    taken.append("plane")
                # only a run that began before the last plane leaves its step to another code
                await tick(ctx, reading=k < word_bits and not (at_last and running))
                ctx.set(dut.step, 0)
        ctx.set(dut.first, 1)
        ctx.set(dut.ended, 1)
        while ctx.get(dut.needs_sign):
            await tick(ctx)
        for _ in range(5):
            await tick(ctx)  # there is no block: no base either

    clocked(dut, body, cycles=20_000, about=f"{params}, stalls {stall}, seed {SEED}")
    # a base that comes with a block's last step is taken before it is known that no block follows
    assert taken in (expected, [*expected, "base"])


@pytest.mark.parametrize("covers", [False, True])
@pytest.mark.parametrize(("config", "most"), [((8, 8), 2), ((16, 8), 2), ((8, 16), 0)])
def test_cycles_of_a_block(config, most, covers):
    """Two cycles more, none where a run makes up for them or where n > m."""
    params = Params(*config)
    steps = max(config)
    dut = BlockGap(params)

    async def body(ctx):
        cycles = 0
        ctx.set(dut.shows, 1)
        ctx.set(dut.covers_sign, covers)
        ctx.set(dut.running, covers)
        for _ in range(10):
            for k in range(steps):
                ctx.set(dut.first, k == 0)
                ctx.set(dut.last_plane, k == params.word_bits - 1)
                ctx.set(dut.ends, k == steps - 1)
                ctx.set(dut.reads, k < params.word_bits)
                while ctx.get(dut.waits):
                    await ctx.tick()
                    cycles += 1
                ctx.set(dut.step, 1)
                await ctx.tick()
                cycles += 1
                ctx.set(dut.step, 0)
        extra = 0 if covers else most
        first_base = 1
        assert cycles <= 10 * (steps + extra) + first_base

    clocked(dut, body, cycles=1000, about=f"{params}, no stalls")


def test_clear_forgets_what_was_needed():
    dut = BlockGap(Params())

    async def body(ctx):
        ctx.set(dut.step, 1)
        ctx.set(dut.last_plane, 1)
        ctx.set(dut.reads, 1)
        await ctx.tick()
        ctx.set(dut.step, 0)
        assert ctx.get(dut.needs_sign)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        ctx.set(dut.clear, 0)
        assert not ctx.get(dut.needs_sign)
        assert ctx.get(dut.needs_base)

    clocked(dut, body, cycles=10, about="one packet")
