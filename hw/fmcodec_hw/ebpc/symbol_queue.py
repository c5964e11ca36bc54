"""The symbols between the plane coder and the packer where one code a cycle is pushed."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.plane_coder import extend_run, is_run, symbol_bits, symbol_lengths

__all__ = ["SymbolQueue"]


class SymbolQueue(wiring.Component):
    """Two symbols: the last one, in which a run of zero planes grows, and the one before it.

    A cycle pushes one code, a block of n steps has up to n+2. A run makes no code until it ends,
    which gives the time back: the older symbol waits until then, or for a cycle without a word. A
    block without such a pause takes a cycle more for its base, and one for a sign plane that no
    run takes along. The plane coder codes that sign plane in a cycle of its own.

    Members:
        room: whether the packer takes a code; nothing moves without it.
        full: planes leave, of a block held. Until then no symbol is one.
        step, coded: a step is made; a plane's symbol comes with it. Only while `ready`.
        turning: the next step is the turn: plane 0 comes.
        opens: that plane 0 is one of a block.
        symbol, zero: the code of what the plane coder is given; its dbx is zero.
        sign_zero: the dbx of the sign plane is zero.
        base: the block's first word, from the turn until the next step.
        code_sign: the plane coder is to be given the sign plane.
        ready: a step can be made.
        idle: nothing waits but the last symbol.
        data, length, push: bits for the packer, first bit first.
    """

    def __init__(self, params: Params):
        self._params = params
        self.single_bits = symbol_max = params.max_symbol_bits
        self.push_bits = max(symbol_max, params.word_bits)
        super().__init__(
            {
                "room": In(1),
                "full": In(1),
                "step": In(1),
                "coded": In(1),
                "turning": In(1),
                "opens": In(1),
                "symbol": In(symbol_max),
                "zero": In(1),
                "sign_zero": In(1),
                "base": In(params.word_bits),
                "code_sign": Out(1),
                "ready": Out(1),
                "idle": Out(1),
                "data": Out(self.push_bits),
                "length": Out(range(self.push_bits + 1)),
                "push": Out(1),
            }
        )

    def elaborate(self, platform):
        params = self._params
        mod = Module()
        symbol_max = params.max_symbol_bits
        last = Signal(symbol_max, reset_less=True)
        older = Signal(symbol_max, reset_less=True)
        waits, base_waits, signed = Signal(), Signal(), Signal()
        moves, takes_sign, enters, grows, leaves = (
            Signal(name=name) for name in ("moves", "takes_sign", "enters", "grows", "leaves")
        )
        takes_along = is_run(last) & self.sign_zero & ~signed
        mod.d.comb += [
            # the base stands between the two symbols
            moves.eq(self.room & ~(waits & base_waits)),
            self.code_sign.eq(self.turning & self.full & ~signed & ~takes_along),
            self.ready.eq(moves & ~self.code_sign),
            takes_sign.eq(moves & self.code_sign),
            enters.eq((self.step & self.coded) | takes_sign),
            grows.eq(is_run(last) & self.zero & ~self.turning),
            leaves.eq(enters & ~grows & self.full),
            self.idle.eq(~waits),
        ]

        longer = extend_run(params, last)
        leaving = Mux(self.turning & takes_along, longer, last)
        with mod.If(enters):
            mod.d.sync += last.eq(Mux(grows, longer, self.symbol))
        with mod.If(self.room):
            mod.d.sync += [
                older.eq(leaving),
                waits.eq(leaves & (waits | base_waits)),
            ]
        with mod.If(self.step & self.turning):
            mod.d.sync += [signed.eq(0), base_waits.eq(self.opens)]
        with mod.Else():
            with mod.If(takes_sign):
                mod.d.sync += signed.eq(1)
            with mod.If(self.room & ~waits):
                mod.d.sync += base_waits.eq(0)

        symbol = Signal(symbol_max)
        pushes_base = Signal()
        top = Cat(Const(0, self.push_bits - symbol_max), symbol)
        base = Cat(Const(0, self.push_bits - params.word_bits), self.base)
        bits = symbol_bits(symbol_lengths(params, symbol))
        mod.d.comb += [
            symbol.eq(Mux(waits, older, leaving)),
            pushes_base.eq(~waits & base_waits),
            self.data.eq(Mux(pushes_base, base, top)),
            self.length.eq(Mux(pushes_base, params.word_bits, bits)),
            self.push.eq(self.room & (waits | base_waits | leaves)),
        ]
        return mod
