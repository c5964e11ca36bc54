"""From an accumulator to a symbol: shift, scale, zero point, clips."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.numbers import ACC_BITS
from fmcodec_hw.logic import saturate

__all__ = ["Quantiser"]

_LEVEL_BITS = 16
_FRACTION = 14  # bits of a product below a level's unit


class Quantiser(wiring.Component):
    """q = sat((sat16(acc >> s) M + 8192 >> 14) + zp, 0, q_max) (doc/format.md).

    Latency: one cycle. Throughput: one coefficient per cycle.

    Members:
        acc, shift: accumulator and s of a coefficient.
        step: take them, at the end of the cycle.
        scale: M without its top bit, which is 1, of the coefficient taken before.
        zero_point, q_max: of the context.
        symbol: q of the coefficient taken before.
        zero: it is the zero point.
        clipped: it is not the level that it stands for.
    """

    def __init__(self):
        super().__init__(
            {
                "acc": In(signed(ACC_BITS)),
                "shift": In(4),
                "step": In(1),
                "scale": In(7),
                "zero_point": In(8),
                "q_max": In(8),
                "symbol": Out(8),
                "zero": Out(1),
                "clipped": Out(1),
            }
        )

    def elaborate(self, platform):
        # The zero point joins the sum of the partial products. Whether the symbol is the zero point
        # is known beside the clips: it is where the level is, or where a clip can only give it
        m = Module()
        shifted = Signal(signed(ACC_BITS))
        reduced = Signal(signed(_LEVEL_BITS), reset_less=True)
        m.d.comb += shifted.eq(self.acc >> self.shift)
        with m.If(self.step):
            # the sign is known before the shift
            m.d.sync += reduced.eq(saturate(Cat(shifted[:-1], self.acc[-1]), _LEVEL_BITS))

        total = Signal(signed(_LEVEL_BITS + 9))
        level = total[_FRACTION:]
        below, above = Signal(), Signal()
        offset = Cat(Const(1 << _FRACTION - 1, _FRACTION), self.zero_point)
        m.d.comb += [
            total.eq(reduced * Cat(self.scale, 1) + offset),
            below.eq(level[-1]),
            above.eq(~below & (level[:-1] > self.q_max)),
            self.clipped.eq(below | above),
            self.symbol.eq(Mux(above, self.q_max, level[:8] & (~below).replicate(8))),
            self.zero.eq(
                (level == self.zero_point)
                | (below & ~self.zero_point.any())
                | (above & (self.q_max == self.zero_point))
            ),
        ]
        return m
