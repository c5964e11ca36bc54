"""The order of a tile: header, context, vectors, end."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc.params import WORD_BITS

__all__ = ["TileSequence"]


class TileSequence(wiring.Component):
    """Take the header of a tile, wait for its context, count its vectors.

    Members:
        tile: the first word of every tile; taken when `header` is.
        header: the same, once its context is chosen.
        ask, tag, granted: to the contexts; see `ContextBank`.
        quiet: what there is of the tile before does not need `raw`.
        raw: of the tile.
        is_open: coefficients of a tile may come.
        begins: the first of a vector's coefficients are made, where that takes more than a cycle.
        may_begin: they may: the vector is of the tile.
        step, ends: a coefficient comes, at the end of the cycle; it is the last of its vector.
        final: it is the last of the tile.
    """

    def __init__(self):
        super().__init__(
            {
                "tile": In(stream.Signature(WORD_BITS)),
                "header": Out(stream.Signature(WORD_BITS)),
                "ask": Out(1),
                "tag": Out(15),
                "granted": In(1),
                "quiet": In(1),
                "raw": Out(1),
                "is_open": Out(1),
                "begins": In(1),
                "may_begin": Out(1),
                "step": In(1),
                "ends": In(1),
                "final": Out(1),
            }
        )

    def elaborate(self, platform):
        # A tile is open from the choice of its context until its last coefficient has come. Its
        # header stays at the port until it can be written, behind the words of the tile before
        m = Module()
        unwritten = Signal()
        remaining = Signal(16, reset_less=True)  # vectors behind this one
        header = self.tile.payload
        m.d.comb += [
            self.ask.eq(self.tile.valid & ~self.is_open & ~unwritten & self.quiet),
            self.tag.eq(header[:15]),
            self.header.payload.eq(header),
            self.header.valid.eq(self.tile.valid & unwritten),
            self.tile.ready.eq(unwritten & self.header.ready),
            self.final.eq(self.ends & ~remaining.any()),
        ]
        m.d.sync += unwritten.eq((unwritten | self.granted) & ~self.header.ready)
        m.d.sync += self.is_open.eq((self.is_open | self.granted) & ~(self.step & self.final))
        # vectors whose coefficients are made: two, and a third that begins
        ahead = Signal(2)
        m.d.sync += ahead.eq(ahead + self.begins - (self.step & self.ends))
        m.d.comb += self.may_begin.eq(self.is_open & (ahead <= remaining))
        with m.If(self.step & self.ends):
            m.d.sync += remaining.eq(remaining - 1)
        with m.If(self.granted):
            m.d.sync += [remaining.eq(header[16:]), self.raw.eq(header[15])]
        return m
