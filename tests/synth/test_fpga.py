"""Place and route."""

import re

import pytest
from amaranth import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import catalog
from fmcodec_hw.ram import Ram
from fmcodec_hw.shell import AxiTop, ports
from fmcodec_hw.verilog import to_verilog
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


class Multiplying(wiring.Component):
    """A memory of 256 words whose words are multiplied with a number, so many times over."""

    def __init__(self, times: int):
        self.times = times
        super().__init__(
            {"on": In(1), "address": In(8), "data": In(8), "by": In(8), "product": Out(16)}
        )

    def elaborate(self, platform):
        m = Module()
        product = self.product
        for i in range(self.times):
            m.submodules[f"cells_{i}"] = cells = Ram(256, 8)
            m.d.comb += [
                cells.write_enable.eq(self.on),
                cells.write_address.eq(self.address),
                cells.write_data.eq(self.data + i),
                cells.read_enable.eq(~self.on),
                cells.read_address.eq(self.address),
            ]
            product = product ^ cells.read_data * (self.by + i)[:8]
        m.d.sync += self.product.eq(product)
        return m


def _placed(times: int, device: str, tmp_path) -> dict:
    core = Multiplying(times)
    prefixes = {name: name for name in core.signature.members}
    top = AxiTop(core, name="multiplying", prefixes=prefixes)
    return fpga.place(top.name, ports(top), to_verilog(top), fpga.DEVICES[device], tmp_path)


@pytest.mark.parametrize(
    ("device", "multipliers"), [("ECP5-25F", 1), ("iCE40-UP5K", 1), ("iCE40-HX8K", 0)]
)
def test_a_memory_is_block_ram_and_a_product_a_multiplier_where_there_is_one(
    device, multipliers, tmp_path, monkeypatch
):
    monkeypatch.setattr(fpga, "SEEDS", (1,))
    found = _placed(1, device, tmp_path)
    assert (found["block_rams"], found["multipliers"]) == (1, multipliers)
    assert found["flip_flops"] <= 16
    assert found["fmax_mhz"]["1"] > 20


def test_a_core_that_does_not_fit_is_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(fpga, "SEEDS", (1,))
    found = _placed(40, "iCE40-UP5K", tmp_path)  # which has 30 block RAMs and 8 multipliers
    assert found["block_rams"] == 40
    assert found["fmax_mhz"] == {}
    assert re.fullmatch(r"ICESTORM_\w+", found["lacks"])
    table = fpga.table({("wide", "encoder"): {"iCE40-UP5K": found}}, {})
    assert [next(iter(column.cells)) for column in table.columns[-2:]] == [
        "does not fit",
        found["lacks"],
    ]
