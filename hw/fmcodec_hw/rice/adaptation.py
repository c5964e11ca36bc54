"""What both Rice cores learn from the words so far: parameter, slot and run length."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.logic import select

__all__ = ["ESCAPE_ONES", "GRADE", "MAX_RUN_BITS", "MAX_SLOT", "Adaptation"]

ESCAPE_ONES = 8  # a unary part of that many ones is an escape
MAX_SLOT = 3
MAX_RUN_BITS = 5
_PARAMETER_FRACTION, _SLOT_FRACTION, _RUN_FRACTION = 2, 3, 1  # bits
_SLOT_START, _RUN_START = 8, 4

# What a word says of the parameter; none of them: it fits
GRADE = data.StructLayout({"lower": 1, "higher": 1, "leap": 1})


class Adaptation(wiring.Component):
    """The Rice parameter k, the slot z of zero and the bits kr of a run's count.

    Each is the upper part of a small saturating counter, so that it moves by fractions. What a
    counter would become is made from the counters alone; what the word was, which is known late in
    the cycle, only selects.

    Members:
        k, raw: the parameter; its largest value means words as they are.
        slot, run_bits: z and kr.
        value, zero: a non-zero word or a run of zeros is coded, at the end of this cycle.
        grade: with `value`, what to do with the parameter: a quarter down, a half up, or one up.
        full: with `zero`, the run is as long as its code can say, or ends with the packet.
        clear: back to the start.
    """

    def __init__(self, word_bits: int):
        self._k_bits = (word_bits - 1).bit_length()
        self._start = (word_bits << _PARAMETER_FRACTION) // 2
        super().__init__(
            {
                "k": Out(self._k_bits),
                "raw": Out(1),
                "slot": Out(range(MAX_SLOT + 1)),
                "run_bits": Out(range(MAX_RUN_BITS + 1)),
                "value": In(1),
                "grade": In(GRADE),
                "zero": In(1),
                "full": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        parameter = Signal(self._k_bits + _PARAMETER_FRACTION, init=self._start)
        slot = Signal(len(self.slot) + _SLOT_FRACTION, init=_SLOT_START)
        run = Signal(len(self.run_bits) + _RUN_FRACTION, init=_RUN_START)
        m.d.comb += [
            self.k.eq(parameter[_PARAMETER_FRACTION:]),
            self.raw.eq(self.k.all()),
            self.slot.eq(slot[_SLOT_FRACTION:]),
            self.run_bits.eq(run[_RUN_FRACTION:]),
        ]

        # Raw words never raise the parameter and others do by one at most: it cannot overflow
        grade = self.grade
        with m.If(self.value):
            m.d.sync += parameter.eq(
                select(
                    (grade.lower, parameter - parameter.any()),
                    (grade.higher, Cat(parameter[0], parameter[1:] + 1)),
                    (grade.leap, Cat(parameter[:_PARAMETER_FRACTION], self.k + 1)),
                    (~(grade.lower | grade.higher | grade.leap), parameter),
                )
            )

        # Zeros pull the slot z by 2**(z+1) - 1 eighths to the front, which z > 0 leaves above zero
        pull = Cat(slot.any(), *(self.slot > i for i in range(MAX_SLOT)))
        with m.If(self.zero):
            m.d.sync += slot.eq(slot - pull)
        with m.If(self.value & ~self.raw):
            m.d.sync += slot.eq(slot + ~slot.all())

        longest = (MAX_RUN_BITS << _RUN_FRACTION) + 1
        with m.If(self.zero):
            m.d.sync += run.eq(Mux(self.full, run + (run != longest), run - run.any()))
        with m.If(self.clear):
            m.d.sync += [
                parameter.eq(self._start),
                slot.eq(_SLOT_START),
                run.eq(_RUN_START),
            ]
        return m
