"""The decoder core: words of doc/format.md's streams, under stalls, damage and reset."""

import random

import pytest
from amaranth.hdl import ResetInserter, Signal

from fmcodec_hw.rice.decoder import Decoder
from sim.stalls import STALLS, stalls
from tests.hw.rice import reference
from tests.hw.rice.beats import beats
from tests.hw.rice.test_encoder import PORTS, parameters
from tests.hw.simulate import clocked
from tests.hw.streams import Beat, sink, source

SEED = 76

Coded = list[tuple[list[int], int]]  # stream, number of words


def decode(params, coded: Coded, stall: str, *, checked: bool = True) -> list[list[Beat]]:
    """Decode packets back to back; the beats of every one."""
    rng = random.Random(SEED)
    dut = Decoder(params, checked=checked)
    taken: list[Beat] = []
    offered = [
        beat for stream, _ in coded for beat in beats(stream, params.word_bits, params.port_words)
    ]

    async def body(ctx):
        while sum(beat.last for beat in taken) < len(coded):
            await ctx.tick()

    ports = [
        source(dut.length, [size - 1 for _, size in coded], stalls(stall, rng)),
        source(dut.code, offered, stalls(stall, rng)),
        sink(dut.words, taken, stalls(stall, rng)),
    ]
    cycles = 2000 + 30 * sum(size for _, size in coded) + 30 * len(offered)
    about = f"{params}, stalls {stall}, seed {SEED}"
    clocked(dut, body, ports=ports, cycles=cycles, about=about)
    ends = [i + 1 for i, beat in enumerate(taken) if beat.last]
    return [taken[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def check(params, packets, stall: str) -> list[list[Beat]]:
    """Words of the reference's streams == words, undamaged, for packets back to back."""
    coded = [
        (reference.stream(words, flags, params.word_bits), len(words)) for words, flags in packets
    ]
    decoded = decode(params, coded, stall)
    for i, (found, (words, flags)) in enumerate(zip(decoded, packets, strict=True)):
        where = f"packet {i}, {flags}"
        assert [beat.data for beat in found] == words, where
        assert not any(beat.user for beat in found), where
    return decoded


@pytest.mark.parametrize("stall", ["none", "geometric", "mixed"])
@pytest.mark.parametrize(("word_bits", "port_words"), PORTS)
def test_every_kind(word_bits, port_words, stall):
    packets = reference.packets(word_bits, 16, random.Random(SEED))
    check(parameters(word_bits, port_words), packets, stall)


def test_every_size():
    rng = random.Random(SEED)
    packets = [
        (reference.packet(reference.KINDS[size % 8], size, 8, rng), reference.Flags.draw(rng))
        for size in range(1, 140)
    ]
    check(parameters(8, 2), packets, "mixed")


@pytest.mark.parametrize("stall", STALLS)
def test_short_packets_back_to_back(stall):
    packets = reference.packets(8, 120, random.Random(SEED), longest=5)
    check(parameters(8, 2), packets, stall)


@pytest.mark.parametrize(("word_bits", "port_words"), PORTS)
def test_rate(word_bits, port_words):
    """A word leaves in every cycle but those in which the port is too narrow."""
    packets = reference.packets(word_bits, 40, random.Random(SEED))
    before = None
    for found, (words, flags) in zip(
        check(parameters(word_bits, port_words), packets, "none"), packets, strict=True
    ):
        stream = reference.stream(words, flags, word_bits)
        stalled = found[-1].cycle - found[0].cycle + 1 - len(words)
        assert stalled <= (0 if port_words > 1 else len(stream))
        assert before is None or found[0].cycle - before - 1 <= 4
        before = found[-1].cycle


def damage(stream: list[int], size: int, word_bits: int, rng: random.Random) -> tuple:
    """Another stream or another length, though not always so that it shows."""
    stream, top = list(stream), 1 << word_bits
    match rng.choice(["flip", "flip", "cut", "more", "replace", "length"]):
        case "flip":
            stream[rng.randrange(len(stream))] ^= 1 << rng.randrange(word_bits)
        case "cut":
            stream = stream[: rng.randint(1, len(stream))]
        case "more":
            stream += [rng.randrange(top) for _ in range(rng.randint(1, 9))]
        case "replace":
            stream = [rng.randrange(top) for _ in range(rng.randint(1, 30))]
        case "length":
            size = max(1, size + rng.randint(-20, 20))
    return stream, size


@pytest.mark.parametrize(("checked", "stall"), [(True, "none"), (True, "mixed"), (False, "none")])
@pytest.mark.parametrize(("word_bits", "port_words"), PORTS)
def test_damage_is_told_and_does_not_spread(word_bits, port_words, checked, stall):
    """N words for every packet, `user` on each damaged one, and whole packets in between."""
    rng = random.Random(SEED)
    coded = [
        (reference.stream(words, flags, word_bits), len(words))
        for words, flags in reference.packets(word_bits, 80, rng, longest=90)
    ]
    coded[::2] = [damage(*packet, word_bits, rng) for packet in coded[::2]]
    decoded = decode(parameters(word_bits, port_words), coded, stall, checked=checked)
    found = 0
    for i, (taken, (stream, size)) in enumerate(zip(decoded, coded, strict=True)):
        words, damaged = reference.decode(stream, size, word_bits)
        assert len(taken) == size, i
        assert not any(beat.user for beat in taken[:-1]), i
        assert taken[-1].user == (damaged and checked), (i, stream, size)
        if not damaged:
            assert [beat.data for beat in taken] == words, i
        found += damaged
    assert found > 15


def test_reset_within_a_packet():
    rng = random.Random(SEED)
    dut = Decoder(parameters(8, 2))
    wrapped = ResetInserter({"sync": (reset := Signal())})(dut)

    async def body(ctx):
        ctx.set(dut.words.ready, 1)
        for words, flags in reference.packets(8, 30, rng):
            stream = beats(reference.stream(words, flags, 8), 8, 2)
            for end in (rng.randrange(len(words) + 4), None):
                offered, taken, cycle = iter(stream), [], 0
                ctx.set(dut.length.payload, len(words) - 1)
                ctx.set(dut.length.valid, 1)
                beat = next(offered)
                while cycle != end and not (taken and taken[-1][1]):
                    if beat is not None:
                        ctx.set(dut.code.payload, beat)
                    ctx.set(dut.code.valid, beat is not None)
                    if beat is not None and ctx.get(dut.code.ready):
                        beat = next(offered, None)
                    if ctx.get(dut.words.valid):
                        last = ctx.get(dut.words.payload.last)
                        taken.append((ctx.get(dut.words.payload.data), last))
                    cycle += 1
                    await ctx.tick()
                if end is None:
                    assert [data for data, _ in taken] == words
                ctx.set(dut.length.valid, 0)
                ctx.set(dut.code.valid, 0)
                ctx.set(reset, 1)
                await ctx.tick()
                ctx.set(reset, 0)

    clocked(wrapped, body, cycles=50_000, about=f"seed {SEED}")


@pytest.mark.parametrize("word_bits", [4, 12])
def test_word_bits_of_the_cores(word_bits):
    message = f"^word_bits must be 8, 16 or 32 in the cores, not {word_bits}$"
    with pytest.raises(ValueError, match=message):
        Decoder(parameters(word_bits, 2))


@pytest.mark.parametrize("length_bits", [0, -1, 33])
def test_length_bits_must_be_in_range(length_bits):
    message = f"^length_bits must be an int in 1..32, not {length_bits}$"
    with pytest.raises(ValueError, match=message):
        Decoder(parameters(8, 2), length_bits=length_bits)
