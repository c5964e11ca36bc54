"""The code of a word, or of a run of zeros."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.logic import gate
from fmcodec_hw.rice_code.adaptation import ESCAPE_ONES, GRADE, MAX_RUN_BITS, MAX_SLOT

__all__ = ["CodeWriter"]


class CodeWriter(wiring.Component):
    """Unary part, 0, and fixed part of a code (doc/format.md), the first bit at the top.

    The fixed part stands behind the unary part, wherever that ends: one of nine places. What it
    is - low bits of a value, a whole value behind an escape, a run's count - is decided apart, with
    its last bits masked, for these parts go LSB first.

    Members:
        folded, zero: the word, or a run of zeros.
        whole: what stands for the word where all its bits go out.
        direct: a value behind a run: zero has no slot.
        count, full: with `zero`, the zeros behind the run's first, less than 2**run_bits, or that
            they fill the run.
        k, raw, slot, run_bits: as in `Adaptation`.
        code, length: its bits, zeros behind them.
        grade: what the value says of k.
    """

    def __init__(self, word_bits: int):
        self.code_bits = ESCAPE_ONES + word_bits
        super().__init__(
            {
                "folded": In(word_bits),
                "whole": In(word_bits),
                "zero": In(1),
                "direct": In(1),
                "count": In(MAX_RUN_BITS),
                "full": In(1),
                "k": In(range(word_bits)),
                "raw": In(1),
                "slot": In(range(MAX_SLOT + 1)),
                "run_bits": In(range(MAX_RUN_BITS + 1)),
                "code": Out(self.code_bits),
                "length": Out(range(self.code_bits + 1)),
                "grade": Out(GRADE),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word_bits = len(self.folded)

        # quotient > i for i = 0, 1, ..., and the same with the slot stepped over
        quotient = Signal(word_bits)
        m.d.comb += quotient.eq(self.folded >> self.k)
        large = quotient[3:].any()
        above = [Signal(name=f"above_{i}") for i in range(ESCAPE_ONES)]
        ones = [Signal(name=f"ones_{i}") for i in range(ESCAPE_ONES)]
        for i in range(ESCAPE_ONES):
            m.d.comb += above[i].eq(large | (quotient[:3] > i))
            stepped = (above[i - 1] if i else 1) & (~self.direct) & (self.slot <= i)
            m.d.comb += ones[i].eq(~self.raw & Mux(self.zero, self.slot > i, above[i] | stepped))
        # the widest one, "quotient > 7", is `large` itself
        is_whole = Signal()
        m.d.comb += is_whole.eq(self.raw | (ones[-1] & ~self.zero))

        # Where the fixed part begins; behind seven ones and 0 or behind the eight of an escape
        starts = [Signal(name=f"starts_{i}") for i in range(ESCAPE_ONES + 1)]
        m.d.comb += starts[0].eq(self.raw)
        for i in range(1, ESCAPE_ONES):
            before = ones[i - 2] if i > 1 else ~self.raw
            m.d.comb += starts[i].eq(before & ~ones[i - 1])
        m.d.comb += starts[-1].eq(ones[ESCAPE_ONES - 2])

        fixed = Signal(word_bits)
        kept = Cat(self.k > i for i in range(word_bits)) | is_whole.replicate(word_bits)
        run = Cat(self.full, gate(~self.full, self.count))
        m.d.comb += fixed.eq(Mux(self.zero, run, self.whole & kept))
        code = Cat(Const(0, word_bits), *reversed(ones))
        for i, here in enumerate(starts):
            placed = Cat(Const(0, ESCAPE_ONES - i), *reversed(fixed), Const(0, i))
            code |= placed & here.replicate(self.code_bits)
        m.d.comb += self.code.eq(code)

        fixed_length = Signal(range(word_bits + 1))
        unary_length = Signal(range(ESCAPE_ONES + 1))
        m.d.comb += [
            fixed_length.eq(
                Mux(
                    self.zero,
                    1 + Mux(self.full, 0, self.run_bits),
                    Mux(is_whole, word_bits, self.k),
                )
            ),
            unary_length.eq(
                Cat(
                    Cat(here for i, here in enumerate(starts) if i >> bit & 1).any()
                    for bit in range(len(unary_length))
                )
            ),
            self.length.eq(unary_length + fixed_length),
        ]

        low = ~self.whole[-1]
        m.d.comb += [
            self.grade.lower.eq(Mux(self.raw, low, ~above[0])),
            self.grade.higher.eq(above[1] & ~above[3] & ~self.raw),
            self.grade.leap.eq(above[3] & ~self.raw),
        ]
        return m
