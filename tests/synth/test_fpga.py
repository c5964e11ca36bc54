"""Place and route."""

import pytest

from fmcodec.ebpc import Params
from fmcodec_hw import export
from synth import fpga

# a core that is only asked for its ports is never elaborated
pytestmark = pytest.mark.filterwarnings("ignore:.*created but never used")


def test_the_harness_connects_every_port():
    top = export.ebpc_encoder(Params())
    text = fpga.harness(top)
    for port in export.ports(top):
        assert f".{port.name}(" in text
    inputs = sum(p.width for p in export.ports(top) if p.direction == "input") - 1
    assert f"reg [{inputs - 1}:0] entering;" in text
