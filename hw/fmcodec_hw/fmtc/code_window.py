"""The part of a tile's payload that the decoder looks at."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.tile_reader import HALF_BITS
from fmcodec_hw.logic import gate

__all__ = ["CODE_BITS", "CodeWindow"]

CODE_BITS = 16  # of the longest code
_HALVES = 3  # two have a code wherever it begins; a third comes before it is known how long that is


class CodeWindow(wiring.Component):
    """Show the next bits of a payload, the first at the top, and let go of a code a cycle.

    Throughput: a code of up to 16 bits per cycle. Behind the payload's end zeros are read.

    Members:
        half, there, take: of the `TileReader`; `take` does not depend on what a step lets go of.
        trailing: there are no more halves.
        head: the next bits.
        ready: they can be read: all are there, or there are no more.
        length, step: let go of so many at the end of the cycle.
        overrun: with `step`: more than there are.
        full: 32 bits are there, or more.
        drain: take whatever is there; what comes while there is no room is lost.
        clear: forget all bits.
    """

    def __init__(self):
        super().__init__(
            {
                "half": In(HALF_BITS),
                "there": In(1),
                "take": Out(1),
                "trailing": In(1),
                "head": Out(CODE_BITS),
                "ready": Out(1),
                "length": In(range(CODE_BITS + 1)),
                "step": In(1),
                "overrun": Out(1),
                "full": Out(1),
                "drain": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        # Halves as they came, zeros where there is none, and how many bits of the first are used:
        # a code is 16 bits of the first two, and its length moves but that number; the halves move
        # when it passes 16. One comes in behind the others while the code is still read
        m = Module()
        halves = [Signal(HALF_BITS, name=f"half_{i}") for i in range(_HALVES)]
        used, count = Signal(range(HALF_BITS)), Signal(range(_HALVES + 1))
        here, enters, moves = Signal(_HALVES), Signal(), Signal()
        moved, passed = Signal(len(used) + 1), Signal(len(used))
        m.d.comb += [
            here.eq(Cat(count == i for i in range(_HALVES))),  # where the next one goes
            enters.eq(self.there & here.any()),
            self.take.eq(self.there & (here.any() | self.drain)),
            self.ready.eq(count[-1] | (here[1] & ~used.any()) | self.trailing),
            self.full.eq(count.all() | (here[2] & ~used.any())),
            self.head.eq((Cat(halves[1], halves[0]) << used)[HALF_BITS : HALF_BITS + CODE_BITS]),
            moved.eq(used + gate(self.step, self.length)),
            moves.eq(moved[-1]),
            passed.eq(moved[:-1]),
            self.overrun.eq(~enters & ((here[0] & moved.any()) | (here[1] & moves & passed.any()))),
        ]
        behind = [
            half | gate(enters & at, self.half) for half, at in zip(halves, here, strict=True)
        ]
        behind.append(Const(0, HALF_BITS))
        m.d.sync += [half.eq(Mux(moves, behind[i + 1], behind[i])) for i, half in enumerate(halves)]
        m.d.sync += used.eq(gate(~self.overrun, passed))
        m.d.sync += count.eq(gate(~self.overrun, (count + enters - moves)[: len(count)]))
        with m.If(self.clear):
            m.d.sync += [half.eq(0) for half in halves]
            m.d.sync += [used.eq(0), count.eq(0)]
        return m
