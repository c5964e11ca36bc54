"""The ZNZ stream: a bit for every non-zero word, a code for every run of zeros."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker

__all__ = ["ZeroRunCoder"]


class ZeroRunCoder(wiring.Component):
    """Code which words are zero (doc/format.md, "ZNZ stream"), one word a cycle.

    The bit of a non-zero word leaves at once, a run when a word ends it, together with that word's
    bit: its counter is its length field. Held: the open run's length, a residue and the word at the
    port.

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
        # of a run 0 and its length; the 0 leaves when it opens, the length with the bit after it
        symbol_bits = 1 + run_bits
        # a push fits behind a whole word that waits
        word_bits = params.word_bits
        spare = word_bits * -(-symbol_bits // word_bits) - 1
        mod.submodules.packer = packer = BitPacker(
            word_bits, symbol_bits, capacity=spare + symbol_bits
        )
        wiring.connect(mod, packer.beat, wiring.flipped(self.beat))

        length = Signal(run_bits, reset_less=True)  # less one, of the open run
        running = Signal()
        grows, flush, one = Signal(), Signal(), Signal()
        mod.d.comb += [
            one.eq(self.nonzero & ~self.close),
            grows.eq(running & ~self.nonzero & ~length.all()),
            flush.eq(self.close & self.ready & running),
            packer.data.eq(Mux(running, Cat(one, length), Cat(Const(0, run_bits), one))),
            packer.length.eq(Mux(running, Mux(self.close, run_bits, symbol_bits), 1)),
            packer.push.eq((self.strobe & ~grows) | flush),
            packer.close.eq(self.close & ~running),
            self.ready.eq(packer.room(symbol_bits)),
            self.closed.eq(packer.closed),
        ]
        with mod.If(self.strobe):
            mod.d.sync += [
                length.eq(Mux(running, length + 1, 0)),  # wraps where a full run is followed
                running.eq(~self.nonzero),
            ]
        with mod.Elif(flush):
            mod.d.sync += running.eq(0)
        return mod
