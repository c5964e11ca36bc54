"""Canonical codes of any lengths, as the model has them."""

import random

import numpy as np
import pytest

from fmcodec.fmtc import Params, huffman
from fmcodec_hw.fmtc.code_builder import CodeBuilder
from tests.hw.simulate import clocked

SEED = 104


@pytest.mark.parametrize("longest", [8, 12, 15])
def test_tables(longest):
    rng = random.Random(SEED)
    dut = CodeBuilder(Params(16, "none", "huffman", q_max=60, max_code_bits=longest))
    written = {}

    async def watch(ctx):
        while True:
            *_, write = await ctx.tick().sample(dut.write)
            if write.valid:
                place = write.table, write.symbol
                assert place not in written
                written[place] = write.entry.length + 1, write.entry.bits

    async def body(ctx):
        for round_ in range(12):
            table, symbols = rng.randrange(8), rng.choice([3, 8, 62, rng.randint(3, 62)])
            counts = [1 + int(rng.expovariate(1) ** 6) for _ in range(symbols)]
            lengths = huffman.code_lengths(counts, longest)
            written.clear()
            cut = rng.randrange(symbols) if round_ % 3 == 0 else 0
            # a context that is refused may stop within a table
            for i in [*range(cut), *range(symbols)]:
                fields = {"table": table, "symbol": i, "length": int(lengths[i])}
                ctx.set(dut.length, {**fields, "valid": 1, "last": i == symbols - 1})
                assert ctx.get(dut.ready)
                await ctx.tick()
                ctx.set(dut.length.valid, 0)
                while rng.random() < 0.2:
                    await ctx.tick()
            cycles = 0
            while not ctx.get(dut.ready):
                cycles += 1
                await ctx.tick()
            assert cycles <= longest * symbols + 2
            codes = huffman.codes(lengths).astype(np.int64) << longest - lengths.astype(np.int64)
            expected = zip(lengths.tolist(), codes.tolist(), strict=True)
            assert written == {(table, i): pair for i, pair in enumerate(expected)}

    clocked(dut, body, ports=[watch], cycles=20_000, about=f"{longest}, seed {SEED}")


def test_lengths_that_make_no_code_end_too():
    """They are refused in the end; the next table is right."""
    rng = random.Random(SEED)
    dut = CodeBuilder(Params(16, "none", "huffman", q_max=60, max_code_bits=12))

    async def body(ctx):
        for _ in range(10):
            for i in range(9):
                length = {"table": 0, "symbol": i, "length": rng.randrange(16)}
                ctx.set(dut.length, {**length, "valid": 1, "last": i == 8})
                await ctx.tick()
            ctx.set(dut.length.valid, 0)
            while not ctx.get(dut.ready):
                await ctx.tick()

    clocked(dut, body, cycles=2000, about=f"seed {SEED}")
