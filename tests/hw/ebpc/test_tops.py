"""What an export's header tells of the EBPC cores' speed."""

import random
import re

import numpy as np
import pytest
from amaranth.sim import Simulator

from fmcodec_hw import catalog
from fmcodec_hw.ebpc import Encoder
from sim.ebpc.packets import Packets
from sim.stalls import stalls
from sim.words import KINDS
from tests.hw.streams import source

SEED = 11
NAMES = ("8/8/16", "8/8/16-compact", "8/8/16p2", "8/8/16p2-compact", "16/8/16", "8/16/16")


def first_beat(config, words: np.ndarray) -> int:
    """Cycles from the first word taken, which is not zero, to the first valid BPC beat."""
    dut = Encoder(config.params, compact=config.options["compact"])
    seen: dict[str, int] = {}

    async def bench(ctx):
        ctx.set(dut.bpc.ready, 1)
        ctx.set(dut.znz.ready, 1)
        for cycle in range(20 * len(words)):
            *_, valid, ready, beat = await ctx.tick().sample(
                dut.words.valid, dut.words.ready, dut.bpc.valid
            )
            if valid and ready:
                seen.setdefault("word", cycle)
            if beat:
                seen.setdefault("beat", cycle)
                return

    mask = 2**config.params.word_bits - 1
    offered = [{"data": int(w) & mask, "last": i == len(words) - 1} for i, w in enumerate(words)]
    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(
        source(dut.words, offered, stalls("none", random.Random(SEED))), background=True
    )
    simulator.add_testbench(bench)
    simulator.run()
    return seen["beat"] - seen["word"]


@pytest.mark.parametrize("name", NAMES)
def test_the_headers_latency_is_reached_and_kept(name):
    config = catalog.find(f"ebpc {name}")
    told = catalog.CODECS["ebpc"].performance(config, "encoder").latency
    steps = int(re.search(r"within (\d+) steps", told)[1])
    rng = np.random.default_rng(SEED)
    packets = [Packets(config).make(kind, 6 * config.params.block_words, rng) for kind in KINDS]
    # equal words: short blocks, the last to fill a beat
    packets.append(np.full(6 * config.params.block_words, 5, packets[0].dtype))
    packets = [words[words != 0] for words in packets]
    took = [first_beat(config, words) for words in packets if len(words) >= 3 * steps // 2]
    assert max(took) == steps
