"""Symbols in, Huffman codes out."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc import Params
from fmcodec_hw.fmtc.code_builder import CodeBuilder, entry_layout
from fmcodec_hw.fmtc.context_fields import length_layout
from fmcodec_hw.fmtc.end_of_vector import EndOfVector
from fmcodec_hw.fmtc.symbols import PUSH_BITS, code_layout, level_layout, symbol
from fmcodec_hw.ram import Ram

__all__ = ["HuffmanCoder"]


class HuffmanCoder(wiring.Component):
    """Code the symbols of tiles with the tables of a context (doc/format.md, "FMTC codes").

    Latency: four cycles from a vector's last symbol to its first code. Throughput: one symbol per
    cycle. Held: two vectors, a symbol and two codes.

    Parameters:
        params: the configuration.

    Members:
        symbol: the symbols. `symbol.ready` depends on `code.ready`.
        raw: of the tile that the symbols are of.
        end_before, zero_point: of the context in use, while not `idle`.
        bank: half of the code memory that is in use.
        length, ready: code lengths for the other half, taken where `ready`.
        code: their codes.
        idle: nothing is held but a code.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "symbol": In(stream.Signature(level_layout(params.tables))),
                "raw": In(1),
                "end_before": In(params.channels.bit_length()),
                "zero_point": In(8),
                "bank": In(1),
                "length": In(length_layout()),
                "ready": Out(1),
                "code": Out(stream.Signature(code_layout())),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        # Two memories in a row, that of the vectors and that of the codes; each shows what it has
        # read until it is taken. A register behind them, for a memory is slow
        m = Module()
        params = self._params
        m.submodules.cutter = cutter = EndOfVector(params)
        m.submodules.builder = builder = CodeBuilder(params)
        place_bits = (params.q_max + 1).bit_length()
        table_bits = (params.tables - 1).bit_length()
        m.submodules.codes = codes = Ram(2 << place_bits + table_bits, entry_layout(params).size)
        level, uncut = self.symbol.payload, cutter.symbol.payload
        m.d.comb += [
            cutter.symbol.valid.eq(self.symbol.valid),
            self.symbol.ready.eq(cutter.symbol.ready),
            uncut.symbol.eq(symbol(level, self.zero_point)),
        ]
        m.d.comb += [uncut[name].eq(level[name]) for name in ("zero", "group", "ends", "last")]
        cut, shown, takes, moves = cutter.cut.payload, Signal(), Signal(), Signal()
        entry = Signal(entry_layout(params))
        raw, last, plain = Signal(), Signal(), Signal(8, reset_less=True)
        end = Const((1 << place_bits) - 1)
        place = Mux(cut.end, end, cut.symbol[:place_bits])
        write = builder.write
        m.d.comb += [
            cutter.end_before.eq(self.end_before),
            cutter.raw.eq(self.raw),
            moves.eq(~self.code.valid | self.code.ready),
            cutter.cut.ready.eq(~shown | moves),
            takes.eq(cutter.cut.valid & cutter.cut.ready),
            builder.length.eq(self.length),
            self.ready.eq(builder.ready),
            codes.write_enable.eq(write.valid),
            codes.write_address.eq(
                Cat(
                    Mux(write.last, end, write.symbol[:place_bits]),
                    write.table[:table_bits],
                    ~self.bank,
                )
            ),
            codes.write_data.eq(write.entry),
            codes.read_enable.eq(takes),
            codes.read_address.eq(Cat(place, cut.group[:table_bits], self.bank)),
            entry.eq(codes.read_data),
            self.idle.eq(cutter.idle & ~shown),
        ]
        m.d.sync += shown.eq(takes | (shown & ~moves))
        with m.If(takes):
            m.d.sync += [raw.eq(cut.raw), last.eq(cut.last), plain.eq(cut.symbol)]
        code = self.code.payload
        with m.If(moves):
            m.d.sync += [
                self.code.valid.eq(shown),
                code.bits.eq(
                    Mux(
                        raw,
                        Cat(Const(0, PUSH_BITS - 8), plain),
                        Cat(Const(0, PUSH_BITS - len(entry.bits)), entry.bits),
                    )
                ),
                code.length.eq(Mux(raw, 8, entry.length + 1)),
                code.last.eq(last),
            ]
        return m
