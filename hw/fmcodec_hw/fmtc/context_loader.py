"""The contexts of a core: loaded while tiles run, taken into use by the tile that names them."""

from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc.params import WORD_BITS
from fmcodec_hw import axis
from fmcodec_hw.fmtc.context_bank import ContextBank
from fmcodec_hw.fmtc.context_fields import Build
from fmcodec_hw.fmtc.context_reader import ContextReader, write_ports

__all__ = ["ContextLoader"]


class ContextLoader(wiring.Component):
    """Load contexts, refuse those that are wrong in anything, choose one for every tile.

    A word takes eight cycles. A context that is refused leaves the one in use as it is.

    Parameters:
        build: the core.

    Members:
        words: contexts, `last` with the CRC.
        loaded, refused: a context is over, in this cycle, and waits for its tile, or is refused.
        ask, tag, drained, granted, fields, bank: see `ContextBank`.
        pair, length, ready, mean, entry: where a build has them, numbers for the half of a memory
            that is not in use; see `ContextReader`.
    """

    def __init__(self, build: Build):
        self.build = build
        members = {
            "words": In(axis.signature(WORD_BITS)),
            "loaded": Out(1),
            "refused": Out(1),
            "ask": In(1),
            "tag": In(15),
            "drained": In(1),
            "granted": Out(1),
            "fields": Out(build.layout),
            "bank": Out(1),
        }
        super().__init__(members | write_ports(build))

    def elaborate(self, platform):
        # Wiring
        m = Module()
        m.submodules.reader = reader = ContextReader(self.build)
        m.submodules.banks = banks = ContextBank(self.build)
        wiring.connect(m, wiring.flipped(self.words), reader.words)
        m.d.comb += [
            banks.read.eq(reader.fields),
            banks.starts.eq(reader.starts),
            banks.active.eq(reader.active),
            banks.accepted.eq(reader.accepted),
            banks.ask.eq(self.ask),
            banks.tag.eq(self.tag),
            banks.drained.eq(self.drained),
            self.loaded.eq(reader.accepted),
            self.refused.eq(reader.refused),
            self.granted.eq(banks.granted),
            self.fields.eq(banks.fields),
            self.bank.eq(banks.bank),
        ]
        for name, member in write_ports(self.build).items():
            inner, outer = getattr(reader, name), getattr(self, name)
            m.d.comb += outer.eq(inner) if member.flow == Out else inner.eq(outer)
        return m
