"""The bit packer: pushes of any length come out as packed words, under stalls of the port."""

import random

import pytest

from fmcodec.bits import BitWriter
from fmcodec_hw.bit_packer import BitPacker
from sim.stalls import STALLS, stalls
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink

SEED = 41
# word_bits, push_bits, capacity, least_room, port_words, most_ones: a push of a bit, of less than a
# word, of more, of more than the port; the smallest queue and some with room to spare; ones ahead
SIZES = [
    (8, 1, 8, None, 1, 0),
    (8, 5, 12, None, 1, 0),
    (8, 16, 31, 8, 1, 0),
    (8, 16, 23, None, 1, 0),
    (8, 20, 64, 6, 1, 0),
    (16, 21, 50, 9, 1, 0),
    (8, 16, 31, None, 2, 0),
    (16, 9, 60, None, 2, 0),
    (8, 8, 23, None, 1, 8),
    (8, 8, 31, None, 2, 8),
    (16, 13, 60, None, 2, 5),
]

# ones in front, whether a 0 ends them, bits behind, how many
Push = tuple[int, bool, int, int]


def push_of(rng: random.Random, push_bits: int, most_ones: int) -> Push:
    ones, length = rng.randint(0, most_ones), rng.randint(0 if most_ones else 1, push_bits)
    length = length or not ones
    return ones, ones > 0 and rng.random() < 0.7, rng.getrandbits(length), length


def packets(rng: random.Random, push_bits: int, most_ones: int, count: int) -> list[list[Push]]:
    """Packets of pushes, some of them empty where a packet may be."""
    sizes = [1 if most_ones else 0, 1, 2, 9, 60]
    return [
        [push_of(rng, push_bits, most_ones) for _ in range(rng.choice(sizes))] for _ in range(count)
    ]


def make(size) -> BitPacker:
    word_bits, push_bits, capacity, least_room, port_words, most_ones = size
    return BitPacker(
        word_bits,
        push_bits,
        capacity=capacity,
        least_room=least_room,
        port_words=port_words,
        keep_bits=port_words * word_bits // 8 if port_words > 1 else 0,
        most_ones=most_ones,
    )


async def push_packet(ctx, dut: BitPacker, pushes: list[Push], idle) -> None:
    """A packet's pushes as soon as each has room, its cycles without one as `idle` says."""
    if not pushes:
        ctx.set(dut.blank, 1)
        await ctx.tick()
        ctx.set(dut.blank, 0)
    for ones, stops, bits, length in pushes:
        while next(idle) or not ctx.get(dut.room(max(ones + length, dut.least_room))):
            await ctx.tick()
        behind = (1 << dut.push_bits - length) - 1 if dut.most_ones else 0
        ctx.set(dut.data, bits << dut.push_bits - length | behind)
        if dut.most_ones:
            ctx.set(dut.ones, ones)
            ctx.set(dut.stop, stops)
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
    sent = packets(rng, dut.push_bits, dut.most_ones, 12)
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
        for ones, stops, bits, length in pushes or [(0, False, 0, dut.word_bits)]:
            writer.write((1 << ones) - 1 - stops, ones)
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
