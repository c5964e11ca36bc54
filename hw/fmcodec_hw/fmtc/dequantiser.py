"""From sums of coefficients to values."""

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.numbers import number_signature

__all__ = ["SUM_BITS", "Dequantiser"]

SUM_BITS = 17
_PRODUCT_BITS = SUM_BITS + 8
_ROUNDED_BITS = 27  # |r Md| < 2^24, |off| <= 2^23, half <= 2^14


class Dequantiser(wiring.Component):
    """y = sat(r Md + off + half >> Sd, lo, hi) (doc/format.md, "FMTC arithmetic").

    Latency: three cycles. Throughput: one value per cycle. Held: three sums.

    Parameters:
        own_offsets: every sum has an offset of its own, which comes with it.

    Members:
        sum: r, saturated to 17 bits. `sum.ready` depends on `value.ready`.
        value: y.
        scale, shift, offset, low, high: Md, Sd, off, lo and hi of the context, as long as values of
            it are held; `offset` of the sum that is taken, with `own_offsets`.
    """

    def __init__(self, *, own_offsets: bool = False):
        self._own_offsets = own_offsets
        super().__init__(
            {
                "sum": In(number_signature(SUM_BITS)),
                "scale": In(8),
                "shift": In(4),
                "offset": In(signed(24)),
                "low": In(signed(8)),
                "high": In(signed(8)),
                "value": Out(number_signature(8)),
            }
        )

    def elaborate(self, platform):
        # Three registers: of the sum, of its product, of that rounded; a multiplier and an adder
        # fill a cycle each. What is behind the last one is shifted and clamped
        m = Module()
        total = Signal(signed(SUM_BITS), reset_less=True)
        product = Signal(signed(_PRODUCT_BITS), reset_less=True)
        rounded = Signal(signed(_ROUNDED_BITS), reset_less=True)
        valid, last, moves = Signal(3), Signal(3), Signal(3)  # of the registers, the last one first
        offset: Value = self.offset
        if self._own_offsets:
            arrived, offset = (
                Signal(signed(24), name=f"offset_of_{of}", reset_less=True)
                for of in ("sum", "product")
            )
            with m.If(moves[2]):
                m.d.sync += arrived.eq(self.offset)
            with m.If(moves[1]):
                m.d.sync += offset.eq(arrived)
        half, shifted = Signal(15), Signal(signed(_ROUNDED_BITS))
        value = self.value.payload
        m.d.comb += [
            moves[0].eq(~valid[0] | self.value.ready),
            moves[1].eq(~valid[1] | moves[0]),
            moves[2].eq(~valid[2] | moves[1]),
            self.sum.ready.eq(moves[2]),
            self.value.valid.eq(valid[0]),
            value.last.eq(last[0]),
            half.eq((Const(1, 1) << self.shift) >> 1),
            shifted.eq(rounded >> self.shift),
            value.value.eq(
                Mux(
                    shifted < self.low,
                    self.low,
                    Mux(shifted > self.high, self.high, shifted[:8].as_signed()),
                )
            ),
        ]
        for i in range(3):
            before = (
                (valid[i + 1], last[i + 1]) if i < 2 else (self.sum.valid, self.sum.payload.last)
            )
            with m.If(moves[i]):
                m.d.sync += [valid[i].eq(before[0]), last[i].eq(before[1])]
        with m.If(moves[2]):
            m.d.sync += total.eq(self.sum.payload.value)
        with m.If(moves[1]):
            m.d.sync += product.eq(total * self.scale)
        with m.If(moves[0]):
            m.d.sync += rounded.eq(product + offset + half)
        return m
