"""The words of a tile: header, codes, CRC."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc.params import WORD_BITS
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.fmtc.crc32 import Crc32
from fmcodec_hw.fmtc.symbols import PUSH_BITS, code_layout
from fmcodec_hw.logic import gate, select

__all__ = ["TileWriter"]


class TileWriter(wiring.Component):
    """Write tiles one behind the other (doc/format.md, "FMTC tile").

    Latency: a code is in the queue a cycle after it is shown. Throughput: one code per cycle,
    whatever its length. Held: a queue of bits. A tile's header is taken when the payload of the
    tile before has left; two cycles or three lie between a last code and the next tile's first.

    Members:
        header: the first word of a tile, taken when it is written.
        code: its codes; taken behind their header. `code.ready` depends on `words.ready`.
        words: the tiles, `last` with the CRC.
    """

    def __init__(self):
        super().__init__(
            {
                "header": In(stream.Signature(WORD_BITS)),
                "code": In(stream.Signature(code_layout())),
                "words": Out(axis.signature(WORD_BITS)),
            }
        )

    def elaborate(self, platform):
        # A word goes to the CRC as it leaves, which takes that cycle and the next: with codes of 16
        # bits at most the next word is full no earlier. The header passes the queue as two codes;
        # the CRC does not, it is shown beside it once the queue is empty
        m = Module()
        m.submodules.crc = crc = Crc32(WORD_BITS // 2, WORD_BITS)
        m.submodules.packer = packer = BitPacker(
            WORD_BITS, PUSH_BITS, capacity=WORD_BITS + PUSH_BITS - 1
        )
        headed, closing, half = (Signal(name=name) for name in ("headed", "closing", "half"))
        trailing, adding = Signal(), Signal()  # the CRC is shown; the CRC has half a word to go
        opens, accepts = Signal(), Signal()
        code = self.code.payload
        m.d.comb += [
            opens.eq(self.header.valid & ~headed & ~closing),
            self.header.ready.eq(half & ~headed & ~closing),
            self.code.ready.eq(headed & packer.room(PUSH_BITS)),
            accepts.eq(self.code.valid & self.code.ready),
        ]
        with m.If(opens):
            m.d.sync += [half.eq(~half), headed.eq(half)]
        with m.If(accepts & code.last):
            m.d.sync += [headed.eq(0), closing.eq(1)]
        with m.If(packer.closed):
            m.d.sync += [closing.eq(0), trailing.eq(1)]

        word, taken = self.words.payload, Signal()
        header = self.header.payload
        m.d.comb += [
            packer.push.eq(opens | accepts),
            packer.data.eq(
                select(
                    (headed, code.bits),
                    (~headed & ~half, header[PUSH_BITS:]),
                    (~headed & half, header[:PUSH_BITS]),
                )
            ),
            packer.length.eq(Mux(headed, code.length, PUSH_BITS)),
            packer.close.eq(closing),
            packer.beat.ready.eq(self.words.ready & ~trailing & ~adding),
            self.words.valid.eq((packer.beat.valid | trailing) & ~adding),
            word.data.eq(Mux(trailing, crc.value, packer.beat.payload.data)),
            word.last.eq(trailing),
            taken.eq(self.words.valid & self.words.ready),
            crc.data.eq(gate(~adding, packer.beat.payload.data)),
            crc.step.eq(taken | adding),
            crc.clear.eq(taken & trailing),
        ]
        m.d.sync += adding.eq(taken & ~trailing)
        with m.If(taken):
            m.d.sync += trailing.eq(0)
        with m.If(packer.closed):
            m.d.sync += trailing.eq(1)
        return m
