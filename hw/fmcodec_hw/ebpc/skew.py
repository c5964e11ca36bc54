"""Delays and rotation: what both corner turns are made of."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value

__all__ = ["DelayLine", "TwinLine", "one_by_one", "skew_and_rotate"]


class DelayLine:
    """A bit delayed by a number of steps.

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

    @property
    def before(self) -> Value:
        """The bit of the step before."""
        return self.tap(1)


class TwinLine:
    """A bit delayed by a number of steps, in two lines of half the length that take turns.

    A register moves in every second step only: half the clock, half the changes. One register moves
    in each where the number is odd.

    Parameters:
        odd: the step's parity.
    """

    def __init__(self, m: Module, name: str, bit: Value, steps: int, step: Value, odd: Value):
        first = DelayLine(m, name, bit, steps & 1, step)
        even_line, odd_line = (
            DelayLine(m, f"{name}_{parity}", first.out, steps // 2, step & turn)
            for parity, turn in (("even", ~odd), ("odd", odd))
        )
        self.out = Mux(odd, odd_line.out, even_line.out) if steps > 1 else first.out
        if steps & 1:
            self.before = first.before
        elif steps:
            # the other line's turn
            self.before = Mux(odd, even_line.before, odd_line.before)


def one_by_one(
    m: Module, name: str, value: Value, side: int, loads: Value, step: Value
) -> tuple[Value, list[DelayLine]]:
    """The chunks of `side` bits of `side` values, chunk 0 as they come, then chunk 1 of each, ...

    A value comes in a step that `loads`; its later chunks wait first in, first out, and follow in
    the steps that do not. Returns what is next, and the delay lines of all bits that wait.
    """

    def select(chunk: Value, waiting: list[DelayLine]) -> Value:
        return Mux(loads, chunk, Cat(line.out for line in waiting[:side])) if waiting else chunk

    waiting: list[DelayLine] = []
    for start in reversed(range(side, len(value), side)):
        bits = select(value[start : start + side], waiting)
        lines = [DelayLine(m, f"{name}_{start + i}", bit, side, step) for i, bit in enumerate(bits)]
        waiting = lines + waiting
    return select(value[:side], waiting), waiting


def skew_and_rotate(
    m: Module, entering: Sequence[Value], index: Value, step: Value, *, twin: bool = False
) -> tuple[Sequence[DelayLine | TwinLine], list[Value]]:
    """The first two thirds of a corner turn of words of as many bits as there are words.

    Word `index`, modulo their number s, enters; s is a power of two. Its bit j is delayed by j
    steps, then the lanes are rotated: lane i takes bit index - i. All bits of word i come out in
    lane i then, one a step; delays of s-1-i steps behind bring bit j of all s words together. That
    is s(s-1) registers, as few as can be, and none of them has more to do than to shift. `twin`
    lines take turns; that costs nothing, for the rotation's first level chooses between the two.

    Returns the delay lines and the rotated lanes.
    """
    side = len(entering)
    lines: list[DelayLine | TwinLine] = [
        TwinLine(m, f"skew_{j}", bit, j, step, index[0])
        if twin
        else DelayLine(m, f"skew_{j}", bit, j, step)
        for j, bit in enumerate(entering)
    ]
    lanes = [lines[-i % side].out for i in range(side)]
    for level in range((side - 1).bit_length()):
        by = 1 << level
        lanes = [Mux(index[level], lanes[i - by], lane) for i, lane in enumerate(lanes)]
    return lines, lanes
