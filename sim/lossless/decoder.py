"""The decoder's Verilog against the golden model."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Timer

from sim.lossless.bench import Bench
from sim.stalls import STALLS
from sim.words import KINDS


async def decode_all(bench: Bench, batch: list[np.ndarray]) -> None:
    """Send the streams of every packet of `batch` at once and compare what comes out."""
    for words in batch:
        await bench.send_streams(bench.params.encode(words))
    for words in batch:
        decoded, damaged = await bench.within(len(words), bench.receive_words())
        assert np.array_equal(decoded, words), f"{decoded.tolist()} is not {words.tolist()}"
        assert not damaged, f"tuser on a good packet {words.tolist()}"


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_size(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    await decode_all(bench, bench.packets.every_size(2 if bench.run.short else 4, bench.rng))
    await bench.finish()


@cocotb.test()
async def every_kind(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    await decode_all(bench, bench.packets.every_kind(bench.rng))
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def published_vectors(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    for name, words, encoded in bench.packets.vectors(4 if bench.run.short else 1):
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
    for kind in KINDS:
        for size in (1, bench.packets.block, 40 * bench.packets.block):
            words = bench.packets.make(kind, size, bench.rng)
            await decode_all(bench, [words])
            bench.check_cycles("decoder", kind, words)
    for tenths, words in enumerate(bench.packets.every_density(bench.rng)):
        await decode_all(bench, [words])
        bench.check_cycles("decoder", f"{tenths} tenths of zeros", words)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def damaged_streams(dut: Any, stall: str) -> None:
    """N words for every packet, `tuser` on every damage, and nothing of it in the next packet."""
    bench = await Bench.start(dut, stall)
    batch = []
    for _ in range(60 if bench.run.short else 200):
        size = int(bench.rng.integers(1, 8 * bench.packets.block))
        words = bench.packets.make(str(bench.rng.choice(KINDS)), size, bench.rng)
        encoded = bench.params.encode(words)
        bad = bench.rng.random() < 0.7
        batch.append(bench.packets.damaged(encoded, bench.rng) if bad else encoded)
    for encoded in batch:
        await bench.send_streams(encoded)
    for encoded in batch:
        limit = encoded.num_words + sum(map(len, bench.packets.streams(encoded).values()))
        decoded, damaged = await bench.within(limit, bench.receive_words())
        words, expected = bench.packets.decode_lenient(encoded)
        assert len(decoded) == encoded.num_words, f"{len(decoded)} words of {encoded}"
        checked = bench.run.config.options["checked"]
        assert damaged == (expected and checked), f"tuser {damaged} for {encoded}"
        assert expected or np.array_equal(decoded, words), f"{decoded} is not {words}"
    await bench.finish()


@cocotb.test()
async def valid_waits_for_no_ready(dut: Any) -> None:
    bench = await Bench.start(dut)
    sink = bench.ports["decoder_m_axis"]
    sink.pause = True
    words = bench.packets.make("dense", 8 * bench.packets.block, bench.rng)
    await bench.send_streams(bench.params.encode(words))
    await ClockCycles(dut.clk, 40 * bench.packets.block)
    assert dut.decoder_m_axis_tvalid.value == 1
    sink.pause = False
    decoded, _ = await bench.within(len(words), bench.receive_words())
    assert np.array_equal(decoded, words)
    await bench.finish()


@cocotb.test()
async def reset_within_a_packet(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    for _ in range(4 if bench.run.short else 20):
        words = bench.packets.make("half_zeros", 200, bench.rng)
        await bench.send_streams(bench.params.encode(words))
        await ClockCycles(dut.clk, int(bench.rng.integers(1, 120)))
        await Timer(int(bench.rng.integers(1, 9)), "ns")
        await bench.reset()
        await decode_all(bench, [bench.packets.make("half_zeros", 50, bench.rng)])
    await bench.finish()
