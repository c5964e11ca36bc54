"""What is unknown while it is not valid reaches no valid and no ready, in the exported Verilog."""

import random

import pytest

from fmcodec_hw import catalog
from tests.hw.ebpc.test_idle_data import needs_icarus, run, stream_beats
from tests.hw.rice import reference

SEED = 77


@needs_icarus
@pytest.mark.parametrize("core", ["encoder", "decoder"])
@pytest.mark.parametrize("name", ["8p2", "8p2-compact", "8p1", "16p2", "8p4"])
def test_unknown_idle_data_stay_outside(name, core, tmp_path):
    config = catalog.find(f"rice {name}")
    params, rng = config.params, random.Random(SEED)
    flags = reference.Flags(params.signed, params.delta, params.sign_last)
    packets = [
        reference.packet(reference.KINDS[i % len(reference.KINDS)], size, params.word_bits, rng)
        for i, size in enumerate((1, 2, 30, 1, 17, 100, 5, 64, 3))
    ]
    words = [beat for packet in packets for beat in stream_beats(params, packet)]
    code = [
        beat
        for packet in packets
        for beat in stream_beats(
            params, reference.stream(packet, flags, params.word_bits), params.port_words
        )
    ]
    top = catalog.tops(config, name="idle")[core]
    if core == "encoder":
        user = flags.signed | flags.delta << 1 | flags.sign_last << 2
        given = {"s_axis": [{**beat, "tuser": user} for beat in words]}
        run(top, given, {"m_axis_code": code}, tmp_path)
    else:
        given = {
            "s_axis_len": [{"tdata": len(packet) - 1} for packet in packets],
            "s_axis_code": code,
        }
        run(top, given, {"m_axis": words}, tmp_path)
