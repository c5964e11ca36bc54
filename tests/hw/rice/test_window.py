"""The decoder's window: codes of any length out of beats, and what it says of a packet's end."""

import random

import pytest

from fmcodec_hw.rice.ports import HEADER_BITS
from fmcodec_hw.rice.window import Window
from sim.stalls import STALLS, stalls
from tests.hw.rice.beats import beats
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 74


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize(
    ("word_bits", "port_words"), [(8, 1), (8, 2), (8, 4), (16, 1), (16, 2), (32, 1), (32, 4)]
)
def test_codes(word_bits, port_words, stall):
    rng = random.Random(SEED)
    code_bits = 8 + word_bits
    dut = Window(word_bits, code_bits, port_words)
    packets = [[rng.getrandbits(word_bits) for _ in range(rng.randint(1, 40))] for _ in range(30)]
    offered = [beat for words in packets for beat in beats(words, word_bits, port_words)]

    async def body(ctx):
        for words in packets:
            bits = [word >> i & 1 for word in words for i in reversed(range(word_bits))]
            # the last code may end in the last word, before it, or behind the packet's end
            wanted = len(bits) + rng.choice([0, 0, -3, -word_bits, word_bits, -3 * word_bits])
            at, overrun = HEADER_BITS, False
            while not ctx.get(dut.there):
                if ctx.get(dut.opens):
                    header = ctx.get(dut.header)
                await ctx.tick()
            assert header == int("".join(map(str, bits[:HEADER_BITS])), 2)
            while at < wanted:
                length = min(rng.randint(1, code_bits), wanted - at)
                while not ctx.get(dut.there) or rng.random() < 0.2:
                    await ctx.tick()
                head = ctx.get(dut.head)
                shown = [head >> code_bits - 1 - i & 1 for i in range(code_bits)]
                assert shown[: max(len(bits) - at, 0)] == bits[at : at + code_bits]
                way = rng.randrange(3)
                ctx.set(dut.ones, 0)
                ctx.set(dut.chosen, 0)
                if way < 2:
                    ctx.set(dut.lengths[way], length)
                    ctx.set(dut.chosen, 1 << way)
                else:
                    count = rng.randrange(min(length, 8))
                    ctx.set(dut.base, length - count)
                    ctx.set(dut.ones, 1 << count)
                ctx.set(dut.step, 1)
                overrun |= ctx.get(dut.overrun)
                await ctx.tick()
                ctx.set(dut.step, 0)
                at += length
            good = bool(ctx.get(dut.seen) and ctx.get(dut.complete) and not overrun)
            assert good == (-(-at // word_bits) == len(words)), (at, len(bits))
            ctx.set(dut.drain, 1)
            while not ctx.get(dut.seen):
                await ctx.tick()
            ctx.set(dut.drain, 0)
            ctx.set(dut.clear, 1)
            await ctx.tick()
            ctx.set(dut.clear, 0)

    port = source(dut.beat, offered, stalls(stall, rng))
    about = f"{word_bits} bits, {port_words} words a beat, stalls {stall}, seed {SEED}"
    clocked(dut, body, ports=[port], cycles=50_000, about=about)
