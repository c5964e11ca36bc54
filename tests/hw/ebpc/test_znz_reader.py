"""The ZNZ reader against packets that the golden model coded, whole and damaged, under stalls."""

import random

import numpy as np
import pytest

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.znz_reader import ZnzReader
from sim.stalls import STALLS, stalls
from sim.words import KINDS, make
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 59
CONFIGS = [(8, 8, 2), (8, 8, 16), (8, 8, 128), (8, 8, 256), (16, 8, 16)]


async def read(ctx, dut: ZnzReader, num_words: int, pauses) -> tuple[list[int], bool]:
    """The kinds of a packet's words, and whether anything told of damage."""
    kinds: list[int] = []
    damaged = False

    async def tick() -> None:
        nonlocal damaged
        damaged |= bool(ctx.get(dut.damaged))
        await ctx.tick()

    while len(kinds) < num_words:
        ctx.set(dut.last, len(kinds) == num_words - 1)
        if not next(pauses) and ctx.get(dut.valid):
            kinds.append(ctx.get(dut.nonzero))
            ctx.set(dut.take, 1)
        await tick()
        ctx.set(dut.take, 0)
    ctx.set(dut.final, 1)
    while not ctx.get(dut.seen):
        await tick()
    damaged |= bool(ctx.get(dut.damaged))
    ctx.set(dut.clear, 1)
    await ctx.tick()
    ctx.set(dut.clear, 0)
    ctx.set(dut.final, 0)
    return kinds, damaged


def packets_of(params: Params, rng: random.Random) -> list[np.ndarray]:
    z, numbers = params.max_zero_run, np.random.default_rng(SEED)
    return [
        make(params.word_bits, rng.choice(KINDS), size, numbers, zero_run=z)
        for size in (1, 2, 9, z - 1, z, z + 1, 2 * z, 3 * z + 1, 60, 1, 40)
    ]


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("config", CONFIGS)
def test_kinds_of_packets(config, stall):
    params = Params(*config)
    rng = random.Random(SEED)
    packets = packets_of(params, rng)
    dut = ZnzReader(params)
    beats = []
    for words in packets:
        stream = params.encode(words).znz.tolist()
        beats += [{"data": word, "last": i == len(stream) - 1} for i, word in enumerate(stream)]
    pauses = stalls(stall, rng)

    async def body(ctx):
        for words in packets:
            kinds, damaged = await read(ctx, dut, len(words), pauses)
            assert kinds == [int(word != 0) for word in words]
            assert not damaged

    about = f"{params}, stalls {stall}, seed {SEED}"
    port = source(dut.beat, beats, stalls(stall, rng))
    clocked(dut, body, ports=[port], cycles=100_000, about=about)


@pytest.mark.parametrize("stall", ["none", "geometric"])
@pytest.mark.parametrize("kind", ["more", "cut", "run"])
@pytest.mark.parametrize("config", CONFIGS)
def test_damage_is_told_and_does_not_spread(config, kind, stall):
    """A word too many, one too few, or a run past the last word; whole packets in between."""
    params = Params(*config)
    rng = random.Random(SEED)
    cases, beats = [], []
    for i, words in enumerate(packets_of(params, rng)):
        damaged, length = i % 2 == 0, len(words)
        stream = params.encode(words).znz.tolist()
        if damaged and kind == "more":
            stream.append(rng.getrandbits(params.word_bits))
        elif damaged and kind == "cut":
            damaged = len(stream) > 1
            stream = stream[:-1] or stream
        elif damaged:
            # the last of the zeros that the packet ends with is not there
            zeros = length - 1 - int(max(np.flatnonzero(words), default=-1))
            damaged = zeros > 1 and zeros % params.max_zero_run != 1
            length -= damaged
        beats += [{"data": word, "last": i == len(stream) - 1} for i, word in enumerate(stream)]
        cases.append((length, words, damaged))
    assert any(damaged for _, _, damaged in cases)
    dut = ZnzReader(params)
    pauses = stalls(stall, rng)

    async def body(ctx):
        for length, words, damaged in cases:
            kinds, told = await read(ctx, dut, length, pauses)
            assert told == damaged
            if not damaged:
                assert kinds == [int(word != 0) for word in words]

    about = f"{params}, {kind}, stalls {stall}, seed {SEED}"
    port = source(dut.beat, beats, stalls(stall, rng))
    clocked(dut, body, ports=[port], cycles=100_000, about=about)
