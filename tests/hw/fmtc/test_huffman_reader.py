"""Coefficients of Huffman codes against the readable reference, tables loaded while others read."""

import random

import numpy as np
import pytest

from fmcodec.fmtc import Params, huffman, reference
from fmcodec.fmtc.tile import Tile
from fmcodec_hw.fmtc.code_tables import CodeTables
from fmcodec_hw.fmtc.code_window import CODE_BITS
from fmcodec_hw.fmtc.huffman_reader import HuffmanReader
from tests.hw.fmtc import contexts
from tests.hw.fmtc.coding import load_tables
from tests.hw.simulate import clocked

SEED = 35


@pytest.mark.parametrize(("longest", "tables"), [(8, 1), (12, 4), (15, 3)])
def test_tables(longest, tables):
    """Limits tell every code's length; base and last bits its place; there is its symbol."""
    rng = random.Random(SEED)
    params = Params(16, "none", "huffman", q_max=40, max_code_bits=longest, tables=tables)
    dut = CodeTables(params)

    async def body(ctx):
        ctx.set(dut.enable, 1)
        for round_ in range(3):
            context = contexts.draw(rng, params, "decoder")
            await load_tables(ctx, dut.lengths, dut.ready, context.lengths)
            ctx.set(dut.bank, ~round_ & 1)
            for table, lengths in enumerate(context.lengths):
                codes = huffman.codes(lengths).astype(int) << longest - lengths.astype(int)
                ctx.set(dut.table, table)
                ctx.set(dut.base_table, table)
                ctx.set(dut.symbol_table, table)
                await ctx.tick()
                limits = [ctx.get(dut.limits[i]) for i in range(longest)]
                for symbol, (code, length) in enumerate(zip(codes.tolist(), lengths, strict=True)):
                    below = [i + 1 for i in range(longest) if code < limits[i]]
                    assert below[0] == length
                    ctx.set(dut.base_length, int(length) - 1)
                    await ctx.tick()
                    last = code >> longest - int(length)
                    ctx.set(dut.place, (ctx.get(dut.base) + last) % 256)
                    await ctx.tick()
                    assert ctx.get(dut.symbol) == symbol
                assert ctx.get(dut.end_code) == codes[-1]
                assert ctx.get(dut.end_length) == lengths[-1] - 1

    clocked(dut, body, cycles=60_000, about=f"{params}, seed {SEED}")


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(("longest", "tables"), [(8, 1), (12, 4), (15, 8)])
def test_any_payload(longest, tables, raw):
    rng = random.Random(SEED)
    params = Params(9, "none", "huffman", q_max=30, max_code_bits=longest, tables=tables)
    dut = HuffmanReader(params)

    async def body(ctx):
        for round_ in range(4):
            context = contexts.draw(rng, params, "decoder")
            await load_tables(ctx, dut.lengths, dut.ready, context.lengths)
            ctx.set(dut.bank, ~round_ & 1)  # the half that was written
            ctx.set(dut.zero_point, context.zero_point)
            ctx.set(dut.q_max, context.q_max)
            ctx.set(dut.raw, raw)
            await ctx.tick()
            await tile(ctx, context)

    async def tile(ctx, context):
        count = rng.randint(1, 20)
        words = [rng.getrandbits(32) for _ in range(5 * count)]
        found = reference.unpack(
            context, Tile(count, raw, 0, np.array(words, np.uint32), 0, 0, True), count
        )
        bits = "".join(f"{word:032b}" for word in words)
        group = context.group_of.tolist()
        position, levels, bad, waiting = 0, [], False, [False, False]
        index, total = 0, count * len(group)
        while len(levels) < total:
            advance = rng.random() < 0.7
            step = advance and index < total and rng.random() < 0.8
            place = index % len(group)
            ctx.set(dut.head, int(bits[position : position + CODE_BITS].ljust(CODE_BITS, "0"), 2))
            ctx.set(dut.group, group[place])
            ctx.set(dut.next_group, group[(place + 1) % len(group)])
            ctx.set(dut.last, place == len(group) - 1)
            ctx.set(dut.advance, advance)
            ctx.set(dut.step, step)
            if waiting[-1] and advance:
                levels.append(ctx.get(dut.level))
                bad |= bool(ctx.get(dut.bad))
            if step:
                position += ctx.get(dut.length)
                index += 1
            if advance:
                waiting = [step, *waiting[:-1]]
            await ctx.tick()
        assert levels == found.levels.ravel().tolist()
        assert position == found.end
        assert bad == (found.bad_symbol >= 0)
        ctx.set(dut.step, 0)
        ctx.set(dut.clear, 1)
        await ctx.tick()
        ctx.set(dut.clear, 0)

    clocked(dut, body, cycles=60_000, about=f"{params}, raw {raw}, seed {SEED}")
