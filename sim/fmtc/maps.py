"""Real feature maps through both cores at full speed; the rows of the table at the end."""

from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np

from fmcodec.fmtc import fast
from sim.fmtc import layers
from sim.fmtc.bench import Bench

SOME_VECTORS = 64  # of a map, where the configuration does not run them in full
TILE_VALUES = 4096


def chosen(bench: Bench) -> Iterator[layers.Layer]:
    """The layers of this run."""
    if path := bench.run.map_path:
        yield layers.of_map(path.rpartition("/")[2], np.load(path))
    else:
        yield from layers.load()


def snr_db(layer: layers.Layer, vectors: np.ndarray, decoded: np.ndarray) -> float:
    """Signal to noise behind the clamp, in dB."""
    wanted = np.clip(vectors, layer.low, layer.high).astype(float)
    noise = float(np.square(decoded - wanted).sum())
    signal = float(np.square(wanted - layer.origin).sum())
    return 10 * np.log10(signal / noise) if noise else float("inf")


@cocotb.test()
async def feature_maps_round_trip(dut: Any) -> None:
    bench = await Bench.start(dut)
    full = bool(bench.run.map_path) or (bench.run.config.maps and not bench.run.short)
    failures = []
    for layer in chosen(bench):
        found = layers.coded(layer, bench.params, None if full else SOME_VECTORS)
        if found is None:
            continue
        context, vectors = found
        encoder = context.encoder.folded() if bench.folded else context.encoder
        assert await bench.load("encoder", encoder.to_words())
        assert await bench.load("decoder", context.decoder.to_words())
        parts = np.split(vectors, range(*_steps(vectors)))
        given = [fast.forward(context.encoder, p) if bench.folded else p for p in parts]
        sizes, width = [len(part) for part in parts], given[0].shape[1]
        bench.begin()
        golden = [await bench.send_vectors(one, context.tag) for one in given]
        tiles = [await bench.receive_tile(width * size) for size in sizes]
        cycles = {"encoder": bench.check_cycles("encoder", layer.name, sizes, context.components)}
        bench.begin()
        expected = [await bench.send_tile(*pair) for pair in zip(tiles, sizes, strict=True)]
        out = [await bench.receive_vectors(bench.params.channels * size) for size in sizes]
        cycles["decoder"] = bench.check_cycles("decoder", layer.name, sizes, context.components)
        decoded = np.concatenate([values for values, _ in out])
        exact = all(np.array_equal(a, b) for a, (b, _) in zip(tiles, golden, strict=True))
        exact = exact and np.array_equal(decoded, np.concatenate([v for v, _ in expected]))
        exact = exact and not any(damaged for _, damaged in out)
        coefficients = len(vectors) * context.components
        bench.run.record(
            layer=layer.name,
            values=vectors.size,
            bits_per_value=32 * sum(map(len, tiles)) / vectors.size,
            snr_db=snr_db(layer, vectors, decoded),
            encoder_coefficients_per_cycle=coefficients / cycles["encoder"],
            decoder_coefficients_per_cycle=coefficients / cycles["decoder"],
            exact=exact,
        )
        if not exact:
            failures.append(layer.name)
    assert not failures, f"not bit exact: {', '.join(failures)}"
    await bench.finish()


def _steps(vectors: np.ndarray) -> tuple[int, int, int]:
    step = max(TILE_VALUES // vectors.shape[1], 1)
    return step, len(vectors), step
