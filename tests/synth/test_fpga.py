"""Place and route."""

import pytest

from fmcodec_hw import catalog
from fmcodec_hw.shell import ports
from synth import fpga

# a core that is only asked for its ports is never elaborated
pytestmark = pytest.mark.filterwarnings("ignore:.*created but never used")


def test_the_harness_connects_every_port():
    top = catalog.tops(catalog.find("ebpc 8/8/16"))["encoder"]
    text = fpga.harness(top.name, ports(top))
    for port in ports(top):
        assert f".{port.name}(" in text
    inputs = sum(p.width for p in ports(top) if p.direction == "input") - 1
    assert f"reg [{inputs - 1}:0] entering;" in text
