"""What the cores learn: counters that move by fractions and stop at their ends."""

import random

import pytest

from fmcodec.fmtc.reference import _Group
from fmcodec_hw.rice_code.adaptation import Adaptation
from tests.hw.rice.reference import State
from tests.hw.simulate import clocked

SEED = 72


@pytest.mark.parametrize("word_bits", [8, 16, 32])
def test_counters(word_bits):
    rng = random.Random(SEED)
    dut = Adaptation(word_bits)

    async def body(ctx):
        state, mood = State(word_bits), 0
        for i in range(4000):
            if i % 40 == 0:
                mood = rng.randrange(4)
            shown = [ctx.get(s) for s in (dut.k, dut.raw, dut.slot, dut.run_bits)]
            assert shown == [state.k, state.raw, state.slot >> 3, state.run >> 1], i
            event = rng.choice(["value", "zero", "idle", "value" if mood < 2 else "zero"])
            full, clear = rng.random() < mood / 3, rng.random() < 0.002
            # one word in which the quotient says little, one in which it says much
            quotient = rng.choice([0, 0, 1, 2, 3, 4, 8] if mood % 2 else [0, 0, 0, 0, 1, 2])
            low = rng.random() < 0.5
            value, zero = event == "value", event == "zero" and not state.raw
            lower = low if state.raw else quotient == 0
            ctx.set(dut.value, value)
            ctx.set(dut.zero, zero)
            ctx.set(dut.full, full)
            ctx.set(dut.clear, clear)
            ctx.set(dut.grade.lower, lower)
            ctx.set(dut.grade.higher, not state.raw and quotient in (2, 3))
            ctx.set(dut.grade.leap, not state.raw and quotient >= 4)
            await ctx.tick()
            if clear:
                state = State(word_bits)
            elif value and state.raw:
                state.raw_value(0 if low else (1 << word_bits) - 1)
            elif value:
                state.value(quotient)
            elif zero:
                state.zeros(full)

    clocked(dut, body, cycles=5000, about=f"{word_bits} bits, seed {SEED}")


@pytest.mark.parametrize("wild", [False, True])
@pytest.mark.parametrize("groups", [2, 3, 8])
def test_groups_without_raw_words(groups, wild):
    """Wild quotients, of damaged streams, would take the parameter beyond its largest value."""
    rng = random.Random(SEED)
    dut = Adaptation(8, start=6, groups=groups, raw=False, saturates=wild)

    async def body(ctx):
        states = [_Group() for _ in range(groups)]
        for i in range(4000):
            group = rng.randrange(groups)
            state = states[group]
            ctx.set(dut.group, group)
            shown = [ctx.get(s) for s in (dut.k, dut.raw, dut.slot, dut.run_bits)]
            assert shown == [state.k, 0, state.slot, state.run_bits], i
            event = rng.choice(["value", "value", "zero", "idle"])
            folded = min(int(rng.expovariate(1 / 2 ** (i // 200 % 9))), 255)
            quotient = rng.randint(0, 8) if wild else folded >> state.k
            full, clear = rng.random() < 0.5, rng.random() < 0.002
            ctx.set(dut.value, event == "value")
            ctx.set(dut.zero, event == "zero")
            ctx.set(dut.full, full)
            ctx.set(dut.clear, clear)
            ctx.set(dut.grade.lower, quotient == 0)
            ctx.set(dut.grade.higher, quotient in (2, 3))
            ctx.set(dut.grade.leap, quotient >= 4)
            await ctx.tick()
            if clear:
                states = [_Group() for _ in range(groups)]
            elif event == "value":
                state.word(quotient)
            elif event == "zero":
                state.zero(full)

    clocked(dut, body, cycles=5000, about=f"{groups} groups, seed {SEED}")
