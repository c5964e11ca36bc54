"""Rows of a matrix times vectors, for lanes from one to all, a context loaded meanwhile."""

import random

import pytest

from fmcodec.fmtc import Params
from fmcodec_hw.fmtc.context_fields import Build
from fmcodec_hw.fmtc.matrix import Matrix
from sim.stalls import stalls
from tests.hw.fmtc import contexts
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 107


async def load(ctx, dut: Matrix, context) -> None:
    """Matrix and means of a context into the half that is not in use."""
    for row, entries in enumerate(context.matrix.tolist()):
        ctx.set(dut.mean, {"valid": 1, "row": row, "value": int(context.bias[row])})
        for column, value in enumerate(entries):
            place = {"row": row, "column": column, "ends": column == len(entries) - 1}
            ctx.set(dut.entry, {**place, "valid": 1, "value": value})
            await ctx.tick()
            ctx.set(dut.mean.valid, 0)
    ctx.set(dut.entry.valid, 0)
    ctx.set(dut.clear, 1)
    await ctx.tick()
    ctx.set(dut.clear, 0)


@pytest.mark.parametrize("stall", ["none", "geometric"])
@pytest.mark.parametrize(("channels", "lanes", "bits"), [(8, 8, 8), (8, 2, 10), (6, 1, 8)])
def test_vectors(channels, lanes, bits, stall):
    rng = random.Random(SEED)
    params = Params(channels, "matrix", "rice", tables=1, lanes=lanes, matrix_bits=bits)
    dut = Matrix(Build(params, "encoder"), 8)
    pause = stalls(stall, rng)
    drawn = [contexts.draw(rng, params, "encoder") for _ in range(4)]
    jobs = []
    for context in drawn:
        rows = [[rng.choice([-128, 127, rng.randrange(-128, 128)]) for _ in range(channels)]]
        rows += [[rng.randrange(-128, 128) for _ in range(channels)] for _ in range(6)]
        jobs.append((context, rows))
    beats = [
        {"value": value, "ends": i == channels - 1, "last": i == channels - 1 and v == 6}
        for _, vectors in jobs
        for v, vector in enumerate(vectors)
        for i, value in enumerate(vector)
    ]

    async def body(ctx):
        for context, vectors in jobs:
            await load(ctx, dut, context)
            ctx.set(dut.bank, 1 - ctx.get(dut.bank))
            ctx.set(dut.last_row, context.components - 1)
            expected = [
                (sum(t * x for t, x in zip(row, vector, strict=True)), bias, v == 6)
                for v, vector in enumerate(vectors)
                for row, bias in zip(context.matrix.tolist(), context.bias.tolist(), strict=True)
            ]
            ends = {(v + 1) * context.components - 1 for v in range(len(vectors))}
            found, begun = [], 0
            while len(found) < len(expected):
                ctx.set(dut.may_begin, begun < len(vectors))
                ready = not next(pause)
                ctx.set(dut.sum.ready, ready)
                *_, valid, total, begins = await ctx.tick().sample(
                    dut.sum.valid, dut.sum.payload, dut.begins
                )
                begun += begins
                if valid and ready:
                    is_end = len(found) in ends
                    found.append((total.value, total.mean, bool(total.last)))
                    assert is_end or not total.last
            assert [pair[:2] for pair in found] == [pair[:2] for pair in expected]
            assert found[-1][2]
            assert begun == len(vectors)
            ctx.set(dut.may_begin, 0)

    port = source(dut.element, beats, stalls(stall, rng))
    about = f"{params}, stalls {stall}, seed {SEED}"
    clocked(dut, body, ports=[port], cycles=20_000, about=about)
