"""Delays, queues of chunks and the rotation that both corner turns are made of."""

import random

import pytest
from amaranth.hdl import Cat, Const, Module, Signal

from fmcodec_hw.ebpc.skew import DelayLine, Steps, TwinLine, one_by_one, skew_and_rotate
from sim.stalls import stalls
from tests.hw.simulate import clocked

SEED = 53


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_a_line_delays_by_steps(steps):
    m, bit, step = Module(), Signal(), Signal()
    line = DelayLine(m, "line", bit, steps, step)
    rng = random.Random(SEED)
    pauses = stalls("geometric", rng)

    async def body(ctx):
        past: list[int] = []  # the youngest bit first
        for _ in range(100):
            past.insert(0, rng.getrandbits(1))
            ctx.set(bit, past[0])
            while next(pauses):
                await ctx.tick()
            for ago in range(min(steps + 1, len(past))):
                assert ctx.get(line.tap(ago)) == past[ago]
            if len(past) > steps:
                assert ctx.get(line.out) == ctx.get(line.tap(-1)) == past[steps]
            ctx.set(step, 1)
            await ctx.tick()
            ctx.set(step, 0)

    m.d.sync += Signal().eq(bit)
    clocked(m, body, cycles=10_000, about=f"{steps} steps, seed {SEED}")


@pytest.mark.parametrize("length", [0, 1, 2, 3, 6, 7, 8])
def test_twins_delay_by_steps_of_either_parity(length):
    m, bit, step, index = Module(), Signal(), Signal(), Signal(2)
    line = TwinLine(m, "line", bit, length, Steps(m, step, index))
    rng = random.Random(SEED)
    pauses = stalls("geometric", rng)

    async def body(ctx):
        past: list[int] = []  # the youngest bit first
        for now in range(100):
            past.insert(0, rng.getrandbits(1))
            ctx.set(bit, past[0])
            ctx.set(index, now % 4)
            while next(pauses):
                await ctx.tick()
            for ago in range(min(length + 1, len(past))):
                assert ctx.get(line.tap(ago)) == past[ago]
                assert ctx.get(line.tap(ago, odd=now % 2)) == past[ago]
            if len(past) > length:
                assert ctx.get(line.out) == past[length]
            ctx.set(step, 1)
            await ctx.tick()
            ctx.set(step, 0)

    m.d.sync += Signal().eq(bit)
    clocked(m, body, cycles=10_000, about=f"{length} steps, seed {SEED}")


@pytest.mark.parametrize(("bits", "side"), [(8, 8), (8, 4), (16, 4), (32, 8)])
def test_chunks_follow_one_by_one(bits, side):
    m, value, loads, index = Module(), Signal(bits), Signal(), Signal()
    out, _ = one_by_one(m, "chunk", value, side, loads, Steps(m, Const(1), index))
    out = Cat(out)
    m.d.sync += Signal().eq(loads)
    rng = random.Random(SEED)

    async def body(ctx):
        for _ in range(5):
            values = [rng.getrandbits(bits) for _ in range(side)]
            for chunk in range(bits // side):
                for i in range(side):
                    ctx.set(loads, chunk == 0)
                    ctx.set(index, i % 2)
                    ctx.set(value, values[i] if chunk == 0 else rng.getrandbits(bits))
                    assert ctx.get(out) == values[i] >> chunk * side & 2**side - 1
                    await ctx.tick()

    clocked(m, body, cycles=2000, about=f"{bits} bits, {side} values, seed {SEED}")


@pytest.mark.parametrize("side", [4, 8, 16])
def test_all_bits_of_a_word_come_out_in_its_lane(side):
    m, entering, index = Module(), Signal(side), Signal(range(side))
    _, lanes = skew_and_rotate(m, list(entering), index, Steps(m, Const(1), index))
    out = Cat(lanes)
    rng = random.Random(SEED)
    words = [rng.getrandbits(side) for _ in range(5 * side)]

    async def body(ctx):
        for now, word in enumerate(words):
            ctx.set(entering, word)
            ctx.set(index, now % side)
            shown = ctx.get(out)
            for lane in range(side):
                # the last word of this lane that has entered shows the bit of its age
                age = (now - lane) % side
                if now >= age:
                    assert shown >> lane & 1 == words[now - age] >> age & 1
            await ctx.tick()

    clocked(m, body, cycles=2000, about=f"{side} lanes, seed {SEED}")
