"""Components and groups in the order of the symbols."""

import random

import pytest

from fmcodec_hw.fmtc.symbol_index import SymbolIndex
from tests.hw.simulate import clocked

SEED = 97


@pytest.mark.parametrize(("channels", "tables"), [(16, 4), (256, 8), (5, 1), (1, 1), (2, 8)])
def test_vectors(channels, tables):
    rng = random.Random(SEED)
    dut = SymbolIndex(channels, tables)

    async def body(ctx):
        for _ in range(12):
            components = rng.choice([channels, rng.randint(1, channels)])
            groups = rng.randint(1, min(tables, components))
            boundaries = sorted(rng.sample(range(1, components), groups - 1))
            ctx.set(dut.last_component, components - 1)
            for i in range(tables - 1):
                ctx.set(dut.boundaries[i], boundaries[i] if i < len(boundaries) else 0)
            for k in [*range(components)] * 2:
                while rng.random() < 0.2:
                    await ctx.tick()
                assert ctx.get(dut.component) == k
                assert ctx.get(dut.following) == (k + 1) % components
                assert ctx.get(dut.group) == sum(edge <= k for edge in boundaries)
                assert ctx.get(dut.last) == (k == components - 1)
                ctx.set(dut.step, 1)
                await ctx.tick()
                ctx.set(dut.step, 0)

    clocked(dut, body, cycles=20_000, about=f"{channels}, {tables}, seed {SEED}")
