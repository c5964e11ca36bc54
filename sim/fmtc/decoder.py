"""The decoder's Verilog against the golden model, sound tiles and damaged ones."""

from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Timer

from fmcodec.errors import DamagedStream
from sim.fmtc import contexts, tiles
from sim.fmtc.bench import Bench
from sim.fmtc.contexts import Pair
from sim.stalls import STALLS

Job = tuple[str, int, bool]  # kind of symbols, number of vectors, raw
Expected = tuple[Any, list[DamagedStream]]  # vectors, faults


def jobs(bench: Bench, count: int, longest: int = 24) -> list[Job]:
    """Tiles of every kind of symbols, of few and of many vectors, some of them raw."""
    kinds = [str(kind) for kind in bench.rng.choice(tiles.SYMBOL_KINDS, count)]
    sizes = bench.rng.choice([1, 2, 3, int(bench.rng.integers(1, longest))], count)
    raws = bench.rng.random(count) < 0.15
    return list(zip(kinds, sizes.tolist(), raws.tolist(), strict=True))


async def send(bench: Bench, pair: Pair, batch: Sequence[Job]) -> list[Expected]:
    """Queue tiles; what is expected of each."""
    expected = []
    for kind, count, raw in batch:
        words = tiles.tile(pair, tiles.symbols(pair, kind, count, bench.rng), raw)
        expected.append(await bench.send_tile(words, count))
        assert not expected[-1][1], f"the bench's own tile is damaged: {expected[-1][1]}"
    return expected


async def compare(bench: Bench, expected: Sequence[Expected], about: object) -> None:
    """The next tiles that come out are the model's, `tuser` where one was damaged."""
    for place, (vectors, faults) in enumerate(expected):
        found, damaged = await bench.receive_vectors(vectors.size)
        where = f"tile {place} of {about}"
        assert len(found) == len(vectors), f"{where}: {len(found)} of {len(vectors)} vectors"
        assert damaged == bool(faults), f"{where}: tuser {damaged}, the model: {faults}"
        wrong = np.flatnonzero((found != vectors).any(axis=1))
        assert not len(wrong), (
            f"{where}: vector {wrong[0]}: {found[wrong[0]].tolist()} "
            f"is not {vectors[wrong[0]].tolist()}"
        )


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def tiles_of_every_kind(dut: Any, stall: str) -> None:
    """Context after context, tiles of each back to back."""
    bench = await Bench.start(dut, stall)
    for _ in range(3 if bench.run.short else 8):
        pair = bench.make_pair(long_codes=bench.rng.random() < 0.3)
        assert await bench.load("decoder", pair.decoder.to_words())
        batch = jobs(bench, 8)
        await compare(bench, await send(bench, pair, batch), (pair.decoder, batch))
    assert not bench.causes()
    await bench.finish()


@cocotb.test()
async def throughput(dut: Any) -> None:
    """With every port ready, tiles behind one another take no longer than the bound."""
    bench = await Bench.start(dut)
    for long_codes in (False, True):
        for kind in tiles.SYMBOL_KINDS:
            pair = bench.make_pair(long_codes=long_codes)
            assert await bench.load("decoder", pair.decoder.to_words())
            for sizes in ([1], [1] * 6, [20], [7, 1, 12, 3]):
                bench.begin()
                expected = await send(bench, pair, [(kind, size, False) for size in sizes])
                await compare(bench, expected, kind)
                bench.check_cycles("decoder", kind, sizes, pair.decoder.components)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def contexts_change_under_load(dut: Any, stall: str) -> None:
    """A context loads while tiles run; the tag of a tile says from where on it holds."""
    bench = await Bench.start(dut, stall)
    pair = bench.make_pair(tag=1)
    assert await bench.load("decoder", pair.decoder.to_words())
    for tag in range(2, 8 if bench.run.short else 20):
        before = await send(bench, pair, jobs(bench, 2))
        following = bench.make_pair(tag=tag)
        await bench.load("decoder", following.decoder.to_words(), begin=True)
        before += await send(bench, pair, jobs(bench, int(bench.rng.integers(2))))
        if bench.rng.random() < 0.8:
            pair = following
        expected = before + await send(bench, pair, jobs(bench, 2))
        await compare(bench, expected, f"tags {tag - 1}, {tag}")
        await bench.within(70000, bench.settled("decoder"))
    assert not bench.causes()
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def wrong_contexts_are_refused(dut: Any, stall: str) -> None:
    """Every fault of a context: it is refused whole, what is in use goes on; the next is taken."""
    bench = await Bench.start(dut, stall)
    pair = bench.make_pair()
    assert await bench.load("decoder", pair.decoder.to_words())
    for fault, damage in contexts.FAULTS.items():
        other = bench.make_pair(tag=pair.tag ^ 0x5555)
        running = await send(bench, pair, jobs(bench, 1, longest=6))
        words = damage(other.decoder.to_words(), bench.rng)
        taken = await bench.load("decoder", words)
        await compare(bench, running, f"beside a context, {fault}")
        if taken:
            pair = bench.make_pair()
            assert await bench.load("decoder", pair.decoder.to_words())
        await compare(bench, await send(bench, pair, jobs(bench, 1, longest=6)), fault)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def damaged_tiles(dut: Any, stall: str) -> None:
    """Every fault of a tile, now and then two: all its vectors, `tuser`, the next tile intact."""
    bench = await Bench.start(dut, stall)
    names = list(tiles.FAULTS)
    for _ in range(3 if bench.run.short else 10):
        pair = bench.make_pair()
        assert await bench.load("decoder", pair.decoder.to_words())
        expected, done = [], []
        for fault in [str(name) for name in bench.rng.permutation(names)]:
            expected += await send(bench, pair, jobs(bench, 1, longest=8))
            count = int(bench.rng.integers(1, 12))
            symbols = tiles.symbols(pair, "mixed", count, bench.rng)
            words = tiles.tile(pair, symbols, raw=bench.rng.random() < 0.2)
            words, asked = tiles.FAULTS[fault](words, count, bench.rng)
            if bench.rng.random() < 0.2:
                words, asked = tiles.FAULTS[str(bench.rng.choice(names))](words, asked, bench.rng)
            expected.append(await bench.send_tile(words, asked))
            done += ["good", fault]
        await compare(bench, expected, done)
    await bench.finish()


@cocotb.test()
async def causes_are_told_and_stay(dut: Any) -> None:
    """After a damaged tile its causes are those of the model, and stay until reset."""
    bench = await Bench.start(dut, "mixed")
    pair = bench.make_pair()
    assert await bench.load("decoder", pair.decoder.to_words())
    told: set[str] = set()
    for fault, damage in [*tiles.FAULTS.items()] * (2 if bench.run.short else 6):
        count = int(bench.rng.integers(1, 12))
        symbols = tiles.symbols(pair, "mixed", count, bench.rng)
        words = tiles.tile(pair, symbols, raw=bench.rng.random() < 0.3)
        expected = await bench.send_tile(*damage(words, count, bench.rng))
        await compare(bench, [expected], fault)
        told |= bench.causes_of(expected[1])
        await ClockCycles(dut.clk, 2)
        assert bench.causes() == told, f"{fault}: {bench.causes()} is not {told}"
        if bench.rng.random() < 0.5:
            await bench.reset()
            told = set()
            assert not bench.causes()
            pair = bench.make_pair()
            assert await bench.load("decoder", pair.decoder.to_words())
    await bench.finish()


@cocotb.test()
async def a_tile_waits_for_the_first_context(dut: Any) -> None:
    bench = await Bench.start(dut)
    pair = bench.make_pair()
    words = pair.decoder.to_words()
    bench.models["decoder"].load(words)  # the model is given them in the order that holds
    expected = await send(bench, pair, jobs(bench, 2))
    await ClockCycles(dut.clk, 100)
    assert dut.decoder_m_axis_tvalid.value == 0
    broken = words.copy()
    broken[-1] ^= np.uint32(1)
    assert not await bench.load("decoder", broken)
    await ClockCycles(dut.clk, 100)
    assert dut.decoder_m_axis_tvalid.value == 0
    assert await bench.load("decoder", words)
    await compare(bench, expected, "the first context")
    await bench.finish()


@cocotb.test()
async def valid_waits_for_no_ready(dut: Any) -> None:
    bench = await Bench.start(dut)
    pair = bench.make_pair()
    assert await bench.load("decoder", pair.decoder.to_words())
    sink = bench.ports["decoder_m_axis"]
    sink.pause = True
    expected = await send(bench, pair, [("random", 3, False)])
    await ClockCycles(dut.clk, 8 * expected[0][0].size + 100)
    assert dut.decoder_m_axis_tvalid.value == 1
    sink.pause = False
    await compare(bench, expected, "a pause")
    await bench.finish()


@cocotb.test()
async def reset_within_a_tile(dut: Any) -> None:
    """Also within a context; nothing is left of either."""
    bench = await Bench.start(dut, "mixed")
    for _ in range(4 if bench.run.short else 16):
        pair = bench.make_pair()
        assert await bench.load("decoder", pair.decoder.to_words())
        await send(bench, pair, [("random", 12, False)] * 2)
        if bench.rng.random() < 0.5:
            other = bench.make_pair().decoder.to_words()
            await bench.load("decoder", other, begin=True)
        await ClockCycles(dut.clk, int(bench.rng.integers(1, 200)))
        await Timer(int(bench.rng.integers(1, 9)), "ns")
        await bench.reset()
        assert dut.decoder_m_axis_tvalid.value == 0
        assert not bench.causes()
        await bench.load("decoder", pair.decoder.to_words())
        await compare(bench, await send(bench, pair, jobs(bench, 3)), "after a reset")
    await bench.finish()
