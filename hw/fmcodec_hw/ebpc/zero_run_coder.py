"""The ZNZ stream: a bit for every non-zero word, a code for every run of zeros."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker

__all__ = ["ZeroRunCoder"]


class ZeroRunCoder(wiring.Component):
    """Code which words are zero (doc/format.md, "ZNZ stream"), one word a cycle.

    A run is written when the word after it shows that it is over or full, so that the counter
    itself is the length field. Held: the run, a residue and the word at the port.

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
        push_bits = 2 + run_bits
        # a push fits behind a whole word that waits
        word_bits = params.word_bits
        spare = word_bits * -(-push_bits // word_bits) - 1
        mod.submodules.packer = packer = BitPacker(word_bits, push_bits, capacity=spare + push_bits)
        wiring.connect(mod, packer.beat, wiring.flipped(self.beat))

        length = Signal(run_bits, init=-1)  # of the open run, less one; all ones without a run
        open_run = Signal()
        word = Signal()
        flush = Signal()
        mod.d.comb += [
            word.eq(self.strobe & self.nonzero),
            flush.eq(self.close & open_run),
            packer.push.eq(word | (open_run & self.strobe & length.all()) | flush),
            # first bit first: the run, then the non-zero word
            packer.data[::-1][0].eq(~open_run),
            packer.data[1 : 1 + run_bits].eq(length[:run_bits] & open_run.replicate(run_bits)),
            packer.data[0].eq(open_run & word),
            packer.length.eq(Mux(open_run, Mux(word, push_bits, push_bits - 1), 1)),
            packer.close.eq(self.close & ~open_run),
            self.ready.eq(packer.room(push_bits)),
            self.closed.eq(packer.closed),
        ]
        with mod.If(word | flush):
            mod.d.sync += [length.eq(-1), open_run.eq(0)]
        with mod.Elif(self.strobe):
            mod.d.sync += [length.eq(length + 1), open_run.eq(1)]
        return mod
