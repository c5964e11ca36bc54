"""`sim/run.py`: refusals, results files, no needless rebuilds."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import run
from configs import CONFIGS, Config
from fmcodec.ebpc import Params

SIM = Path(run.__file__).parent


def refuse(*arguments: object) -> str:
    """The one line on stderr with which `run.py` refuses `arguments`."""
    command = [sys.executable, str(SIM / "run.py"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
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
    outcome = run.Outcome("8/8/16")
    run.read_results(path, outcome)
    assert (outcome.passed, outcome.errors) == (passed, errors)


def test_no_test_is_no_success(tmp_path):
    path = tmp_path / "results.xml"
    path.write_text("<testsuites/>")
    with pytest.raises(RuntimeError, match=r"^the simulation ran no test$"):
        run.read_results(path, run.Outcome("8/8/16"))
    with pytest.raises(RuntimeError, match=r"^the simulation ended without results$"):
        run.read_results(tmp_path / "none.xml", run.Outcome("8/8/16"))


def test_the_same_export_is_left_alone(tmp_path):
    paths = run.export_cores(Config(Params()), tmp_path)
    assert [path.name for path in paths] == ["ebpc_encoder.v", "ebpc_decoder.v"]
    before = [path.stat().st_mtime_ns for path in paths]
    run.export_cores(Config(Params()), tmp_path)
    assert [path.stat().st_mtime_ns for path in paths] == before
    run.export_cores(Config(Params(), checked=False), tmp_path)
    encoder, decoder = (path.stat().st_mtime_ns for path in paths)
    assert encoder == before[0]
    assert decoder > before[1]


def test_short_run_covers_both_ports_and_resets():
    configs = [CONFIGS[name] for name in run.SHORT_CONFIGS]
    assert {c.params.port_words for c in configs} == {1, 2}
    assert {c.reset for c in configs} == {"sync-high", "async-low"}
