"""Deltas of a block's words, bit-serially: a plane of words in, a plane of deltas out."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.logic import gate

__all__ = ["PlaneSubtractor"]


class PlaneSubtractor(wiring.Component):
    """Bit k of every delta from bit k of every word, least significant plane first.

    Members:
        words: the plane of the n words, word 0 in bit 0.
        first: this step's plane is plane 0.
        step: a plane goes by, at the end of the cycle.
        dbp: the plane of the n-1 deltas.
        dbx: its xor with the plane before; means nothing for plane 0.
        before: the plane of deltas that went by last.
        sign: the sign plane, from the step after plane m-1 until the next plane 0 has gone by. The
            words' sign bits must come inverted: the last borrow is then the sign.
    """

    def __init__(self, params: Params):
        self._bits = bits = params.plane_bits
        super().__init__(
            {
                "words": In(bits + 1),
                "first": In(1),
                "step": In(1),
                "dbp": Out(bits),
                "dbx": Out(bits),
                "before": Out(bits),
                "sign": Out(bits),
            }
        )

    def elaborate(self, platform):
        # A one-bit full subtractor for every delta. As planes come LSB first, the borrows are all
        # that has to be remembered of a block; plane 0 begins without any
        m = Module()
        earlier, later = self.words[:-1], self.words[1:]
        borrow = Signal(self._bits, reset_less=True)
        before = Signal(self._bits, reset_less=True)
        differ, carried = Signal(self._bits), Signal(self._bits)
        m.d.comb += [
            differ.eq(earlier ^ later),
            carried.eq(gate(~self.first, borrow)),
            self.dbp.eq(differ ^ carried),
            self.dbx.eq(self.dbp ^ before),
            self.before.eq(before),
            self.sign.eq(borrow),
        ]
        with m.If(self.step):
            m.d.sync += [
                borrow.eq((differ & earlier) | (~differ & carried)),
                before.eq(self.dbp),
            ]
        return m
