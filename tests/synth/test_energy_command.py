"""Stimuli, blocks and figures of the energy command."""

import numpy as np
import pytest
from click.testing import CliRunner

from fmcodec import fmtc
from fmcodec_hw import catalog
from fmcodec_hw.verilog import memories, to_verilog
from sim.rice.packets import Packets
from synth import asic, energy, stimuli
from synth.common import for_cells


@pytest.mark.parametrize("kind", stimuli.MAPS)
def test_packets_are_of_the_codec_and_of_one_size(kind):
    words = stimuli.packet(kind, 16)
    assert words.dtype == np.int16
    assert len(words) == stimuli.WORDS


def test_maps_are_denser_and_sparser():
    zeros = [np.mean(stimuli.packet(kind, 8) == 0) for kind in ("dense", "typical", "sparse")]
    assert zeros == sorted(zeros)
    assert zeros[0] < 0.1
    assert zeros[-1] > 0.8


def test_the_encoder_gets_the_words():
    config, words = catalog.find("ebpc 8/8/16"), np.array([1, -1, 0], np.int8)
    (source,) = stimuli.sources(config, "encoder", words)
    assert source.prefix == "s_axis"
    assert source.fields["tdata"].tolist() == [1, 255, 0]
    assert source.fields["tlast"].tolist() == [False, False, True]
    # Rice is told with every word how to read it
    rice = catalog.find("rice 8p2")
    (source,) = stimuli.sources(rice, "encoder", words)
    assert source.fields["tuser"].tolist() == [Packets(rice).user] * 3


@pytest.mark.parametrize("name", ["ebpc 8/8/16", "ebpc 8/8/16p2"])
def test_the_decoder_gets_length_and_streams(name):
    config = catalog.find(name)
    words = stimuli.packet("dense", 8)[:101]
    encoded = config.params.encode(words)
    length, *streams = stimuli.sources(config, "decoder", words)
    assert length.fields["tdata"].tolist() == [100]
    by_name = {source.prefix: source for source in streams}
    assert by_name["s_axis_znz"].fields["tdata"].tolist() == encoded.znz.tolist()
    beats, lanes = by_name["s_axis_bpc"].fields["tdata"], config.params.port_words
    got = [int(beat) >> 8 * lane & 255 for beat in beats for lane in range(lanes)]
    assert got[: len(encoded.bpc)] == encoded.bpc.tolist()
    assert not any(got[len(encoded.bpc) :])


@pytest.mark.parametrize("kind", stimuli.MAPS)
def test_a_lossy_decoder_gets_its_context_and_a_tile_of_the_map(kind):
    config = catalog.find("fmtc dct4-rice")
    given = stimuli.stimulus(config, "decoder", kind)
    length, code = given.sources
    decoder = fmtc.Decoder(config.params)
    decoder.load(given.setup[0].fields["tdata"].astype(np.uint32))
    count = int(length.fields["tdata"][0]) + 1
    assert count * 16 == given.words == stimuli.WORDS
    decoded = decoder.decode_tile(code.fields["tdata"].astype(np.uint32), count)
    # what comes out is the map: its zeros, and little noise
    entering = stimuli.stimulus(config, "encoder", kind)
    vectors = entering.sources[1].fields["tdata"].astype(np.uint8).view(np.int8).reshape(-1, 16)
    origin = np.bincount(vectors.ravel().view(np.uint8)).argmax() if kind == "sparse" else -128
    assert given.zeros == entering.zeros
    noise = np.square(vectors - decoded.astype(float)).mean()
    signal = np.square(vectors - float(origin)).mean()
    assert 13 < 10 * np.log10(signal / noise) < 25


def test_a_netlist_with_a_memory_codes_as_the_model(own, tmp_path, monkeypatch):
    """The words that leave a mapped encoder, whose scales are in a memory, are the model's."""
    monkeypatch.setattr(stimuli, "WORDS", 256)
    config = for_cells(catalog.find("fmtc folded16-rice"), "async-low")
    top = catalog.tops(config)["encoder"]
    macros = memories(top)
    assert macros.sizes
    text = to_verilog(top) + macros.stubs()
    asic.synthesise(text, top.name, own, tmp_path, recipes=["lean"])
    mapped = energy.netlist(tmp_path / "lean.json", top.name, own, macros)
    given = stimuli.stimulus(config, "encoder", "typical")
    header, values = (source.fields["tdata"] for source in given.sources)
    model = fmtc.Encoder(config.params, folded=True)
    model.load(given.setup[0].fields["tdata"].astype(np.uint32))
    vectors = values.astype(np.uint32).view(np.int32).reshape(-1, 16)
    wanted = model.encode_tile(vectors, int(header[0]) & 0x7FFF)[0]
    found = mapped.run(
        given.sources, ["m_axis"], 1, given.limit, setup=given.setup, ready=given.ready
    ).values
    taken = found[:, mapped.ports["m_axis_tvalid"][0]] == 1
    bits = found[taken][:, mapped.ports["m_axis_tdata"]]
    words = np.packbits(bits, axis=1, bitorder="little").copy().view("<u4").ravel()
    assert words.tolist() == wanted.tolist()


def test_blocks_are_the_first_part_of_a_name_below_the_core():
    assert energy.block_of("core.packer.queue_reg[3]") == "packer"
    assert energy.block_of("$flatten\\core.\\sequence_.index[0]_reg") == "sequence"
    assert energy.block_of("core.index[0]_reg") == "core"


def test_figures_for_a_report_are_the_parts_together():
    found = {"clock": 4.0, "cells": 2.0, "nets": 1.5, "leakage": 0.5, "words": 9}
    kept = {"lib": {"results": {"ebpc 8/8/16": {"encoder": {"dense": found}}}}}
    assert energy.per_word(kept, "lib") == {"ebpc 8/8/16": {"encoder": {"dense": 8.0}}}


def test_a_library_without_internal_power_is_refused(own, tmp_path):
    (tmp_path / "own.lib").write_text(own.text)
    result = CliRunner().invoke(energy.run, ["--liberty", str(tmp_path / "own.lib")])
    assert result.exit_code == 1
    assert "must have internal_power" in result.output
