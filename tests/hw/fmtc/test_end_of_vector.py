"""Vectors cut at their tails, one symbol a cycle."""

import random

import pytest

from fmcodec.fmtc import Params
from fmcodec_hw.fmtc.end_of_vector import EndOfVector
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import source

SEED = 105


def cut(vector: list[int], end_before: int, raw: bool) -> list[int | None]:
    """The symbols that are coded, None for end of vector; 0 is the zero point."""
    used = len(vector)
    while used and not vector[used - 1]:
        used -= 1
    return vector if raw or used >= end_before else [*vector[:used], None]


def run(stall: str, channels: int, vectors: int, zeros: float, cutting: bool = True) -> list[int]:
    """Vectors are cut right; the cycles in which symbols leave."""
    rng = random.Random(SEED)
    dut = EndOfVector(Params(channels, "none", "huffman", tables=4))
    beats, expected, settings = [], [], []
    for v in range(vectors):
        components = rng.choice([channels, rng.randint(1, channels)])
        end_before, raw = rng.randint(0, components) if cutting else 0, rng.random() < 0.1
        vector = [0 if rng.random() < zeros else rng.randrange(1, 255) for _ in range(components)]
        groups = sorted(rng.randrange(4) for _ in vector)
        own = cut(vector, end_before, raw)
        for i, symbol in enumerate(vector):
            ends = i == components - 1
            flags = {
                "zero": not symbol,
                "group": groups[i],
                "ends": ends,
                "last": ends and v % 3 == 0,
            }
            beats.append({"symbol": symbol, **flags})
            settings.append((end_before, raw))
        for i, symbol in enumerate(own):
            is_last = i == len(own) - 1
            expected.append((symbol, groups[i], is_last and v % 3 == 0, raw))
    pause, found, cycles = stalls(stall, rng), [], []

    async def feed(ctx):
        for beat, (end_before, raw) in zip(beats, settings, strict=True):
            ctx.set(dut.end_before, end_before)
            ctx.set(dut.raw, raw)
            await source(dut.symbol, [beat], pause)(ctx)

    async def body(ctx):
        cycle = 0
        assert ctx.get(dut.idle)
        while len(found) < len(expected):
            ready = not next(pause)
            ctx.set(dut.cut.ready, ready)
            *_, valid, payload = await ctx.tick().sample(dut.cut.valid, dut.cut.payload)
            if valid and ready:
                symbol = None if payload.end else payload.symbol
                found.append((symbol, payload.group, bool(payload.last), bool(payload.raw)))
                cycles.append(cycle)
            cycle += 1
        assert found == expected
        assert ctx.get(dut.idle)

    clocked(dut, body, ports=[feed], cycles=2000 + 20 * len(beats), about=f"{stall}, seed {SEED}")
    return cycles


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("zeros", [0.1, 0.6, 0.95])
def test_vectors(stall, zeros):
    run(stall, 12, 60, zeros)


@pytest.mark.parametrize("channels", [1, 2, 16])
def test_sizes(channels):
    run("geometric", channels, 60, 0.6)


def test_a_symbol_a_cycle():
    cycles = run("none", 16, 30, 0.6, cutting=False)
    # vectors of different sizes wait for a longer one in front of them, and no longer
    assert cycles[-1] - cycles[0] <= 16 + len(cycles) * 2
