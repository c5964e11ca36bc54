"""The window on a payload: any lengths, any pauses, zeros behind the end, what is left over."""

import random

import pytest

from fmcodec_hw.fmtc.code_window import CODE_BITS, CodeWindow
from tests.hw.simulate import clocked

SEED = 32


@pytest.mark.parametrize("lengths", ["any", "longest", "short"])
@pytest.mark.parametrize("pauses", [0.0, 0.4])
def test_codes(lengths, pauses):
    """Codes are the bits in order; with nothing pausing, one of 16 bits goes in every cycle."""
    rng = random.Random(SEED)
    dut = CodeWindow()
    draw = {
        "any": lambda: rng.randint(0, CODE_BITS),
        "longest": lambda: CODE_BITS,
        "short": lambda: rng.randint(0, 2),
    }[lengths]

    async def body(ctx):
        for _ in range(12):
            halves = [rng.getrandbits(16) for _ in range(rng.randint(0, 20))]
            size, position, given = 16 * len(halves), 0, 0
            bits = "".join(f"{half:016b}" for half in halves) + "0" * 64
            cycles = 0
            while position <= size:
                offers = given < len(halves) and rng.random() >= pauses
                ctx.set(dut.there, offers)
                ctx.set(dut.half, halves[given] if offers else rng.getrandbits(16))
                ctx.set(dut.trailing, given == len(halves))
                step = bool(ctx.get(dut.ready)) and rng.random() >= pauses
                length = draw()
                ctx.set(dut.length, length)
                ctx.set(dut.step, step)
                if ctx.get(dut.ready):
                    assert f"{ctx.get(dut.head):016b}" == bits[position : position + CODE_BITS]
                taken = bool(ctx.get(dut.take))
                if step:
                    position += length
                assert ctx.get(dut.overrun) == (step and position > size)
                given += offers and taken
                cycles += 1
                await ctx.tick()
            if not pauses and lengths == "longest":
                assert cycles <= len(halves) + 2
            ctx.set(dut.step, 0)
            ctx.set(dut.there, 0)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)

    clocked(dut, body, cycles=20_000, about=f"{lengths}, pauses {pauses}, seed {SEED}")


@pytest.mark.parametrize(
    ("halves", "used"),
    [(n, used) for n in range(6) for used in (0, 1, 15, 16, 17, 33) if used <= 16 * n],
)
def test_left_over(halves, used):
    """Once drained it has been full where a word's bits or more are left."""
    dut = CodeWindow()

    async def body(ctx):
        left, to_use, full = halves, used, False
        for _ in range(30):
            ctx.set(dut.there, left > 0)
            ctx.set(dut.trailing, left == 0)
            step = bool(ctx.get(dut.ready)) and to_use > 0
            ctx.set(dut.step, step)
            ctx.set(dut.length, min(to_use, CODE_BITS))
            ctx.set(dut.drain, to_use == 0)
            full |= to_use == 0 and bool(ctx.get(dut.full))
            if step:
                to_use -= min(to_use, CODE_BITS)
            left -= left > 0 and ctx.get(dut.take)
            await ctx.tick()
        assert left == 0
        assert full == (16 * halves - used >= 32)

    clocked(dut, body, cycles=40, about=f"{halves} halves, {used} bits used")
