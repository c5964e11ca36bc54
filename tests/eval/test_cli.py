"""The command line `fmcodec`: help, errors on one line, the bench."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from fmcodec import __version__
from fmcodec_eval.cli import COMMANDS, cli


def run(*arguments):
    return CliRunner().invoke(cli, arguments, prog_name="fmcodec")


def test_version():
    result = run("--version")
    assert (result.exit_code, result.output) == (0, f"fmcodec, version {__version__}\n")


def test_help_names_every_command_and_loads_none():
    result = run("--help")
    assert result.exit_code == 0
    assert all(name in result.stdout for name in COMMANDS)
    code = (
        "import sys; from click.testing import CliRunner; from fmcodec_eval.cli import cli;"
        "CliRunner().invoke(cli, ['--help']); sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_command_exists():
    for name in COMMANDS:
        assert run(name, "--help").exit_code == 0, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "No such command 'nothing'."),
        (["results"], "Missing option '--data'."),
        (
            ["bench", "--seconds", "x"],
            "Invalid value for '--seconds': 'x' is not a valid float range.",
        ),
    ],
)
def test_errors_are_one_line(arguments, message):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"fmcodec: {message}\n"


def test_errors_of_the_system_are_one_line(tmp_path):
    result = run("bench", "--seconds", "0", "--json", str(tmp_path / "none" / "speeds.json"))
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("fmcodec: [Errno 2] No such file or directory")


def test_bench(tmp_path):
    pytest.importorskip("numcodecs")
    path = tmp_path / "speeds.json"
    result = run("bench", "--seconds", "0", "--json", str(path))
    assert result.exit_code == 0, result.output
    speeds = {speed["name"]: speed for speed in json.loads(path.read_text())["speeds"]}
    assert {"EBPC", "EBPC, readable reference", "zlib -6", "lz4", "zstd -3"} <= set(speeds)
    assert all(speed["encode"] > 0 and speed["decode"] > 0 for speed in speeds.values())
    assert speeds["EBPC"]["ratio"] > speeds["BPC"]["ratio"] > 0.5
    assert 0.7 < speeds["EBPC, random words"]["ratio"] < 1
    assert "EBPC" in result.stdout
