"""Symbols of a payload under Rice codes, or of a raw one."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring

from fmcodec.fmtc.reference import START_K
from fmcodec_hw.fmtc.symbol_reader import SYMBOL_BITS, reader_members
from fmcodec_hw.logic import gate, select
from fmcodec_hw.rice_code.adaptation import MAX_RUN_BITS, Adaptation
from fmcodec_hw.rice_code.code_reader import CodeReader

__all__ = ["RiceReader"]


class RiceReader(wiring.Component):
    """Read a coefficient per cycle (doc/format.md, "FMTC codes").

    Parameters:
        tables: most groups of a context.

    Members:
        See `reader_members`.
    """

    LATENCY = 1

    def __init__(self, tables: int):
        self._tables = tables
        super().__init__(reader_members(tables, "rice"))

    def elaborate(self, platform):
        # What a code says and what the group learns of it are one cycle; what number that is, is
        # made in the next, out of the loop
        m = Module()
        m.submodules.state = state = Adaptation(
            SYMBOL_BITS, start=START_K, groups=self._tables, raw=False, saturates=True
        )
        m.submodules.code = code = CodeReader(SYMBOL_BITS)
        run = Signal(range(2**MAX_RUN_BITS + 1))
        direct, running, reads = Signal(), Signal(), Signal()
        ones = Cat(
            Cat(here for i, here in enumerate(code.ones) if i >> bit & 1).any() for bit in range(3)
        )
        coded = select(
            (code.ones.any(), code.base + ones),
            *((code.chosen[i], code.lengths[i]) for i in range(len(code.chosen))),
        )
        m.d.comb += [
            running.eq(run.any()),
            reads.eq(self.step & ~running & ~self.raw),
            self.length.eq(gate(~running, Mux(self.raw, SYMBOL_BITS, coded))),
            code.head.eq(self.head),
            code.direct.eq(direct),
            code.k.eq(state.k),
            code.raw.eq(state.raw),
            code.slot.eq(state.slot),
            code.run_bits.eq(state.run_bits),
            state.value.eq(reads & ~code.zero),
            state.grade.eq(code.grade),
            state.zero.eq(reads & code.zero),
            state.full.eq(code.full),
            state.clear.eq(self.clear),
            self.unfinished.eq(direct),
        ]
        if self._tables > 1:
            m.d.comb += state.group.eq(self.group)
        with m.If(reads):
            m.d.sync += run.eq(gate(code.zero, code.count))
            m.d.sync += direct.eq(code.zero & ~code.full)
        with m.If(self.step & running):
            m.d.sync += run.eq(run - 1)
        with m.If(self.clear):
            m.d.sync += [run.eq(0), direct.eq(0)]

        # The second step
        read = Signal(SYMBOL_BITS, reset_less=True)
        zero = Signal(reset_less=True)
        with m.If(self.step):
            m.d.sync += read.eq(Mux(self.raw, self.head[-SYMBOL_BITS:], code.folded))
            m.d.sync += zero.eq(~self.raw & (running | code.zero))
        odd, magnitude = read[0], read[1:]
        # -(e + 1) / 2 and e / 2 + 1
        unfolded = Signal(SYMBOL_BITS)
        m.d.comb += [
            unfolded.eq(Mux(odd, Cat(~magnitude, 1), magnitude + 1)),
            self.level.eq(Mux(self.raw, read - self.zero_point, gate(~zero, unfolded).as_signed())),
            self.bad.eq(Mux(self.raw, read > self.q_max, ~zero & (read == 254))),
        ]
        return m
