"""The bit packer: pushes of any length come out as packed words, under stalls of the port."""

import random

import pytest

from fmcodec.bits import BitWriter
from fmcodec_hw.bit_packer import BitPacker
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink

SEED = 41
# word_bits, push_bits, capacity, least_room, port_words: a push of a bit, of less than a word, of
# more, of more than the port; the smallest queue and ones with room to spare
SIZES = [
    (8, 1, 8, None, 1),
    (8, 5, 12, None, 1),
    (8, 16, 31, 8, 1),
    (8, 16, 23, None, 1),
    (8, 20, 64, 6, 1),
    (16, 21, 50, 9, 1),
    (8, 16, 31, None, 2),
    (16, 9, 60, None, 2),
]


def packets(rng: random.Random, push_bits: int, count: int) -> list[list[tuple[int, int]]]:
    """Packets of pushes as (bits, length), some of them empty."""
    return [
        [
            (rng.getrandbits(length), length)
            for length in (rng.randint(1, push_bits) for _ in range(rng.choice([0, 1, 2, 9, 60])))
        ]
        for _ in range(count)
    ]


def make(size) -> BitPacker:
    word_bits, push_bits, capacity, least_room, port_words = size
    return BitPacker(
        word_bits,
        push_bits,
        capacity=capacity,
        least_room=least_room,
        port_words=port_words,
        keep_bits=port_words * word_bits // 8 if port_words > 1 else 0,
    )


async def push_packet(ctx, dut: BitPacker, pushes, idle) -> None:
    """A packet's pushes as soon as each has room, its cycles without one as `idle` says."""
    if not pushes:
        ctx.set(dut.blank, 1)
        await ctx.tick()
        ctx.set(dut.blank, 0)
    for bits, length in pushes:
        while next(idle) or not ctx.get(dut.room(max(length, dut.least_room))):
            await ctx.tick()
        ctx.set(dut.data, bits << dut.push_bits - length)
        ctx.set(dut.length, length)
        ctx.set(dut.push, 1)
        await ctx.tick()
        ctx.set(dut.push, 0)
    ctx.set(dut.close, 1)
    while not ctx.get(dut.closed):
        await ctx.tick()
    await ctx.tick()
    ctx.set(dut.close, 0)


def words_of(dut: BitPacker, beats: list[Beat]) -> list[list[int]]:
    """The words of each packet that came out; no beat but the last one may be partial."""
    found: list[list[int]] = [[]]
    for beat in beats:
        lanes = dut.port_words
        if beat.keep is not None:
            lanes = beat.keep.bit_count() // (dut.word_bits // 8)
            assert beat.keep == 2 ** (lanes * (dut.word_bits // 8)) - 1
            assert lanes == dut.port_words or beat.last
        mask = 2**dut.word_bits - 1
        found[-1] += [beat.data >> i * dut.word_bits & mask for i in range(lanes)]
        if beat.last:
            found.append([])
    assert found.pop() == []
    return found


@pytest.mark.parametrize("stall", STALLS)
@pytest.mark.parametrize("size", SIZES)
def test_pushes_are_packed(size, stall):
    rng = random.Random(SEED)
    dut = make(size)
    sent = packets(rng, dut.push_bits, 12)
    beats: list[Beat] = []
    idle = stalls(stall, rng)

    async def body(ctx):
        for pushes in sent:
            await push_packet(ctx, dut, pushes, idle)

    port = sink(dut.beat, beats, stalls(stall, rng))
    about = f"{size}, stalls {stall}, seed {SEED}"
    clocked(dut, body, ports=[port], cycles=200_000, about=about)
    expected = []
    for pushes in sent:
        writer = BitWriter(dut.word_bits)
        for bits, length in pushes or [(0, dut.word_bits)]:
            writer.write(bits, length)
        expected.append(writer.words().tolist())
    assert words_of(dut, beats) == expected


def test_a_push_a_cycle_where_the_port_takes_a_beat_a_cycle():
    dut = BitPacker(8, 8, capacity=15)

    async def body(ctx):
        ctx.set(dut.beat.ready, 1)
        ctx.set(dut.push, 1)
        ctx.set(dut.length, 8)
        for cycle in range(40):
            assert ctx.get(dut.room(8))
            assert ctx.get(dut.beat.valid) == (cycle > 0)
            await ctx.tick()

    clocked(dut, body, cycles=100, about="no stalls")


def test_sizes_that_cannot_be():
    with pytest.raises(ValueError, match=r"^word_bits must be a power of two, not 12$"):
        BitPacker(12, 4, capacity=24)
    with pytest.raises(ValueError, match=r"^bits must be at most capacity - 7, not 9$"):
        BitPacker(8, 8, capacity=15).room(9)
