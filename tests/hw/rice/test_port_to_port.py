"""Encoder and decoder wired port to port: nothing waits for anything, and the words come back."""

import random

import numpy as np
import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from fmcodec.rice import Params
from fmcodec_hw.rice import Decoder, Encoder
from sim.stalls import stalls
from sim.words import KINDS, make
from tests.hw.streams import sink, source

SEED, WORDS = 12, 300


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("port_words", [1, 2, 4])
def test_words_come_back_without_a_buffer(port_words, compact):
    params = Params(port_words=port_words)
    m = Module()
    m.submodules.encoder = encoder = Encoder(params, compact=compact)
    m.submodules.decoder = decoder = Decoder(params)
    wiring.connect(m, encoder.code, decoder.code)
    rng, stall = np.random.default_rng(SEED), random.Random(SEED)
    packets = [make(8, kind, WORDS, rng) for kind in KINDS]
    flags = params.signed | params.delta << 1
    offered = [
        {"data": int(word) & 255, "last": i == WORDS - 1, "user": flags}
        for words in packets
        for i, word in enumerate(words)
    ]
    taken: list = []
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    none = stalls("none", stall)
    simulator.add_testbench(source(encoder.words, offered, none), background=True)
    lengths = [WORDS - 1] * len(packets)
    simulator.add_testbench(source(decoder.length, lengths, none), background=True)
    simulator.add_testbench(sink(decoder.words, taken, stalls("none", stall)), background=True)

    async def limit(ctx):
        for _ in range(4 * len(offered)):
            if len(taken) == len(offered):
                return
            await ctx.tick()
        pytest.fail(f"no end after {4 * len(offered)} cycles, {len(taken)} words, seed {SEED}")

    simulator.add_testbench(limit)
    simulator.run()
    assert [beat.data for beat in taken] == [beat["data"] for beat in offered]
    assert not any(beat.user for beat in taken)
