"""From sums of coefficients to values."""

from amaranth.hdl import Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SUM_BITS", "Dequantiser"]

SUM_BITS = 17
_PRODUCT_BITS = 27  # |r Md| < 2^24, |off| <= 2^23, half <= 2^14


class Dequantiser(wiring.Component):
    """y = sat(r Md + off + half >> Sd, lo, hi) (doc/format.md, "FMTC arithmetic").

    Latency: one cycle.

    Members:
        sum: r, saturated to 17 bits.
        step: take it, at the end of the cycle.
        scale, shift, offset, low, high: Md, Sd, off, lo and hi of the context.
        value: y of the sum taken last.
    """

    def __init__(self):
        super().__init__(
            {
                "sum": In(signed(SUM_BITS)),
                "step": In(1),
                "scale": In(8),
                "shift": In(4),
                "offset": In(signed(24)),
                "low": In(signed(8)),
                "high": In(signed(8)),
                "value": Out(signed(8)),
            }
        )

    def elaborate(self, platform):
        # Multiplied and rounded before the register, shifted and clamped behind it
        m = Module()
        product = Signal(signed(_PRODUCT_BITS), reset_less=True)
        half, shifted = Signal(15), Signal(signed(_PRODUCT_BITS))
        m.d.comb += [
            half.eq((Const(1, 1) << self.shift) >> 1),
            shifted.eq(product >> self.shift),
            self.value.eq(
                Mux(
                    shifted < self.low,
                    self.low,
                    Mux(shifted > self.high, self.high, shifted[:8].as_signed()),
                )
            ),
        ]
        with m.If(self.step):
            m.d.sync += product.eq(self.sum * self.scale + self.offset + half)
        return m
