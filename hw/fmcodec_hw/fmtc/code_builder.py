"""Canonical codes from code lengths."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec_hw.fmtc.context_fields import length_layout
from fmcodec_hw.ram import Ram

__all__ = ["CodeBuilder", "entry_layout"]


def entry_layout(params: Params) -> data.StructLayout:
    """A code, its first bit at the top and zeros behind, and its length less 1."""
    return data.StructLayout({"length": 4, "bits": params.max_code_bits})


class CodeBuilder(wiring.Component):
    """Make the codes of a table (doc/format.md, "huffman").

    Latency: a table of n symbols takes n cycles for every length up to max_code_bits, after its
    last length.

    Parameters:
        params: the configuration.

    Members:
        length: lengths of a table's codes, from symbol 0; taken where `ready`.
        ready: no table is being made.
        write: valid, `table`, `symbol`, whether it is the `last` of the table, and the
            `entry` of the code memory.
    """

    def __init__(self, params: Params):
        self._params = params
        fields = {"valid": 1, "table": 3, "symbol": 8, "last": 1, "entry": entry_layout(params)}
        super().__init__(
            {
                "length": In(length_layout()),
                "ready": Out(1),
                "write": Out(data.StructLayout(fields)),
            }
        )

    def elaborate(self, platform):
        # Codes grow with (length, symbol), and each is the one before plus 2^-length of it, written
        # as a fraction. So for one length after the other all symbols are passed, those of that
        # length take the fraction as it stands: a counter for each length would be faster, but
        # contexts are loaded while tiles run
        m = Module()
        params = self._params
        m.submodules.lengths = lengths = Ram(256, 4)
        symbol, last, table = Signal(8), Signal(8), Signal(3)
        length, fraction = Signal(4), Signal(params.max_code_bits)
        building, reading = Signal(), Signal()
        passed, passes = Signal(8), Signal(4)  # of the symbol that has been read
        takes = self.length.valid & self.ready
        m.d.comb += [
            self.ready.eq(~building & ~reading),
            lengths.write_enable.eq(takes),
            lengths.write_address.eq(self.length.symbol),
            lengths.write_data.eq(self.length.length),
            lengths.read_enable.eq(building),
            lengths.read_address.eq(symbol),
            self.write.valid.eq(reading & (lengths.read_data == passes)),
            self.write.table.eq(table),
            self.write.symbol.eq(passed),
            self.write.last.eq(passed == last),
            self.write.entry.length.eq(passes - 1),
            self.write.entry.bits.eq(fraction),
        ]
        with m.If(takes & self.length.last):
            m.d.sync += [
                building.eq(1),
                last.eq(self.length.symbol),
                table.eq(self.length.table),
                symbol.eq(0),
                length.eq(1),
                fraction.eq(0),
            ]
        m.d.sync += [reading.eq(building), passed.eq(symbol), passes.eq(length)]
        with m.If(building):
            m.d.sync += symbol.eq(Mux(symbol == last, 0, symbol + 1))
            with m.If(symbol == last):
                m.d.sync += [length.eq(length + 1), building.eq(length != params.max_code_bits)]
        unit = (1 << params.max_code_bits) >> passes
        with m.If(self.write.valid):
            m.d.sync += fraction.eq(fraction + unit)
        return m
