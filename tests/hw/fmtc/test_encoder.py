"""The encoder core: the model's tiles, under stalls, back to back, at full rate."""

import random

import numpy as np
import pytest
from amaranth.hdl import ResetInserter, Signal

from fmcodec.fmtc import Params, codec
from fmcodec.fmtc.cycles import TILE_CYCLES, vector_cycles
from fmcodec_hw.fmtc.encoder import Encoder
from sim.stalls import stalls
from tests.hw.fmtc import contexts
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink, source

SEED = 95
RICE = [
    (Params(16, "none", "rice", tables=4), False),
    (Params(5, "none", "rice", tables=1), False),
    (Params(1, "none", "rice", tables=8), False),
    (Params(12, "none", "rice", tables=8), True),
    (Params(16, "dct4", "rice", tables=4), False),
]

HUFFMAN = [
    (Params(16, "dct4", "huffman", tables=4, q_max=30), False),
    (Params(6, "none", "huffman", tables=3, q_max=12, max_code_bits=15), False),
    (Params(1, "none", "huffman", tables=1, q_max=9, max_code_bits=8), False),
    (Params(12, "none", "huffman", tables=8, q_max=20), True),
]
MATRIX = [
    (Params(8, "matrix", "rice", tables=3, lanes=8), False),
    (Params(8, "matrix", "rice", tables=3, lanes=2, matrix_bits=10), False),
    (Params(8, "matrix", "huffman", tables=2, q_max=14, lanes=4), False),
    (Params(6, "matrix", "rice", tables=2, lanes=1), False),
]
BUILDS = RICE + HUFFMAN + MATRIX


def vectors(rng: random.Random, context, count: int) -> np.ndarray:
    """Vectors or coefficients of a tile, sparse or dense, tame or extreme."""
    folded = context.transform == "folded"
    width = context.components if folded else context.channels
    top = (1 << (31 if folded else 7)) - 1
    spread = rng.choice([0, 2, 20, 120, top] if not folded else [0, 200, 5000, 200_000, top])
    share = rng.choice([0.02, 0.3, 1])
    values = [
        min(max(int(rng.gauss(0, spread)), -top - 1), top) if rng.random() < share else 0
        for _ in range(count * width)
    ]
    return np.array(values, np.int32 if folded else np.int8).reshape(count, width)


def expected(context, values: np.ndarray, raw: bool) -> tuple[list[int], int]:
    """Words and clips of the model's tile."""
    code = codec.encode_coefficients if context.transform == "folded" else codec.encode
    encoded = code(context, values, len(values), raw)
    return encoded.words.tolist(), int(encoded.clips[0])


def ctx_beats(context) -> list[dict[str, int]]:
    words = context.to_words().tolist()
    return [{"data": word, "last": i == len(words) - 1} for i, word in enumerate(words)]


def value_beats(values: np.ndarray) -> list[dict[str, int]]:
    bits = 8 * values.itemsize
    flat = values.ravel().tolist()
    mask = (1 << bits) - 1
    return [{"data": v & mask, "last": i == len(flat) - 1} for i, v in enumerate(flat)]


def header(context, values: np.ndarray, raw: bool) -> int:
    return len(values) - 1 << 16 | raw << 15 | context.tag


def tiles(rng: random.Random, params: Params, side: str, layers: int, each: int, longest: int):
    """Contexts, each with the tiles that are coded with it, as (values, raw)."""
    found = []
    for i in range(layers):
        context = contexts.draw(rng, params, side, tag=i)
        sizes = [rng.choice([1, 1, 2, rng.randint(1, longest)]) for _ in range(each)]
        found.append([(context, vectors(rng, context, n), rng.random() < 0.15) for n in sizes])
    return found


def packets(beats: list[Beat]) -> list[list[int]]:
    found: list[list[int]] = [[]]
    for beat in beats:
        found[-1].append(beat.data)
        if beat.last:
            found.append([])
    assert found.pop() == []
    return found


def check(params: Params, folded: bool, layers, stall: str, ready: str = "") -> list[Beat]:
    """RTL == model for tiles back to back, contexts loaded while tiles run."""
    rng = random.Random(SEED)
    dut = Encoder(params, folded=folded)
    taken: list[Beat] = []
    clips = [0]
    jobs = [job for layer in layers for job in layer]
    loaded = [beat for layer in layers for beat in ctx_beats(layer[0][0])]
    values = [beat for _, array, _ in jobs for beat in value_beats(array)]

    async def contexts_port(ctx):
        # a context is offered when the one before is in use, with tiles of it still to come
        beats = iter(loaded)
        for i, layer in enumerate(layers):
            before = sum(len(other) for other in layers[: i - 1]) + 1 if i > 1 else 0
            while sum(beat.last for beat in taken) < before:
                await ctx.tick()
            own = [next(beats) for _ in ctx_beats(layer[0][0])]
            await source(dut.ctx, own, stalls(stall, rng))(ctx)

    async def tiles_port(ctx):
        # a tile is offered when its context is sure to be there
        for i, layer in enumerate(layers):
            while loads[0] <= i:
                await ctx.tick()
            heads = [header(*job) for job in layer]
            await source(dut.tile, heads, stalls(stall, rng))(ctx)

    loads = [0]

    async def watch(ctx):
        while True:
            *_, clip, load = await ctx.tick().sample(dut.status_clip, dut.status_context_loaded)
            clips[0] += clip
            loads[0] += load

    async def body(ctx):
        while sum(beat.last for beat in taken) < len(jobs):
            await ctx.tick()
        assert not ctx.get(dut.status_length)

    ports = [
        contexts_port,
        tiles_port,
        source(dut.values, values, stalls(stall, rng)),
        sink(dut.code, taken, stalls(ready or stall, rng)),
        watch,
    ]
    cycles = 5000 + 20 * (len(values) + 100 * len(loaded))
    clocked(dut, body, ports=ports, cycles=cycles, about=f"{params}, stalls {stall}, seed {SEED}")
    total = 0
    for i, (found, job) in enumerate(zip(packets(taken), jobs, strict=True)):
        words, clipped = expected(*job)
        total += clipped
        assert found == words, f"tile {i}, {len(job[1])} vectors, raw {job[2]}"
    assert clips[0] == total
    return taken


@pytest.mark.parametrize("stall", ["none", "mixed"])
@pytest.mark.parametrize(("params", "folded"), BUILDS, ids=str)
def test_tiles_are_the_models(params, folded, stall):
    rng = random.Random(SEED)
    side = "folded" if folded else "encoder"
    layers = 4 if params.coder == "huffman" else 8
    check(params, folded, tiles(rng, params, side, layers, 4, 8), stall)


@pytest.mark.parametrize("size", [1, 3, 40])
@pytest.mark.parametrize(("params", "folded"), BUILDS, ids=str)
def test_rate(params, folded, size):
    """One coefficient a cycle and ten cycles a tile, raw tiles and dense ones alike."""
    rng = random.Random(SEED)
    side = "folded" if folded else "encoder"
    context = contexts.draw(rng, params, side)
    jobs = [
        (context, vectors(rng, context, size), i % 4 == 3) for i in range(12 if size < 40 else 4)
    ]
    taken = check(params, folded, [jobs], "none")
    ends = [beat.cycle for beat in taken if beat.last]
    cycles = size * vector_cycles(params, context.components, folded=folded)
    assert ends[-1] - ends[0] <= (cycles + TILE_CYCLES) * (len(ends) - 1)


def test_length_that_does_not_agree():
    rng = random.Random(SEED)
    params = Params(4, "none", "rice", tables=2)
    dut = Encoder(params)
    context = contexts.draw(rng, params, "encoder")
    values = vectors(rng, context, 3)
    taken: list[Beat] = []

    async def body(ctx):
        await source(dut.ctx, ctx_beats(context), stalls("none", rng))(ctx)
        for place, wrong in ((11, False), (10, True)):
            beats = [{**beat, "last": i == place} for i, beat in enumerate(value_beats(values))]
            ctx.set(dut.tile.valid, 1)
            ctx.set(dut.tile.payload, header(context, values, False))
            await source(dut.values, beats, stalls("none", rng))(ctx)
            ctx.set(dut.tile.valid, 0)
            while not taken or not taken[-1].last:
                await ctx.tick()
            assert ctx.get(dut.status_length) == wrong
            assert packets(taken) == [expected(context, values, False)[0]]
            taken.clear()

    port = sink(dut.code, taken, stalls("none", rng))
    clocked(dut, body, ports=[port], cycles=2000, about=f"seed {SEED}")


def always_ready(stream, taken: list[Beat]):
    """Testbench that takes every beat; one may vanish in reset."""

    async def testbench(ctx):
        ctx.set(stream.ready, 1)
        while True:
            *_, valid, payload = await ctx.tick().sample(stream.valid, stream.payload)
            if valid:
                taken.append(Beat(payload.data, bool(payload.last)))

    return testbench


@pytest.mark.parametrize(("params", "folded"), RICE[:1] + HUFFMAN[:1], ids=str)
def test_reset_within_a_tile_or_a_context(params, folded):
    rng = random.Random(SEED)
    dut = Encoder(params, folded=folded)
    wrapped = ResetInserter({"sync": (reset := Signal())})(dut)
    taken: list[Beat] = []

    async def offer(ctx, stream, beats, cycles: int) -> None:
        for beat in beats:
            ctx.set(stream.payload, beat)
            ctx.set(stream.valid, 1)
            is_ready = False
            while not is_ready and cycles:
                *_, is_ready = await ctx.tick().sample(stream.ready)
                cycles -= 1
        ctx.set(stream.valid, 0)

    async def body(ctx):
        for _ in range(20):
            context = contexts.draw(rng, params, "folded" if folded else "encoder")
            values = vectors(rng, context, 4)
            for limit in (rng.randrange(1, 60), 5000):
                await offer(ctx, dut.ctx, ctx_beats(context), rng.choice([limit, 5000]))
                ctx.set(dut.tile.payload, header(context, values, False))
                ctx.set(dut.tile.valid, 1)
                await offer(ctx, dut.values, value_beats(values), limit)
                if limit < 60:
                    ctx.set(dut.tile.valid, 0)
                    ctx.set(reset, 1)
                    await ctx.tick()
                    ctx.set(reset, 0)
                    taken.clear()
            while not taken or not taken[-1].last:
                await ctx.tick()
            assert packets(taken) == [expected(context, values, False)[0]]
            ctx.set(dut.tile.valid, 0)
            ctx.set(reset, 1)
            await ctx.tick()
            ctx.set(reset, 0)
            taken.clear()

    port = always_ready(dut.code, taken)
    clocked(wrapped, body, ports=[port], cycles=100_000, about=f"{params}, seed {SEED}")
