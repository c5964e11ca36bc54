"""What only the decoder's Verilog does: damaged tiles and their causes."""

from typing import Any

import cocotb
from cocotb.triggers import ClockCycles

from sim.fmtc import tiles
from sim.fmtc.bench import Bench
from sim.fmtc.sides import DecoderSide


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def damaged_tiles(dut: Any, stall: str) -> None:
    """Every fault of a tile, now and then two: all its vectors, `tuser`, the next tile intact."""
    bench = await Bench.start(dut, stall)
    side = DecoderSide(bench)
    names = list(tiles.FAULTS)
    for _ in range(3 if bench.run.short else 10):
        pair = bench.make_pair()
        await side.load(pair)
        expected, done = [], []
        for fault in [str(name) for name in bench.rng.permutation(names)]:
            expected += await side.send(pair, side.jobs(1, longest=8))
            count = int(bench.rng.integers(1, 12))
            symbols = tiles.symbols(pair, "mixed", count, bench.rng)
            words = tiles.tile(pair, symbols, raw=bench.rng.random() < 0.2)
            words, asked = tiles.FAULTS[fault](words, count, bench.rng)
            if bench.rng.random() < 0.2:
                words, asked = tiles.FAULTS[str(bench.rng.choice(names))](words, asked, bench.rng)
            expected.append(await bench.send_tile(words, asked))
            done += ["good", fault]
        await side.compare(expected, done)
    await bench.finish()


@cocotb.test()
async def causes_are_told_and_stay(dut: Any) -> None:
    """After a damaged tile its causes are those of the model, and stay until reset."""
    bench = await Bench.start(dut, "mixed")
    side = DecoderSide(bench)
    pair = bench.make_pair()
    await side.load(pair)
    told: set[str] = set()
    for fault, damage in [*tiles.FAULTS.items()] * (2 if bench.run.short else 6):
        count = int(bench.rng.integers(1, 12))
        symbols = tiles.symbols(pair, "mixed", count, bench.rng)
        words = tiles.tile(pair, symbols, raw=bench.rng.random() < 0.3)
        expected = await bench.send_tile(*damage(words, count, bench.rng))
        await side.compare([expected], fault)
        told |= bench.causes_of(expected[1])
        await ClockCycles(dut.clk, 2)
        assert bench.causes() == told, f"{fault}: {bench.causes()} is not {told}"
        if bench.rng.random() < 0.5:
            await bench.reset()
            told = set()
            assert not bench.causes()
            pair = bench.make_pair()
            await side.load(pair)
    await bench.finish()
