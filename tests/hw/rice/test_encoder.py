"""The encoder core: streams of doc/format.md, under stalls, back to back, at full rate."""

import random
from types import SimpleNamespace

import pytest
from amaranth.hdl import ResetInserter, Signal

from fmcodec_hw.rice.encoder import Encoder
from sim.stalls import STALLS, stalls
from tests.hw.rice import reference
from tests.hw.rice.beats import packet_words
from tests.hw.rice.reference import Flags
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink

SEED = 75
PORTS = [(8, 1), (8, 2), (8, 4), (16, 1), (16, 2), (16, 4), (32, 1), (32, 2), (32, 4)]

Packets = list[tuple[list[int], Flags]]


async def send(ctx, dut: Encoder, words: list[int], flags: Flags, pause) -> list[int]:
    """Offer a packet; the cycles that passed until each of its words was taken."""
    user = flags.signed | flags.delta << 1 | flags.sign_last << 2
    waits = []
    for i, word in enumerate(words):
        waits.append(0)
        while next(pause):
            waits[-1] += 1
            await ctx.tick()
        ctx.set(dut.words.payload, {"data": word, "last": i == len(words) - 1, "user": user})
        ctx.set(dut.words.valid, 1)
        while not ctx.get(dut.words.ready):
            waits[-1] += 1
            await ctx.tick()
        await ctx.tick()
        ctx.set(dut.words.valid, 0)
    return waits


def check(params, packets: Packets, stall: str, compact: bool = False) -> list[list[int]]:
    """RTL == reference for packets back to back; the cycles each word has waited."""
    rng = random.Random(SEED)
    dut = Encoder(params, compact=compact)
    taken: list[Beat] = []
    waits: list[list[int]] = []

    async def body(ctx):
        pause = stalls(stall, rng)
        for words, flags in packets:
            waits.append(await send(ctx, dut, words, flags, pause))
        while sum(beat.last for beat in taken) < len(packets):
            await ctx.tick()

    cycles = 2000 + 30 * sum(len(words) for words, _ in packets)
    about = f"{params}, stalls {stall}, seed {SEED}"
    port = sink(dut.code, taken, stalls(stall, rng))
    clocked(dut, body, ports=[port], cycles=cycles, about=about)
    streams = packet_words(taken, params.word_bits, params.port_words)
    for i, (found, (words, flags)) in enumerate(zip(streams, packets, strict=True)):
        where = f"packet {i}, {flags}, {words}"
        assert found == reference.stream(words, flags, params.word_bits), where
    return waits


def parameters(word_bits: int, port_words: int) -> SimpleNamespace:
    return SimpleNamespace(word_bits=word_bits, port_words=port_words)


@pytest.mark.parametrize("stall", ["none", "geometric", "mixed"])
@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize(("word_bits", "port_words"), PORTS)
def test_every_kind(word_bits, port_words, compact, stall):
    packets = reference.packets(word_bits, 16, random.Random(SEED))
    check(parameters(word_bits, port_words), packets, stall, compact)


def test_every_size():
    rng = random.Random(SEED)
    packets = [
        (reference.packet(reference.KINDS[size % 8], size, 8, rng), Flags.draw(rng))
        for size in range(1, 140)
    ]
    check(parameters(8, 2), packets, "mixed")


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("stall", STALLS)
def test_short_packets_back_to_back(stall, compact):
    # what a packet leaves behind shows in the next one's first words
    packets = reference.packets(8, 80, random.Random(SEED), longest=5)
    check(parameters(8, 2), packets, stall, compact)


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize(("word_bits", "port_words"), PORTS)
def test_rate(word_bits, port_words, compact):
    """A word is taken in every cycle but those in which the port is too narrow."""
    packets = reference.packets(word_bits, 32, random.Random(SEED))
    found = check(parameters(word_bits, port_words), packets, "none", compact)
    for (words, flags), waits in zip(packets, found, strict=True):
        beats = -(-len(reference.stream(words, flags, word_bits)) // port_words)
        assert waits[0] <= (4 if port_words > 1 else 6)
        assert sum(waits[1:]) <= (0 if port_words > 1 else beats)


def always_ready(stream, taken: list[Beat]):
    """Testbench that takes every beat; one may vanish in reset."""

    async def testbench(ctx):
        ctx.set(stream.ready, 1)
        while True:
            *_, valid, payload = await ctx.tick().sample(stream.valid, stream.payload)
            if valid:
                taken.append(Beat(payload.data, bool(payload.last), keep=payload.keep))

    return testbench


def test_reset_within_a_packet():
    rng = random.Random(SEED)
    dut = Encoder(parameters(8, 2))
    wrapped = ResetInserter({"sync": (reset := Signal())})(dut)
    taken: list[Beat] = []

    async def body(ctx):
        for words, flags in reference.packets(8, 30, rng):
            cut = words[: rng.randrange(len(words))]
            for word in cut:
                ctx.set(dut.words.payload, {"data": word, "last": 0})
                ctx.set(dut.words.valid, 1)
                await ctx.tick()
            ctx.set(dut.words.valid, 0)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            taken.clear()
            await send(ctx, dut, words, flags, stalls("none", rng))
            while not any(beat.last for beat in taken):
                await ctx.tick()
            assert packet_words(taken, 8, 2) == [reference.stream(words, flags, 8)]

    port = always_ready(dut.code, taken)
    clocked(wrapped, body, ports=[port], cycles=50_000, about=f"seed {SEED}")
