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
    second one behind it: the `turning` step {symbol, sign plane}, the `second` one {base, symbol},
    the symbol of plane 0. The sign plane has a coder of its own.
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
        """The coder of the step's plane, and that of the sign plane."""
        m.submodules.plane_coder = coder = PlaneCoder(self._params)
        m.submodules.sign_coder = sign = PlaneCoder(self._params)
        m.d.comb += [
            coder.dbx.eq(self.dbx),
            coder.dbp_zero.eq(self.zero),
            sign.dbx.eq(self.sign_dbx),
            sign.dbp_zero.eq(self.sign_zero),
        ]
        return coder, sign

    def elaborate(self, platform):
        # All of a push is in registers when its cycle begins, but whether a run goes on: a plane
        # that repeats takes the run that it makes longer out of the push. The sign symbol's place
        # is behind a symbol whose length is one of a few: it is shifted by each of these and gated
        # by whether it is that one
        params = self._params
        m = Module()
        symbol = Signal(params.max_symbol_bits, reset_less=True)
        turning, second = self.turning, self.second
        running = is_run(params, symbol)
        coder, sign = self._code(m)
        grows, signs = Signal(), Signal()  # by the plane of this step; by the sign plane
        m.d.comb += [
            grows.eq(running & self.repeats & self.coded),
            signs.eq(running & sign.zero & turning),
        ]
        longer = extend_run(params, symbol)
        with m.If(self.step & self.coded):
            m.d.sync += symbol.eq(Mux(grows, longer, coder.symbol))

        # The symbol, and its length as one condition each
        pushed = Mux(signs, longer, symbol)
        symbol_lengths = lengths(params, match(m, params, symbol, "symbol"))
        pushed_lengths = merge(
            (codes(params)["run"].bits, signs),
            *((bits, case & ~signs) for bits, case in symbol_lengths.items()),
        )
        # A base before it or the sign plane's symbol behind it
        signed = turning & ~signs
        behind = (
            gate(case & signed, self._top(sign.symbol) >> bits)
            for bits, case in symbol_lengths.items()
        )
        sign_bits = length_bits(lengths(params, match(m, params, sign.symbol, "sign")))
        base = gate(
            second, self._top(self.base) | gate(~grows, self._top(symbol) >> params.word_bits)
        )
        only_base = second & grows
        m.d.comb += [
            self.ready.eq(self.room),
            self.idle.eq(1),
            self.data.eq(reduce(or_, behind, base | gate(~second, self._top(pushed)))),
            self.length.eq(
                gate(second, params.word_bits)
                + gate(~only_base, length_bits(pushed_lengths))
                + gate(signed, sign_bits)
            ),
            self.push.eq(self.step & self.coded & self.full & (second | ~grows)),
        ]
        return m
