"""The encoder's sequence: steps of blocks, ends of packets, under stalls of all around it."""

import random

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.encoder_sequence import EncoderSequence
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked

SEED = 61


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("config", [(8, 8), (16, 8), (8, 16)])
def test_steps_of_packets(config, stall):
    params = Params(*config)
    steps, block_words = max(config), params.block_words
    rng = random.Random(SEED)
    dut = EncoderSequence(params)
    offers, rooms, znz_rooms = (stalls(stall, rng) for _ in range(3))
    sizes = [1, 1, block_words, block_words + 1, 5 * block_words, 3, 70]
    packets = [[rng.random() < 0.6 for _ in range(size)] for size in sizes]
    packets += [[False] * 9, [True] * block_words]

    async def body(ctx):
        index = 0  # of the step, which goes on where the packet before has left it
        for words in packets:
            waiting, entered, turns, empties = list(words), 0, [], 0
            offered, closed = False, False
            while not closed:
                offered = bool(waiting) and (offered or not next(offers))
                ctx.set(dut.valid, offered)
                ctx.set(dut.nonzero, offered and waiting[0])
                ctx.set(dut.last, offered and len(waiting) == 1)
                ctx.set(dut.room, not next(rooms))
                ctx.set(dut.znz_ready, not next(znz_rooms))
                ctx.set(dut.znz_closed, ctx.get(dut.znz_closing) and not rng.randrange(9))
                closed = ctx.get(dut.closing) and not rng.randrange(3)
                ctx.set(dut.closed, closed)

                taken, step = ctx.get(dut.taken), ctx.get(dut.step)
                assert taken == (offered and ctx.get(dut.ready))
                assert ctx.get(dut.index) == index
                assert ctx.get(dut.turning) == (index == block_words - 1)
                plane = (index - (block_words - 1)) % steps
                assert ctx.get(dut.coded) == (plane < params.word_bits)
                assert ctx.get(dut.last_plane) == (plane == params.word_bits - 1)
                assert not step or ctx.get(dut.room)
                assert not (ctx.get(dut.ready) and ctx.get(dut.znz_closing))
                assert not ctx.get(dut.closing) or not waiting
                if taken:
                    assert ctx.get(dut.takes)
                    assert ctx.get(dut.znz_ready)
                    if waiting.pop(0):
                        assert step, "a non-zero word enters in a step"
                        assert index == entered % block_words, "after those before it"
                        entered += 1
                    offered = False
                elif ctx.get(dut.takes) and step:
                    assert index >= block_words, "only a drain step needs no word"
                if step:
                    if ctx.get(dut.turning):
                        turns.append((ctx.get(dut.full), ctx.get(dut.opens)))
                    index = (index + 1) % steps
                empties += ctx.get(dut.empty)
                await ctx.tick()
            blocks = -(-entered // block_words)
            # a turn for every block, and one that pushes the last one out
            assert turns == [(i > 0, i < blocks) for i in range(blocks + bool(blocks))]
            assert empties == (blocks == 0)
            assert not waiting

    about = f"{params}, stalls {stall}, seed {SEED}"
    clocked(dut, body, cycles=50_000, about=about)


def test_a_word_that_is_not_valid_counts_as_zero():
    dut = EncoderSequence(Params())

    async def body(ctx):
        ctx.set(dut.znz_ready, 1)
        assert ctx.get(dut.ready)  # though there is no room for a step
        ctx.set(dut.valid, 1)
        ctx.set(dut.nonzero, 1)
        assert not ctx.get(dut.ready)
        await ctx.tick()

    clocked(dut, body, cycles=10, about="one word")
