"""The idioms of the data paths, against what they stand for."""

import random

import pytest
from amaranth.hdl import Module, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.logic import saturate
from tests.hw.simulate import combinational

SEED = 17


class _Saturated(wiring.Component):
    def __init__(self, wide: int, narrow: int):
        super().__init__({"value": In(signed(wide)), "result": Out(signed(narrow))})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.result.eq(saturate(self.value, len(self.result)))
        return m


@pytest.mark.parametrize(("wide", "narrow"), [(32, 24), (24, 16), (18, 17), (9, 8), (3, 1)])
def test_saturate(wide, narrow):
    rng = random.Random(SEED)
    dut = _Saturated(wide, narrow)
    least, most = -1 << narrow - 1, (1 << narrow - 1) - 1
    edges = [least - 1, least, -1, 0, most, most + 1, -1 << wide - 1, (1 << wide - 1) - 1]

    async def body(ctx):
        for value in edges + [rng.randrange(-1 << wide - 1, 1 << wide - 1) for _ in range(200)]:
            ctx.set(dut.value, value)
            await ctx.delay(1e-9)
            assert ctx.get(dut.result) == min(max(value, least), most), value

    combinational(dut, body)
