"""From an accumulator to a symbol: shift, scale, clips."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.booth import booth_terms
from fmcodec_hw.fmtc.numbers import ACC_BITS
from fmcodec_hw.logic import saturate

__all__ = ["Quantiser"]

_LEVEL_BITS = 16
_PRODUCT_BITS = _LEVEL_BITS + 8
_FRACTION = 14  # bits of a product below a level's unit


class Quantiser(wiring.Component):
    """q - zp = sat(sat16(acc >> s) M + 8192 >> 14, -zp, q_max - zp) (doc/format.md).

    Latency: one cycle. Throughput: one coefficient per cycle.

    Parameters:
        booth: the product is made of Booth's terms, for gates; otherwise tools see a product.

    Members:
        acc, shift: accumulator and s of a coefficient.
        step: take them, at the end of the cycle.
        scale: M without its top bit, which is 1, of the coefficient taken before.
        zero_point, span: zp and q_max - zp of the context.
        negative, magnitude: sign and size of q - zp of the coefficient taken before.
        zero: q is the zero point; the sign is either then.
        clipped: q is not the level that it stands for.
    """

    def __init__(self, *, booth: bool = False):
        self._booth = booth
        super().__init__(
            {
                "acc": In(signed(ACC_BITS)),
                "shift": In(4),
                "step": In(1),
                "scale": In(7),
                "zero_point": In(8),
                "span": In(8),
                "negative": Out(1),
                "magnitude": Out(8),
                "zero": Out(1),
                "clipped": Out(1),
            }
        )

    def elaborate(self, platform):
        # The sign is known before the product. A negative one is made a unit smaller, so that its
        # size is its inverse; then one limit, that of its side, is all there is to compare with
        m = Module()
        shifted = Signal(signed(ACC_BITS))
        reduced = Signal(signed(_LEVEL_BITS), reset_less=True)
        m.d.comb += shifted.eq(self.acc >> self.shift)
        with m.If(self.step):
            # the sign is known before the shift
            m.d.sync += reduced.eq(saturate(Cat(shifted[:-1], self.acc[-1]), _LEVEL_BITS))

        unit, half = 1 << _FRACTION, 1 << _FRACTION - 1
        total = Signal(_PRODUCT_BITS)
        size, limit, above = Signal(9), Signal(8), Signal()
        multiplier = Cat(self.scale, Const(1, 1))
        if self._booth:
            terms, constant = booth_terms(reduced, multiplier)
            product = sum(terms, Const((constant - unit) % (1 << _PRODUCT_BITS)))
            rounding = Cat(Const(half, _FRACTION), ~self.negative)
        else:
            product = reduced * multiplier
            fill = self.negative.replicate(_PRODUCT_BITS - _FRACTION)
            rounding = Cat(Const(half, _FRACTION), fill)
        m.d.comb += [
            self.negative.eq(reduced[-1]),
            total.eq(product + rounding),
            size.eq(total[_FRACTION:-1] ^ self.negative.replicate(9)),
            limit.eq(Mux(self.negative, self.zero_point, self.span)),
            above.eq(size > limit),
            self.clipped.eq(above),
            self.magnitude.eq(Mux(above, limit, size[:8])),
            self.zero.eq(~size.any() | ~limit.any()),
        ]
        return m
