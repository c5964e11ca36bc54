"""Complete and incomplete sets of code lengths."""

import random

import pytest

from fmcodec.fmtc import huffman
from fmcodec_hw.fmtc.kraft_sum import KraftSum
from tests.hw.simulate import clocked

SEED = 92


@pytest.mark.parametrize("longest", [8, 12, 15])
def test_tables(longest):
    rng = random.Random(SEED)
    dut = KraftSum(longest)
    found = set()

    async def body(ctx):
        for _ in range(120):
            symbols = rng.choice([2, 3, 9, rng.randint(2, 60)])
            counts = [1 + int(rng.expovariate(1) ** 6) for _ in range(symbols)]
            lengths = huffman.code_lengths(counts, longest).tolist()
            if rng.random() < 0.6:
                place = rng.randrange(symbols)
                lengths[place] = rng.choice([lengths[place] + 1, rng.randrange(16)]) & 15
            if rng.random() < 0.2:
                lengths = [1, 1, *lengths]
            right = all(1 <= length <= longest for length in lengths)
            for i, length in enumerate(lengths):
                ctx.set(dut.length, length)
                ctx.set(dut.add, 1)
                ctx.set(dut.clear, i == 0)
                assert ctx.get(dut.wrong) == (not 1 <= length <= longest)
                complete = ctx.get(dut.complete)
                await ctx.tick()
            if right:
                expected = huffman.kraft_sum(lengths, 15) == 1 << 15
                assert complete == expected, lengths
                found.add(expected)

    clocked(dut, body, cycles=20_000, about=f"{longest}, seed {SEED}")
    assert found == {False, True}
