"""Symbols in, codes of the Rice coder out."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc.reference import START_K
from fmcodec_hw.fmtc.symbols import PUSH_BITS, code_layout, level_layout, symbol
from fmcodec_hw.rice_code.adaptation import MAX_RUN_BITS, Adaptation
from fmcodec_hw.rice_code.code_writer import CodeWriter

__all__ = ["RiceCoder"]

_LEVEL_BITS = 8


class RiceCoder(wiring.Component):
    """Code the symbols of tiles (doc/format.md, "FMTC codes").

    Latency: a symbol is coded once the next one is there. Throughput: one symbol per cycle. Held: a
    symbol. After a tile everything is as at the start.

    Parameters:
        tables: most groups of a context.

    Members:
        symbol: the symbols. `symbol.ready` depends on `code.ready`.
        raw, zero_point: of the tile, until its last code has left.
        code: their codes.
        idle: nothing is held.
    """

    def __init__(self, tables: int):
        self._tables = tables
        super().__init__(
            {
                "symbol": In(stream.Signature(level_layout(tables))),
                "raw": In(1),
                "zero_point": In(8),
                "code": Out(stream.Signature(code_layout())),
                "idle": Out(1),
            }
        )

    def elaborate(self, platform):
        # A run of zeros is counted and coded with its last zero, which the symbol behind it tells;
        # it is of the group of its first zero. So the symbol that is held is coded while the next
        # one is there, or when it is the last
        m = Module()
        m.submodules.adaptation = state = Adaptation(
            _LEVEL_BITS, start=START_K, groups=self._tables, raw=False
        )
        m.submodules.writer = writer = CodeWriter(_LEVEL_BITS)
        layout = level_layout(self._tables)
        valid, held = Signal(), Signal(layout, reset_less=True)
        step, take, known = Signal(), Signal(), Signal()
        m.d.comb += [
            self.idle.eq(~valid),
            known.eq(valid & (self.symbol.valid | held.last)),
            step.eq(known & self.code.ready),
            self.symbol.ready.eq(self.code.ready & ~(valid & held.last)),
            take.eq(self.symbol.valid & self.symbol.ready),
        ]
        m.d.sync += valid.eq(take | (valid & ~step))
        with m.If(take):
            m.d.sync += [
                held.negative.eq(self.symbol.payload.negative),
                held.magnitude.eq(self.symbol.payload.magnitude),
                held.zero.eq(self.symbol.payload.zero),
                held.last.eq(self.symbol.payload.last),
            ]

        count, direct = Signal(range(2**MAX_RUN_BITS + 1)), Signal()
        is_run, full, ends = Signal(), Signal(), Signal()
        filled = Cat(count[i] & (state.run_bits == i) for i in range(MAX_RUN_BITS + 1)).any()
        m.d.comb += [
            is_run.eq(held.zero & ~self.raw),
            full.eq(filled | held.last),
            ends.eq(full | ~self.symbol.payload.zero),
        ]
        with m.If(take & ~(valid & is_run & ~ends)):
            m.d.sync += held.group.eq(self.symbol.payload.group)
        with m.If(step):
            m.d.sync += [
                direct.eq(is_run & ends & ~full),
                count.eq(Mux(is_run & ~ends, count + 1, 0)),
            ]

        # d > 0 is 2 d - 2, d < 0 is -2 d - 1: the sign goes to the end, what is left is |d| - 1
        folded = Signal(_LEVEL_BITS)
        m.d.comb += [
            folded.eq(Cat(held.negative, (held.magnitude - 1)[: _LEVEL_BITS - 1])),
            writer.folded.eq(folded),
            writer.whole.eq(folded),
            writer.zero.eq(held.zero),
            writer.direct.eq(direct),
            writer.count.eq(count),
            writer.full.eq(full),
            writer.k.eq(state.k),
            writer.slot.eq(state.slot),
            writer.run_bits.eq(state.run_bits),
            state.value.eq(step & ~is_run),
            state.grade.eq(writer.grade),
            state.zero.eq(step & is_run & ends),
            state.full.eq(full),
            state.clear.eq(step & held.last),
        ]
        if self._tables > 1:
            m.d.comb += state.group.eq(held.group)

        code, plain = self.code.payload, Cat(Const(0, PUSH_BITS - 8), symbol(held, self.zero_point))
        m.d.comb += [
            self.code.valid.eq(known & (~is_run | ends)),
            code.bits.eq(Mux(self.raw, plain, writer.code)),
            code.length.eq(Mux(self.raw, 8, writer.length)),
            code.last.eq(held.last),
        ]
        return m
