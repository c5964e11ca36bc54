"""Sums of products, several at a time: the arithmetic of a matrix on both sides."""

from amaranth.hdl import Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.numbers import ACC_BITS
from fmcodec_hw.logic import gate

__all__ = ["DotProduct"]


class DotProduct(wiring.Component):
    """Add up the products of two rows of numbers, `lanes` of them a step, modulo 2^24.

    Latency: one cycle. Throughput: `lanes` products per cycle.

    Parameters:
        lanes: products of a step.
        value_bits, weight_bits: of the numbers of either row, two's complement.

    Members:
        values, weights: the next numbers of the rows, the first in lane 0.
        first: they are the first of their rows.
        partial: they are the last, and lanes behind `last_lane` hold nothing, or anything.
        last_lane: with `partial`, the last lane that counts.
        step: add their products, at the end of the cycle.
        total: the sum.
    """

    def __init__(self, lanes: int, value_bits: int, weight_bits: int):
        self.lanes = lanes
        super().__init__(
            {
                "values": In(data.ArrayLayout(signed(value_bits), lanes)),
                "weights": In(data.ArrayLayout(signed(weight_bits), lanes)),
                "first": In(1),
                "partial": In(1),
                "last_lane": In(range(lanes)),
                "step": In(1),
                "total": Out(signed(ACC_BITS)),
            }
        )

    def elaborate(self, platform):
        # One sum of all products and the total so far, for the tools to make a single carry-save
        # tree of. Lanes that do not count are made zero in front of their multiplier, both numbers
        # of them, for nothing is known of what was never written
        m = Module()
        total = _gated(~self.first, self.total)
        for lane in range(self.lanes):
            value, weight = self.values[lane], self.weights[lane]
            if lane:
                counts = Signal(name=f"counts_{lane}")
                m.d.comb += counts.eq(~self.partial | (self.last_lane >= lane))
                value, weight = _gated(counts, value), _gated(counts, weight)
            total = total + value * weight
        with m.If(self.step):
            m.d.sync += self.total.eq(total)
        return m


def _gated(on: Value, value: Value) -> Value:
    """The signed `value`, or zero where `on` is 0."""
    return gate(on, value.as_unsigned()).as_signed()
