"""Deltas of a block's words, bit-serially: a plane of words in, a plane of deltas out."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params

__all__ = ["PlaneSubtractor"]


class PlaneSubtractor(wiring.Component):
    """Bit k of every delta from bit k of every word, least significant plane first.

    Members:
        words: the plane of the n words, word 0 in bit 0.
        first, step: this step's plane is plane 0; a plane goes by.
        dbp: the plane of the n-1 deltas. dbx: its xor with the plane before, but not for plane 0.
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
        mod = Module()
        earlier, later = self.words[:-1], self.words[1:]
        borrow = Signal(self._bits, reset_less=True)
        before = Signal(self._bits, reset_less=True)
        differ = Signal(self._bits)
        carried = Signal(self._bits)
        mod.d.comb += [
            differ.eq(earlier ^ later),
            carried.eq(borrow & (~self.first).replicate(self._bits)),
            self.dbp.eq(differ ^ carried),
            self.dbx.eq(self.dbp ^ before),
            self.before.eq(before),
            self.sign.eq(borrow),
        ]
        with mod.If(self.step):
            mod.d.sync += [
                borrow.eq((differ & earlier) | (~differ & carried)),
                before.eq(self.dbp),
            ]
        return mod
