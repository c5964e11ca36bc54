"""The store of symbols where one code a cycle is pushed: the compact encoder's."""

from amaranth.hdl import Module, Mux, Signal, Value

from fmcodec.ebpc import Params
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.ebpc.plane_code import extend_run, is_run, length_bits, lengths, match
from fmcodec_hw.ebpc.plane_coder import PlaneCoder
from fmcodec_hw.ebpc.symbol_store import SymbolStore

__all__ = ["SymbolQueue"]


class SymbolQueue(SymbolStore):
    """Two symbols: the last one, in which a plane run grows, and the one before it.

    A cycle pushes one code, a block of n steps has up to n+2. A run makes no code until it ends,
    which gives the time back: the older symbol waits until then, or for a cycle without a word. A
    block without such a pause takes a cycle more for its base, and one for a sign plane that no
    run takes along. The plane coder codes that sign plane in a cycle of its own.
    """

    def __init__(self, params: Params):
        self.push_bits = max(params.max_symbol_bits, params.word_bits)
        # behind the port_bits - 1 bits that are no beat yet a push must fit
        port_bits = params.port_words * params.word_bits
        self.queue_bits = port_bits - 1 + self.push_bits
        self.least_room = self.push_bits
        super().__init__(params)

    def fits(self, packer: BitPacker) -> Value:
        """Whether `packer` has room for any code; nothing moves without it."""
        return packer.room(self.push_bits)

    def _code(self, m: Module, code_sign: Value) -> PlaneCoder:
        """The coder, which the sign plane takes its turn at."""
        m.submodules.plane_coder = coder = PlaneCoder(self._params)
        m.d.comb += [
            coder.dbx.eq(Mux(code_sign, self.sign_dbx, self.dbx)),
            coder.dbp_zero.eq(Mux(code_sign, self.sign_zero, self.zero)),
        ]
        return coder

    def elaborate(self, platform):
        # `last` gets every symbol; the one that it had goes to the packer, or to `older` where
        # that or a base is before it. The base stands between the two: the symbols of the block
        # before are pushed, then the base, then the block's own
        params = self._params
        m = Module()
        last = Signal(params.max_symbol_bits, reset_less=True)
        older = Signal(params.max_symbol_bits, reset_less=True)
        waits, base_waits = Signal(), Signal()  # `older` is a symbol; a base is to be pushed
        code_sign, signed = Signal(), Signal()  # the sign plane is at the coder; has been
        moves, takes_sign, enters, grows, leaves = (
            Signal(name=name) for name in ("moves", "takes_sign", "enters", "grows", "leaves")
        )
        coder = self._code(m, code_sign)
        takes_along = is_run(params, last) & ~self.sign_dbx.any() & ~signed
        m.d.comb += [
            # not while both wait: there is no third place
            moves.eq(self.room & ~(waits & base_waits)),
            code_sign.eq(self.turning & self.full & ~signed & ~takes_along),
            self.ready.eq(moves & ~code_sign),
            takes_sign.eq(moves & code_sign),
            enters.eq((self.step & self.coded) | takes_sign),
            grows.eq(is_run(params, last) & self.repeats),
            leaves.eq(enters & ~grows & self.full),
            self.idle.eq(~waits),
        ]

        longer = extend_run(params, last)
        leaving = Mux(self.turning & takes_along, longer, last)
        with m.If(enters):
            m.d.sync += last.eq(Mux(grows, longer, coder.symbol))
        with m.If(self.room):
            m.d.sync += [
                older.eq(leaving),
                waits.eq(leaves & (waits | base_waits)),
            ]
        with m.If(self.step & self.turning):
            m.d.sync += [signed.eq(0), base_waits.eq(self.opens)]
        with m.Else():
            with m.If(takes_sign):
                m.d.sync += signed.eq(1)
            with m.If(self.room & ~waits):
                m.d.sync += base_waits.eq(0)

        symbol = Signal(params.max_symbol_bits)
        pushes_base = Signal()
        symbol_lengths = lengths(params, match(m, params, symbol, "symbol"))
        m.d.comb += [
            symbol.eq(Mux(waits, older, leaving)),
            pushes_base.eq(~waits & base_waits),
            self.data.eq(Mux(pushes_base, self._top(self.base), self._top(symbol))),
            self.length.eq(Mux(pushes_base, params.word_bits, length_bits(symbol_lengths))),
            self.push.eq(self.room & (waits | base_waits | leaves)),
        ]
        return m
