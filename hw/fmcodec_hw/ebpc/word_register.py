"""The decoder's output register: words are summed up where they leave."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.logic import gate

__all__ = ["WordRegister"]


class WordRegister(wiring.Component):
    """Hold the sum of a block's base and deltas so far and show it as the word at the port.

    A zero word hides the sum and leaves it alone: the register is accumulator and output in one.

    Members:
        moves: the sum changes, at the end of the cycle:
        loads: with `moves`: it becomes the base; otherwise the delta is added, modulo 2^m.
        base, delta: these.
        free: a word can enter.
        emit: one enters, at the end of the cycle; only while `free`.
        shows: it is the sum; otherwise it is zero.
        last: it is the packet's last word.
        final: the last word is in the register.
        release: the last word may leave.
        damaged: the packet is damaged, with the last word.
        clear: the last word leaves, at the end of the cycle.
        words: the port; what it shows is held until it is taken.
    """

    def __init__(self, params: Params):
        self._word_bits = word_bits = params.word_bits
        super().__init__(
            {
                "delta": In(word_bits),
                "base": In(word_bits),
                "moves": In(1),
                "loads": In(1),
                "free": Out(1),
                "emit": In(1),
                "shows": In(1),
                "last": In(1),
                "final": Out(1),
                "release": In(1),
                "damaged": In(1),
                "clear": Out(1),
                "words": Out(axis.signature(word_bits, user=True)),
            }
        )

    def elaborate(self, platform):
        # The sum is there whether it is wanted or not: that comes late, and is an enable. Steps are
        # only made with words that enter, so that the sum never changes under a word that waits
        m = Module()
        words = self.words
        data = Signal(self._word_bits, reset_less=True)
        shown = Signal(reset_less=True)
        valid, final = Signal(), Signal()
        m.d.comb += [
            self.free.eq(~valid | (words.ready & ~final)),
            self.final.eq(final),
            words.valid.eq(valid & (~final | self.release)),
            words.payload.data.eq(gate(shown, data)),
            words.payload.last.eq(final),
            words.payload.user.eq(final & self.damaged),
            self.clear.eq(final & words.valid & words.ready),
        ]
        with m.If(self.moves):
            m.d.sync += data.eq(Mux(self.loads, self.base, data + self.delta))
        with m.If(self.emit):
            m.d.sync += [shown.eq(self.shows), final.eq(self.last)]
        m.d.sync += valid.eq(self.emit | (valid & ~words.ready) | (final & ~self.clear))
        with m.If(self.clear):
            m.d.sync += [valid.eq(0), final.eq(0)]
        return m
