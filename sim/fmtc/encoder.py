"""What only the encoder's Verilog does: clips, and a `tlast` beside a number of vectors."""

from typing import Any

import cocotb
import numpy as np

from sim.fmtc import tiles
from sim.fmtc.bench import Bench
from sim.fmtc.sides import EncoderSide


@cocotb.test()
async def clips_are_counted(dut: Any) -> None:
    """A coefficient that is clipped is told on a status port, once."""
    bench = await Bench.start(dut, "mixed")
    side = EncoderSide(bench)
    for kind in ("extremes", "flat", "random", "mixed"):
        pair = bench.make_pair()
        await side.load(pair)
        for raw in (False, True):
            bench.clips = 0
            expected = await side.send(pair, [(kind, size, raw) for size in (1, 5, 3)])
            await side.compare(expected, kind)
            clips = sum(clips for _, _, clips in expected)
            assert bench.clips == clips, f"{kind}: {bench.clips} clips, not {clips}"
    await bench.finish()


@cocotb.test()
async def last_has_to_agree_with_the_number_of_vectors(dut: Any) -> None:
    """A `tlast` that comes early or not at all is told; the tile has its vectors all the same."""
    bench = await Bench.start(dut, "mixed")
    side = EncoderSide(bench)
    pair = bench.make_pair()
    await side.load(pair)
    await side.compare(await side.send(pair, side.jobs(3)), "good tiles")
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
        await side.compare(expected, "a wrong tlast")
        assert dut.encoder_status_length.value == 1
        await bench.reset()
        assert dut.encoder_status_length.value == 0
        await side.load(pair)
    await side.compare(await side.send(pair, side.jobs(2)), "after a wrong tlast")
    await bench.finish()
