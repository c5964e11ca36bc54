"""Coefficients of blocks as the model has them, one a cycle."""

import random

import pytest

from fmcodec.fmtc.reference import DCT4_ROWS
from fmcodec_hw.fmtc.dct4 import Dct4
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 103


def coefficients(block: list[int]) -> list[int]:
    """W of doc/format.md."""
    return [
        sum(
            DCT4_ROWS[k % 4][i] * DCT4_ROWS[k // 4][j] * block[4 * i + j]
            for i in range(4)
            for j in range(4)
        )
        for k in range(16)
    ]


def transform(stall: str, blocks: int) -> list[int]:
    """Blocks come out right; the cycles of their coefficients."""
    rng = random.Random(SEED)
    dut = Dct4()
    sent = []
    for _ in range(blocks):
        ends = rng.choice([[-128, 127], [-128], [0], range(-128, 128)])
        sent.append([rng.choice(ends) for _ in range(16)])
    flags = [rng.getrandbits(1) for _ in sent]
    stray = [rng.random() < 0.01 for _ in range(16 * blocks)]
    beats = [
        {"data": value & 255, "last": flags[b] if i == 15 else stray[16 * b + i]}
        for b, block in enumerate(sent)
        for i, value in enumerate(block)
    ]
    strays = sum(stray[i] for i in range(len(stray)) if i % 16 != 15)
    pause, found, cycles, misplaced = stalls(stall, rng), [], [], [0]

    async def body(ctx):
        cycle = 0
        while len(found) < 16 * blocks:
            ready = not next(pause)
            ctx.set(dut.coefficient.ready, ready)
            *_, valid, payload, wrong = await ctx.tick().sample(
                dut.coefficient.valid, dut.coefficient.payload, dut.misplaced
            )
            misplaced[0] += wrong
            if valid and ready:
                assert payload.last == flags[len(found) // 16]
                found.append(payload.value)
                cycles.append(cycle)
            cycle += 1

    values = source(dut.values, beats, stalls(stall, rng))
    clocked(dut, body, ports=[values], cycles=400 * blocks, about=f"stalls {stall}, seed {SEED}")
    assert found == [w for block in sent for w in coefficients(block)]
    assert misplaced[0] == strays > 0
    return cycles


@pytest.mark.parametrize("stall", STALLS)
def test_blocks(stall):
    transform(stall, 40)


def test_a_coefficient_a_cycle():
    cycles = transform("none", 20)
    assert cycles[0] == 16
    assert cycles[-1] - cycles[0] == len(cycles) - 1
