"""What is light to import stays so: numba takes a second and serves who codes something."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "fmcodec",
        "fmcodec.codecs",
        "fmcodec.ebpc.params",
        "fmcodec.fmtc.params",
        "fmcodec.feature_maps",
        "fmcodec_eval.cli",
    ],
)
def test_no_numba_at_import(module):
    code = f"import sys, {module}; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_package_shows_its_codecs():
    code = (
        "import sys, numpy, fmcodec; from fmcodec import ebpc, fmtc;"
        "words = numpy.array([0, 0, 5, 6], numpy.int8); params = ebpc.Params();"
        "assert (params.decode(params.encode(words)) == words).all();"
        "sys.exit(fmcodec.ebpc is not ebpc or fmcodec.fmtc is not fmtc)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
