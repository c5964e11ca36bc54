"""Contexts: numbers and memories as the model has them, refusals, banks, tiles that wait."""

import random

import pytest

from fmcodec.fmtc import Params
from fmcodec.fmtc.cores import Decoder, Encoder
from fmcodec_hw.fmtc.context_fields import SIDES, Build
from fmcodec_hw.fmtc.context_loader import ContextLoader
from fmcodec_hw.fmtc.context_reader import write_ports
from sim.stalls import stalls
from tests.hw.fmtc import contexts
from tests.hw.simulate import clocked

SEED = 93
PARAMS = [
    Params(16, "dct4", "rice", tables=4),
    Params(16, "dct4", "huffman", tables=8, q_max=20),
    Params(9, "none", "rice", tables=8),
    Params(1, "none", "huffman", tables=1, q_max=1),
    Params(12, "none", "huffman", tables=3, q_max=30, max_code_bits=15),
    Params(7, "matrix", "rice", tables=2),
    Params(12, "matrix", "huffman", tables=3, q_max=20, matrix_bits=10, max_code_bits=8),
    Params(100, "none", "rice", tables=1),
]
BUILDS = [
    Build(params, side)
    for params in PARAMS
    for side in SIDES
    if side != "folded" or params.transform == "none"
]


class Memories:
    """What a loader has written of the context that it reads."""

    def __init__(self) -> None:
        self.pairs, self.lengths, self.means, self.entries = {}, {}, {}, {}


def watch(dut: ContextLoader, found: Memories, ready):
    """Testbench that takes what goes to memories; `ready` says when lengths rest."""
    build = dut.build
    names = [*write_ports(build)]

    async def testbench(ctx):
        while True:
            if build.has_huffman:
                ctx.set(dut.ready, not next(ready))
            taken = await ctx.tick().sample(*(getattr(dut, name) for name in names))
            ports = dict(zip(names, taken[-len(names) :], strict=True))
            if (port := ports.get("pair")) is not None and port.valid:
                found.pairs[port.index] = (port.pair.shift, port.pair.scale)
            if (port := ports.get("length")) is not None and port.valid and ports["ready"]:
                found.lengths[port.table, port.symbol] = port.length
                assert port.symbol == 0 or (port.table, port.symbol - 1) in found.lengths
            if (port := ports.get("mean")) is not None and port.valid:
                found.means[port.row] = signed(port.value, 24)
            if (port := ports.get("entry")) is not None and port.valid:
                value = signed(port.value, build.params.matrix_bits)
                found.entries[port.row, port.column] = value

    return testbench


def signed(value: int, bits: int) -> int:
    return value - (value >> bits - 1 << bits)


def check_fields(fields, context, build: Build) -> None:
    """The registers are those of a context of the model."""
    names = set(build.layout.members)
    assert fields.tag == context.tag
    if build.is_decoder:
        assert fields.q_max == context.q_max
    else:
        assert fields.span == context.q_max - context.zero_point
    assert fields.zero_point == context.zero_point
    if "boundaries" in names:
        shown = [fields.boundaries[i] for i in range(build.params.tables - 1)]
        expected = [*reversed(context.boundaries)]
        assert shown == expected + [0] * (len(shown) - len(expected))
    if "last_component" in names:
        assert fields.last_component == context.components - 1
    if "mean" in names:
        assert fields.mean == (context.offset if build.is_decoder else context.bias)[0]
    if "end_before" in names:
        assert fields.end_before == context.end_before
    for name in ("low", "high", "inverse_shift", "inverse_scale"):
        if name in names:
            assert getattr(fields, name) == getattr(context, name)
    if "each" in names:
        assert fields.each == context.each
    if build.pairs and not ("each" in names and context.each):
        places = (0, 1, 5)[: build.pairs]
        shown = [(fields.pairs[i].shift, fields.pairs[i].scale) for i in range(build.pairs)]
        assert shown == [(context.shift[k], context.scale[k] - 128) for k in places]


def check_memories(found: Memories, context, build: Build) -> None:
    """What was written is what the model has, all of it."""
    if build.has_each and context.each:
        pairs = zip(context.shift.tolist(), (context.scale - 128).tolist(), strict=True)
        assert found.pairs == dict(enumerate(pairs))
    if build.has_huffman:
        assert found.lengths == {
            (table, symbol): length
            for table, row in enumerate(context.lengths.tolist())
            for symbol, length in enumerate(row)
        }
    if build.has_matrix:
        means = context.offset if build.is_decoder else context.bias
        assert found.means == dict(enumerate(means.tolist()))
        assert found.entries == {
            (row, column): entry
            for row, entries in enumerate(context.matrix.tolist())
            for column, entry in enumerate(entries)
        }


def beats(words) -> list[dict[str, int]]:
    return [{"data": int(word), "last": i == len(words) - 1} for i, word in enumerate(words)]


@pytest.mark.parametrize("stall", ["geometric"])
@pytest.mark.parametrize("build", BUILDS, ids=str)
def test_contexts_sound_and_damaged(build, stall):
    rng = random.Random(SEED)
    dut = ContextLoader(build)
    found, counts = Memories(), [0, 0]

    async def body(ctx):
        kept = None
        for round_ in range(24 if build.transform == "dct4" else 12):
            words = contexts.draw(rng, build.params, build.side).to_words()
            if round_ % 3:
                words = contexts.damaged(rng, words)
            expected = contexts.read(words, build.params, build.side)
            found.__init__()
            outcome = await send(ctx, dut, words, stalls(stall, rng))
            assert outcome == ("refused" if expected is None else "loaded"), [*map(hex, words)]
            counts[expected is None] += 1
            if expected is not None:
                check_memories(found, expected, build)
                bank = ctx.get(dut.bank)
                kept = expected
                await grant(ctx, dut, expected.tag)
                assert ctx.get(dut.bank) != bank
            elif kept is not None:
                await grant(ctx, dut, rng.getrandbits(15))
            if kept is not None:
                check_fields(ctx.get(dut.fields), kept, build)

    ready = stalls(stall, rng)
    ports = [watch(dut, found, ready)] if write_ports(build) else []
    clocked(
        dut,
        body,
        ports=ports,
        cycles=400_000,
        about=f"{build}, stalls {stall}, seed {SEED}",
    )
    assert min(counts) > 1


async def send(ctx, dut: ContextLoader, words, stall) -> str:
    """Offer a context and say how it was taken."""
    outcomes = []
    for beat in beats(words):
        while next(stall):
            await ctx.tick()
        ctx.set(dut.words.payload, beat)
        ctx.set(dut.words.valid, 1)
        while not ctx.get(dut.words.ready):
            assert not ctx.get(dut.loaded)
            assert not ctx.get(dut.refused)
            await ctx.tick()
        outcomes += ["loaded"] * ctx.get(dut.loaded) + ["refused"] * ctx.get(dut.refused)
        await ctx.tick()
        ctx.set(dut.words.valid, 0)
    (outcome,) = outcomes
    return outcome


async def grant(ctx, dut: ContextLoader, tag: int) -> int:
    """Ask for a tile's context; the cycles until it is granted."""
    ctx.set(dut.tag, tag)
    ctx.set(dut.ask, 1)
    ctx.set(dut.drained, 1)
    waited = 0
    while not ctx.get(dut.granted):
        waited += 1
        await ctx.tick()
    await ctx.tick()
    ctx.set(dut.ask, 0)
    return waited


@pytest.mark.parametrize("side", SIDES)
def test_tiles_choose_as_the_model_does(side):
    rng = random.Random(SEED)
    params = Params(16, "none", "rice", tables=2)
    build = Build(params, side)
    dut = ContextLoader(build)

    async def body(ctx):
        model = Decoder(params) if build.is_decoder else Encoder(params, side == "folded")
        tags = [rng.getrandbits(15) for _ in range(3)]
        for round_ in range(80):
            if round_ == 0 or rng.random() < 0.4:
                words = contexts.draw(rng, params, side, tag=rng.choice(tags)).to_words()
                if rng.random() < 0.3:
                    words[-1] ^= 1
                outcome = await send(ctx, dut, words, stalls("none", rng))
                try:
                    model.load(words)
                except ValueError:
                    assert outcome == "refused"
                if model.context is None:
                    continue
                await ctx.tick()  # the first one needs no tile
            tag = rng.choice(tags)
            assert await grant(ctx, dut, tag) <= 1
            check_fields(ctx.get(dut.fields), model._select(tag), build)

    clocked(dut, body, cycles=50_000, about=f"{side}, seed {SEED}")


def test_tiles_wait_for_a_context_that_is_loaded():
    rng = random.Random(SEED)
    params = Params(16, "dct4", "rice", tables=4)
    build = Build(params, "decoder")
    dut = ContextLoader(build)
    first, second = (contexts.draw(rng, params, "decoder", tag=tag) for tag in (1, 2))

    async def body(ctx):
        ctx.set(dut.tag, 1)
        ctx.set(dut.ask, 1)
        for _ in range(20):
            assert not ctx.get(dut.granted)  # no context yet
            await ctx.tick()
        ctx.set(dut.ask, 0)
        assert await send(ctx, dut, first.to_words(), stalls("none", rng)) == "loaded"
        await ctx.tick()
        waits = {}
        for tag in (1, 2):
            ctx.set(dut.words.payload, {"data": int(second.to_words()[0]), "last": 0})
            ctx.set(dut.words.valid, 1)
            ctx.set(dut.tag, tag)
            ctx.set(dut.ask, 1)
            waits[tag] = 0
            while waits[tag] < 20 and not ctx.get(dut.granted):
                waits[tag] += 1
                await ctx.tick()
                if ctx.get(dut.words.ready):
                    break
        assert waits[1] == 0
        assert waits[2] > 1
        for beat in beats(second.to_words()):
            ctx.set(dut.words.payload, beat)
            while not ctx.get(dut.words.ready):
                assert not ctx.get(dut.granted)
                await ctx.tick()
            await ctx.tick()
        ctx.set(dut.words.valid, 0)
        assert await grant(ctx, dut, 2) == 1
        check_fields(ctx.get(dut.fields), second, build)

    clocked(dut, body, cycles=2000, about=f"seed {SEED}")
