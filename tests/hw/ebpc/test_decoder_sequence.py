"""The decoder's sequence: a plane in and a word out, block after block, under stalls."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.decoder_sequence import DecoderSequence
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked

SEED = 62


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("config", [(8, 8), (16, 8), (8, 16), (8, 4)])
def test_planes_and_words_of_packets(config, stall):
    params = Params(*config)
    word_bits, block_words = config
    steps = max(config)
    rng = random.Random(SEED)
    dut = DecoderSequence(params)
    planes, words, waits = (stalls(stall, rng) for _ in range(3))

    async def body(ctx):
        for blocks in (1, 5, 2, 1):
            read, given = 0, []
            while len(given) < blocks * block_words:
                ctx.set(dut.there, not next(planes))
                ctx.set(dut.wanted, not next(words))
                ctx.set(dut.waits, ctx.get(dut.first) and next(waits))
                ctx.set(dut.no_block, read == blocks * word_bits)
                step, index = ctx.get(dut.step), ctx.get(dut.index)
                assert ctx.get(dut.first) == (index == 0)
                assert ctx.get(dut.last_plane) == (index == word_bits - 1)
                assert ctx.get(dut.ends) == (index == steps - 1)
                assert not ctx.get(dut.dried), "a block is left"
                if step:
                    assert not ctx.get(dut.waits)
                    if ctx.get(dut.reads):
                        assert ctx.get(dut.there)
                        assert index == read % word_bits
                        read += 1
                    if ctx.get(dut.gives):
                        assert ctx.get(dut.wanted)
                        assert ctx.get(dut.moves)
                        given.append("base" if ctx.get(dut.last_plane) else "delta")
                else:
                    assert not ctx.get(dut.gives)
                await ctx.tick()
            assert read == blocks * word_bits
            assert given == (["base"] + ["delta"] * (block_words - 1)) * blocks
            if word_bits >= block_words:
                assert ctx.get(dut.dried) or ctx.get(dut.index)
            ctx.set(dut.there, 0)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)

    about = f"{params}, stalls {stall}, seed {SEED}"
    clocked(dut, body, cycles=50_000, about=about)


@pytest.mark.parametrize("config", [(8, 8), (16, 8), (8, 16)])
def test_a_packet_given_up_leaves_nothing_behind(config):
    dut = DecoderSequence(Params(*config))
    rng = random.Random(SEED)

    async def body(ctx):
        ctx.set(dut.there, 1)
        for _ in range(20):
            ctx.set(dut.wanted, 1)
            for _ in range(rng.randrange(3 * max(config))):
                await ctx.tick()
            ctx.set(dut.wanted, 0)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)
            assert ctx.get(dut.first)
            # no block is before: a plane is read though no word can leave
            assert ctx.get(dut.step)
            assert not ctx.get(dut.gives)
            ctx.set(dut.no_block, 1)
            assert ctx.get(dut.dried)
            ctx.set(dut.no_block, 0)

    clocked(dut, body, cycles=2000, about=f"{config}, seed {SEED}")


def test_a_stream_without_a_block_is_dry():
    dut = DecoderSequence(Params())

    async def body(ctx):
        ctx.set(dut.wanted, 1)
        assert not ctx.get(dut.dried)
        ctx.set(dut.no_block, 1)
        assert ctx.get(dut.dried)
        assert not ctx.get(dut.step)
        await ctx.tick()

    clocked(dut, body, cycles=10, about="no block")
