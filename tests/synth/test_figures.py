"""Figures as records and as JSON."""

import dataclasses
import json

from synth.figures import Core


def test_figures_come_back_from_json(core):
    assert Core.from_json(json.loads(json.dumps(core.to_json()))) == core
    untimed = {name: dataclasses.replace(n, timing=None) for name, n in core.netlists.items()}
    absent = dataclasses.replace(core, netlists=untimed, ports={})
    assert Core.from_json(absent.to_json()) == absent
