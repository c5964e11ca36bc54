"""The command."""

import json

import pytest
from click.testing import CliRunner

from fmcodec_hw.verilog import memories, to_verilog
from synth import cells, common, run
from synth.figures import Core
from tests.hw import test_ram as ram_tops


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--core", "x"], "Invalid value for '--core'"),
        (["--liberty", "missing.lib"], "missing.lib is no file"),
        (["--accept", "--recipe", "area"], "a baseline has every recipe"),
    ],
)
def test_the_command_refuses_what_it_cannot_do(arguments, error):
    result = CliRunner().invoke(run.run, arguments)
    assert result.exit_code
    assert error in result.output


def test_corners_come_from_several_libraries(own, tmp_path, monkeypatch):
    """A real run of one core; the second corner differs by its name only."""
    monkeypatch.setattr(run, "BUILD", tmp_path / "build")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "typ.lib").write_text(own.text)
    (tmp_path / "slow.lib").write_text(own.text.replace(cells.NAME, "slow"))
    arguments = ["--config", "ebpc 8/4/16-compact", "--core", "encoder", "--recipe", "area"]
    result = CliRunner().invoke(
        run.run, arguments, env={"LIBERTY": "typ.lib slow.lib"}, catch_exceptions=False
    )
    assert result.exit_code == 0
    assert f"{cells.NAME}, async-low, period 3.6 ns" in result.output
    assert "slow, async-low, period 3.6 ns" in result.output
    for name in (cells.NAME, "slow"):
        (document,) = json.loads(
            (tmp_path / f"build/asic-{name}-async-low.json").read_text()
        ).values()
        core = Core.from_json(document["results"]["ebpc 8/4/16-compact"]["encoder"])
        assert core.netlists["area"].area_ge > 500


def test_a_memory_has_bits_but_no_gates(own, tmp_path, monkeypatch):
    monkeypatch.setattr(common, "BUILD", tmp_path)
    found = {}
    for memory in ("inferred", "external"):
        top = ram_tops.top(memory=memory)
        macros = memories(top)
        found[memory] = run.measured(
            to_verilog(top), top.name, macros, cells=own, recipes=("area",), clock_gating=False
        )
        assert found[memory].memory_bits == macros.total_bits == 2 * 16 * 8 + 10 * 3
    # each of the memory's bits is a flip-flop with its multiplexer where tools see an array
    assert found["external"].flip_flops == 8
    assert found["inferred"].flip_flops > 8 + 286


def test_a_part_is_measured_by_itself(own, tmp_path, monkeypatch):
    """The products of one lane, with the register of their sum."""
    monkeypatch.setattr(run, "BUILD", tmp_path / "build")
    monkeypatch.setattr(common, "BUILD", tmp_path / "build")
    (tmp_path / "own.lib").write_text(own.text)
    arguments = ["--part", "fmtc mac1", "--recipe", "lean", "--liberty", str(tmp_path / "own.lib")]
    result = CliRunner().invoke(run.run, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    (kept,) = (tmp_path / "build").glob("asic-*.json")
    (document,) = json.loads(kept.read_text()).values()
    assert list(document["results"]) == ["fmtc parts"]
    assert list(document["results"]["fmtc parts"]) == ["mac1"]
    core = Core.from_json(document["results"]["fmtc parts"]["mac1"])
    assert core.flip_flops == 24
    assert 600 < core.netlists["lean"].area_ge < 1500
