"""The cycle table of the FMTC page is what its script prints."""

import subprocess
import sys
from pathlib import Path

DOC = Path(__file__).parents[3] / "doc"


def test_the_documented_cycles_are_the_cores():
    done = subprocess.run(
        [sys.executable, DOC / "fmtc_trace.py"], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") > 20
    assert done.stdout in (DOC / "architecture-fmtc.md").read_text()
