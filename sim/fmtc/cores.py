"""What has to hold of either core's Verilog: tiles, rate, contexts, pauses, reset."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Timer

from sim.fmtc import contexts
from sim.fmtc.bench import Bench
from sim.fmtc.sides import SIDES
from sim.stalls import STALLS


@cocotb.test()
@cocotb.parametrize(core=tuple(SIDES), stall=STALLS)
async def tiles_of_every_kind(dut: Any, core: str, stall: str) -> None:
    """Context after context, tiles of each back to back."""
    bench = await Bench.start(dut, stall)
    side = SIDES[core](bench)
    for _ in range(3 if bench.run.short else 8):
        pair = bench.make_pair(long_codes=bench.rng.random() < 0.3)
        await side.load(pair)
        batch = side.jobs(8)
        await side.compare(await side.send(pair, batch), (getattr(pair, core), batch))
    assert not bench.causes()
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(core=tuple(SIDES))
async def throughput(dut: Any, core: str) -> None:
    """With every port ready, tiles behind one another take no longer than the bound."""
    bench = await Bench.start(dut)
    side = SIDES[core](bench)
    for long_codes in (False, True):
        for kind in side.kinds:
            pair = bench.make_pair(long_codes=long_codes)
            await side.load(pair)
            for sizes in ([1], [1] * 6, [20], [7, 1, 12, 3]):
                bench.begin()
                expected = await side.send(pair, [(kind, size, False) for size in sizes])
                await side.compare(expected, kind)
                bench.check_cycles(core, kind, sizes, getattr(pair, core).components)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(core=tuple(SIDES), stall=("none", "mixed"))
async def contexts_change_under_load(dut: Any, core: str, stall: str) -> None:
    """A context loads while tiles run; the tag of a tile says from where on it holds."""
    bench = await Bench.start(dut, stall)
    side = SIDES[core](bench)
    pair = bench.make_pair(tag=1)
    await side.load(pair)
    for tag in range(2, 8 if bench.run.short else 20):
        before = await side.send(pair, side.jobs(2))
        following = bench.make_pair(tag=tag)
        await bench.load(core, side.words(following), begin=True)
        # some of the old one behind the first words of the new one
        before += await side.send(pair, side.jobs(int(bench.rng.integers(2))))
        if bench.rng.random() < 0.8:
            pair = following
        expected = before + await side.send(pair, side.jobs(2))
        await side.compare(expected, f"tags {tag - 1}, {tag}")
        await bench.within(70000, bench.settled(core))
    assert not bench.causes()
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(core=tuple(SIDES), stall=("none", "mixed"))
async def wrong_contexts_are_refused(dut: Any, core: str, stall: str) -> None:
    """Every fault of a context: it is refused whole, what is in use goes on; the next is taken."""
    bench = await Bench.start(dut, stall)
    side = SIDES[core](bench)
    pair = bench.make_pair()
    await side.load(pair)
    for fault, damage in contexts.FAULTS.items():
        other = bench.make_pair(tag=pair.tag ^ 0x5555)
        running = await side.send(pair, side.jobs(1, longest=6))
        taken = await bench.load(core, damage(side.words(other), bench.rng))
        await side.compare(running, f"beside a context, {fault}")
        if taken:  # the fault has made another sound one of it: back to a known one
            pair = bench.make_pair()
            await side.load(pair)
        await side.compare(await side.send(pair, side.jobs(1, longest=6)), fault)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(core=tuple(SIDES))
async def a_tile_waits_for_the_first_context(dut: Any, core: str) -> None:
    bench = await Bench.start(dut)
    side = SIDES[core](bench)
    valid = getattr(dut, f"{core}_m_axis_tvalid")
    pair = bench.make_pair()
    words = side.words(pair)
    bench.models[core].load(words)  # the model is given them in the order that holds
    expected = await side.send(pair, side.jobs(2))
    await ClockCycles(dut.clk, 100)
    assert valid.value == 0
    broken = words.copy()
    broken[-1] ^= np.uint32(1)
    assert not await bench.load(core, broken)
    await ClockCycles(dut.clk, 100)
    assert valid.value == 0
    assert await bench.load(core, words)
    await side.compare(expected, "the first context")
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(core=tuple(SIDES))
async def valid_waits_for_no_ready(dut: Any, core: str) -> None:
    bench = await Bench.start(dut)
    side = SIDES[core](bench)
    pair = bench.make_pair()
    await side.load(pair)
    sink = bench.ports[f"{core}_m_axis"]
    sink.pause = True
    expected = await side.send(pair, [("random", 3, False)])
    await ClockCycles(dut.clk, 24 * bench.params.channels + 100)
    assert getattr(dut, f"{core}_m_axis_tvalid").value == 1
    sink.pause = False
    await side.compare(expected, "a pause")
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(core=tuple(SIDES))
async def reset_within_a_tile(dut: Any, core: str) -> None:
    """Also within a context; nothing is left of either."""
    bench = await Bench.start(dut, "mixed")
    side = SIDES[core](bench)
    for _ in range(4 if bench.run.short else 16):
        pair = bench.make_pair()
        await side.load(pair)
        await side.send(pair, [("random", 12, False)] * 2)
        if bench.rng.random() < 0.5:
            await bench.load(core, side.words(bench.make_pair()), begin=True)
        await ClockCycles(dut.clk, int(bench.rng.integers(1, 200)))
        await Timer(int(bench.rng.integers(1, 9)), "ns")
        await bench.reset()
        assert getattr(dut, f"{core}_m_axis_tvalid").value == 0
        assert not bench.causes()
        await side.load(pair)
        await side.compare(await side.send(pair, side.jobs(3)), "after a reset")
    await bench.finish()
