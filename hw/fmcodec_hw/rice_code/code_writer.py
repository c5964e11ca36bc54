"""The code of a word, or of a run of zeros."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.logic import gate, lookup
from fmcodec_hw.rice_code.adaptation import ESCAPE_ONES, GRADE, MAX_RUN_BITS, MAX_SLOT

__all__ = ["CodeWriter"]


class CodeWriter(wiring.Component):
    """Unary part, 0, and fixed part of a code (doc/format.md), the first bit at the top.

    The fixed part stands behind the unary part, wherever that ends: one of nine places. What it
    is - low bits of a value, a whole value behind an escape, a run's count - is decided apart, with
    its last bits masked, for these parts go LSB first.

    A code is told in parts, for a queue that has the ones already, and in one piece.

    Members:
        folded, zero: the word, or a run of zeros.
        whole: what stands for the word where all its bits go out.
        direct: a value behind a run: zero has no slot.
        count, full: with `zero`, the zeros behind the run's first, less than 2**run_bits, or that
            they fill the run.
        k, raw, slot, run_bits: as in `Adaptation`.
        ones, stop: bits in front of the fixed part, and that the last of them is 0.
        fixed, fixed_length: the fixed part, ones behind it.
        code, length: the whole code, zeros behind it.
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
                "ones": Out(range(ESCAPE_ONES + 1)),
                "stop": Out(1),
                "fixed": Out(word_bits),
                "fixed_length": Out(range(word_bits + 1)),
                "code": Out(self.code_bits),
                "length": Out(range(self.code_bits + 1)),
                "grade": Out(GRADE),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word_bits = len(self.folded)

        # The unary part: a zero's ones are its slot, a value's its quotient, the slot stepped over;
        # a 0 ends them. Nine bits and more are eight ones, an escape
        quotient, ones, unary = Signal(word_bits), Signal(3), Signal(4)
        large, passes, long, is_whole = Signal(), Signal(), Signal(), Signal()
        counts = [n + passed + 1 for passed in range(2) for n in range(ESCAPE_ONES)]
        table = [min(n, ESCAPE_ONES) | (n > ESCAPE_ONES) << len(unary) for n in counts]
        m.d.comb += [
            quotient.eq(self.folded >> self.k),
            large.eq(~self.zero & quotient[len(ones) :].any()),
            ones.eq(Mux(self.zero, self.slot, quotient[: len(ones)])),
            passes.eq(~self.zero & ~self.direct & (self.slot <= quotient[: len(ones)])),
            Cat(unary, long).eq(lookup(Cat(ones, passes), table, len(unary) + 1)),
            is_whole.eq(self.raw | large | long),
            self.ones.eq(gate(~self.raw, Mux(large, ESCAPE_ONES, unary))),
        ]

        length = self.fixed_length
        run = Cat(self.full, self.count)
        fixed, kept = Signal(word_bits), Signal(word_bits)
        m.d.comb += [
            length.eq(
                Mux(
                    self.zero,
                    1 + gate(~self.full, self.run_bits),
                    Mux(is_whole, word_bits, self.k),
                )
            ),
            kept.eq(Cat(length > i for i in range(word_bits))),
            fixed.eq(Mux(self.zero, run, self.whole)),
            self.fixed.eq(Cat(reversed(fixed | ~kept))),
            self.stop.eq(~is_whole),
            self.length.eq(self.ones + length),
        ]
        before = Cat(self.ones > i + self.stop for i in reversed(range(ESCAPE_ONES)))
        behind = Cat(Const(0, ESCAPE_ONES), *reversed(fixed & kept))
        m.d.comb += self.code.eq(Cat(Const(0, word_bits), before) | behind >> self.ones)

        m.d.comb += [
            self.grade.lower.eq(Mux(self.raw, ~self.whole[-1], ~quotient.any())),
            self.grade.higher.eq(~quotient[2:].any() & quotient[1] & ~self.raw),
            self.grade.leap.eq(quotient[2:].any() & ~self.raw),
        ]
        return m
