"""Codes of tables that were built from lengths, from either half of the memory."""

import random

import numpy as np
import pytest

from fmcodec.fmtc import Params
from fmcodec.fmtc.reference import pack
from fmcodec_hw.fmtc.huffman_coder import HuffmanCoder
from sim.stalls import stalls
from tests.hw.fmtc import contexts
from tests.hw.fmtc.coding import coded, load_tables, symbol_beats
from tests.hw.simulate import clocked

SEED = 106


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
            await load_tables(ctx, dut.length, dut.ready, context.lengths)
            bank = 1 - bank
            ctx.set(dut.bank, bank)
            ctx.set(dut.end_before, context.end_before)
            ctx.set(dut.zero_point, context.zero_point)
            for _ in range(5):
                await tile(ctx, context)

    async def tile(ctx, context):
        symbols, raw = draw(rng, context), rng.random() < 0.2
        beats = symbol_beats(symbols, context.zero_point, context.group_of)
        ctx.set(dut.raw, raw)
        words = await coded(ctx, dut, beats, pause)
        assert ctx.get(dut.idle)
        assert words == pack(context, symbols, raw).tolist()

    clocked(dut, body, cycles=60_000, about=f"{longest}, {stall}, seed {SEED}")
