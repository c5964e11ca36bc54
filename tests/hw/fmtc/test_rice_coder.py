"""Codes of symbols, groups and runs as the model writes them."""

import random
from types import SimpleNamespace

import numpy as np
import pytest

from fmcodec.fmtc.reference import pack
from fmcodec_hw.fmtc.rice_coder import RiceCoder
from sim.stalls import stalls
from tests.hw.fmtc.coding import coded, symbol_beats
from tests.hw.simulate import clocked

SEED = 99


def draw(rng: random.Random, tables: int):
    """Symbols of a tile, the group of every component, zp and raw."""
    components = rng.choice([1, 3, 16])
    groups = rng.randint(1, min(tables, components))
    edges = sorted(rng.sample(range(1, components), groups - 1))
    group_of = [sum(edge <= k for edge in edges) for k in range(components)]
    zero_point = rng.choice([0, 127, 128, rng.randrange(129)])
    top = min(zero_point + 127, 254)
    share, spread = rng.choice([0.02, 0.3, 1]), rng.choice([1, 3, 30, 200])
    shape = rng.choice([1, 2, 12]), components
    values = [
        min(max(zero_point + int(rng.gauss(0, spread)), 0), top)
        if rng.random() < share
        else zero_point
        for _ in range(shape[0] * components)
    ]
    symbols = np.array(values, np.uint8).reshape(shape)
    return symbols, group_of, zero_point, rng.random() < 0.1


@pytest.mark.parametrize("stall", ["none", "geometric", "pattern"])
@pytest.mark.parametrize("tables", [1, 4, 8])
def test_tiles(tables, stall):
    rng = random.Random(SEED)
    dut = RiceCoder(tables)
    pause = stalls(stall, rng)

    beats, expected, sizes = [], [], []
    for _ in range(60):
        symbols, group_of, zero_point, raw = draw(rng, tables)
        context = SimpleNamespace(
            coder="rice",
            groups=tables,
            zero_point=zero_point,
            components=len(group_of),
            group_of=np.array(group_of),
        )
        expected.append(pack(context, symbols, raw).tolist())
        sizes.append((raw, zero_point))
        beats.append(symbol_beats(symbols, zero_point, group_of))

    async def body(ctx):
        for own, words, (raw, zero_point) in zip(beats, expected, sizes, strict=True):
            ctx.set(dut.raw, raw)
            ctx.set(dut.zero_point, zero_point)
            assert await coded(ctx, dut, own, pause) == words

    total = sum(map(len, beats))
    clocked(dut, body, cycles=1000 + 20 * total, about=f"{tables}, {stall}, seed {SEED}")
