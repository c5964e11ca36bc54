"""The ZNZ stream: a bit for every non-zero word, a code for every zero run."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker

__all__ = ["ZnzCoder"]


class ZnzCoder(wiring.Component):
    """Code which words are zero (doc/format.md, "ZNZ stream"), one word a cycle.

    The bit of a non-zero word leaves at once, a run when a word ends it, together with that word's
    bit: its counter is its length field. Held: the open run's length, a residue and the word at the
    port.

    Members:
        nonzero: the word that goes by is not zero.
        strobe: one word goes by, at the end of the cycle; only while `ready`.
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
        # A zero run's 0 leaves when it opens, its length with the bit of the word that ends it: a
        # full run is ended by any word. So a word pushes once at most, whatever it ends and opens
        params = self._params
        m = Module()
        word_bits, run_bits = params.word_bits, params.zero_run_bits
        symbol_bits = run_bits + 1  # a run's length and the next word's bit
        # Where a symbol is not longer than a word, a push fits behind the word_bits - 1 bits that
        # are no beat yet: spare + symbol <= capacity. A longer one may find one beat more there
        spare = word_bits * -(-symbol_bits // word_bits) - 1
        m.submodules.packer = packer = BitPacker(
            word_bits, symbol_bits, capacity=spare + symbol_bits
        )
        wiring.connect(m, packer.beat, wiring.flipped(self.beat))

        length = Signal(run_bits, reset_less=True)  # less one, of the open run
        running = Signal()
        grows, flush, one = Signal(), Signal(), Signal()
        m.d.comb += [
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
        with m.If(self.strobe):
            with m.If(~self.nonzero):
                m.d.sync += length.eq(
                    Mux(running, length + 1, 0)
                )  # wraps where a full run is followed
            m.d.sync += running.eq(~self.nonzero)
        with m.Elif(flush):
            m.d.sync += running.eq(0)
        return m
