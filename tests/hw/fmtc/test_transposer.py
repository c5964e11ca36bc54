"""Blocks turned, rows and columns each at their own pace."""

import random

import pytest

from fmcodec_hw.fmtc.transposer import Transposer
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 102


def turn(stall: str, blocks: int) -> list[int]:
    """Blocks go through right; the cycles in which their columns leave."""
    rng = random.Random(SEED)
    dut = Transposer(9)
    sent = [[[rng.randrange(-256, 256) for _ in range(4)] for _ in range(4)] for _ in range(blocks)]
    pause, found, cycles = stalls(stall, rng), [], []

    async def body(ctx):
        cycle = 0
        while len(found) < 4 * blocks:
            ready = not next(pause)
            ctx.set(dut.column.ready, ready)
            *_, valid, column = await ctx.tick().sample(dut.column.valid, dut.column.payload)
            if valid and ready:
                found.append(list(column))
                cycles.append(cycle)
            cycle += 1

    rows = source(dut.row, [row for block in sent for row in block], stalls(stall, rng))
    clocked(dut, body, ports=[rows], cycles=100 * blocks, about=f"stalls {stall}, seed {SEED}")
    assert found == [[row[i] for row in block] for block in sent for i in range(4)]
    return cycles


@pytest.mark.parametrize("stall", STALLS)
def test_blocks(stall):
    turn(stall, 60)


def test_a_line_each_way_a_cycle():
    cycles = turn("none", 20)
    assert cycles[-1] - cycles[0] == len(cycles) - 1


def test_a_block_leaves_while_the_next_one_stops():
    dut = Transposer(9)

    async def body(ctx):
        ctx.set(dut.row.valid, 1)
        for r in range(4):
            ctx.set(dut.row.payload, [4 * r + i for i in range(4)])
            await ctx.tick()
        ctx.set(dut.column.ready, 1)
        for i in range(4):
            # two rows come with the first columns, and no other
            ctx.set(dut.row.valid, i < 2)
            ctx.set(dut.row.payload, [100 + 4 * i + j for j in range(4)])
            assert ctx.get(dut.column.valid)
            assert list(ctx.get(dut.column.payload)) == [i, 4 + i, 8 + i, 12 + i]
            assert ctx.get(dut.row.ready)
            await ctx.tick()
        assert not ctx.get(dut.column.valid)
        ctx.set(dut.row.valid, 1)
        for i in (2, 3):
            ctx.set(dut.row.payload, [100 + 4 * i + j for j in range(4)])
            assert not ctx.get(dut.column.valid)
            await ctx.tick()
        ctx.set(dut.row.valid, 0)
        for i in range(4):
            assert list(ctx.get(dut.column.payload)) == [100 + 4 * j + i for j in range(4)]
            await ctx.tick()

    clocked(dut, body, cycles=100, about="no stalls")
