"""Fold and unfold: by doc/format.md, and each other's inverse."""

import random

import pytest

from fmcodec_hw.rice.fold import Fold, Unfold
from tests.hw.rice import reference
from tests.hw.simulate import combinational

SEED = 71


def pairs(word_bits: int) -> list[tuple[int, int]]:
    """Words and predictions: the ends of both ranges, and random ones."""
    rng, top = random.Random(SEED), 1 << word_bits
    marks = [0, 1, 2, 3, top // 2 - 2, top // 2 - 1, top // 2, top // 2 + 1, top - 2, top - 1]
    drawn = [(rng.randrange(top), rng.randrange(top)) for _ in range(3000)]
    near = [(word, (word + rng.randint(-9, 9)) % top) for word, _ in drawn]
    return [(word, prediction) for word in marks for prediction in marks] + drawn + near


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("word_bits", [8, 16, 32])
def test_fold(word_bits, signed):
    dut = Fold(word_bits)

    async def body(ctx):
        ctx.set(dut.is_signed, signed)
        for word, prediction in pairs(word_bits):
            ctx.set(dut.word, word)
            ctx.set(dut.prediction, prediction)
            skips = not signed and prediction == 0
            assert ctx.get(dut.skips) == skips
            if word or not skips:
                folded = reference.fold(word, prediction, bool(signed), word_bits)
                assert ctx.get(dut.folded) == folded - skips, (word, prediction)

    combinational(dut, body)


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize("word_bits", [8, 16, 32])
def test_unfold(word_bits, signed):
    dut = Unfold(word_bits)

    async def body(ctx):
        ctx.set(dut.is_signed, signed)
        for word, prediction in pairs(word_bits):
            folded = reference.fold(word, prediction, bool(signed), word_bits)
            ctx.set(dut.prediction, prediction)
            for skips in {False, not signed and prediction == 0 and word > 0}:
                ctx.set(dut.folded, folded - skips)
                ctx.set(dut.skips, skips)
                assert ctx.get(dut.word) == word, (folded, prediction, skips)

    combinational(dut, body)
