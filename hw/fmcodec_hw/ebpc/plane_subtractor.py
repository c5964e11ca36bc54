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
        first: this step's plane is plane 0, of which the last word's bit is `enters`.
        enters: that bit; the plane has a zero for it.
        last: it is plane m-1.
        step: a plane goes by, at the end of the cycle.
        dbx: the plane of the n-1 deltas, xor the one before it; plane 0 itself.
        zero: the plane of deltas is zero.
        repeats: it is not plane 0, and the same as the one before.
        sign_dbx: the sign plane xor plane m-1, from the step after plane m-1 until the next plane 0
            has gone by.
        sign_zero: the sign plane is zero, then.
    """

    def __init__(self, params: Params):
        self._bits = bits = params.plane_bits
        super().__init__(
            {
                "words": In(bits + 1),
                "first": In(1),
                "enters": In(1),
                "last": In(1),
                "step": In(1),
                "dbx": Out(bits),
                "zero": Out(1),
                "repeats": Out(1),
                "sign_dbx": Out(bits),
                "sign_zero": Out(1),
            }
        )

    def elaborate(self, platform):
        # A one-bit full subtractor for every delta. As planes come LSB first, the borrows are all
        # that has to be remembered of a block; plane 0 begins without any. Words go on with their
        # sign bits: of the sign plane there is only left where it differs from plane m-1, which
        # takes the place of the last borrow. Whether a plane repeats decides on what leaves in this
        # very cycle: it does not wait for what enters in it
        m = Module()
        earlier, later = self.words[:-1], self.words[1:]
        entered = gate(self.first, self.enters) << (self._bits - 1)
        borrow = Signal(self._bits, reset_less=True)
        before = Signal(self._bits, reset_less=True)
        differ, carried, dbp = Signal(self._bits), Signal(self._bits), Signal(self._bits)
        m.d.comb += [
            differ.eq(earlier ^ (later | entered)),
            carried.eq(gate(~self.first, borrow)),
            dbp.eq(differ ^ carried),
            self.dbx.eq(differ ^ gate(~self.first, borrow ^ before)),
            self.zero.eq(~dbp.any()),
            self.repeats.eq(~self.first & ~(earlier ^ later ^ borrow ^ before).any()),
            self.sign_dbx.eq(borrow),
            self.sign_zero.eq(borrow == before),
        ]
        with m.If(self.step):
            m.d.sync += [
                borrow.eq(
                    (differ & (earlier ^ gate(self.last, carried)))
                    | (~differ & gate(~self.last, carried))
                ),
                before.eq(dbp),
            ]
        return m
