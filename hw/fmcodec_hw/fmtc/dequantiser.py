"""From sums of coefficients to values."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.numbers import number_signature
from fmcodec_hw.logic import gate

__all__ = ["SUM_BITS", "Dequantiser"]

SUM_BITS = 17
_SCALED_BITS = 26  # |r Md| < 2^24, |off| <= 2^23
_MOVES = (8, 4, 2, 1)  # places, by the bits of Sd


class Dequantiser(wiring.Component):
    """y = sat(r Md + off + half >> Sd, lo, hi) (doc/format.md, "FMTC arithmetic").

    Latency: two cycles. Throughput: one value per cycle. Held: two sums, which move together.

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
        # One register of the sum and one of r Md + off, which is one sum of the multiples of r and
        # the offset, so that there is one carry chain in a cycle. What is behind is shifted,
        # rounded and clamped
        m = Module()
        total = Signal(signed(SUM_BITS), reset_less=True)
        scaled = Signal(signed(_SCALED_BITS), reset_less=True)
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
                scaled.eq(_product(m, total, self.scale) + offset),
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


def _product(m: Module, number: Signal, factor: Value) -> Value:
    """`number` times the unsigned `factor`, as one sum of multiples.

    Booth's digits of the factor, -2..2, are half as many multiples as it has bits. That of a
    negative digit is inverted, and 1 added where its first bit stands. Instead of its sign
    extended, a multiple has its sign bit inverted, and a constant that is the same for all.
    """
    digits, bits = (len(factor) + 1) // 2, len(number) + 1
    padded = Cat(Const(0, 1), factor, Const(0, 2))
    correction = 0
    total: Value = Const(0)
    for i in range(digits + 1):
        below, here, above = padded[2 * i], padded[2 * i + 1], padded[2 * i + 2]
        negative = above & ~(below & here)
        multiple = gate(below ^ here, Cat(number, number[-1]))
        multiple |= gate((below == here) & (above ^ here), Cat(Const(0, 1), number))
        multiple ^= negative.replicate(bits)
        total += Cat(Const(0, 2 * i), multiple[:-1], ~multiple[-1])
        total += Cat(Const(0, 2 * i), negative)
        correction -= 1 << 2 * i + bits - 1
    return total + correction
