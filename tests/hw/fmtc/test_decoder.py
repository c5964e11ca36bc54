"""The decoder core: the model's values for any words, under stalls, back to back, at full rate."""

import itertools
import random

import numpy as np
import pytest

from fmcodec.bits import BitWriter
from fmcodec.fmtc import DecoderContext, Params, codec, cycles, huffman
from fmcodec.fmtc.tile import pack_tile
from fmcodec_hw.fmtc.decoder import CAUSES, Decoder
from sim.stalls import stalls
from tests.hw.fmtc import contexts
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink, source

SEED = 96
BUILDS = [
    Params(16, "none", "rice", tables=4),
    Params(5, "none", "rice", tables=1),
    Params(1, "none", "rice", tables=8),
    Params(16, "dct4", "rice", tables=3),
    Params(16, "dct4", "huffman", q_max=60, tables=4),
    Params(5, "none", "huffman", q_max=254, max_code_bits=15, tables=1),
    Params(9, "none", "huffman", q_max=9, max_code_bits=8, tables=8),
    Params(8, "matrix", "rice", tables=2),
    Params(6, "matrix", "huffman", matrix_bits=10, q_max=30, tables=1, lanes=3),
    Params(5, "matrix", "rice", tables=8, lanes=1),
]
NAMES = {
    "Underrun": "underrun",
    "WordsLeftOver": "words_left_over",
    "BadChecksum": "checksum",
    "ContextMismatch": "context",
    "LengthMismatch": "length",
    "BadSymbol": "symbol",
    "BadRun": "run",
}


def symbols(rng: random.Random, context: DecoderContext, count: int) -> np.ndarray:
    """Symbols of a tile, sparse or dense, tame or extreme."""
    spread, share = rng.choice([0, 1, 5, 40, 300]), rng.choice([0.02, 0.3, 1])
    least, most = (-127, 127) if context.coder == "rice" else (-255, 255)
    low = max(-context.zero_point, least)
    high = min(context.q_max - context.zero_point, most)
    levels = [
        min(max(round(rng.gauss(0, spread)), low), high) if rng.random() < share else 0
        for _ in range(count * context.components)
    ]
    return (np.array(levels) + context.zero_point).astype(np.uint8).reshape(count, -1)


def tile(rng: random.Random, context: DecoderContext, count: int) -> list[int]:
    """Words of a sound tile."""
    values, raw = symbols(rng, context, count), rng.random() < 0.2
    if context.coder == "huffman" and not raw:
        payload = huffman_payload(rng, context, values)
    else:
        payload = codec.fast.pack(context, values, raw)[0]
    return pack_tile(context.tag, count, raw, payload).tolist()


def huffman_payload(rng: random.Random, context: DecoderContext, values: np.ndarray) -> np.ndarray:
    """Codes of symbols; vectors end early now and then, wherever the rest of them is zp."""
    writer = BitWriter(32)
    codes = [huffman.codes(lengths).tolist() for lengths in context.lengths]
    for vector in values.tolist():
        used = len(vector)
        while used and vector[used - 1] == context.zero_point:
            used -= 1
        if used < len(vector) and rng.random() < 0.8:
            vector = [*vector[: rng.randrange(used, len(vector))], context.q_max + 1]
        for table, symbol in zip(context.group_of.tolist(), vector, strict=False):
            writer.write(codes[table][symbol], int(context.lengths[table][symbol]))
    return writer.words().astype(np.uint32)


def damage(rng: random.Random, words: list[int]) -> list[int]:
    """The tile with something changed, under a right CRC most times."""
    words = list(words)
    place = rng.randrange(len(words))
    match rng.randrange(6):
        case 0:
            words[place] ^= 1 << rng.randrange(32)
        case 1:
            words = words[: rng.randint(1, len(words))]
        case 2:
            words[1:1] = [rng.getrandbits(32) for _ in range(rng.randint(1, 4))]
        case 3:
            words[0] ^= 1 << rng.randrange(32)
        case 4:
            words[1:-1] = [rng.getrandbits(32) for _ in words[1:-1]]
        case 5:
            words[1:-1] = [0xFFFFFFFF for _ in words[1:-1]]
    if len(words) > 1 and rng.random() < 0.8:
        words = contexts.sealed(np.array(words, np.uint32)).tolist()
    return words


def beats(words: list[int]) -> list[dict[str, int]]:
    return [{"data": word, "last": i == len(words) - 1} for i, word in enumerate(words)]


def check(params: Params, jobs: list, stall: str) -> tuple[list[Beat], set[str]]:
    """RTL == model for tiles back to back, as (context, words, vectors asked for)."""
    rng = random.Random(SEED)
    dut = Decoder(params)
    taken: list[Beat] = []
    expected, causes = [], set()
    for context, words, count in jobs:
        values, faults = codec.decode_leniently(context, np.array(words, np.uint32), count)
        expected.append((values.ravel().view(np.uint8).tolist(), bool(faults)))
        causes |= {NAMES[type(fault).__name__] for fault in faults}
    switches = [i for i, job in enumerate(jobs) if i == 0 or job[0] is not jobs[i - 1][0]]
    loads = [0]
    status: list[int] = []

    async def contexts_port(ctx):
        for layer, first in enumerate(switches):
            # offered when a tile of the one before has begun
            while layer > 1 and sum(beat.last for beat in taken) <= switches[layer - 1]:
                await ctx.tick()
            own = beats(jobs[first][0].to_words().tolist())
            await source(dut.ctx, own, stalls(stall, rng))(ctx)

    def behind_contexts(stream, each):
        async def port(ctx):
            for i, job in enumerate(jobs):
                while loads[0] < sum(first <= i for first in switches):
                    await ctx.tick()
                await source(stream, each(job), stalls(stall, rng))(ctx)

        return port

    async def watch(ctx):
        names = [getattr(dut, f"status_{cause}") for cause in CAUSES]
        while True:
            _, _, load, *status[:] = await ctx.tick().sample(dut.status_context_loaded, *names)
            loads[0] += load

    async def body(ctx):
        while sum(beat.last for beat in taken) < len(jobs):
            await ctx.tick()
        for _ in range(4):
            await ctx.tick()

    ports = [
        contexts_port,
        behind_contexts(dut.length, lambda job: [job[2] - 1]),
        behind_contexts(dut.code, lambda job: beats(job[1])),
        sink(dut.values, taken, stalls(stall, rng)),
        watch,
    ]
    work = sum(len(words) + params.channels * count for _, words, count in jobs)
    limit = 5000 + 20 * work + 9000 * len(switches)
    clocked(dut, body, ports=ports, cycles=limit, about=f"{params}, stalls {stall}, seed {SEED}")
    found: list[tuple[list[int], bool]] = [([], False)]
    for beat in taken:
        found[-1][0].append(beat.data)
        assert not beat.user or beat.last
        if beat.last:
            found[-1] = (found[-1][0], beat.user)
            found.append(([], False))
    assert found.pop() == ([], False)
    for i, (got, wanted) in enumerate(zip(found, expected, strict=True)):
        assert got == wanted, f"tile {i}: {[hex(word) for word in jobs[i][1][:4]]}"
    seen = {cause for cause, flag in zip(CAUSES, status, strict=True) if flag}
    assert seen == causes
    return taken, causes


@pytest.mark.parametrize("stall", ["none", "mixed"])
@pytest.mark.parametrize("params", BUILDS, ids=str)
def test_tiles_are_the_models(params, stall):
    """Contexts load while tiles run; every fourth tile or so is damaged, the next one is intact."""
    rng = random.Random(SEED)
    jobs = []
    for layer in range(6):
        context = contexts.draw(rng, params, "decoder", tag=layer)
        for _ in range(5):
            count = rng.choice([1, 1, 2, rng.randint(1, 8)])
            words = tile(rng, context, count)
            asked = count if rng.random() < 0.9 else rng.randint(1, 9)
            jobs.append((context, damage(rng, words) if rng.random() < 0.3 else words, asked))
    # a tile that names the context that waits would take it into use
    tags = {context.tag for context, _, _ in jobs}
    jobs = [job for job in jobs if job[1][0] & 0x7FFF in (job[0].tag, *_strangers(tags))]
    check(params, jobs, stall)


def _strangers(tags: set[int]) -> set[int]:
    return set(range(1 << 15)) - tags


def test_every_cause():
    """Eight cores that have seen none before, ten damaged tiles each with a sound one behind."""
    rng = random.Random(SEED)
    params = Params(4, "none", "rice", tables=2)
    context = contexts.draw(rng, params, "decoder", tag=5)
    seen = set()
    for _ in range(8):
        jobs = []
        for _ in range(10):
            count = rng.randint(1, 5)
            jobs.append((context, damage(rng, tile(rng, context, count)), count))
            jobs.append((context, tile(rng, context, 2), 2))
        seen |= check(params, jobs, "none")[1]
    assert seen == set(CAUSES)


@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize("params", BUILDS, ids=str)
def test_rate(params, size):
    """The cycles of the bound and ten more a tile, raw tiles and dense ones alike."""
    rng = random.Random(SEED)
    context = contexts.draw(rng, params, "decoder")
    jobs = [(context, tile(rng, context, size), size) for _ in range(12 if size < 40 else 4)]
    taken, causes = check(params, jobs, "none")
    assert not causes
    ends = [beat.cycle for beat in taken if beat.last]
    busy = [b - a for a, b in itertools.pairwise(ends)]
    print(params, size, busy)
    each = cycles.vector_cycles(params, context.components)
    assert max(busy) <= size * each + cycles.TILE_CYCLES
