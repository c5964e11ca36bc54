"""The part of a tile's payload that the decoder looks at."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.tile_reader import HALF_BITS
from fmcodec_hw.logic import gate

__all__ = ["CODE_BITS", "CodeWindow"]

CODE_BITS = 16  # of the longest code
_FULL = 2 * CODE_BITS  # bits with which a code and half a word are there


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
        drain: take whatever is there; what comes while it is `full` is lost.
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
        # The bits are left-aligned in a register, zeros behind the last, so that a code is read
        # from its first bits without a shift. A half comes behind the last bit, wherever that is,
        # while the code is still read; then all move by the code's length. With fewer than 32 bits
        # a half is taken, with 16 a code is whole: 31 + 16 bits are held at most, and 16 remain of
        # them whatever a step takes
        m = Module()
        held = _FULL - 1 + HALF_BITS
        bits, count = Signal(held), Signal(range(held + 1))
        enters, length, total = Signal(), Signal.like(self.length), Signal.like(count)
        behind = Signal(held)
        entering = Cat(Const(0, held - HALF_BITS), self.half) >> count[: (_FULL - 1).bit_length()]
        m.d.comb += [
            self.head.eq(bits[-CODE_BITS:]),
            self.full.eq(count[-1]),  # count < 64
            self.ready.eq((count >= CODE_BITS) | self.trailing),
            self.take.eq(self.there & (~self.full | self.drain)),
            enters.eq(self.there & ~self.full),
            behind.eq(bits | gate(enters, entering)),
            length.eq(gate(self.step, self.length)),
            total.eq(count + Mux(enters, HALF_BITS, 0)),
            self.overrun.eq(length > total),
        ]
        m.d.sync += bits.eq(behind << length)
        m.d.sync += count.eq(Mux(self.overrun, 0, total - length))
        with m.If(self.clear):
            m.d.sync += [bits.eq(0), count.eq(0)]
        return m
