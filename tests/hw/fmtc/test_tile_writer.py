"""Tiles of any codes: header, payload, padding, CRC; a code a cycle."""

import itertools
import random

import pytest

from fmcodec.bits import BitWriter
from fmcodec.fmtc.tile import pack_tile
from fmcodec_hw.fmtc.tile_writer import TileWriter
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink, source

SEED = 98

Codes = list[tuple[int, int]]


def draw(rng: random.Random, count: int) -> list[tuple[int, Codes]]:
    """Headers, each with the codes of its tile."""
    found = []
    for _ in range(count):
        shortest = rng.choice([1, 8, 16])
        lengths = [rng.randint(shortest, 16) for _ in range(rng.choice([1, 2, 3, 7, 40]))]
        codes = [(rng.getrandbits(length), length) for length in lengths]
        found.append((rng.getrandbits(32), codes))
    return found


def words(header: int, codes: Codes) -> list[int]:
    writer = BitWriter(32)
    for bits, length in codes:
        writer.write(bits, length)
    payload = writer.words().astype("u4")
    return pack_tile(header & 0x7FFF, (header >> 16) + 1, bool(header >> 15 & 1), payload).tolist()


def run(tiles, stall: str) -> list[Beat]:
    rng = random.Random(SEED)
    dut = TileWriter()
    taken: list[Beat] = []
    codes = [
        {"bits": bits << 16 - length, "length": length, "last": i == len(own) - 1}
        for _, own in tiles
        for i, (bits, length) in enumerate(own)
    ]

    async def body(ctx):
        while sum(beat.last for beat in taken) < len(tiles):
            await ctx.tick()

    ports = [
        source(dut.header, [head for head, _ in tiles], stalls(stall, rng)),
        source(dut.code, codes, stalls(stall, rng)),
        sink(dut.words, taken, stalls(stall, rng)),
    ]
    cycles = 2000 + 30 * len(codes)
    clocked(dut, body, ports=ports, cycles=cycles, about=f"stalls {stall}, seed {SEED}")
    found = [beat.data for beat in taken]
    assert found == [word for head, own in tiles for word in words(head, own)]
    ends = [i for i, beat in enumerate(taken) if beat.last]
    sizes = [len(words(head, own)) for head, own in tiles]
    assert ends == [sum(sizes[: i + 1]) - 1 for i in range(len(sizes))]
    return taken


@pytest.mark.parametrize("stall", STALLS)
def test_tiles(stall):
    run(draw(random.Random(SEED), 40), stall)


def test_rate():
    """A code of 16 bits in every cycle, and at most eight cycles a tile beyond."""
    rng = random.Random(SEED)
    tiles = [(rng.getrandbits(32), [(rng.getrandbits(16), 16)] * 300) for _ in range(6)]
    ends = [beat.cycle for beat in run(tiles, "none") if beat.last]
    assert all(b - a <= 308 for a, b in itertools.pairwise(ends))
