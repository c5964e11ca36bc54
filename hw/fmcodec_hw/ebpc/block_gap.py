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
        step: a step is made; first, last_plane, ends: of the block, with or without `step`.
        reads: it has a plane, of the stream.
        covers_sign, running: as the plane reader has them in this step.
        shows: the window shows as much as a code can be long; ended: there is no further block.
        takes_sign, takes_base: this cycle takes such a code.
        needs_sign, needs_base: one is still to be taken.
        waits: it has to be before the first step.
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
