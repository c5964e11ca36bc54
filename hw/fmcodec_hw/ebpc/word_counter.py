"""The length of a packet, counted down word by word."""

from amaranth.hdl import Module, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WordCounter"]

_OFTEN = 4  # lower bits that count every word


class WordCounter(wiring.Component):
    """Take the length of a packet and say which of its words is the last.

    Members:
        length: N-1, one beat per packet; taken while none is in progress.
        active: a packet is in progress.
        last: with `active`: the next word is its last one.
        take: the next word is counted, at the end of the cycle.
        clear: the packet is over.
    """

    def __init__(self, length_bits: int):
        self._length_bits = length_bits
        super().__init__(
            {
                "length": In(stream.Signature(length_bits)),
                "active": Out(1),
                "last": Out(1),
                "take": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        # `remaining` words come after the next one; it follows the port until a length is valid.
        # Its upper bits have their own enable: a gated clock reaches them once in sixteen words
        m = Module()
        remaining = Signal(self._length_bits, reset_less=True)
        m.d.comb += [self.length.ready.eq(~self.active), self.last.eq(remaining == 0)]
        low, high = remaining[:_OFTEN], remaining[_OFTEN:]
        with m.If(self.take):
            m.d.sync += low.eq(low - 1)
        with m.If(self.take & (low == 0)):
            m.d.sync += high.eq(high - 1)
        with m.If(~self.active):
            m.d.sync += [remaining.eq(self.length.payload), self.active.eq(self.length.valid)]
        with m.If(self.clear):
            m.d.sync += self.active.eq(0)
        return m
