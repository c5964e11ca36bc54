"""The ZNZ stream: a bit for every non-zero word, a code for every run of zeros."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker

__all__ = ["ZeroRunCoder"]


class ZeroRunCoder(wiring.Component):
    """Code which words are zero (doc/format.md, "ZNZ stream"), one word a cycle.

    A symbol is held until the word after it shows that it does not grow, so that a run's counter is
    its length field and a word makes one symbol at most. Held: that symbol, a residue and the word
    at the port.

    Members:
        nonzero, strobe: one word goes by; only while `ready`.
        ready: there is room for whatever the next word makes; depends on the port's ready.
        close: held after the last word of a packet until `closed`.
        closed: the last beat is taken.
        beat: the port.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "nonzero": In(1),
                "strobe": In(1),
                "ready": Out(1),
                "close": In(1),
                "closed": Out(1),
                "beat": Out(axis.signature(params.word_bits)),
            }
        )

    def elaborate(self, platform):
        params = self._params
        mod = Module()
        run_bits = params.zero_run_bits
        symbol_bits = 1 + run_bits
        # a push fits behind a whole word that waits
        word_bits = params.word_bits
        spare = word_bits * -(-symbol_bits // word_bits) - 1
        mod.submodules.packer = packer = BitPacker(
            word_bits, symbol_bits, capacity=spare + symbol_bits
        )
        wiring.connect(mod, packer.beat, wiring.flipped(self.beat))

        symbol = Signal(symbol_bits, reset_less=True)
        length, one = symbol[:-1], symbol[-1]
        held = Signal()
        grows, flush = Signal(), Signal()
        mod.d.comb += [
            grows.eq(~one & ~self.nonzero & ~length.all()),
            flush.eq(self.close & self.ready),
            packer.data.eq(symbol),
            packer.length.eq(Mux(one, 1, symbol_bits)),
            packer.push.eq(held & ((self.strobe & ~grows) | flush)),
            packer.close.eq(self.close & ~held),
            self.ready.eq(packer.room(symbol_bits)),
            self.closed.eq(packer.closed),
        ]
        with mod.If(self.strobe):
            mod.d.sync += [
                symbol.eq(Cat(Mux(held & grows, length + 1, 0)[:run_bits], self.nonzero)),
                held.eq(1),
            ]
        with mod.Elif(flush):
            mod.d.sync += held.eq(0)
        return mod
