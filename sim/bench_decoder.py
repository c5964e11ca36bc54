"""The decoder's Verilog against the golden model."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Timer

import packets
from bench import CONFIG, PARAMS, RUN, STALLS, Bench
from fmcodec.ebpc.reference import decode_lenient


async def decode_all(bench: Bench, batch: list[np.ndarray]) -> None:
    """Send the streams of every packet of `batch` at once and compare what comes out."""
    for words in batch:
        await bench.send_streams(PARAMS.encode(words))
    for words in batch:
        decoded, damaged = await bench.within(len(words), bench.receive_words())
        assert np.array_equal(decoded, words), f"{decoded.tolist()} is not {words.tolist()}"
        assert not damaged, f"tuser on a good packet {words.tolist()}"


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_size(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    await decode_all(bench, packets.every_size(PARAMS, 2 if RUN.short else 4, bench.rng))
    await bench.finish()


@cocotb.test()
async def every_kind(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    await decode_all(bench, packets.every_kind(PARAMS, bench.rng))
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def published_vectors(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    if CONFIG.vectors is None:
        dut._log.info("no published vectors of this configuration")
        return
    for name, words, encoded in packets.vectors(CONFIG.vectors, 4 if RUN.short else 1):
        await bench.send_streams(encoded)
        decoded, damaged = await bench.within(len(words), bench.receive_words())
        assert np.array_equal(decoded, words), f"vector {name}"
        assert not damaged, f"vector {name}: tuser"
        if stall == "none":
            bench.check_cycles("decoder", f"vector {name}", words)
    await bench.finish()


@cocotb.test()
async def throughput(dut: Any) -> None:
    """With the sink ready and no source resting, no packet takes longer than the bound."""
    bench = await Bench.start(dut)
    for kind in packets.KINDS:
        for size in (1, PARAMS.block_words, 40 * PARAMS.block_words):
            words = packets.make(PARAMS, kind, size, bench.rng)
            await decode_all(bench, [words])
            bench.check_cycles("decoder", kind, words)
    for tenths, words in enumerate(packets.every_density(PARAMS, bench.rng)):
        await decode_all(bench, [words])
        bench.check_cycles("decoder", f"{tenths} tenths of zeros", words)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def damaged_streams(dut: Any, stall: str) -> None:
    """N words for every packet, `tuser` on every damage, and nothing of it in the next packet."""
    bench = await Bench.start(dut, stall)
    batch = []
    for _ in range(60 if RUN.short else 200):
        size = int(bench.rng.integers(1, 8 * PARAMS.block_words))
        words = packets.make(PARAMS, str(bench.rng.choice(packets.KINDS)), size, bench.rng)
        encoded = PARAMS.encode(words)
        bad = bench.rng.random() < 0.7
        batch.append(packets.damaged(PARAMS, encoded, bench.rng) if bad else encoded)
    for encoded in batch:
        await bench.send_streams(encoded)
    for encoded in batch:
        limit = encoded.num_words + len(encoded.bpc) + len(encoded.znz)
        decoded, damaged = await bench.within(limit, bench.receive_words())
        words, expected = decode_lenient(PARAMS, encoded)
        assert len(decoded) == encoded.num_words, f"{len(decoded)} words of {encoded}"
        assert damaged == (expected and CONFIG.checked), f"tuser {damaged} for {encoded}"
        assert expected or np.array_equal(decoded, words), f"{decoded} is not {words}"
    await bench.finish()


@cocotb.test()
async def valid_waits_for_no_ready(dut: Any) -> None:
    bench = await Bench.start(dut)
    bench.dec_words.pause = True
    words = packets.make(PARAMS, "dense", 8 * PARAMS.block_words, bench.rng)
    await bench.send_streams(PARAMS.encode(words))
    await ClockCycles(dut.clk, 40 * PARAMS.block_words)
    assert dut.dec_words_tvalid.value == 1
    bench.dec_words.pause = False
    decoded, _ = await bench.within(len(words), bench.receive_words())
    assert np.array_equal(decoded, words)
    await bench.finish()


@cocotb.test()
async def reset_within_a_packet(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    for _ in range(4 if RUN.short else 20):
        words = packets.make(PARAMS, "half_zeros", 200, bench.rng)
        await bench.send_streams(PARAMS.encode(words))
        await ClockCycles(dut.clk, int(bench.rng.integers(1, 120)))
        await Timer(int(bench.rng.integers(1, 9)), "ns")
        await bench.reset()
        await decode_all(bench, [packets.make(PARAMS, "half_zeros", 50, bench.rng)])
    await bench.finish()
