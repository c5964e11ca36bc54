"""The words of tiles taken apart: halves in order, CRC compared, tiles of one word too."""

import random

import numpy as np
import pytest

from fmcodec_hw.fmtc.tile_reader import TileReader
from sim.stalls import stalls
from tests.hw.fmtc import contexts
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 33


@pytest.mark.parametrize("stall", ["none", "geometric", "long"])
def test_tiles(stall):
    rng = random.Random(SEED)
    dut = TileReader()
    tiles = []
    for _ in range(40):
        words = [rng.getrandbits(32) for _ in range(rng.choice([1, 2, 3, rng.randint(1, 12)]))]
        wrong = rng.random() < 0.3
        if len(words) > 1:
            words = contexts.sealed(np.array(words, np.uint32)).tolist()
            words[-1] ^= wrong << rng.randrange(32)
        elif not wrong:
            words = [0]  # the CRC of nothing
        tiles.append((words, wrong))
    beats = [
        {"data": word, "last": i == len(words) - 1}
        for words, _ in tiles
        for i, word in enumerate(words)
    ]

    async def body(ctx):
        for words, wrong in tiles:
            while not ctx.get(dut.opens):
                await ctx.tick()
            assert ctx.get(dut.header) == words[0]
            assert ctx.get(dut.alone) == (len(words) == 1)
            ctx.set(dut.opened, 1)
            await ctx.tick()
            ctx.set(dut.opened, 0)
            halves = []
            while not ctx.get(dut.ended):
                takes = rng.random() < 0.7
                ctx.set(dut.take, takes)
                if ctx.get(dut.there) and takes:
                    assert not ctx.get(dut.trailing)
                    halves.append(ctx.get(dut.half))
                await ctx.tick()
            assert ctx.get(dut.trailing)
            assert halves == [half for word in words[1:-1] for half in (word >> 16, word & 0xFFFF)]
            assert ctx.get(dut.bad) == wrong
            for _ in range(rng.choice([0, 0, 5])):
                await ctx.tick()
                assert not ctx.get(dut.opens)
                assert ctx.get(dut.bad) == wrong
            ctx.set(dut.close, 1)
            await ctx.tick()
            ctx.set(dut.close, 0)

    ports = [source(dut.words, beats, stalls(stall, rng))]
    clocked(dut, body, ports=ports, cycles=20_000, about=f"stalls {stall}, seed {SEED}")
