"""A tile asks for its context, counts its vectors, and leaves before the next one asks."""

import random

from fmcodec_hw.fmtc.tile_sequence import TileSequence
from tests.hw.simulate import clocked

SEED = 100


def test_tiles():
    rng = random.Random(SEED)
    dut = TileSequence()

    async def pause(ctx, *quiet) -> None:
        for _ in range(rng.choice([0, 0, 1, 5])):
            assert not any(map(ctx.get, quiet))
            await ctx.tick()

    async def body(ctx):
        for _ in range(40):
            vectors, raw, tag = rng.choice([1, 2, 9]), rng.getrandbits(1), rng.getrandbits(15)
            word = vectors - 1 << 16 | raw << 15 | tag
            await pause(ctx, dut.ask, dut.is_open, dut.header.valid)
            ctx.set(dut.tile.payload, word)
            ctx.set(dut.tile.valid, 1)
            await pause(ctx, dut.ask, dut.is_open, dut.header.valid)
            ctx.set(dut.quiet, 1)
            await pause(ctx, dut.is_open, dut.header.valid, dut.tile.ready)
            assert ctx.get(dut.ask)
            assert ctx.get(dut.tag) == tag
            ctx.set(dut.granted, 1)
            await ctx.tick()
            ctx.set(dut.granted, 0)
            ctx.set(dut.quiet, 0)
            begun = 0
            late = rng.random() < 0.3  # the words of the tile before still leave
            if not late:
                await written(ctx, word)
            for i in range(vectors):
                # the first of this vector, and at times of the next, before the last of this one
                if begun == i or rng.random() < 0.5:
                    begun += await begin(ctx, begun < vectors)
                for ends in (0, 0, 1):
                    await pause(ctx, dut.ask)
                    ctx.set(dut.ends, ends)
                    ctx.set(dut.step, 1)
                    assert ctx.get(dut.is_open)
                    assert ctx.get(dut.raw) == raw
                    assert ctx.get(dut.final) == (ends and i == vectors - 1)
                    await ctx.tick()
                    ctx.set(dut.step, 0)
            await pause(ctx, dut.ask, dut.is_open)
            if late:
                ctx.set(dut.quiet, 1)
                await pause(ctx, dut.ask)
                ctx.set(dut.quiet, 0)
                await written(ctx, word)
            ctx.set(dut.tile.valid, 0)

    async def begin(ctx, may: bool) -> bool:
        assert ctx.get(dut.may_begin) == may
        ctx.set(dut.begins, may)
        await ctx.tick()
        ctx.set(dut.begins, 0)
        return may

    async def written(ctx, word: int) -> None:
        assert ctx.get(dut.header.valid)
        assert ctx.get(dut.header.payload) == word
        await pause(ctx, dut.ask, dut.tile.ready)
        ctx.set(dut.header.ready, 1)
        assert ctx.get(dut.tile.ready)
        await ctx.tick()
        ctx.set(dut.header.ready, 0)
        ctx.set(dut.tile.payload, rng.getrandbits(32))  # the next one is here already

    clocked(dut, body, cycles=10_000, about=f"seed {SEED}")
