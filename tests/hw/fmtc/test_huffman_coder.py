"""Codes of tables that were built from lengths, from either half of the memory."""

import random

import numpy as np
import pytest

from fmcodec.bits import BitWriter
from fmcodec.fmtc import Params
from fmcodec.fmtc.reference import pack
from fmcodec_hw.fmtc.huffman_coder import HuffmanCoder
from sim.stalls import stalls
from tests.hw.fmtc import contexts
from tests.hw.simulate import clocked

SEED = 106


async def load(ctx, dut: HuffmanCoder, context) -> None:
    """Tables of a context into the half that is not in use."""
    for table, lengths in enumerate(context.lengths.tolist()):
        for symbol, length in enumerate(lengths):
            while not ctx.get(dut.ready):
                await ctx.tick()
            last = symbol == len(lengths) - 1
            fields = {"table": table, "symbol": symbol, "length": length, "last": last}
            ctx.set(dut.length, {**fields, "valid": 1})
            await ctx.tick()
            ctx.set(dut.length.valid, 0)
    while not ctx.get(dut.ready):
        await ctx.tick()


def draw(rng: random.Random, context) -> np.ndarray:
    """Symbols of a tile."""
    share = rng.choice([0.05, 0.4, 1])
    shape = rng.choice([1, 3, 10]), context.components
    values = [
        rng.randint(0, context.q_max) if rng.random() < share else context.zero_point
        for _ in range(shape[0] * shape[1])
    ]
    return np.array(values, np.uint8).reshape(shape)


@pytest.mark.parametrize("stall", ["none", "geometric", "pattern"])
@pytest.mark.parametrize("longest", [8, 15])
def test_tiles(longest, stall):
    rng = random.Random(SEED)
    params = Params(9, "none", "huffman", tables=3, q_max=11, max_code_bits=longest)
    dut = HuffmanCoder(params)
    pause = stalls(stall, rng)

    async def body(ctx):
        bank = 0
        for _ in range(6):
            context = contexts.draw(rng, params, "folded")
            await load(ctx, dut, context)
            bank = 1 - bank
            ctx.set(dut.bank, bank)
            ctx.set(dut.end_before, context.end_before)
            ctx.set(dut.q_max, context.q_max)
            for _ in range(5):
                await tile(ctx, context)

    async def tile(ctx, context):
        symbols, raw = draw(rng, context), rng.random() < 0.2
        flat = symbols.ravel().tolist()
        width = context.components
        beats = [
            {
                "symbol": symbol,
                "zero": symbol == context.zero_point,
                "group": int(context.group_of[i % width]),
                "ends": i % width == width - 1,
                "last": i == len(flat) - 1,
            }
            for i, symbol in enumerate(flat)
        ]
        ctx.set(dut.raw, raw)
        writer, place, last = BitWriter(32), 0, False
        while not last:
            if not ctx.get(dut.symbol.valid) and place < len(beats) and not next(pause):
                ctx.set(dut.symbol.payload, beats[place])
                ctx.set(dut.symbol.valid, 1)
            ctx.set(dut.code.ready, not next(pause))
            *_, valid, ready, shown, code, given = await ctx.tick().sample(
                dut.symbol.valid,
                dut.symbol.ready,
                dut.code.valid,
                dut.code.payload,
                dut.code.ready,
            )
            if valid and ready:
                place += 1
                ctx.set(dut.symbol.valid, 0)
            if shown and given:
                writer.write(code.bits >> 16 - code.length, code.length)
                last = bool(code.last)
        assert ctx.get(dut.idle)
        assert writer.words().tolist() == pack(context, symbols, raw).tolist()

    clocked(dut, body, cycles=60_000, about=f"{longest}, {stall}, seed {SEED}")
