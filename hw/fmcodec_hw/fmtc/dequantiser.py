"""From sums of coefficients to values."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.booth import booth_terms
from fmcodec_hw.fmtc.numbers import number_signature

__all__ = ["SUM_BITS", "Dequantiser"]

SUM_BITS = 17
_SCALED_BITS = 26  # |r Md| < 2^24, |off| <= 2^23
_MOVES = (8, 4, 2, 1)  # places, by the bits of Sd


class Dequantiser(wiring.Component):
    """y = sat(r Md + off + half >> Sd, lo, hi) (doc/format.md, "FMTC arithmetic").

    Latency: two cycles. Throughput: one value per cycle. Held: two sums, which move together.

    Parameters:
        own_offsets: every sum has an offset of its own, which comes with it.
        booth: the product is made of Booth's terms, for gates; otherwise tools see a product.

    Members:
        sum: r, saturated to 17 bits. `sum.ready` depends on `value.ready`.
        value: y.
        scale, shift, offset, low, high: Md, Sd, off, lo and hi of the context, as long as values of
            it are held; `offset` of the sum that is taken, with `own_offsets`.
    """

    def __init__(self, *, own_offsets: bool = False, booth: bool = False):
        self._own_offsets, self._booth = own_offsets, booth
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
        # One register of the sum and one of r Md + off: with the terms of the product the offset is
        # one sum, so that there is one carry chain in a cycle. What is behind is shifted, rounded
        # and clamped
        m = Module()
        total = Signal(signed(SUM_BITS), reset_less=True)
        scaled = Signal(signed(_SCALED_BITS), reset_less=True)
        product: Value = total * self.scale
        if self._booth:
            # a bit more, so that the terms are right modulo all bits that the offset is added in
            terms, constant = booth_terms(Cat(total, total[-1]), self.scale)
            product = sum(terms, Const(constant % (1 << _SCALED_BITS), _SCALED_BITS))
        valid, last = Signal(2), Signal(2, reset_less=True)  # of the registers, the last one first
        moves = Signal()
        offset: Value = self.offset
        if self._own_offsets:
            offset = Signal(signed(24), name="offset_of_sum", reset_less=True)
            with m.If(moves):
                m.d.sync += offset.eq(self.offset)
        m.d.comb += [
            moves.eq(~valid[0] | self.value.ready),
            self.sum.ready.eq(moves),
            self.value.valid.eq(valid[0]),
            self.value.payload.last.eq(last[0]),
            self.value.payload.value.eq(self._value(m, scaled)),
        ]
        with m.If(moves):
            m.d.sync += [
                valid.eq(Cat(valid[1], self.sum.valid)),
                last.eq(Cat(last[1], self.sum.payload.last)),
                total.eq(self.sum.payload.value),
                scaled.eq(product + offset),
            ]
        return m

    def _value(self, m: Module, scaled: Signal) -> Value:
        """`scaled` >> Sd, rounded and clamped.

        Half of 2^Sd before the shift is the bit in front of the binary point after it. What a shift
        by 8 leaves of the number is, but for its sign, too large for the next ones by what stands
        above 8, 4, 2 and 1 places more than a value has: that is noted and let go of.
        """
        sign, bits = scaled[-1], Cat(Const(0, 1), scaled)
        outside: Value = Const(0, 1)
        for i, places in enumerate(_MOVES):
            moves, kept = self.shift[-1 - i], 8 + places  # the bit in front, and 7 + places
            above = bits[kept:] ^ sign.replicate(len(bits) - kept)
            outside |= above[places:].any() | (~moves & above[:places].any())
            wide = Cat(bits, sign.replicate(max(kept + places - len(bits), 0)))
            bits = Signal(kept, name=f"shifted_{places}")
            m.d.comb += bits.eq(Mux(moves, wide[places : places + kept], wide[:kept]))
        outside |= bits[-1] ^ sign
        rounded = Signal(signed(9))
        m.d.comb += rounded.eq(bits[1:].as_signed() + bits[0])
        return Mux(
            Mux(outside, sign, rounded < self.low),
            self.low,
            Mux(Mux(outside, ~sign, rounded > self.high), self.high, rounded[:8].as_signed()),
        )
