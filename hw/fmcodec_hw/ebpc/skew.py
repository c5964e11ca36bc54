"""Delays and rotation: what both corner turns are made of."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value

__all__ = ["DelayLine", "Steps", "TwinLine", "one_by_one", "skew_and_rotate"]


class Steps:
    """The steps of a block, and apart from each other its even and its odd ones.

    Parameters:
        step: a step is made, at the end of the cycle.
        index: which one; their number in a block is even.
    """

    def __init__(self, m: Module, step: Value, index: Value):
        self.is_odd = index[0]
        self.all = step
        self.of_parity = Signal(name="step_even"), Signal(name="step_odd")
        m.d.comb += [
            moves.eq(step & (self.is_odd == odd)) for odd, moves in enumerate(self.of_parity)
        ]


class DelayLine:
    """A bit delayed by a number of steps, by registers that shift.

    Every second register holds it inverted: shifting or holding is then one and-or-invert gate and
    a NOR. No register is reset.
    """

    def __init__(self, m: Module, name: str, bit: Value, steps: int, step: Value):
        self._taps = [bit]
        for i in range(steps):
            tap = Signal(name=f"{name}_{i + 1}", reset_less=True)
            with m.If(step):
                m.d.sync += tap.eq(~self._taps[-1])
            self._taps.append(tap)

    def tap(self, steps: int) -> Value:
        """The bit of so many steps ago; counted from the end of the line where negative."""
        steps %= len(self._taps)
        return ~self._taps[steps] if steps & 1 else self._taps[steps]

    @property
    def out(self) -> Value:
        """The bit at the end of the line."""
        return self.tap(-1)


class TwinLine:
    """A bit delayed by a number of steps, by two lines: one moves in even steps, one in odd ones.

    As many registers as one line has, half of which are clocked in a step. A line of an odd number
    of them has one in front that moves in all steps.
    """

    def __init__(self, m: Module, name: str, bit: Value, length: int, steps: Steps):
        self._is_odd, self._length = steps.is_odd, length
        self._first = DelayLine(m, name, bit, length % 2, steps.all)
        self._twins = [
            DelayLine(m, f"{name}_{parity}", self._first.out, length // 2, moves)
            for parity, moves in zip(("even", "odd"), steps.of_parity, strict=True)
        ]

    def tap(self, steps: int, *, odd: int | None = None) -> Value:
        """The bit of so many steps ago; counted from the end of the line where negative.

        `odd`: what is known of the step in which it is looked at.
        """
        steps %= self._length + 1
        behind = steps - self._length % 2
        if behind <= 0:
            return self._first.tap(steps)
        even, uneven = (twin.tap(-(-behind // 2)) for twin in self._twins)
        in_even, in_odd = (uneven, even) if behind % 2 else (even, uneven)
        if odd is None:
            return Mux(self._is_odd, in_odd, in_even)
        return in_odd if odd else in_even

    @property
    def out(self) -> Value:
        """The bit at the end of the line."""
        return self.tap(-1)


def one_by_one(
    m: Module, name: str, value: Value, side: int, loads: Value, steps: Steps
) -> tuple[Value, list[TwinLine]]:
    """The chunks of `side` bits of `side` values, chunk 0 as they come, then chunk 1 of each, ...

    A value comes in a step that `loads`; its later chunks wait first in, first out, and follow in
    the steps that do not. Returns what is next, and the delay lines of all bits that wait.
    """

    def select(chunk: Value, waiting: list[TwinLine]) -> Value:
        return Mux(loads, chunk, Cat(line.out for line in waiting[:side])) if waiting else chunk

    waiting: list[TwinLine] = []
    for start in reversed(range(side, len(value), side)):
        bits = select(value[start : start + side], waiting)
        lines = [TwinLine(m, f"{name}_{start + i}", bit, side, steps) for i, bit in enumerate(bits)]
        waiting = lines + waiting
    return select(value[:side], waiting), waiting


def skew_and_rotate(
    m: Module, entering: Sequence[Value], index: Value, steps: Steps
) -> tuple[list[TwinLine], list[Value]]:
    """The first two thirds of a corner turn of words of as many bits as there are words.

    Word `index`, modulo their number s, enters; s is a power of two. Its bit j is delayed by j
    steps, then the lanes are rotated: lane i takes bit index - i. All bits of word i come out in
    lane i then, one a step; delays of s-1-i steps behind bring bit j of all s words together. That
    is s(s-1) registers, as few as can be, and none of them has more to do than to shift. The first
    level of the rotation chooses by the step's parity: it takes the place of the lines' own choice.

    Returns the delay lines and the rotated lanes.
    """
    side = len(entering)
    lines = [TwinLine(m, f"skew_{j}", bit, j, steps) for j, bit in enumerate(entering)]

    def lane(i: int, odd: int) -> Value:
        return lines[-i % side].tap(-1, odd=odd)

    lanes = [Mux(index[0], lane(i - 1, 1), lane(i, 0)) for i in range(side)]
    for level in range(1, (side - 1).bit_length()):
        by = 1 << level
        lanes = [Mux(index[level], lanes[i - by], at) for i, at in enumerate(lanes)]
    return lines, lanes
