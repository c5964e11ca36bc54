"""Symbols of a ZNZ stream to the kinds of the packet's words, one word a cycle."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from fmcodec.ebpc import Params

from fmcodec_hw import axis
from fmcodec_hw.bit_window import BitWindow

__all__ = ["ZeroRunReader"]


class ZeroRunReader(wiring.Component):
    """Say of every word of a packet whether it is zero.

    Members:
        beat: the ZNZ stream.
        valid, nonzero, take: the kind of the next word; `take` moves on to the one after.
        last: with `take`: it was the packet's last word, no more symbols are read.
        final: the last word has been taken: what is left of the stream is dropped.
        closed: the stream's last beat has been taken.
        damaged: the stream held too much or too little, as far as seen.
        clear: forget the packet.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "beat": In(axis.signature(params.word_bits)),
                "valid": Out(1),
                "nonzero": Out(1),
                "take": In(1),
                "last": In(1),
                "final": In(1),
                "closed": Out(1),
                "damaged": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        params = self._params
        m = Module()
        run_bits = params.zero_run_bits
        m.submodules.window = window = BitWindow(params.word_bits, 1 + run_bits, direct=True)
        wiring.connect(m, wiring.flipped(self.beat), window.beat)

        more_zeros = Signal(run_bits, reset_less=True)  # of the run, after this word
        nonzero = Signal(reset_less=True)
        done = Signal()
        flag = window.head[-1]
        m.d.comb += [
            self.nonzero.eq(nonzero),
            done.eq(more_zeros == 0),
            window.length.eq(Mux(flag, 1, 1 + run_bits)),
            window.step.eq(
                window.enough & (~self.valid | (self.take & done & ~self.last)) & ~self.final
            ),
            window.drop.eq(self.final & window.held & ~self.closed),
            window.clear.eq(self.clear),
            self.closed.eq(window.seen),
        ]
        with m.If(window.step):
            m.d.sync += [
                nonzero.eq(flag),
                more_zeros.eq(Mux(flag, 0, window.head[:run_bits])),
            ]
        with m.Elif(self.take):
            m.d.sync += more_zeros.eq(more_zeros - ~done)
        m.d.sync += self.valid.eq(window.step | (self.valid & ~(self.take & done)))
        with m.If(self.clear):
            m.d.sync += self.valid.eq(0)
        m.d.comb += self.damaged.eq(
            window.overrun
            | (self.take & self.last & ~done)
            | (self.final & (~self.closed | window.whole))
        )
        return m
