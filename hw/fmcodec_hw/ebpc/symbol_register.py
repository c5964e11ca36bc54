"""The symbol between the plane coder and the packer: runs grow in it, two steps push two codes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.plane_coder import extend_run, is_run, symbol_bits

__all__ = ["SymbolRegister"]


class SymbolRegister(wiring.Component):
    """Hold a plane's symbol for one step, so that a run of zero planes can grow in place.

    A step pushes the symbol before its own, and with it, for a block of n steps has n+2 codes,
    {symbol, sign plane} where plane 0 of the next block follows, {base, plane 0} in the step
    after that.

    Members:
        step: a plane's symbol comes, coded: there is one (n > m: not in every step).
        turning, second: it is plane 0 of a block, plane 1.
        symbol, zero: the plane's symbol; its dbx is zero.
        sign_symbol, sign_zero: the same of the previous block's sign plane, with `turning`.
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
                "sign_symbol": In(symbol_max),
                "sign_zero": In(1),
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
        longer = extend_run(params, symbol)
        grows, grows_sign = Signal(), Signal()
        mod.d.comb += [
            grows.eq(is_run(symbol) & self.zero & ~self.turning & self.coded),
            grows_sign.eq(is_run(symbol) & self.sign_zero & self.turning),
        ]
        with mod.If(self.step & self.coded):
            mod.d.sync += symbol.eq(Mux(grows, longer, self.symbol))

        # The zero plane that keeps a run here is known late. Behind a base that run is one, 01, so
        # that a single bit has to wait for it.
        late = self.second & grows
        sent = symbol & ~Cat(Const(0, len(symbol) - 2), late, Const(0, 1))
        previous = Mux(grows_sign, longer, symbol)
        upper = Mux(self.turning, self._top(previous), 0) | Mux(
            self.second, self._top(self.base), 0
        )
        lower = Mux(self.turning & ~grows_sign, self.sign_symbol, 0) | Mux(self.turning, 0, sent)
        upper_bits = Mux(
            self.turning, symbol_bits(params, previous), Mux(self.second, params.word_bits, 0)
        )
        lower_bits = Mux(
            self.turning,
            Mux(grows_sign, 0, symbol_bits(params, self.sign_symbol)),
            Mux(late, 0, symbol_bits(params, symbol)),
        )
        mod.d.comb += [
            self.data.eq(upper | (self._top(lower) >> upper_bits)),
            self.length.eq(upper_bits + lower_bits),
            self.push.eq(
                self.step & self.coded & self.full & (self.turning | self.second | ~grows)
            ),
        ]
        return mod
