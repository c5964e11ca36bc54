"""Which component of a vector, and which group, the next symbol is of."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SymbolIndex"]


class SymbolIndex(wiring.Component):
    """Count the components of vectors, one behind the other, and the boundaries passed.

    Parameters:
        channels: C.
        tables: most groups G of a context.

    Members:
        last_component: K - 1.
        boundaries: first components of the groups, in any order, zero where there is none; with
            tables > 1.
        step: the symbol is done, at the end of the cycle.
        component, group: of the symbol.
        following, next_group: of the one behind it.
        last: it is the last one of its vector.
    """

    def __init__(self, channels: int, tables: int):
        self._tables = tables
        place = max((channels - 1).bit_length(), 1)
        members = {
            "last_component": In(place),
            "step": In(1),
            "component": Out(place),
            "following": Out(place),
            "group": Out(range(max(tables, 2))),
            "next_group": Out(range(max(tables, 2))),
            "last": Out(1),
        }
        if tables > 1:
            members["boundaries"] = In(data.ArrayLayout(place, tables - 1))
        super().__init__(members)

    def elaborate(self, platform):
        # A boundary is never 0, so that those that there are not match no following component
        m = Module()
        m.d.comb += [
            self.last.eq(self.component == self.last_component),
            self.following.eq(Mux(self.last, 0, self.component + 1)),
        ]
        passes = Const(0)
        if self._tables > 1:
            hits = Signal(self._tables - 1)
            m.d.comb += hits.eq(Cat(self.following == self.boundaries[i] for i in range(len(hits))))
            passes = hits.any()
        m.d.comb += self.next_group.eq(Mux(self.last, 0, self.group + passes))
        with m.If(self.step):
            m.d.sync += [self.component.eq(self.following), self.group.eq(self.next_group)]
        return m
