"""The store of symbols where two steps of a block push two codes: the default encoder's."""

from functools import reduce
from operator import or_

from amaranth.hdl import Module, Mux, Signal, Value

from fmcodec.ebpc import Params
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.ebpc.plane_code import (
    codes,
    extend_run,
    is_run,
    length_bits,
    lengths,
    match,
    merge,
)
from fmcodec_hw.ebpc.plane_coder import PlaneCoder
from fmcodec_hw.ebpc.symbol_store import SymbolStore
from fmcodec_hw.logic import gate

__all__ = ["SymbolRegister"]


class SymbolRegister(SymbolStore):
    """Hold a plane's symbol for one step, so that a plane run can grow in place.

    A step pushes the symbol before its own. For a block of n steps has n+2 codes, two steps push a
    second one behind it, that of the *edge* coder: the `turning` step {symbol, sign plane}, the
    `second` one {base, plane 0}. The symbol of plane 0 never gets into the register: a run that
    begins with it is taken up by plane 1's.
    """

    def __init__(self, params: Params):
        word_bits, block_words = params.word_bits, params.block_words
        port_bits = params.port_words * word_bits
        self._symbol_bits = symbol_bits = params.max_symbol_bits
        self._turn_bits, self._base_bits = 2 * symbol_bits, word_bits + symbol_bits
        self.push_bits = max(self._turn_bits, self._base_bits)
        # The two steps that push two codes are neighbours, and one beat leaves between them:
        # port_bits - 1 + turn - port_bits + base <= queue. Where the port is wider than that, a
        # push must fit behind the port_bits - 1 bits that are no beat yet
        self.queue_bits = max(self._turn_bits + self._base_bits - 1, port_bits - 1 + self.push_bits)
        # n > m: planes come in m of the n steps, each may bring more than the port takes; that adds
        # up over the m - 2 steps of one symbol: queue >= .. + (m - 2)(symbol - port_bits)
        if block_words > word_bits:
            self.queue_bits += (word_bits - 2) * max(symbol_bits - port_bits, 0)
        # a port as wide as the heaviest push never leaves more than that behind
        self.least_room = symbol_bits if self.push_bits > port_bits else self.push_bits
        super().__init__(params)

    def fits(self, packer: BitPacker) -> Value:
        """Whether `packer` has room for the codes of the next step."""
        turn, base, single = (
            packer.room(bits) for bits in (self._turn_bits, self._base_bits, self._symbol_bits)
        )
        fits = Mux(self.turning, turn, Mux(self.second, base, single))
        # n > m: a step without a plane pushes nothing
        return fits | ~self.coded if self._params.block_words > self._params.word_bits else fits

    def _code(self, m: Module) -> tuple[PlaneCoder, PlaneCoder]:
        """The coder of the step's plane, and that of the second code."""
        m.submodules.plane_coder = coder = PlaneCoder(self._params)
        m.submodules.edge_coder = edge = PlaneCoder(self._params)
        m.d.comb += [
            coder.dbx.eq(self.dbx),
            coder.dbp_zero.eq(~self.dbp.any()),
            # with the turn the sign plane, after it plane 0, which is its own dbx
            edge.dbx.eq(self.before ^ gate(self.turning, self.sign)),
            edge.dbp_zero.eq(self.turning & ~self.sign.any()),
        ]
        return coder, edge

    def elaborate(self, platform):
        # The second code's place is behind the first one, whose length is one of a few: it is
        # shifted by each of these and gated by whether it is that one
        params = self._params
        m = Module()
        symbol = Signal(params.max_symbol_bits, reset_less=True)
        turning, second = self.turning, self.second
        running = is_run(params, symbol)
        coder, edge = self._code(m)
        grows = Signal()
        m.d.comb += grows.eq(
            self.coded
            & Mux(
                turning,
                running & edge.zero,
                coder.zero & Mux(second, edge.zero, running),
            )
        )
        longer = Mux(second, extend_run(params, None), extend_run(params, symbol))
        with m.If(self.step & self.coded):
            m.d.sync += symbol.eq(Mux(grows, longer, coder.symbol))

        # What comes first, and its length as one condition each
        grown = turning & grows
        first = Mux(second, self._top(self.base), self._top(Mux(grown, longer, symbol)))
        kept = ~second & ~grown
        symbol_lengths = lengths(params, match(m, params, symbol, "symbol"))
        first_lengths = merge(
            (params.word_bits, second),
            (codes(params)["run"].bits, grown),
            *((bits, case & kept) for bits, case in symbol_lengths.items()),
        )
        # What follows, unless the run takes it up
        follows = (turning | second) & ~grows
        placed = (
            gate(case & follows, self._top(edge.symbol) >> bits)
            for bits, case in first_lengths.items()
        )
        edge_bits = length_bits(lengths(params, match(m, params, edge.symbol, "edge")))
        m.d.comb += [
            self.ready.eq(self.room),
            self.idle.eq(1),
            self.data.eq(reduce(or_, placed, first)),
            self.length.eq(length_bits(first_lengths) + gate(follows, edge_bits)),
            self.push.eq(self.step & self.coded & self.full & (turning | second | ~grows)),
        ]
        return m
