"""The symbol between the plane coder and the packer: runs grow in it, two steps push two codes."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.plane_coder import (
    extend_run,
    is_run,
    merge_lengths,
    symbol_bits,
    symbol_lengths,
)

__all__ = ["SymbolRegister"]


class SymbolRegister(wiring.Component):
    """Hold a plane's symbol for one step, so that a run of zero planes can grow in place.

    A step pushes the symbol before its own. For a block of n steps has n+2 codes, two steps push a
    second one behind it, that of the *edge* coder: the `turning` step {symbol, sign plane}, the
    one after it {base, plane 0}. The symbol of plane 0 never gets into the register: a run that
    begins with it is taken up by plane 1's.

    Members:
        step: a plane's symbol comes, coded: there is one (n > m: not in every step).
        turning, second: it is plane 0 of a block, whose symbol is not looked at; plane 1.
        symbol, zero: the plane's symbol; its dbx is zero.
        edge_symbol, edge_zero: the same of the previous block's sign plane, with `turning`, and
            of plane 0, with `second`.
        base: the block's first word, with `second`.
        full: planes leave, of a block held. Until then nothing is pushed.
        data, length, push: bits for the packer, first bit first.
    """

    def __init__(self, params: Params):
        self._params = params
        symbol_max, m = params.max_symbol_bits, params.word_bits
        self.turn_bits, self.base_bits, self.single_bits = (
            2 * symbol_max,
            m + symbol_max,
            symbol_max,
        )
        self.push_bits = max(self.turn_bits, self.base_bits)
        super().__init__(
            {
                "step": In(1),
                "coded": In(1),
                "turning": In(1),
                "full": In(1),
                "second": In(1),
                "symbol": In(symbol_max),
                "zero": In(1),
                "edge_symbol": In(symbol_max),
                "edge_zero": In(1),
                "base": In(m),
                "data": Out(self.push_bits),
                "length": Out(range(self.push_bits + 1)),
                "push": Out(1),
            }
        )

    def _top(self, value: Value) -> Value:
        """`value` as the first of the pushed bits."""
        return Cat(Const(0, self.push_bits - len(value)), value)

    def elaborate(self, platform):
        params = self._params
        mod = Module()
        symbol = Signal(params.max_symbol_bits, reset_less=True)
        turning, second = self.turning, self.second
        running = is_run(symbol)
        grows = Signal()
        mod.d.comb += grows.eq(
            self.coded
            & Mux(
                turning,
                running & self.edge_zero,
                self.zero & Mux(second, self.edge_zero, running),
            )
        )
        longer = Mux(second, extend_run(params, None), extend_run(params, symbol))
        with mod.If(self.step & self.coded):
            mod.d.sync += symbol.eq(Mux(grows, longer, self.symbol))

        # What comes first, and its length as one condition each
        grown = turning & grows
        first = Mux(second, self._top(self.base), self._top(Mux(grown, longer, symbol)))
        kept = ~second & ~grown
        lengths = merge_lengths(
            (params.word_bits, second),
            (3 + params.run_bits, grown),
            *((bits, case & kept) for bits, case in symbol_lengths(params, symbol).items()),
        )
        # What follows, unless the run takes it up
        follows = (turning | second) & ~grows
        placed = (
            Mux(case & follows, self._top(self.edge_symbol) >> bits, 0)
            for bits, case in lengths.items()
        )
        edge_bits = symbol_bits(symbol_lengths(params, self.edge_symbol))
        mod.d.comb += [
            self.data.eq(reduce(or_, placed, first)),
            self.length.eq(symbol_bits(lengths) + Mux(follows, edge_bits, 0)),
            self.push.eq(self.step & self.coded & self.full & (turning | second | ~grows)),
        ]
        return mod
