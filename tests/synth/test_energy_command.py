"""Stimuli, blocks and figures of the energy command."""

import numpy as np
import pytest
from click.testing import CliRunner

from fmcodec_hw import catalog
from sim.ebpc.packets import Packets
from synth import energy


@pytest.mark.parametrize("kind", energy.MAPS)
def test_packets_are_of_the_codec_and_of_one_size(kind):
    words = energy.packet(kind, 16)
    assert words.dtype == np.int16
    assert len(words) == energy.WORDS


def test_maps_are_denser_and_sparser():
    zeros = [np.mean(energy.packet(kind, 8) == 0) for kind in ("dense", "typical", "sparse")]
    assert zeros == sorted(zeros)
    assert zeros[0] < 0.1
    assert zeros[-1] > 0.8


def test_the_encoder_gets_the_words():
    config, words = catalog.find("ebpc 8/8/16"), np.array([1, -1, 0], np.int8)
    (source,), pins = energy.sources(config, "encoder", words)
    assert source.prefix == "s_axis"
    assert source.fields["tdata"].tolist() == [1, 255, 0]
    assert source.fields["tlast"].tolist() == [False, False, True]
    assert pins == Packets(config).pins()


@pytest.mark.parametrize("name", ["ebpc 8/8/16", "ebpc 8/8/16p2"])
def test_the_decoder_gets_length_and_streams(name):
    config = catalog.find(name)
    words = energy.packet("dense", 8)[:101]
    encoded = config.params.encode(words)
    length, *streams = energy.sources(config, "decoder", words)[0]
    assert length.fields["tdata"].tolist() == [100]
    by_name = {source.prefix: source for source in streams}
    assert by_name["s_axis_znz"].fields["tdata"].tolist() == encoded.znz.tolist()
    beats, lanes = by_name["s_axis_bpc"].fields["tdata"], config.params.port_words
    got = [int(beat) >> 8 * lane & 255 for beat in beats for lane in range(lanes)]
    assert got[: len(encoded.bpc)] == encoded.bpc.tolist()
    assert not any(got[len(encoded.bpc) :])


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
