"""Real feature maps through both cores at full speed; the rows of the table at the end."""

from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np

from bench import CONFIG, PARAMS, RUN, Bench, max_cycles
from fmcodec import feature_maps

SOME_WORDS = 4096  # of a map, where the configuration does not run them in full


def maps() -> Iterator[tuple[str, np.ndarray]]:
    """Name and words of the maps of this run, in NCHW order."""
    if RUN.map_path:
        yield RUN.map_path.rpartition("/")[2], np.load(RUN.map_path).ravel()
        return
    full = CONFIG.maps and not RUN.short
    for feature_map in feature_maps.load():
        words = feature_map.words.ravel().astype(f"i{PARAMS.word_bits // 8}")
        yield feature_map.name, words if full else words[:SOME_WORDS]


@cocotb.test()
async def feature_maps_round_trip(dut: Any) -> None:
    bench = await Bench.start(dut)
    failures = []
    for name, words in maps():
        golden = PARAMS.encode(words)
        await bench.send_words(words)
        encoded = await bench.within(len(words), bench.receive_streams(len(words)))
        encoder_cycles = bench.cycles()
        await bench.send_streams(encoded)
        decoded, damaged = await bench.within(len(words), bench.receive_words())
        decoder_cycles = bench.cycles()
        exact = encoded == golden and not damaged
        exact = exact and np.array_equal(decoded, words.view(decoded.dtype))
        bound = max_cycles(words)
        RUN.record(
            map=name,
            words=len(words),
            sparsity=float(np.mean(words == 0)),
            ratio=len(words) * PARAMS.word_bits / PARAMS.encoded_bits(words),
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
