"""Real feature maps through both cores at full speed; the rows of the table at the end."""

from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np

from fmcodec import feature_maps
from sim.lossless.bench import Bench

SOME_WORDS = 4096  # of a map, where the configuration does not run them in full


def maps(bench: Bench) -> Iterator[tuple[str, np.ndarray]]:
    """Name and words of the maps of this run, in NCHW order."""
    run = bench.run
    if run.map_path:
        yield run.map_path.rpartition("/")[2], np.load(run.map_path).ravel()
        return
    full = run.config.maps and not run.short
    for feature_map in feature_maps.load():
        words = feature_map.words.ravel().astype(f"i{bench.params.word_bits // 8}")
        yield feature_map.name, words if full else words[:SOME_WORDS]


@cocotb.test()
async def feature_maps_round_trip(dut: Any) -> None:
    bench = await Bench.start(dut)
    failures = []
    for name, words in maps(bench):
        golden = bench.params.encode(words)
        await bench.send_words(words)
        encoded = await bench.within(len(words), bench.receive_streams(len(words)))
        encoder_cycles = bench.cycles()
        await bench.send_streams(encoded)
        decoded, damaged = await bench.within(len(words), bench.receive_words())
        decoder_cycles = bench.cycles()
        exact = encoded == golden and not damaged
        exact = exact and np.array_equal(decoded, words.view(decoded.dtype))
        bound = bench.packets.bound(words)
        bench.run.record(
            map=name,
            words=len(words),
            sparsity=float(np.mean(words == 0)),
            ratio=len(words) * bench.params.word_bits / bench.params.encoded_bits(words),
            encoder_words_per_cycle=len(words) / encoder_cycles,
            decoder_words_per_cycle=len(words) / decoder_cycles,
            encoder_slack=bound - encoder_cycles,
            decoder_slack=bound - decoder_cycles,
            exact=exact,
        )
        if not exact:
            failures.append(f"{name} is not bit exact")
        for core, cycles in (("encoder", encoder_cycles), ("decoder", decoder_cycles)):
            if cycles > bound:
                failures.append(f"{name}: the {core} takes {cycles - bound:.1f} cycles too many")
    assert not failures, "; ".join(failures)
    await bench.finish()
