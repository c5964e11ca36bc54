"""The code at the head of the stream: what it says and how long it is."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.rice_code.adaptation import ESCAPE_ONES, GRADE, MAX_RUN_BITS, MAX_SLOT

__all__ = ["CodeReader"]


class CodeReader(wiring.Component):
    """Take apart the code that begins with the first bit of `head` (doc/format.md).

    The ones at the head are counted one-hot. What the count means - slot, quotient, place of the
    fixed part - is known for each count from registers, so that the count only selects.

    Members:
        head: the next bits, the first one at the top.
        direct: a value behind a run: zero has no slot.
        k, raw, slot, run_bits: as in `Adaptation`.
        zero: a zero and the code of its run; otherwise a value.
        full, count: with `zero`, a run as long as can be, and the zeros behind the first.
        folded: the value.
        grade: what the value says of k.
        base, ones: the code has base + i bits with ones[i],
        lengths, chosen: or lengths[i] bits with chosen[i].
    """

    def __init__(self, word_bits: int):
        self.code_bits = ESCAPE_ONES + word_bits
        super().__init__(
            {
                "head": In(self.code_bits),
                "direct": In(1),
                "k": In(range(word_bits)),
                "raw": In(1),
                "slot": In(range(MAX_SLOT + 1)),
                "run_bits": In(range(MAX_RUN_BITS + 1)),
                "zero": Out(1),
                "full": Out(1),
                "count": Out(range(2**MAX_RUN_BITS + 1)),
                "folded": Out(word_bits),
                "grade": Out(GRADE),
                "base": Out(range(self.code_bits + 1)),
                "ones": Out(ESCAPE_ONES),
                "lengths": Out(data.ArrayLayout(range(self.code_bits + 1), 4)),
                "chosen": Out(4),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word_bits = len(self.folded)
        bits = [self.head[-1 - i] for i in range(self.code_bits)]
        slotted = Signal()
        m.d.comb += slotted.eq(~self.direct & ~self.raw)
        at = [Signal(name=f"slot_is_{i}") for i in range(MAX_SLOT + 1)]
        m.d.comb += [at[i].eq(self.slot == i) for i in range(MAX_SLOT + 1)]

        ones = [Signal(name=f"ones_are_{i}") for i in range(ESCAPE_ONES + 1)]
        leading = Const(1, 1)
        for i in range(ESCAPE_ONES):
            m.d.comb += ones[i].eq(leading & ~bits[i])
            leading = leading & bits[i]
        escape = ones[-1]
        m.d.comb += escape.eq(leading)
        m.d.comb += self.zero.eq(slotted & Cat(ones[i] & at[i] for i in range(MAX_SLOT + 1)).any())

        # A run's code follows at once
        run = Signal(1 + MAX_RUN_BITS)
        code = Const(0, len(run))
        for i in range(MAX_SLOT + 1):
            code |= Cat(bits[i + 1 : i + 1 + len(run)]) & at[i].replicate(len(run))
        m.d.comb += [run.eq(code), self.full.eq(run[0])]
        longest = Cat(self.run_bits == i for i in range(MAX_RUN_BITS + 1))
        counted = run[1:] & Cat(self.run_bits > i for i in range(MAX_RUN_BITS))
        m.d.comb += self.count.eq(
            (longest & self.full.replicate(len(longest)))
            | (counted & (~self.full).replicate(MAX_RUN_BITS))
        )

        # The quotient is what is left of the ones without the slot's
        quotients = [Signal(name=f"quotient_is_{i}") for i in range(ESCAPE_ONES)]
        behind = [slotted & (self.slot < i) for i in range(ESCAPE_ONES)]  # i ones pass the slot
        for i in range(ESCAPE_ONES):
            more = ones[i + 1] & behind[i + 1] if i + 1 < ESCAPE_ONES else 0
            m.d.comb += quotients[i].eq((ones[i] & ~behind[i]) | more)
        quotient = Signal(3)
        m.d.comb += quotient.eq(
            Cat(Cat(q for i, q in enumerate(quotients) if i >> b & 1).any() for b in range(3))
        )

        # The fixed part, LSB first; behind seven ones and 0 or behind the eight of an escape
        whole, fixed = Signal(), Signal(word_bits)
        m.d.comb += whole.eq(self.raw | escape)
        starts = [self.raw, *((~self.raw & here) for here in ones[: ESCAPE_ONES - 1])]
        starts.append(~self.raw & (ones[-2] | escape))
        part = Const(0, word_bits)
        for i, here in enumerate(starts):
            part |= Cat(bits[i : i + word_bits]) & here.replicate(word_bits)
        kept = Cat(self.k > i for i in range(word_bits)) | whole.replicate(word_bits)
        m.d.comb += fixed.eq(part & kept)
        upper = Signal(word_bits)
        m.d.comb += upper.eq(quotient << self.k)
        m.d.comb += self.folded.eq(fixed | (upper & (~whole).replicate(word_bits)))

        m.d.comb += [
            self.grade.lower.eq(Mux(self.raw, ~fixed[-1], quotients[0])),
            self.grade.higher.eq(~self.raw & (quotients[2] | quotients[3])),
            self.grade.leap.eq(~self.raw & (escape | Cat(quotients[4:]).any())),
        ]

        # Lengths, known from registers, and which of them it is; a quotient's ones are counted late
        m.d.comb += self.base.eq(self.k + 1)
        values = [here & ~self.raw for here in ones[:-1]]
        for i in range(MAX_SLOT + 1):
            values[i] &= self.direct | ~at[i]
        m.d.comb += self.ones.eq(Cat(values))
        lengths = (
            self.slot + 2,
            self.slot + 2 + self.run_bits,
            Const(self.code_bits),
            Const(word_bits),
        )
        m.d.comb += [self.lengths[i].eq(length) for i, length in enumerate(lengths)]
        m.d.comb += self.chosen.eq(
            Cat(self.zero & self.full, self.zero & ~self.full, escape & ~self.raw, self.raw)
        )
        return m
