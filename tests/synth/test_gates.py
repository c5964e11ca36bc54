"""Netlists for the benches."""

import json
import re

import pytest

from fmcodec_hw import catalog
from synth import gates


@pytest.mark.parametrize("kind", ["area", "gated"])
def test_a_netlist_has_a_model_for_every_cell(own, tmp_path, kind):
    files = gates.netlists(catalog.find("ebpc 8/4/16-compact"), kind, own, tmp_path)
    assert set(files) == {"ebpc_encoder.v", "ebpc_decoder.v", "cells.v"}
    modelled = set(re.findall(r"^module (\w+)", files["cells.v"], re.M))
    for core in ("encoder", "decoder"):
        used = set(re.findall(r"^  (\w+) \S+ \($", files[f"ebpc_{core}.v"], re.M))
        assert used
        assert used <= modelled
    assert (own.clock_gate.cell in modelled) == (kind == "gated")


def test_a_netlist_is_made_again_only_where_something_changed(own, tmp_path, monkeypatch):
    config = catalog.find("ebpc 8/4/16-compact")
    made = []

    def synthesise(verilog, top, cells, folder, **options):
        made.append((top, options["recipes"], options["clock_gating"]))
        folder.mkdir(parents=True)
        (folder / "area.json").write_text(f'{{"modules": {{"{top}": {{"cells": {{}}}}}}}}')
        (folder / "area.v").write_text(f"module {top}; endmodule")

    monkeypatch.setattr(gates.asic, "synthesise", synthesise)
    first = gates.netlists(config, "gated", own, tmp_path)
    assert made == [("ebpc_encoder", ["area"], True), ("ebpc_decoder", ["area"], True)]
    assert gates.netlists(config, "gated", own, tmp_path) == first
    assert len(made) == 2


def test_memories_are_beside_the_netlist_and_no_cells_of_it(own, tmp_path, monkeypatch):
    macro = re.compile(r"^module (\w+_ram_\w+)\(", re.M)

    def synthesise(verilog, top, cells, folder, **options):
        folder.mkdir(parents=True)
        used = {name: {"type": name} for name in [*macro.findall(verilog), "INV_X1"]}
        module = {"modules": {top: {"cells": used}}}
        (folder / "area.json").write_text(json.dumps(module))
        (folder / "area.v").write_text(f"module {top}; endmodule")

    monkeypatch.setattr(gates.asic, "synthesise", synthesise)
    files = gates.netlists(catalog.find("fmtc dct4-huffman"), "area", own, tmp_path)
    for core in ("encoder", "decoder"):
        models = files[f"fmtc_{core}_ram.v"]
        assert macro.findall(models)
        assert "cells [0:" in models
    assert re.findall(r"^module (\w+)", files["cells.v"], re.M) == ["INV_X1"]
