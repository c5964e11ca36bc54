"""The encoder's Verilog against the golden model."""

from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, Timer

from sim.fmtc import contexts, tiles
from sim.fmtc.bench import Bench
from sim.fmtc.contexts import Pair
from sim.stalls import STALLS

Job = tuple[str, int, bool]  # kind of vectors, their number, raw


def jobs(bench: Bench, count: int, longest: int = 24) -> list[Job]:
    """Tiles of every kind of vectors, of few and of many, some of them raw."""
    kinds = [str(kind) for kind in bench.rng.choice(tiles.KINDS, count)]
    sizes = bench.rng.choice([1, 2, 3, int(bench.rng.integers(1, longest))], count)
    raws = bench.rng.random(count) < 0.15
    return list(zip(kinds, sizes.tolist(), raws.tolist(), strict=True))


async def send(bench: Bench, pair: Pair, batch: Sequence[Job]) -> list[tuple[int, Any, int]]:
    """Queue tiles; of each the coefficients, the words and the clips that are expected."""
    expected = []
    for kind, count, raw in batch:
        vectors = tiles.vectors(pair, kind, count, bench.rng)
        words, clips = await bench.send_vectors(vectors, pair.tag, raw)
        expected.append((vectors.size, words, clips))
    return expected


async def compare(bench: Bench, expected: Sequence[tuple[int, Any, int]], about: object) -> None:
    """The next tiles that come out are the model's."""
    for place, (values, words, _) in enumerate(expected):
        found = await bench.receive_tile(values)
        same = len(found) == len(words) and bool((found == words).all())
        assert same, f"tile {place} of {about}: {_hex(found)} is not {_hex(words)}"


def _hex(words: Any) -> str:
    return " ".join(f"{int(word):08x}" for word in words)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def tiles_of_every_kind(dut: Any, stall: str) -> None:
    """Context after context, tiles of each back to back."""
    bench = await Bench.start(dut, stall)
    for _ in range(3 if bench.run.short else 8):
        pair = bench.make_pair(long_codes=bench.rng.random() < 0.3)
        assert await bench.load("encoder", pair.encoder.to_words())
        batch = jobs(bench, 8)
        await compare(bench, await send(bench, pair, batch), (pair.encoder, batch))
    await bench.finish()


@cocotb.test()
async def clips_are_counted(dut: Any) -> None:
    """A coefficient that is clipped is told on a status port, once."""
    bench = await Bench.start(dut, "mixed")
    for kind in ("extremes", "flat", "random", "mixed"):
        pair = bench.make_pair()
        assert await bench.load("encoder", pair.encoder.to_words())
        for raw in (False, True):
            bench.clips = 0
            expected = await send(bench, pair, [(kind, size, raw) for size in (1, 5, 3)])
            await compare(bench, expected, kind)
            clips = sum(clips for _, _, clips in expected)
            assert bench.clips == clips, f"{kind}: {bench.clips} clips, not {clips}"
    await bench.finish()


@cocotb.test()
async def throughput(dut: Any) -> None:
    """With every port ready, tiles behind one another take no longer than the bound."""
    bench = await Bench.start(dut)
    for long_codes in (False, True):
        for kind in tiles.KINDS:
            pair = bench.make_pair(long_codes=long_codes)
            assert await bench.load("encoder", pair.encoder.to_words())
            for sizes in ([1], [1] * 6, [20], [7, 1, 12, 3]):
                bench.begin()
                expected = await send(bench, pair, [(kind, size, False) for size in sizes])
                await compare(bench, expected, kind)
                bench.check_cycles("encoder", kind, sizes, pair.encoder.components)
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def contexts_change_under_load(dut: Any, stall: str) -> None:
    """A context loads while tiles run; the tag of a tile says from where on it holds."""
    bench = await Bench.start(dut, stall)
    pair = bench.make_pair(tag=1)
    assert await bench.load("encoder", pair.encoder.to_words())
    expected = []
    for tag in range(2, 8 if bench.run.short else 20):
        before = await send(bench, pair, jobs(bench, 2))
        following = bench.make_pair(tag=tag)
        await bench.load("encoder", following.encoder.to_words(), begin=True)
        # some of the old one behind the first words of the new one
        before += await send(bench, pair, jobs(bench, int(bench.rng.integers(2))))
        if bench.rng.random() < 0.8:
            pair = following
        expected = before + await send(bench, pair, jobs(bench, 2))
        await compare(bench, expected, f"tags {tag - 1}, {tag}")
        await bench.within(70000, bench.settled("encoder"))
    await bench.finish()


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def wrong_contexts_are_refused(dut: Any, stall: str) -> None:
    """Every fault of a context: it is refused whole, what is in use goes on; the next is taken."""
    bench = await Bench.start(dut, stall)
    pair = bench.make_pair()
    assert await bench.load("encoder", pair.encoder.to_words())
    for fault, damage in contexts.FAULTS.items():
        other = bench.make_pair(tag=pair.tag ^ 0x5555)
        running = await send(bench, pair, jobs(bench, 1, longest=6))
        words = damage(other.encoder.to_words(), bench.rng)
        taken = await bench.load("encoder", words)
        await compare(bench, running, f"beside a context, {fault}")
        if taken:  # the fault has made another sound one of it: back to a known one
            pair = bench.make_pair()
            assert await bench.load("encoder", pair.encoder.to_words())
        await compare(bench, await send(bench, pair, jobs(bench, 1, longest=6)), fault)
    await bench.finish()


@cocotb.test()
async def a_tile_waits_for_the_first_context(dut: Any) -> None:
    bench = await Bench.start(dut)
    pair = bench.make_pair()
    model = bench.models["encoder"]
    words = pair.encoder.to_words()
    model.load(words)  # the model is given them in the order that holds
    expected = await send(bench, pair, jobs(bench, 2))
    await ClockCycles(dut.clk, 100)
    assert dut.encoder_m_axis_tvalid.value == 0
    broken = words.copy()
    broken[-1] ^= np.uint32(1)
    assert not await bench.load("encoder", broken)
    await ClockCycles(dut.clk, 100)
    assert dut.encoder_m_axis_tvalid.value == 0
    assert await bench.load("encoder", words)
    await compare(bench, expected, "the first context")
    await bench.finish()


@cocotb.test()
async def valid_waits_for_no_ready(dut: Any) -> None:
    bench = await Bench.start(dut)
    pair = bench.make_pair()
    assert await bench.load("encoder", pair.encoder.to_words())
    sink = bench.ports["encoder_m_axis"]
    sink.pause = True
    expected = await send(bench, pair, [("random", 3, False)])
    await ClockCycles(dut.clk, 8 * expected[0][0] + 100)
    assert dut.encoder_m_axis_tvalid.value == 1
    sink.pause = False
    await compare(bench, expected, "a pause")
    await bench.finish()


@cocotb.test()
async def last_has_to_agree_with_the_number_of_vectors(dut: Any) -> None:
    """A `tlast` that comes early or not at all is told; the tile has its vectors all the same."""
    bench = await Bench.start(dut, "mixed")
    pair = bench.make_pair()
    assert await bench.load("encoder", pair.encoder.to_words())
    await compare(bench, await send(bench, pair, jobs(bench, 3)), "good tiles")
    assert dut.encoder_status_length.value == 0
    for cut in ([2, 4], [6, 3]):  # a tile in two packets; two tiles, the first one's end is late
        vectors = [tiles.vectors(pair, "random", 3, bench.rng) for _ in range(sum(cut) // 3)]
        expected = []
        for one in vectors:
            encoded = bench.models["encoder"].encode_tile(one, pair.tag)
            header = len(one) - 1 << 16 | pair.tag
            await bench.send("encoder_s_axis_tile", header.to_bytes(4, "little"))
            expected.append((one.size, encoded[0], 0))
        flat = np.concatenate(vectors)
        for part in np.split(flat, [cut[0]]):
            if len(part):
                await bench.send("encoder_s_axis", part.tobytes())
        await compare(bench, expected, "a wrong tlast")
        assert dut.encoder_status_length.value == 1
        await bench.reset()
        assert dut.encoder_status_length.value == 0
        assert await bench.load("encoder", pair.encoder.to_words())
    await compare(bench, await send(bench, pair, jobs(bench, 2)), "after a wrong tlast")
    await bench.finish()


@cocotb.test()
async def reset_within_a_tile(dut: Any) -> None:
    """Also within a context; nothing is left of either."""
    bench = await Bench.start(dut, "mixed")
    for _ in range(4 if bench.run.short else 16):
        pair = bench.make_pair()
        assert await bench.load("encoder", pair.encoder.to_words())
        await send(bench, pair, [("random", 12, False)] * 2)
        if bench.rng.random() < 0.5:
            other = bench.make_pair().encoder.to_words()
            await bench.load("encoder", other, begin=True)
        await ClockCycles(dut.clk, int(bench.rng.integers(1, 200)))
        await Timer(int(bench.rng.integers(1, 9)), "ns")
        await bench.reset()
        assert dut.encoder_m_axis_tvalid.value == 0
        await bench.load("encoder", pair.encoder.to_words())
        await compare(bench, await send(bench, pair, jobs(bench, 3)), "after a reset")
    await bench.finish()
