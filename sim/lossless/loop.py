"""Encoder and decoder back to back: words in, the same words out, the streams held between."""

from typing import Any

import cocotb
import numpy as np

from sim.lossless.bench import Bench
from sim.words import KINDS


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def round_trip(dut: Any, stall: str) -> None:
    """The encoder works on the next packets while the decoder is still at the one before."""
    bench = await Bench.start(dut, stall)
    kinds = [str(kind) for kind in bench.rng.choice(KINDS, 20 if bench.run.short else 80)]
    sizes = bench.rng.integers(1, 20 * bench.packets.block, len(kinds))
    batch = [bench.packets.make(k, int(s), bench.rng) for k, s in zip(kinds, sizes, strict=True)]

    async def pass_on() -> None:
        for words in batch:
            await bench.send_streams(await bench.receive_streams(len(words)))

    passing = cocotb.start_soon(pass_on())
    for words in batch:
        await bench.send_words(words)
    for words in batch:
        decoded, damaged = await bench.within(2 * len(words), bench.receive_words())
        assert np.array_equal(decoded, words)
        assert not damaged
    await passing
    await bench.finish()
