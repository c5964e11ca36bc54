"""Codes of words and of runs: as doc/format.md has them when written, taken apart when read."""

import random

import pytest

from fmcodec_hw.rice_code.code_reader import CodeReader
from fmcodec_hw.rice_code.code_writer import CodeWriter
from tests.hw.rice.reference import lsb_first
from tests.hw.simulate import combinational

SEED = 73


def cases(word_bits: int):
    """State, word and bits of a code, one by one."""
    rng = random.Random(SEED)
    for _ in range(6000):
        k = rng.choice([rng.randrange(word_bits), rng.randrange(5), word_bits - 1])
        raw = k == word_bits - 1
        slot, run_bits = rng.randrange(4), rng.randrange(6)
        direct, zero = not raw and rng.random() < 0.3, not raw and rng.random() < 0.4
        direct = direct and not zero
        folded = min(int(rng.expovariate(1 / (3 << k))), (1 << word_bits) - 1)
        full = rng.random() < 0.5
        count = rng.randrange(1 << run_bits)
        quotient = folded >> k
        ones = quotient + (not direct and quotient >= slot)
        if zero:
            bits = [1] * slot + [0] + ([1] if full else [0, *lsb_first(count, run_bits)])
        elif raw:
            bits = lsb_first(folded, word_bits)
        elif ones < 8:
            bits = [1] * ones + [0] + lsb_first(folded, k)
        else:
            bits = [1] * 8 + lsb_first(folded, word_bits)
        state = {"k": k, "raw": raw, "slot": slot, "run_bits": run_bits, "direct": direct}
        yield state, zero, folded, quotient, full, count, bits, rng


def grade(raw: bool, folded: int, quotient: int, word_bits: int) -> tuple[bool, bool, bool]:
    if raw:
        return folded < 1 << (word_bits - 1), False, False
    return quotient == 0, quotient in (2, 3), quotient >= 4


@pytest.mark.parametrize("word_bits", [8, 16, 32])
def test_writer(word_bits):
    dut = CodeWriter(word_bits)

    async def body(ctx):
        for state, zero, folded, quotient, full, count, bits, _ in cases(word_bits):
            for name, value in state.items():
                ctx.set(getattr(dut, name), value)
            ctx.set(dut.zero, zero)
            ctx.set(dut.folded, folded)
            ctx.set(dut.whole, folded)
            ctx.set(dut.full, full)
            ctx.set(dut.count, count)
            length = ctx.get(dut.length)
            code = ctx.get(dut.code)
            written = [code >> dut.code_bits - 1 - i & 1 for i in range(dut.code_bits)]
            assert written == bits + [0] * (dut.code_bits - len(bits)), state
            assert length == len(bits), state
            # the same in parts: ones, the last of them a 0 or not, and the fixed part
            ones, fixed_length = ctx.get(dut.ones), ctx.get(dut.fixed_length)
            fixed = [ctx.get(dut.fixed) >> word_bits - 1 - i & 1 for i in range(word_bits)]
            parts = [1] * ones + fixed
            if ctx.get(dut.stop):
                parts[ones - 1] = 0
            assert ones + fixed_length == len(bits), state
            assert parts == bits + [1] * (ones + word_bits - len(bits)), state
            if not zero:
                shown = (dut.grade.lower, dut.grade.higher, dut.grade.leap)
                expected = grade(state["raw"], folded, quotient, word_bits)
                assert tuple(map(ctx.get, shown)) == expected, state

    combinational(dut, body)


@pytest.mark.parametrize("word_bits", [8, 16, 32])
def test_reader(word_bits):
    dut = CodeReader(word_bits)

    async def body(ctx):
        for state, zero, folded, quotient, full, count, bits, rng in cases(word_bits):
            behind = [rng.getrandbits(1) for _ in range(dut.code_bits - len(bits))]
            ctx.set(dut.head, int("".join(map(str, bits + behind)), 2))
            for name, value in state.items():
                ctx.set(getattr(dut, name), value)
            assert ctx.get(dut.zero) == zero, state
            chosen, ones = ctx.get(dut.chosen), ctx.get(dut.ones)
            assert chosen.bit_count() + ones.bit_count() == 1, state
            if ones:
                length = ctx.get(dut.base) + ones.bit_length() - 1
            else:
                length = ctx.get(dut.lengths[chosen.bit_length() - 1])
            assert length == len(bits), state
            if zero:
                assert ctx.get(dut.full) == full
                assert ctx.get(dut.count) == (1 << state["run_bits"] if full else count)
                continue
            assert ctx.get(dut.folded) == folded, state
            shown = (dut.grade.lower, dut.grade.higher, dut.grade.leap)
            escaped = bits[:8] == [1] * 8 and not state["raw"]
            expected = grade(state["raw"], folded, max(quotient, 4 * escaped), word_bits)
            assert tuple(map(ctx.get, shown)) == expected, state

    combinational(dut, body)
