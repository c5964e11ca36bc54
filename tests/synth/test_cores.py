"""The figures that an evaluation reads are those of the flow."""

import json

from fmcodec_eval import cores as reader
from fmcodec_hw import catalog
from synth import cores
from synth.common import BASELINE, ENERGY


def test_the_evaluation_has_the_committed_figures():
    baseline, energy = (json.loads(path.read_text()) for path in (BASELINE, ENERGY))
    assert json.loads(cores.CORES.read_text()) == cores.figures(baseline, energy)


def test_every_measured_configuration_is_there_in_the_catalogues_order(core):
    configs = list(catalog.configs())
    spent = {"zeros": 0.5, "clock": 2.0, "cells": 1.0, "nets": 0.5, "leakage": 0.25}
    baseline = {"lib": {"results": {c.id: {"encoder": core.to_json()} for c in reversed(configs)}}}
    first = {configs[0].id: {"encoder": {"typical": spent}}}
    energy = {
        "lib": {
            "conditions": {"clock_mhz": 100.0, "wire_ff": 0.0},
            "results": {**first, configs[1].id: {"encoder": {"typical": spent}}},
        },
        "lib, clock gating": {
            "results": {configs[0].id: {"encoder": {"typical": {**spent, "clock": 1.0}}}}
        },
    }
    found = cores.figures(baseline, energy)["configs"]
    assert list(found) == [config.id for config in configs]
    encoder = {"area_ge": 100, "period_ns": 3.0, "fast_area_ge": 150, "memory_bits": 0}
    encoder["netlists"] = [[3.0, 150.0], [6.0, 100.0]]
    gated, ungated, none = (found[c.id]["cores"]["encoder"] for c in configs[:3])
    assert gated == {**encoder, "energy": [[0.5, 2.75]]}
    assert ungated == {**encoder, "energy": [[0.5, 3.75]]}
    assert none == {**encoder, "energy": []}


def test_what_is_written_can_be_read():
    found = reader.load().configs
    assert {config.codec for config in found} >= {"ebpc", "rice"}
    assert {config.name for config in found} <= {config.id for config in catalog.configs()}
    for config in found:
        assert "port_words" in config.params or config.codec not in ("ebpc", "rice")
        for core in (config.encoder, config.decoder):
            assert core.area_ge is None or core.area_ge < core.fast_area_ge or not core.period_ns
