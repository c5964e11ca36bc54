"""The codes between the planes of two blocks, where one code a cycle is taken."""

from amaranth.hdl import Module, Mux
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params

__all__ = ["BlockGap"]


class BlockGap(wiring.Component):
    """A sign plane's symbol and the next block's base take a cycle each in which no step is made.

    A run that covers the sign plane saves the first. Where it began before the last plane, nothing
    else is read in the block's last step, and the base is taken with it. Where n > m, some steps
    have no plane, and both can be taken in those.

    Members:
        step: a step is made, at the end of the cycle.
        first: it is the block's first, with or without `step`.
        last_plane: it is that of plane m-1.
        ends: it is the block's last.
        reads: it takes a plane out of the stream.
        covers_sign: its plane is one of a run that goes on behind it.
        running: that run began before it.
        shows: the window shows as much as a code can be long.
        ended: there is no further block.
        takes_sign: this cycle takes a sign plane's symbol.
        takes_base: this cycle takes a base.
        needs_sign: a sign plane's symbol is still to be taken.
        needs_base: a base is still to be taken.
        waits: one of them has to be before the first step.
        clear: forget the packet.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "step": In(1),
                "first": In(1),
                "last_plane": In(1),
                "ends": In(1),
                "reads": In(1),
                "covers_sign": In(1),
                "running": In(1),
                "shows": In(1),
                "ended": In(1),
                "takes_sign": Out(1),
                "takes_base": Out(1),
                "needs_sign": Out(1),
                "needs_base": Out(1, init=1),
                "waits": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        # Plane m-1 leaves two debts, a sign plane's symbol and a base; each is paid when the window
        # shows enough and no plane is read: sign first, and both before the next block's plane 0
        params = self._params
        m = Module()
        idle = ~self.needs_sign  # nothing else is read in the block's last step
        if params.word_bits >= params.block_words:
            idle = self.reads & self.running & self.covers_sign
        opens = Mux(self.first, self.needs_base & ~self.needs_sign, self.step & self.ends & idle)
        m.d.comb += [
            self.waits.eq(self.first & (self.needs_sign | (self.needs_base & ~self.ended))),
            self.takes_sign.eq(self.needs_sign & self.shows),
            self.takes_base.eq(opens & self.shows & ~self.ended),
        ]
        with m.If(self.step & self.last_plane & self.reads):
            m.d.sync += [self.needs_sign.eq(~self.covers_sign), self.needs_base.eq(1)]
        with m.If(self.takes_sign):
            m.d.sync += self.needs_sign.eq(0)
        with m.If(self.takes_base):
            m.d.sync += self.needs_base.eq(0)
        with m.If(self.clear):
            m.d.sync += [self.needs_sign.eq(0), self.needs_base.eq(1)]
        return m
