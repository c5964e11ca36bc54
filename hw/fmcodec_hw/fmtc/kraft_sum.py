"""Whether the code lengths of a table make a complete prefix code."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["KraftSum"]


class KraftSum(wiring.Component):
    """Sum of 2^-length over the codes of a table.

    Members:
        length: of a code, in bits.
        add: add it, at the end of the cycle.
        clear: start a table; with `add`, with this length.
        wrong: `length` is none of 1..max_code_bits.
        complete: the sum with `length` is 1.
    """

    def __init__(self, max_code_bits: int):
        self._longest = max_code_bits
        super().__init__(
            {
                "length": In(4),
                "add": In(1),
                "clear": In(1),
                "wrong": Out(1),
                "complete": Out(1),
            }
        )

    def elaborate(self, platform):
        # In units of the longest code. Once the sum has passed 1 it keeps its lowest bit and the
        # one that says 1, and is never complete: a code longer than any cannot take it back
        m = Module()
        longest = self._longest
        total, sum_ = Signal(longest + 1), Signal(longest + 1)
        part = Cat(self.length == longest - i for i in range(longest))
        base = Mux(self.clear, 0, total)
        m.d.comb += [
            sum_.eq(Mux(base[-1], 1 | 1 << longest, base + part)),
            self.wrong.eq(~part.any()),
            self.complete.eq(sum_ == 1 << longest),
        ]
        with m.If(self.add):
            m.d.sync += total.eq(sum_)
        return m
