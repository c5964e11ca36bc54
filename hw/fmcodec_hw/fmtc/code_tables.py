"""The tables of a decoder's contexts: what a code is told by, kept for two contexts."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec_hw.fmtc.code_builder import CodeBuilder
from fmcodec_hw.fmtc.context_fields import length_layout
from fmcodec_hw.ram import Ram

__all__ = ["CodeTables"]

_SYMBOL_BITS = 8


class CodeTables(wiring.Component):
    """Memories of code tables (doc/format.md, "huffman"), written while others are read.

    Codes of a length are consecutive numbers, and the symbols in the order of their codes are a
    list: the last code of every length tells which length a code has, and where the list of a
    length begins minus the first code of it is what makes a place of a code.

    Latency: one cycle from a place to what is there; it stays while `enable` is low. See
    `CodeBuilder` for the time that tables take to be made.

    Parameters:
        params: the configuration.

    Members:
        lengths, ready: of the context that is loaded, see `CodeBuilder`.
        bank: the half that is read; the other is written.
        table: of the next code.
        limits: for every length, the shortest first, one more than the last code of that length,
            both with bits to the longest added behind; 0 where there is none.
        end_code, end_length: the code of end of vector, left-aligned, and its bits less 1.
        enable: read a base and a symbol at the end of the cycle.
        base_table, base_length: table, and bits less 1, of a code,
        base: and what is to be added to its last 8 bits, modulo 2^8,
        symbol_table, place: to make the place
        symbol: of its symbol.
    """

    def __init__(self, params: Params):
        self._params = params
        longest = params.max_code_bits
        table = range(max(params.tables, 2))
        super().__init__(
            {
                "lengths": In(length_layout()),
                "ready": Out(1),
                "bank": In(1),
                "table": In(table),
                "limits": Out(data.ArrayLayout(longest + 1, longest)),
                "end_code": Out(longest),
                "end_length": Out(4),
                "enable": In(1),
                "base_table": In(table),
                "base_length": In(4),
                "base": Out(_SYMBOL_BITS),
                "symbol_table": In(table),
                "place": In(_SYMBOL_BITS),
                "symbol": Out(_SYMBOL_BITS),
            }
        )

    def elaborate(self, platform):
        # Codes come in order, so that the place of the next is one more. The first code of a table
        # clears the limits of all other lengths, each of which is in a memory of its own; a later
        # code of the same length puts its own over the one before
        m = Module()
        longest, tables = self._params.max_code_bits, self._params.tables
        m.submodules.builder = builder = CodeBuilder(self._params)
        write, entry = builder.write, builder.write.entry
        place, begun = Signal(_SYMBOL_BITS), Signal()
        taken = self.lengths.valid & self.ready
        code, limit = Signal(_SYMBOL_BITS), Signal(longest + 1)
        m.d.comb += [
            builder.length.eq(self.lengths),
            self.ready.eq(builder.ready),
            code.eq(entry.bits >> (longest - 1 - entry.length)[:4]),
            limit.eq(entry.bits + ((1 << longest - 1) >> entry.length)),
        ]
        with m.If(taken):
            m.d.sync += [begun.eq(0), place.eq(0)]
        with m.If(write.valid):
            m.d.sync += [begun.eq(1), place.eq(place + 1)]

        def at(bank, table, *more):
            bits = (tables - 1).bit_length()
            return Cat(*reversed(more), table[:bits], bank)

        def memory(name: str, bits: int, *inner: int) -> Ram:
            words = 2 << (tables - 1).bit_length()
            ram = Ram(words << sum(inner), bits)
            m.submodules[name] = ram
            return ram

        other = ~self.bank
        for i in range(longest):
            ram = memory(f"limit_{i + 1}", longest + 1)
            here = entry.length == i
            m.d.comb += [
                ram.write_enable.eq(write.valid & (here | ~begun)),
                ram.write_address.eq(at(other, write.table)),
                ram.write_data.eq(Mux(here, limit, 0)),
                ram.read_enable.eq(1),
                ram.read_address.eq(at(self.bank, self.table)),
                self.limits[i].eq(ram.read_data),
            ]
        end = memory("end", 4 + longest)
        bases = memory("bases", _SYMBOL_BITS, 4)
        symbols = memory("symbols", _SYMBOL_BITS, _SYMBOL_BITS)
        m.d.comb += [
            end.write_enable.eq(write.valid & write.last),
            end.write_address.eq(at(other, write.table)),
            end.write_data.eq(Cat(entry.length, entry.bits)),
            end.read_enable.eq(1),
            end.read_address.eq(at(self.bank, self.table)),
            Cat(self.end_length, self.end_code).eq(end.read_data),
            bases.write_enable.eq(write.valid),
            bases.write_address.eq(at(other, write.table, entry.length)),
            bases.write_data.eq(place - code),
            bases.read_enable.eq(self.enable),
            bases.read_address.eq(at(self.bank, self.base_table, self.base_length)),
            self.base.eq(bases.read_data),
            symbols.write_enable.eq(write.valid),
            symbols.write_address.eq(at(other, write.table, place)),
            symbols.write_data.eq(write.symbol),
            symbols.read_enable.eq(self.enable),
            symbols.read_address.eq(at(self.bank, self.symbol_table, self.place)),
            self.symbol.eq(symbols.read_data),
        ]
        return m
