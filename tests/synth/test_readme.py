"""Tables of the documents."""

import dataclasses
import json

import pytest

from synth import readme
from synth.common import BASELINE, ENERGY


def kept(core, name="lib", configs=("8/8/16",)) -> dict:
    results = {config: {"encoder": core.to_json()} for config in configs}
    return {name: {"period": 3.6, "results": results}}


def filled(marker: str, figures: dict) -> list[str]:
    text = f"<!-- synth: {marker} -->\n<!-- end -->"
    return readme.filled(text, figures, figures).splitlines()[1:-1]


def test_readme_tables_are_filled_between_their_markers(core):
    text = "a\n<!-- synth: lib -->\nold\n<!-- end -->\nb\n"
    new = readme.filled(text, kept(core), {})
    assert "| 8/8/16 | encoder | 100 | 8 | 150 | 1.50 | 3.00 | 150 |" in new
    assert new.startswith("a\n<!-- synth: lib -->\n|")
    assert new.endswith("|\n<!-- end -->\nb\n")
    assert readme.filled(new, kept(core), {}) == new
    with pytest.raises(ValueError, match=r"^a table's figures must be of lib, not 'other'$"):
        readme.filled(text.replace("lib", "other"), kept(core), {})


def test_a_marker_chooses_configurations(core):
    figures = kept(core, configs=("8/8/16", "8/8/8"))
    assert len(filled("lib", figures)) == 4
    (line,) = filled("lib; 8/8/8", figures)[2:]
    assert line.startswith("| 8/8/8 | encoder |")
    with pytest.raises(ValueError, match=r"configurations must be of 8/8/16, 8/8/8, not '9'$"):
        filled("lib; 9", figures)


def test_a_marker_that_is_only_shown_is_left_alone(core):
    text = "    <!-- synth: cells, async-low -->\n    <!-- end -->\n"
    assert readme.filled(text, kept(core), {}) == text


def test_a_marker_asks_for_port_delays(core):
    figures = kept(core, configs=("8/8/16", "8/8/8"))
    assert len(filled("lib; ports", figures)) == 2 + 6
    assert len(filled("lib; 8/8/16; ports", figures)) == 2 + 3
    assert "`x_tdata`" in filled("lib; 8/8/16; ports", figures)[2]


def test_corners_stand_side_by_side(core):
    slow = dataclasses.replace(core, netlists={"area": core.netlists["area"]})
    both = kept(core, "typ, async-low") | kept(slow, "slow, async-low")
    assert filled("typ, async-low + slow, async-low; 8/8/16", both) == [
        "| configuration | core | GE | flip-flops | typ: STA ns | at GE | GE in 3.6 ns "
        "| slow: STA ns | at GE | GE in 3.6 ns |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        "| 8/8/16 | encoder | 100 | 8 | 3.00 | 150 | 150 | 6.00 | 100 | - |",
    ]


def test_energies_stand_with_clock_gating_beside_them():
    dense = {"zeros": 0.25, "word_bits": 8, "clock": 4, "cells": 2, "nets": 1.5, "leakage": 0.5}
    figures = {
        "lib": {"results": {"8/8/16": {"encoder": {"dense": dense}}}},
        "lib, clock gating": {"results": {"8/8/16": {"encoder": {"dense": {**dense, "clock": 2}}}}},
    }
    assert filled("lib; energy", figures)[2:] == [
        "| 8/8/16 | encoder | dense | 25% | 8.00 | 1.00 | 4.00 | 2.00 | 1.50 | 0.50 "
        "| 6.00 | 0.75 | 2.00 | 2.00 | 1.50 | 0.50 |"
    ]
    del figures["lib, clock gating"]
    assert filled("lib; energy", figures)[2:] == [
        "| 8/8/16 | encoder | dense | 25% | 8.00 | 1.00 | 4.00 | 2.00 | 1.50 | 0.50 |"
    ]


@pytest.mark.parametrize("document", ["README.md", "synthesis.md"])
def test_documents_with_tables_are_found(document):
    assert document in {path.name for path in readme.DOCUMENTS}


@pytest.mark.parametrize("document", readme.DOCUMENTS, ids=lambda path: path.name)
def test_documents_have_the_committed_figures(document):
    text = document.read_text()
    figures = (json.loads(path.read_text()) for path in (BASELINE, ENERGY))
    assert readme.filled(text, *figures) == text
