"""The encoder's Verilog against the golden model."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Timer

from sim.lossless.bench import Bench
from sim.stalls import STALLS
from sim.words import KINDS


async def encode_all(bench: Bench, batch: list[np.ndarray]) -> None:
    """Send every packet of `batch` at once and compare what comes out."""
    for words in batch:
        await bench.send_words(words)
    for words in batch:
        encoded = await bench.within(len(words), bench.receive_streams(len(words)))
        assert encoded == bench.params.encode(words), f"streams of {words.tolist()}"


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_size(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    await encode_all(bench, bench.packets.every_size(2 if bench.run.short else 4, bench.rng))
    await bench.finish()


@cocotb.test()
async def every_kind(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    await encode_all(bench, bench.packets.every_kind(bench.rng))
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def published_vectors(dut: Any, stall: str) -> None:
    bench = await Bench.start(dut, stall)
    for name, words, expected in bench.packets.vectors(4 if bench.run.short else 1):
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
    for kind in KINDS:
        for size in (1, bench.packets.block, 40 * bench.packets.block):
            words = bench.packets.make(kind, size, bench.rng)
            await encode_all(bench, [words])
            bench.check_cycles("encoder", kind, words)
    for tenths, words in enumerate(bench.packets.every_density(bench.rng)):
        await encode_all(bench, [words])
        bench.check_cycles("encoder", f"{tenths} tenths of zeros", words)
    await bench.finish()


@cocotb.test()
async def valid_waits_for_no_ready(dut: Any) -> None:
    bench = await Bench.start(dut)
    for name in [name for name in bench.ports if name.startswith("encoder_m_axis")]:
        bench.ports[name].pause = True
        words = bench.packets.make("dense", 8 * bench.packets.block, bench.rng)
        await bench.send_words(words)
        await ClockCycles(dut.clk, 40 * bench.packets.block)
        assert getattr(dut, f"{name}_tvalid").value == 1, name
        bench.ports[name].pause = False
        encoded = await bench.within(len(words), bench.receive_streams(len(words)))
        assert encoded == bench.params.encode(words)
    await bench.finish()


@cocotb.test()
async def reset_within_a_packet(dut: Any) -> None:
    bench = await Bench.start(dut, "mixed")
    for _ in range(4 if bench.run.short else 20):
        await bench.send_words(bench.packets.make("half_zeros", 200, bench.rng))
        await ClockCycles(dut.clk, int(bench.rng.integers(1, 120)))
        await Timer(int(bench.rng.integers(1, 9)), "ns")
        await bench.reset()
        await encode_all(bench, [bench.packets.make("half_zeros", 50, bench.rng)])
    await bench.finish()
