"""The encoder core against the golden model and the published vectors, under stalls."""

import random
from pathlib import Path

import numpy as np
import pytest
from amaranth.sim import Simulator

from fmcodec.ebpc import Params, cycles
from fmcodec_hw.codec import Config
from fmcodec_hw.ebpc import Encoder
from sim.ebpc.packets import Packets
from sim.stalls import STALLS, stalls
from sim.words import KINDS
from tests.hw.streams import Beat, sink, source

VECTORS = Path(__file__).parents[2] / "vectors"
SEED = 20
CONFIGS = [(8, 8, 16), (16, 16, 16), (16, 8, 16), (8, 8, 8), (32, 16, 16), (8, 16, 16), (8, 4, 16)]


def packets_of(params: Params) -> Packets:
    """Packets for cores of these parameters."""
    return Packets(Config("ebpc", "", params))


def run(
    params: Params, words: list[np.ndarray], stall: str, seed: int, compact: bool = False
) -> list[list[Beat]]:
    """Encode packets back to back; the beats of the BPC and of the ZNZ port."""
    rng = random.Random(seed)
    dut = Encoder(params, compact=compact)
    mask = 2**params.word_bits - 1
    offered = [
        {"data": int(word) & mask, "last": i == len(packet) - 1}
        for packet in words
        for i, word in enumerate(packet)
    ]
    taken: list[list[Beat]] = [[], []]
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(source(dut.words, offered, stalls(stall, rng)), background=True)
    for port, beats in zip((dut.bpc, dut.znz), taken, strict=True):
        simulator.add_testbench(sink(port, beats, stalls(stall, rng)), background=True)

    async def limit(ctx):
        for _ in range(1000 + 20 * len(offered)):
            if all(sum(beat.last for beat in beats) == len(words) for beats in taken):
                return
            await ctx.tick()
        pytest.fail(f"no end after {1000 + 20 * len(offered)} cycles, seed {seed}")

    simulator.add_testbench(limit)
    simulator.run()
    return taken


def stream_packets(params: Params, beats: list[Beat], port_words: int) -> list[list[int]]:
    """The words of each packet; only the last beat may be partial."""
    mask = 2**params.word_bits - 1
    result: list[list[int]] = [[]]
    for beat in beats:
        lanes = 1
        if port_words > 1:
            keep_bits = params.word_bits // 8 if params.word_bits % 8 == 0 else 1
            lanes = beat.keep.bit_count() // keep_bits
            assert beat.keep == 2 ** (lanes * keep_bits) - 1
            assert lanes == port_words or beat.last
        result[-1] += [beat.data >> i * params.word_bits & mask for i in range(lanes)]
        if beat.last:
            result.append([])
    assert result.pop() == []
    return result


def check(
    params: Params, words: list[np.ndarray], stall: str, seed: int = SEED, compact: bool = False
):
    """RTL == model for packets back to back."""
    bpc, znz = run(params, words, stall, seed, compact)
    expected = [params.encode(packet) for packet in words]
    where = f"{params}, compact {compact}, stalls {stall}, seed {seed}"
    assert stream_packets(params, bpc, params.port_words) == [e.bpc.tolist() for e in expected], (
        where
    )
    assert stream_packets(params, znz, 1) == [e.znz.tolist() for e in expected], where
    return bpc, znz


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("port_words", [1, 2])
@pytest.mark.parametrize("config", CONFIGS)
def test_every_size_and_kind(config, port_words, compact):
    params = Params(*config, port_words)
    rng = np.random.default_rng(SEED)
    sizes = packets_of(params).sizes()
    words = [
        packets_of(params).make(KINDS[i % len(KINDS)], size, rng)
        for i, size in enumerate(rng.permutation(sizes))
    ]
    check(params, words, STALLS[1 + (port_words + config[0]) % 3], compact=compact)


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("stall", STALLS)
def test_short_packets_back_to_back(stall, compact):
    # what a packet leaves behind shows in the next one's first symbols
    rng = np.random.default_rng(SEED)
    words = [
        packets_of(Params()).make(KINDS[rng.integers(len(KINDS))], size, rng)
        for size in rng.integers(1, 25, 120)
    ]
    check(Params(), words, stall, compact=compact)


@pytest.mark.parametrize("config", CONFIGS[:5])
def test_published_vectors(config):
    m, n, z = config
    vectors = np.load(VECTORS / f"m{m}_n{n}_z{z}.npz")
    cases = sorted({name.rpartition(".")[0] for name in vectors.files})
    short = [case for case in cases if len(vectors[f"{case}.words"]) < 500]
    cases = [*short, "sparse50", "extremes"]
    params = Params(m, n, z)
    bpc, znz = run(params, [vectors[f"{case}.words"] for case in cases], "geometric", SEED)
    streams = [stream_packets(params, beats, 1) for beats in (bpc, znz)]
    for case, *words in zip(cases, *streams, strict=True):
        assert words == [vectors[f"{case}.{name}"].tolist() for name in ("bpc", "znz")], case


def throughput_cases(params: Params) -> list[np.ndarray]:
    """Packets of every density, and ones whose long symbols stand side by side."""
    rng = np.random.default_rng(SEED)
    m = params.word_bits
    low, high = -(2 ** (m - 1)), 2 ** (m - 1) - 1
    dtype = f"i{m // 8}"
    size = 20 * params.block_words
    words = [
        np.where(rng.random(size) < share, 0, rng.integers(low, high, size)).astype(dtype)
        for share in (0, 0.1, 0.5)
    ]
    # all planes in the middle alike: base, plane 0, last plane and sign plane come in a burst
    words += [rng.choice([low, low + 1, 1, 2, 3], size).astype(dtype)]
    words += [rng.choice([low, high], size).astype(dtype)]
    words += [(np.cumsum(rng.integers(-2, 3, size)) % (high // 2) + 1).astype(dtype)]
    return words


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("port_words", [1, 2])
@pytest.mark.parametrize("config", [(8, 8, 16), (16, 16, 16), (16, 8, 16), (8, 16, 16), (8, 4, 16)])
def test_throughput_bound(config, port_words, compact):
    params = Params(*config, port_words)
    for words in throughput_cases(params):
        bpc, znz = check(params, [words], "none", compact=compact)
        # the first word is offered in cycle 0
        taken = max(bpc[-1].cycle, znz[-1].cycle) + 1
        assert taken <= cycles.bound(params, words, compact=compact)


def test_runs_of_planes_give_a_compact_encoder_its_time_back():
    params = Params()
    smooth = throughput_cases(params)[-1]
    bpc, _ = check(params, [smooth], "none", compact=True)
    assert bpc[-1].cycle < cycles.bound(params, smooth)


def test_one_word_per_cycle_whatever_the_data():
    params = Params(port_words=2)
    for words in throughput_cases(params):
        bpc, _ = check(params, [words], "none")
        # zero words fill the last block
        filled = len(words) + -np.count_nonzero(words) % params.block_words
        assert bpc[-1].cycle < filled + cycles.overhead(params)


@pytest.mark.parametrize("stall", STALLS)
def test_last_run_waits_for_its_port(stall):
    # the end of a packet follows a full run at once, whatever is still queued before both
    z = Params().max_zero_run
    words = [
        np.r_[np.ones(before, np.int8), np.zeros(zeros, np.int8)]
        for before in range(1, 9)
        for zeros in (z, z + 1, 2 * z + 1)
    ]
    check(Params(), words, stall)
