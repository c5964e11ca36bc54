"""What an extra brings is enough: a report runs with everything else hidden."""

import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

requirements = pytest.importorskip("packaging.requirements")
pytest.importorskip("pyarrow")

PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
HIDE = """
import sys
hidden = set(sys.argv.pop(1).split(","))
class Hiding:  # finds nothing, as where a package is absent: find_spec is None, import raises
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        hides = name.partition(".")[0] in hidden
        return None if hides else self.finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self.finder, name)
sys.meta_path[:] = map(Hiding, sys.meta_path)
from fmcodec_eval.cli import main
main()
"""


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def brought(requirement, found):
    """Add the distributions that a requirement brings to `found`."""
    name = canonical(requirement.name)
    if name == "fmcodec":
        wanted = list(PROJECT["dependencies"])
        for extra in requirement.extras:
            wanted += PROJECT["optional-dependencies"][extra]
    elif name in found:
        return
    else:
        try:
            wanted = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            return
    found.add(name)
    for line in wanted:
        needed = requirements.Requirement(line)
        extras = requirement.extras or {""}
        if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
            brought(needed, found)


def report(hidden, folder, out):
    command = [sys.executable, "-c", HIDE, ",".join(hidden), "report", str(folder), "-o", str(out)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_report_needs_only_what_its_extra_brings(maps_folder, tmp_path):
    found = set()
    brought(requirements.Requirement("fmcodec[report]"), found)
    hidden = [
        module
        for module, names in metadata.packages_distributions().items()
        if not found & {canonical(name) for name in names}
    ]
    assert {"pytest", "hypothesis"} <= set(hidden)
    done = report(hidden, maps_folder, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize(
    ("hidden", "network", "line"),
    [
        (["pandas"], "maps", "pandas: pip install 'fmcodec[report]'"),
        (["numcodecs"], "maps", "numcodecs: pip install 'fmcodec[report]'"),
        (["PIL", "onnx"], "a.onnx", "pillow, onnx: pip install 'fmcodec[onnx]'"),
        (
            ["ai_edge_litert", "jinja2"],
            "a.tflite",
            "jinja2, ai_edge_litert: pip install 'fmcodec[tflite]'",
        ),
        (["torch"], "a:b", "torch: pip install 'fmcodec[torch]'"),
    ],
)
def test_missing_packages_are_named_at_once_before_any_work(
    maps_folder, tmp_path, hidden, network, line
):
    done = report(hidden, maps_folder if network == "maps" else network, tmp_path / "out")
    assert (done.returncode, done.stderr) == (2, f"fmcodec: a report needs {line}\n")
    assert not (tmp_path / "out").exists()
