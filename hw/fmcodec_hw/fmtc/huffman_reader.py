"""Symbols of a payload under Huffman codes, or of a raw one."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec_hw.fmtc.code_tables import CodeTables
from fmcodec_hw.fmtc.context_fields import length_layout
from fmcodec_hw.fmtc.symbol_reader import SYMBOL_BITS, reader_members
from fmcodec_hw.logic import gate, select

__all__ = ["HuffmanReader"]


class HuffmanReader(wiring.Component):
    """Read a coefficient per cycle (doc/format.md, "FMTC codes").

    Parameters:
        params: the configuration.

    Members:
        lengths, ready, bank: of the contexts, see `CodeTables`.
        All others: see `reader_members`.
    """

    LATENCY = 2

    def __init__(self, params: Params):
        self._params = params
        loads = {"lengths": In(length_layout()), "ready": Out(1), "bank": In(1)}
        super().__init__(loads | reader_members(params.tables, "huffman"))

    def elaborate(self, platform):
        # How long a code is, and whether it ends the vector, is all that the next one waits for:
        # the head is compared with the limits of all lengths at once, which were read a cycle
        # before, when it was known which component is next. What symbol it is takes two more
        # cycles, one for each memory
        m = Module()
        longest = self._params.max_code_bits
        m.submodules.tables = tables = CodeTables(self._params)
        head = self.head[-longest:]
        below, first = Signal(longest), Signal(longest)
        filling, ends, coded = Signal(), Signal(), Signal(range(longest))
        m.d.comb += below.eq(Cat(head < tables.limits[i] for i in range(longest)))
        m.d.comb += first.eq(below & ~_above(below))
        m.d.comb += [
            coded.eq(select(*((first[i], Const(i, len(coded))) for i in range(longest)))),
            ends.eq(~self.raw & ~filling & self._is_end(head, tables)),
            self.length.eq(
                gate(~filling, Mux(self.raw, SYMBOL_BITS, coded + 1)),
            ),
        ]
        with m.If(self.step):
            m.d.sync += filling.eq((filling | ends) & ~self.last)
        with m.If(self.clear):
            m.d.sync += filling.eq(0)

        # Registers: the code; then what goes beside its symbol
        code, length = Signal(longest, reset_less=True), Signal(4, reset_less=True)
        zero, raw_symbol = Signal(2, reset_less=True), Signal(2 * SYMBOL_BITS, reset_less=True)
        table = Signal.like(self.group, name="table_of_code", reset_less=True)
        with m.If(self.advance):
            m.d.sync += [
                code.eq(head),
                length.eq(coded),
                table.eq(self.group),
                zero.eq(Cat(~self.raw & (filling | ends), zero)),
                raw_symbol.eq(Cat(self.head[-SYMBOL_BITS:], raw_symbol)),
            ]
        symbol = Signal(SYMBOL_BITS)
        m.d.comb += [
            tables.lengths.eq(self.lengths),
            self.ready.eq(tables.ready),
            tables.bank.eq(self.bank),
            tables.table.eq(Mux(self.step, self.next_group, self.group)),
            tables.enable.eq(self.advance),
            tables.base_table.eq(self.group),
            tables.base_length.eq(coded),
            tables.symbol_table.eq(table),
            tables.place.eq(tables.base + (code >> (longest - 1 - length)[:4])),
            symbol.eq(Mux(self.raw, raw_symbol[SYMBOL_BITS:], tables.symbol)),
            self.level.eq(gate(~zero[1], symbol - self.zero_point).as_signed()),
            self.bad.eq(self.raw & (symbol > self.q_max)),
        ]
        return m

    def _is_end(self, head, tables):
        """The head begins with the code of end of vector."""
        longest = self._params.max_code_bits
        differ = head ^ tables.end_code
        counts = Cat(tables.end_length >= i for i in range(longest))  # bit i from the top
        return ~(Cat(reversed(differ)) & counts).any()


def _above(bits):
    """For every bit whether one below it is set."""
    found, any_ = [], Const(0, 1)
    for i in range(len(bits)):
        found.append(any_)
        any_ = any_ | bits[i]
    return Cat(found)
