"""The context in use beside the one that waits."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.context_fields import Build

__all__ = ["ContextBank"]


class ContextBank(wiring.Component):
    """Choose the context of every tile (doc/format.md, "FMTC context").

    Parameters:
        build: the core.

    Members:
        read: `Build.layout`: registers of the context that is read, or waits.
        starts, active, accepted: of its reader.
        ask, tag: a tile with this tag waits for a context; held until `granted`.
        drained: the numbers of the tile before are no longer needed.
        granted: the context is chosen; `fields` and `bank` stay as they are until the next `ask`.
        fields: `Build.layout`: registers of the context in use.
        bank: half of every memory that is in use; the reader's numbers go to the other.
    """

    def __init__(self, build: Build):
        super().__init__(
            {
                "read": In(build.layout),
                "starts": In(1),
                "active": In(1),
                "accepted": In(1),
                "ask": In(1),
                "tag": In(15),
                "drained": In(1),
                "granted": Out(1),
                "fields": Out(build.layout),
                "bank": Out(1),
            }
        )

    def elaborate(self, platform):
        # The context that waits is moved into the registers in use, a cycle before the tile that
        # names it is granted; memories are too large for that and change halves
        m = Module()
        present, waiting = Signal(), Signal()
        named, in_use, moves = Signal(), Signal(), Signal()
        m.d.comb += [
            named.eq(waiting & (self.tag == self.read.tag)),
            in_use.eq(self.tag == self.fields.tag),
            moves.eq(waiting & (~present | (self.ask & named & self.drained))),
            # a context that is read may be the tile's; nothing waits meanwhile
            self.granted.eq(self.ask & present & ~named & (in_use | ~(self.active | self.starts))),
        ]
        with m.If(self.accepted):
            m.d.sync += waiting.eq(1)
        with m.If(moves | self.starts):
            m.d.sync += waiting.eq(0)
        with m.If(moves):
            m.d.sync += [self.fields.eq(self.read), present.eq(1), self.bank.eq(~self.bank)]
        return m
