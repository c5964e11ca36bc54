"""The exported cores in a plain Verilog design: reset from time 0, FIFOs, illegal sources."""

import random
import shutil
from dataclasses import replace

import numpy as np
import pytest
from amaranth.sim import Simulator

from fmcodec_hw import catalog
from fmcodec_hw.ebpc import Decoder
from fmcodec_hw.ebpc.ports import loop_fifo_beats
from sim.ebpc.packets import Packets
from sim.stalls import stalls
from sim.words import KINDS
from tests.hw import loop
from tests.hw.streams import source

pytestmark = [
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs iverilog"),
    pytest.mark.filterwarnings("ignore:.*created but never used"),
]
CONFIGS = ["8/8/16", "8/8/16-compact", "8/8/16p2", "16/16/16p2-async"]
WORDS, SEED = 700, 5


@pytest.fixture(scope="module", params=CONFIGS)
def exported(request, tmp_path_factory):
    """A configuration and its export, without and with registered ports."""
    made = {}
    for registered in (False, True):
        config = replace(catalog.find(f"ebpc {request.param}"), register_ports=registered)
        folder = tmp_path_factory.mktemp("loop")
        loop.write(config, folder)
        made[registered] = (config, folder)
    return made


def packet(config, kind: str) -> np.ndarray:
    return Packets(config).make(kind, WORDS, np.random.default_rng(SEED))


@pytest.mark.parametrize("registered", [False, True])
@pytest.mark.parametrize("language", ["2005", "2012"])
def test_cores_leave_a_reset_that_is_held_from_time_0(exported, language, registered):
    # SystemVerilog runs the initialiser of `rst` before any process: nothing sees it rise
    config, folder = exported[registered]
    words = packet(config, "half_zeros")
    depth = loop_fifo_beats(config.params, WORDS)
    told = loop.run(config, words, folder, znz_depth=depth, language=language)
    assert told.startswith(f"PASS {WORDS} words")


@pytest.mark.parametrize("kind", KINDS)
def test_wired_port_to_port_a_fifo_on_znz_is_enough(exported, kind):
    config, folder = exported[False]
    words = packet(config, kind)
    depth = loop_fifo_beats(config.params, WORDS)
    assert loop.run(config, words, folder, bpc_depth=0, znz_depth=depth).startswith("PASS")


def test_wired_port_to_port_without_a_fifo_nothing_moves(exported):
    # ZNZ waits for the decoder to take words, which wait for BPC, which waits for words
    for registered in (False, True):
        config, folder = exported[registered]
        told = loop.run(config, packet(config, "sparse"), folder, bpc_depth=0, znz_depth=0)
        assert told.startswith("STUCK")


@pytest.mark.parametrize("kind", ["dense", "half_zeros", "sparse", "zeros"])
def test_registered_ports_serve_sources_that_wait_for_ready(exported, kind):
    # which AXI4-Stream forbids: without slices `tready` may wait for `tvalid`
    config, folder = exported[True]
    depth = loop_fifo_beats(config.params, WORDS)
    told = loop.run(config, packet(config, kind), folder, znz_depth=depth, shy=True)
    assert told.startswith("PASS")


def test_beats_of_bpc_that_the_decoder_takes_without_znz():
    # what doc/using.md tells whoever reads one stream after the other
    taken = {}
    for name in ("8/8/16", "8/8/16p2", "8/8/16-compact"):
        config = catalog.find(f"ebpc {name}")
        params = config.params
        encoded = params.encode(Packets(config).make("dense", 400, np.random.default_rng(SEED)))
        width, lanes = params.word_bits, params.port_words
        words = [int(word) for word in encoded.bpc]
        groups = zip(*(words[i::lanes] for i in range(lanes)), strict=False)
        beats = [sum(word << width * i for i, word in enumerate(group)) for group in groups]
        dut = Decoder(params, compact=config.options["compact"])
        count = [0]

        async def bench(ctx, dut=dut, count=count):
            for _ in range(100):
                *_, valid, ready = await ctx.tick().sample(dut.bpc.valid, dut.bpc.ready)
                count[0] += valid & ready

        simulator = Simulator(dut)
        simulator.add_clock(1e-6)
        offered = [{"data": beat, "last": 0} for beat in beats]
        none = stalls("none", random.Random(SEED))
        simulator.add_testbench(source(dut.bpc, offered, none), background=True)
        simulator.add_testbench(source(dut.length, [399], none), background=True)
        simulator.add_testbench(bench)
        simulator.run()
        taken[name] = count[0]
    assert taken == {"8/8/16": 11, "8/8/16p2": 5, "8/8/16-compact": 9}
