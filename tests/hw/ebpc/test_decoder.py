"""The decoder core against the golden model and the published vectors, under stalls and damage."""

import random

import numpy as np
import pytest
from amaranth.sim import Simulator

from fmcodec.ebpc import Encoded, Params, cycles, reference
from fmcodec_hw.codec import Config
from fmcodec_hw.ebpc import Decoder
from sim.ebpc.packets import Packets
from sim.stalls import STALLS, stalls
from sim.words import KINDS
from tests.hw.streams import Beat, sink, source

SEED = 30
CONFIGS = [(8, 8, 16), (16, 16, 16), (16, 8, 16), (8, 8, 8), (32, 16, 16), (8, 16, 16), (8, 4, 16)]


def bpc_beats(params: Params, words: list[int]) -> list[dict[str, int]]:
    """Beats of the BPC port, the first word in the low lanes; a lane that is no word holds ones."""
    m, lanes = params.word_bits, params.port_words
    if lanes == 1:
        return znz_beats(words)
    keep_bits = m // 8 if m % 8 == 0 else 1
    beats = []
    for start in range(0, len(words), lanes):
        chunk = words[start : start + lanes]
        data = sum(word << i * m for i, word in enumerate(chunk))
        data |= (2 ** (lanes * m) - 1) >> len(chunk) * m << len(chunk) * m
        last = start + lanes >= len(words)
        beats.append({"data": data, "keep": 2 ** (len(chunk) * keep_bits) - 1, "last": last})
    return beats


def znz_beats(words: list[int]) -> list[dict[str, int]]:
    return [{"data": word, "last": i == len(words) - 1} for i, word in enumerate(words)]


def packets_of(params: Params) -> Packets:
    """Packets for cores of these parameters."""
    return Packets(Config("ebpc", "", params))


def run(
    params: Params,
    encoded: list[Encoded],
    stall: str,
    *,
    checked: bool = True,
    compact: bool = False,
) -> list[list[Beat]]:
    """Decode packets back to back; the beats of every one."""
    rng = random.Random(SEED)
    dut = Decoder(params, compact=compact, checked=checked)
    taken: list[Beat] = []
    ports = (
        (dut.length, [e.num_words - 1 for e in encoded]),
        (dut.bpc, [beat for e in encoded for beat in bpc_beats(params, e.bpc.tolist())]),
        (dut.znz, [beat for e in encoded for beat in znz_beats(e.znz.tolist())]),
    )
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    for port, beats in ports:
        simulator.add_testbench(source(port, beats, stalls(stall, rng)), background=True)
    simulator.add_testbench(sink(dut.words, taken, stalls(stall, rng)), background=True)
    cycles = 1000 + 20 * sum(e.num_words + len(e.bpc) + len(e.znz) for e in encoded)

    async def limit(ctx):
        for _ in range(cycles):
            if sum(beat.last for beat in taken) == len(encoded):
                return
            await ctx.tick()
        pytest.fail(f"no end after {cycles} cycles, stalls {stall}, seed {SEED}")

    simulator.add_testbench(limit)
    simulator.run()
    ends = [i + 1 for i, beat in enumerate(taken) if beat.last]
    return [taken[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def check(
    params: Params, words: list[np.ndarray], stall: str, *, compact: bool = False
) -> list[list[Beat]]:
    """Words of the model's streams == words, undamaged, for packets back to back."""
    decoded = run(params, [params.encode(packet) for packet in words], stall, compact=compact)
    mask = 2**params.word_bits - 1
    for i, (beats, packet) in enumerate(zip(decoded, words, strict=True)):
        where = f"packet {i} of {len(packet)} words, {params}, compact {compact}"
        where += f", stalls {stall}, seed {SEED}"
        assert [beat.data for beat in beats] == [int(word) & mask for word in packet], where
        assert not any(beat.user for beat in beats), where
    return decoded


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize(
    ("config", "port_words"), [*((config, 1) for config in CONFIGS), ((8, 8, 16), 2)]
)
def test_every_size_and_kind(config, port_words, compact):
    params = Params(*config, port_words)
    rng = np.random.default_rng(SEED)
    words = [
        packets_of(params).make(KINDS[i % len(KINDS)], size, rng)
        for i, size in enumerate(rng.permutation(packets_of(params).sizes()[:-6]))
    ]
    check(params, words, STALLS[1 + (port_words + config[0]) % 3], compact=compact)


@pytest.mark.parametrize("max_zero_run", [2, 128, 256])
def test_runs_as_long_as_a_word(max_zero_run):
    params = Params(max_zero_run=max_zero_run)
    rng = np.random.default_rng(SEED)
    sizes = (1, max_zero_run - 1, max_zero_run, max_zero_run + 1, 2 * max_zero_run + 9)
    words = [
        packets_of(params).make(kind, size, rng)
        for kind in ("zeros", "lone_last")
        for size in sizes
    ]
    check(params, words, "pattern")


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("stall", STALLS)
def test_short_packets_back_to_back(stall, compact):
    # what a packet leaves behind shows in the next one's first words
    rng = np.random.default_rng(SEED)
    words = [
        packets_of(Params()).make(KINDS[rng.integers(len(KINDS))], size, rng)
        for size in rng.integers(1, 25, 60)
    ]
    check(Params(), words, stall, compact=compact)


@pytest.mark.parametrize("config", CONFIGS[:5])
def test_published_vectors(config):
    m, n, z = config
    params = Params(m, n, z)
    cases = [
        (name, words, encoded)
        for name, words, encoded in packets_of(params).vectors()
        if len(words) < 100 or name == "extremes"
    ]
    decoded = run(params, [encoded for _, _, encoded in cases], "geometric")
    for (name, words, _), beats in zip(cases, decoded, strict=True):
        assert [beat.data for beat in beats] == [int(word) & 2**m - 1 for word in words], name


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize(("port_words", "checked"), [(1, True), (2, True), (1, False)])
@pytest.mark.parametrize("config", [(8, 8, 16), (8, 16, 16), (8, 8, 256)])
def test_damage_is_told_and_does_not_spread(config, port_words, checked, compact):
    """N words for every packet, `user` on each damaged one, and whole packets in between."""
    params = Params(*config, port_words)
    rng = np.random.default_rng(SEED)
    words = [
        packets_of(params).make(str(rng.choice(KINDS)), size, rng)
        for size in rng.integers(1, 6 * params.block_words, 60)
    ]
    encoded = [params.encode(packet) for packet in words]
    encoded[::2] = [packets_of(params).damaged(packet, rng) for packet in encoded[::2]]
    decoded = run(params, encoded, STALLS[port_words], checked=checked, compact=compact)
    found = 0
    for i, (beats, packet) in enumerate(zip(decoded, encoded, strict=True)):
        model, damaged = reference.decode_lenient(params, packet)
        where = f"packet {i}, {params}, checked {checked}, compact {compact}, seed {SEED}"
        assert len(beats) == packet.num_words, where
        assert beats[-1].user == (damaged and checked), where
        if not damaged:
            expected = [int(word) & 2**params.word_bits - 1 for word in model]
            assert [beat.data for beat in beats] == expected, where
        found += damaged
    assert found > 15


def throughput_cases(params: Params) -> list[np.ndarray]:
    """Packets of every density, and ones whose long symbols stand side by side."""
    rng = np.random.default_rng(SEED)
    m = params.word_bits
    low, high = -(2 ** (m - 1)), 2 ** (m - 1) - 1
    size = 10 * params.block_words
    words = [
        np.where(rng.random(size) < share, 0, rng.integers(low, high, size)).astype(f"i{m // 8}")
        for share in (0, 0.1, 0.2, 0.5)
    ]
    words += [rng.choice(values, size).astype(f"i{m // 8}") for values in ([low, high], [1, 2, 3])]
    ramp = np.cumsum(rng.integers(-2, 3, size)) % (high // 2) + 1
    return [*words, ramp.astype(f"i{m // 8}")]


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("port_words", [1, 2])
@pytest.mark.parametrize("config", [(8, 8, 16), (16, 8, 16), (8, 16, 16), (8, 4, 16)])
def test_throughput_bound(config, port_words, compact):
    params = Params(*config, port_words)
    words = throughput_cases(params)
    decoded = check(params, words, "none", compact=compact)
    last = -1
    for packet, beats in zip(words, decoded, strict=True):
        taken, last = beats[-1].cycle - last, beats[-1].cycle
        assert taken <= cycles.bound(params, packet, compact=compact)


def test_runs_of_planes_give_a_compact_decoder_its_time_back():
    params = Params()
    smooth = throughput_cases(params)[-1]
    (beats,) = check(params, [smooth], "none", compact=True)
    assert beats[-1].cycle < cycles.bound(params, smooth)


def test_one_word_per_cycle_whatever_the_data():
    params = Params(port_words=2)
    for (beats,) in (check(params, [words], "none") for words in throughput_cases(params)):
        # from the first non-zero word on, which waits for its block, nothing stops the words
        first = next(i for i, beat in enumerate(beats) if beat.data)
        steps = [beat.cycle - beats[first].cycle for beat in beats[first:]]
        assert steps == list(range(len(beats) - first))


@pytest.mark.parametrize("word_bits", [4, 12])
def test_word_bits_of_the_cores(word_bits):
    message = f"^word_bits must be 8, 16 or 32 in the cores, not {word_bits}$"
    with pytest.raises(ValueError, match=message):
        Decoder(Params(word_bits=word_bits))


@pytest.mark.parametrize("length_bits", [0, -1, 33])
def test_length_bits_must_be_in_range(length_bits):
    with pytest.raises(
        ValueError, match=f"^length_bits must be an int in 1..32, not {length_bits}$"
    ):
        Decoder(Params(), length_bits=length_bits)
