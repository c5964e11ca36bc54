"""Vectors cut where nothing but zero points follows."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec_hw.fmtc.symbols import cut_layout, symbol_layout
from fmcodec_hw.ram import Ram

__all__ = ["EndOfVector"]


class EndOfVector(wiring.Component):
    """Say end of vector instead of a tail of zero points (doc/format.md, "FMTC codes").

    Latency: two cycles from a vector's last symbol to its first. Throughput: one symbol per cycle.
    Held: two vectors, in a memory.

    Parameters:
        params: the configuration.

    Members:
        symbol: all symbols. `symbol.ready` depends on `cut.ready`.
        end_before: E.
        raw: vectors are not cut.
        cut: those that are coded; with `end`, end of vector in the place of a tail's first.
        idle: nothing is held.
    """

    def __init__(self, params: Params):
        self._tables = params.tables
        self._place = max((params.channels - 1).bit_length(), 1)
        super().__init__(
            {
                "symbol": In(stream.Signature(symbol_layout(params.tables))),
                "end_before": In(params.channels.bit_length()),
                "raw": In(1),
                "cut": Out(stream.Signature(cut_layout(params.tables))),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        # A vector is written into one half of the memory while the one before is read from the
        # other, which takes no longer: where a tail is cut, `end` takes the place of its first
        # symbol at least. Halves change with a vector's last symbol, which waits for the reader
        m = Module()
        symbol, cut = self.symbol.payload, self.cut.payload
        width = 8 + len(symbol.group)
        m.submodules.memory = memory = Ram(2 << self._place, width)
        half, place, used = Signal(), Signal(self._place), Signal(self._place + 1)
        reading, cuts, final, raw = (
            Signal(name=name) for name in ("reading", "cuts", "final", "is_raw")
        )
        at, until, shown = Signal(self._place), Signal(self._place), Signal()
        write, read, read_ends, used_now = Signal(), Signal(), Signal(), Signal.like(used)
        m.d.comb += [
            read.eq(reading & (~shown | self.cut.ready)),
            read_ends.eq(at == until),
            self.symbol.ready.eq(~symbol.ends | ~reading | (read & read_ends)),
            write.eq(self.symbol.valid & self.symbol.ready),
            used_now.eq(Mux(symbol.zero, used, place + 1)),
            memory.write_enable.eq(write),
            memory.write_address.eq(Cat(place, half)),
            memory.write_data.eq(Cat(symbol.symbol, symbol.group)),
            memory.read_enable.eq(read),
            memory.read_address.eq(Cat(at, ~half)),
            self.cut.valid.eq(shown),
            Cat(cut.symbol, cut.group).eq(memory.read_data),
            self.idle.eq(~reading & ~shown),
        ]
        with m.If(self.cut.ready):
            m.d.sync += shown.eq(0)
        with m.If(read):
            m.d.sync += [
                at.eq(at + 1),
                shown.eq(1),
                cut.end.eq(read_ends & cuts),
                cut.last.eq(read_ends & final),
                cut.raw.eq(raw),
            ]
            with m.If(read_ends):
                m.d.sync += reading.eq(0)
        with m.If(write):
            m.d.sync += [place.eq(place + 1), used.eq(used_now)]
            with m.If(symbol.ends):
                tail = (used_now < self.end_before) & ~self.raw
                m.d.sync += [place.eq(0), used.eq(0), half.eq(~half), reading.eq(1), at.eq(0)]
                m.d.sync += [cuts.eq(tail), until.eq(Mux(tail, used_now, place))]
                m.d.sync += [final.eq(symbol.last), raw.eq(self.raw)]
        return m
