"""What the cores learn from the words so far: parameter, slot and run length."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike
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


class _Counter:
    """A counter of every group; `now` is that of the group which is coded."""

    def __init__(
        self, m: Module, name: str, bits: int, start: int, group: Value | None, groups: int
    ):
        self.start = start
        names = [name] if group is None else [f"{name}_{i}" for i in range(groups)]
        self._registers = [Signal(bits, name=each, init=start) for each in names]
        self._here = [] if group is None else [group == i for i in range(groups)]
        self.now = self._registers[0]
        if group is not None:
            self.now = Signal(bits, name=name)
            m.d.comb += self.now.eq(select(*zip(self._here, self._registers, strict=True)))

    def become(self, m: Module, on: Value, value: ValueLike, everywhere: bool = False) -> None:
        """Where `on`, `value` is next, of the group or of all."""
        for i, register in enumerate(self._registers):
            with m.If(on if everywhere or not self._here else on & self._here[i]):
                m.d.sync += register.eq(value)


class Adaptation(wiring.Component):
    """The Rice parameter k, the slot z of zero and the bits kr of a run's count.

    Each is the upper part of a small saturating counter, so that it moves by fractions. What a
    counter would become is made from the counters alone; what the word was, which is known late in
    the cycle, only selects.

    Parameters:
        word_bits: of folded words.
        start: the parameter's counter at the start; half of its range by default.
        groups: words of a group have counters of their own.
        raw: the parameter's largest value means words as they are.
        saturates: quotients may be above those of `word_bits`, as damaged streams have them; the
            parameter's counter stops at its largest value.

    Members:
        group: where there are more than one: the group whose numbers are shown and adapted.
        k, slot, run_bits: the parameter, z and kr.
        raw: words are as they are; never, if none of them are.
        value, zero: a non-zero word or a run of zeros is coded, at the end of this cycle.
        grade: with `value`, what to do with the parameter: a quarter down, a half up, or one up.
        full: with `zero`, the run is as long as its code can say, or ends with the packet.
        clear: back to the start.
    """

    def __init__(
        self,
        word_bits: int,
        *,
        start: int | None = None,
        groups: int = 1,
        raw: bool = True,
        saturates: bool = False,
    ):
        self._k_bits = (word_bits - 1).bit_length()
        self._start = (word_bits << _PARAMETER_FRACTION) // 2 if start is None else start
        self._groups, self._has_raw, self._saturates = groups, raw, saturates
        super().__init__(
            {
                **({"group": In(range(groups))} if groups > 1 else {}),
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
        # The counters of all groups stand in rows of registers; those of one group are shown, and
        # what they become is written where they came from
        m = Module()
        parameter = self._counter(m, "parameter", self._k_bits + _PARAMETER_FRACTION, self._start)
        slot = self._counter(m, "slot", len(self.slot) + _SLOT_FRACTION, _SLOT_START)
        run = self._counter(m, "run", len(self.run_bits) + _RUN_FRACTION, _RUN_START)
        m.d.comb += [
            self.k.eq(parameter.now[_PARAMETER_FRACTION:]),
            self.raw.eq(self.k.all() if self._has_raw else 0),
            self.slot.eq(slot.now[_SLOT_FRACTION:]),
            self.run_bits.eq(run.now[_RUN_FRACTION:]),
        ]

        # Raw words never raise the parameter and others do by one at most: it cannot overflow. Nor
        # can it where there are none, for the largest k leaves a quotient of one bit
        grade, now = self.grade, parameter.now
        half, one = now[1:].all(), self.k.all()  # no room to move up by these
        if not self._saturates:
            half = one = Const(0)
        parameter.become(
            m,
            self.value,
            select(
                (grade.lower, now - now.any()),
                (grade.higher, Cat(now[0], now[1:] + 1) | half.replicate(len(now))),
                (grade.leap, Cat(now[:_PARAMETER_FRACTION], self.k + 1) | one.replicate(len(now))),
                (~(grade.lower | grade.higher | grade.leap), now),
            ),
        )

        # Zeros pull the slot z by 2**(z+1) - 1 eighths to the front, which z > 0 leaves above zero
        now = slot.now
        pull = Cat(now.any(), *(self.slot > i for i in range(MAX_SLOT)))
        slot.become(
            m,
            self.zero | (self.value & ~self.raw),
            Mux(self.zero, now - pull, now + ~now.all()),
        )

        longest = (MAX_RUN_BITS << _RUN_FRACTION) + 1
        now = run.now
        run.become(m, self.zero, Mux(self.full, now + (now != longest), now - now.any()))
        for counter in (parameter, slot, run):
            counter.become(m, self.clear, counter.start, everywhere=True)
        return m

    def _counter(self, m: Module, name: str, bits: int, start: int) -> _Counter:
        return _Counter(
            m, name, bits, start, self.group if self._groups > 1 else None, self._groups
        )
