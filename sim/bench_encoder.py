"""The encoder's Verilog against the golden model."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Timer

import packets
from bench import CONFIG, PARAMS, RUN, STALLS, Bench


async def encode_all(bench: Bench, batch: list[np.ndarray]) -> None:
    """Send every packet of `batch` at once and compare what comes out."""
    for words in batch:
        await bench.send_words(words)
    for words in batch:
        encoded = await bench.within(len(words), bench.receive_streams(len(words)))
        assert encoded == PARAMS.encode(words), f"streams of {words.tolist()}"


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_size(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    await encode_all(bench, packets.every_size(PARAMS, 2 if RUN.short else 4, bench.rng))
    await bench.finish()


@cocotb.test()
async def every_kind(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    await encode_all(bench, packets.every_kind(PARAMS, bench.rng))
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def published_vectors(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    if CONFIG.vectors is None:
        dut._log.info("no published vectors of this configuration")
        return
    for name, words, expected in packets.vectors(CONFIG.vectors, 4 if RUN.short else 1):
        await bench.send_words(words)
        encoded = await bench.within(len(words), bench.receive_streams(len(words)))
        assert encoded == expected, f"vector {name}"
        if stall == "none":
            bench.check_cycles("encoder", f"vector {name}", words)
    await bench.finish()


@cocotb.test()
async def throughput(dut: Any) -> None:
    """With every sink ready, no packet takes longer than the bound."""
    bench = await Bench.start(dut)
    for kind in packets.KINDS:
        for size in (1, PARAMS.block_words, 40 * PARAMS.block_words):
            words = packets.make(PARAMS, kind, size, bench.rng)
            await encode_all(bench, [words])
            bench.check_cycles("encoder", kind, words)
    for tenths, words in enumerate(packets.every_density(PARAMS, bench.rng)):
        await encode_all(bench, [words])
        bench.check_cycles("encoder", f"{tenths} tenths of zeros", words)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(port=("enc_bpc", "enc_znz"))
async def valid_waits_for_no_ready(dut: Any, port: str) -> None:
    bench = await Bench.start(dut)
    getattr(bench, port).pause = True
    words = packets.make(PARAMS, "dense", 8 * PARAMS.block_words, bench.rng)
    await bench.send_words(words)
    await ClockCycles(dut.clk, 40 * PARAMS.block_words)
    assert getattr(dut, f"{port}_tvalid").value == 1
    getattr(bench, port).pause = False
    assert await bench.within(len(words), bench.receive_streams(len(words))) == PARAMS.encode(words)
    await bench.finish()


@cocotb.test()
async def reset_within_a_packet(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    for _ in range(4 if RUN.short else 20):
        await bench.send_words(packets.make(PARAMS, "half_zeros", 200, bench.rng))
        await ClockCycles(dut.clk, int(bench.rng.integers(1, 120)))
        await Timer(int(bench.rng.integers(1, 9)), "ns")
        await bench.reset()
        await encode_all(bench, [packets.make(PARAMS, "half_zeros", 50, bench.rng)])
    await bench.finish()
