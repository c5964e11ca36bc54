"""What tells that a packet was damaged, collected until its last word leaves."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["DamageCollector"]


class DamageCollector(wiring.Component):
    """Damage of a packet (doc/format.md, "Damage"), as far as seen.

    Members:
        told: somebody tells of damage in this cycle.
        over: all words are out and all their codes are taken.
        excess: a block has begun that has no words, with `over`.
        more: the BPC stream has another word, with `over`.
        whole: no bit of the BPC word that the next code would begin in has been taken.
        seen: the BPC stream's last beat has been taken.
        begun: a plane is read in this cycle.
        clear: forget the packet.
        damaged: the packet is damaged.
    """

    def __init__(self):
        super().__init__(
            {
                "told": In(1),
                "over": In(1),
                "excess": In(1),
                "more": In(1),
                "whole": In(1),
                "seen": In(1),
                "begun": In(1),
                "clear": In(1),
                "damaged": Out(1),
            }
        )

    def elaborate(self, platform):
        # Damage once told stays. At the end the stream must stop in the word that the last code
        # ends in; a packet without a block has one word, which nothing was taken of
        m = Module()
        damaged, begun = Signal(), Signal()
        unread = begun & (~self.seen | self.whole)
        m.d.comb += self.damaged.eq(
            damaged | self.told | (self.over & (self.excess | self.more | unread))
        )
        m.d.sync += [
            damaged.eq(self.damaged & ~self.clear),
            begun.eq((begun | self.begun) & ~self.clear),
        ]
        return m
