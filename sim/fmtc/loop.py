"""Encoder and decoder back to back: vectors in, tiles between, what the model decodes out."""

from typing import Any

import cocotb

from sim.fmtc import tiles
from sim.fmtc.bench import Bench
from sim.fmtc.sides import EncoderSide


@cocotb.test()
@cocotb.parametrize(stall=("none", "mixed"))
async def round_trip(dut: Any, stall: str) -> None:
    """The encoder works on the next tiles while the decoder is still at the one before."""
    bench = await Bench.start(dut, stall)
    for _ in range(2 if bench.run.short else 6):
        pair = bench.make_pair(long_codes=bench.rng.random() < 0.3)
        await bench.load_both(pair)
        batch = EncoderSide(bench).jobs(6 if bench.run.short else 16)
        sizes = []
        for kind, count, raw in batch:
            vectors = tiles.vectors(pair, kind, count, bench.rng)
            await bench.send_vectors(vectors, pair.tag, raw)
            sizes.append((vectors.size, count))
        expected: list[Any] = []

        async def pass_on(sizes=sizes, expected=expected) -> None:
            for values, count in sizes:
                words = await bench.receive_tile(values)
                expected.append(await bench.send_tile(words, count))

        passing = cocotb.start_soon(pass_on())
        for place, (values, _) in enumerate(sizes):
            found = await bench.receive_vectors(2 * values)
            vectors, faults = expected[place]
            assert not faults, f"{batch[place]}: {faults}"
            assert (found[0] == vectors).all(), f"{batch[place]}"
            assert not found[1], f"{batch[place]}: tuser"
        await passing
    assert not bench.causes()
    await bench.finish()
