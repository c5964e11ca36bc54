"""Sums of Booth's terms are products, of all multipliers and of factors at the edges."""

import random

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.booth import booth_terms
from tests.hw.simulate import combinational

SEED = 131


class Product(wiring.Component):
    """A product made of the terms."""

    def __init__(self, factor_bits: int, multiplier_bits: int):
        self.bits = factor_bits + multiplier_bits
        super().__init__(
            {
                "factor": In(signed(factor_bits)),
                "multiplier": In(multiplier_bits),
                "product": Out(signed(self.bits)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        terms, constant = booth_terms(self.factor, self.multiplier)
        assert len(terms) == len(self.multiplier) // 2 + 1
        m.d.comb += self.product.eq(sum(terms, constant))
        return m


@pytest.mark.parametrize(("factor_bits", "multiplier_bits"), [(16, 8), (17, 8), (8, 4), (5, 2)])
def test_products(factor_bits, multiplier_bits):
    rng = random.Random(SEED)
    dut = Product(factor_bits, multiplier_bits)
    half = 1 << factor_bits - 1

    async def body(ctx):
        for multiplier in range(1 << multiplier_bits):
            drawn = [rng.randrange(-half, half) for _ in range(8)]
            for factor in (-half, half - 1, -1, 0, 1, *drawn):
                ctx.set(dut.factor, factor)
                ctx.set(dut.multiplier, multiplier)
                assert ctx.get(dut.product) == factor * multiplier

    combinational(dut, body)


def test_odd_multipliers():
    with pytest.raises(ValueError, match=r"^multiplier must have an even number of bits, not 7$"):
        booth_terms(Signal(8), Signal(7))
