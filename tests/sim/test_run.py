"""`sim.run`: refusals, results files, no needless rebuilds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fmcodec_hw import catalog
from sim import runner
from sim.record import Run

ROOT = Path(runner.__file__).parents[1]


def refuse(*arguments: object) -> str:
    """The one line on stderr with which `sim.run` refuses `arguments`."""
    command = [sys.executable, "-m", "sim.run", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr.strip()


def test_a_map_of_floats_is_refused(tmp_path):
    path = tmp_path / "map.npy"
    np.save(path, np.zeros(3, np.float32))
    expected = f"sim: {path} must hold int8, int16 or int32 words, not float32"
    assert refuse("--map", path) == expected


def test_an_empty_map_is_refused(tmp_path):
    path = tmp_path / "map.npy"
    np.save(path, np.zeros(0, np.int8))
    assert refuse("--map", path) == f"sim: {path} must hold 1..16777216 words, not 0"


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "map.npy"
    path.write_text("words")
    assert refuse("--map", path) == f"sim: {path} must be a .npy file of integers"


def test_unknown_simulator_is_refused():
    assert refuse("--sim", "spice").startswith("sim: Invalid value for '--sim'")


@pytest.mark.parametrize(
    ("body", "passed", "errors"),
    [
        ('<testcase classname="b" name="x"/>', 1, {}),
        ('<testcase classname="b" name="x"><failure message="no"/></testcase>', 0, {"b.x": "no"}),
        ('<testcase classname="b" name="x"><error message="no"/></testcase>', 0, {"b.x": "no"}),
    ],
)
def test_results_are_judged(tmp_path, body, passed, errors):
    path = tmp_path / "results.xml"
    path.write_text(f"<testsuites><testsuite>{body}</testsuite></testsuites>")
    outcome = runner.Outcome("ebpc 8/8/16")
    runner.read_results(path, outcome)
    assert (outcome.passed, outcome.errors) == (passed, errors)


def test_no_test_is_no_success(tmp_path):
    path = tmp_path / "results.xml"
    path.write_text("<testsuites/>")
    with pytest.raises(RuntimeError, match=r"^the simulation ran no test$"):
        runner.read_results(path, runner.Outcome("ebpc 8/8/16"))
    with pytest.raises(RuntimeError, match=r"^the simulation ended without results$"):
        runner.read_results(tmp_path / "none.xml", runner.Outcome("ebpc 8/8/16"))


def test_the_same_export_is_left_alone(tmp_path):
    def sources(name: str) -> dict[str, int]:
        made = runner.sources(Run(f"ebpc {name}", True, "", ""), tmp_path, verilator=True)
        return {path.name: path.stat().st_mtime_ns for path in made}

    before = sources("8/8/16")
    assert {"ebpc_encoder.v", "ebpc_decoder.v", "pair.v", "pair.vlt"} < set(before)
    assert sources("8/8/16") == before
    after = sources("8/8/16-unchecked")
    assert {name for name in before if after[name] > before[name]} == {"ebpc_decoder.v"}


def test_short_run_covers_both_ports_and_resets():
    configs = [config for config in catalog.CODECS["ebpc"] if config.short]
    assert {c.params.port_words for c in configs} == {1, 2}
    assert {c.reset for c in configs} == {"sync-high", "async-low"}


def test_a_bench_that_a_codec_has_not_is_refused():
    error = refuse("--config", "ebpc 8/8/16", "--bench", "tiles")
    assert error.startswith("sim: bench must be one of encoder, decoder")
    assert error.endswith("not 'tiles'")


def test_unknown_configuration_is_refused():
    assert refuse("--config", "9/9/9").startswith("sim: config must be one of ebpc 8/8/16, ")


def test_every_codec_of_the_catalogue_has_benches():
    for codec in catalog.CODECS:
        assert set(runner.benches(codec)) >= {"encoder", "decoder", "loop", "maps"}
        for module in runner.benches(codec).values():
            assert (ROOT / f"{module.replace('.', '/')}.py").exists()
