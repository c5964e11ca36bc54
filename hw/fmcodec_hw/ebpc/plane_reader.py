"""Symbols of a BPC stream to bit planes, one plane a step."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params

__all__ = ["PlaneReader"]


def _field(bits, start: int, count: int):
    """`count` bits from `start` on; the first bit of a stream is the most significant."""
    return bits[len(bits) - start - count : len(bits) - start]


class _Prefix:
    """The case of a symbol, one-hot, from its first bits, and what its length is in each."""

    def __init__(self, params: Params, m: Module, bits, name: str):
        b = [bits[len(bits) - 1 - i] for i in range(5)]
        names = ("raw", "zero", "run", "ones", "flat")
        self.raw, self.zero, self.run, self.ones, self.flat = (
            Signal(name=f"{name}_{case}") for case in names
        )
        self.bit4 = b[4]
        m.d.comb += [
            self.raw.eq(b[0]),
            self.zero.eq(~b[0] & b[1]),
            self.run.eq(~b[0] & ~b[1] & b[2]),
            self.ones.eq(~b[0] & ~b[1] & ~b[2] & b[3]),
            self.flat.eq(~b[0] & ~b[1] & ~b[2] & ~b[3]),
        ]
        self.lengths = [
            (self.raw, params.block_words),
            (self.zero, 2),
            (self.run, 3 + params.run_bits),
            (self.ones, 5 + params.position_bits),
            (self.flat, 5),
        ]


def _select(choices):
    """OR of the values whose condition holds."""
    value = 0
    for condition, choice in choices:
        value = value | Mux(condition, choice, 0)
    return value


class PlaneReader(wiring.Component):
    """Read a block a plane a step; two of its m steps take two symbols.

    The first step takes {base, plane 0}, the last one {plane m-1, sign plane}: of the sign plane
    only the length matters, for words are added modulo 2^m. A run of zero planes is taken out of
    the window with its first plane.

    A `compact` reader takes one code a cycle: a sign plane's symbol and a base in cycles of their
    own, in which no step is made, or a base with the last step of a block that a run covers.

    Members:
        head: the window's next bits. length: how many of them this step takes.
        first, last: the step is a block's first, last.
        step: take the plane, at the end of the cycle.
        before: the plane before this one, lane i in bit i; any value with `first`.
        plane: this step's plane.
        base: the block's first word, after its first step.
        running: the plane belongs to a run that has been taken.
        damaged: what this step takes cannot be.
        clear: forget the packet.
        takes_sign, takes_base: (compact) this cycle takes a sign plane's symbol, a base.
        covers_sign: (compact) with `last`: the run goes on over the sign plane.
    """

    def __init__(self, params: Params, *, compact: bool = False):
        self._params, self._compact = params, compact
        self.symbol_bits = params.max_symbol_bits
        self.step_bits = max(params.word_bits, self.symbol_bits)
        if not compact:
            self.step_bits += self.symbol_bits
        super().__init__(
            {
                "head": In(self.step_bits),
                "length": Out(range(self.step_bits + 1)),
                "first": In(1),
                "last": In(1),
                "step": In(1),
                "before": In(params.plane_bits),
                "plane": Out(params.plane_bits),
                "base": Out(params.word_bits),
                "running": Out(1),
                "damaged": Out(1),
                "clear": In(1),
                "takes_sign": In(1),
                "takes_base": In(1),
                "covers_sign": Out(1),
            }
        )

    def elaborate(self, platform):
        params = self._params
        m = Module()
        lanes, word_bits = params.plane_bits, params.word_bits
        # planes of a run that are still to come, less one; none when not `running`
        zeros = Signal(params.run_bits, reset_less=True)
        running = self.running

        symbol = Signal(self.symbol_bits)
        m.d.comb += symbol.eq(_field(self.head, 0, self.symbol_bits))
        if not self._compact:
            with m.If(self.first):
                m.d.comb += symbol.eq(_field(self.head, word_bits, self.symbol_bits))
        case = _Prefix(params, m, symbol, "plane")

        # The run's rest: what follows this plane
        run_field = _field(symbol, 3, params.run_bits)
        runs_on = Signal()
        m.d.comb += runs_on.eq(Mux(running, zeros != 0, case.run))
        m.d.comb += self.covers_sign.eq(runs_on)
        lengths = [(~running & taken, length) for taken, length in case.lengths]

        # The plane: dbx by case, then xor with the plane before
        position = _field(symbol, 5, params.position_bits)
        single = Cat(case.ones & (position == i) for i in range(lanes))
        double = (single << 1)[:lanes] & (~case.bit4).replicate(lanes)
        coded = (~running).replicate(lanes)
        dbx = (
            (_field(symbol, 1, lanes)[::-1] & case.raw.replicate(lanes))
            | (case.flat & ~case.bit4).replicate(lanes)
            | single
            | double
        )
        fresh = self.first | (case.flat & case.bit4 & ~running)
        m.d.comb += self.plane.eq((self.before & (~fresh).replicate(lanes)) ^ (dbx & coded))
        base = Signal(word_bits, reset_less=True)
        m.d.comb += self.base.eq(base)
        # not compact: whether the step is taken or not; the last time counts
        with m.If(self.takes_base if self._compact else self.first):
            m.d.sync += base.eq(_field(self.head, 0, word_bits))
        with m.If(self.step):
            m.d.sync += [
                running.eq(runs_on & ~self.last),
                zeros.eq(Mux(running, zeros - 1, run_field)),
            ]
        with m.If(self.clear):
            m.d.sync += running.eq(0)

        past_sign = self.last & runs_on & (Mux(running, zeros - 1, run_field) != 0)
        misplaced = ~running & self._misplaced(case, symbol)
        if self._compact:
            m.d.comb += [
                self.length.eq(Mux(self.takes_base, word_bits, _select(lengths))),
                self.damaged.eq(
                    (misplaced & ~self.takes_base) | past_sign | (self.takes_sign & case.run)
                ),
            ]
            return m

        # The sign plane's symbol: behind plane m-1's, unless that one's run covers it
        ahead = [choice for i, choice in enumerate(lengths) if case.lengths[i][0] is not case.run]
        tail_bits = 5 + params.position_bits
        sign_symbol = Signal(tail_bits)
        m.d.comb += sign_symbol.eq(
            _select(
                (taken, _field(self.head, length, tail_bits))
                for taken, length in [*ahead, (running, 0)]
            )
        )
        sign = _Prefix(params, m, sign_symbol, "sign")
        has_sign = Signal()
        m.d.comb += has_sign.eq(self.last & ~runs_on)
        m.d.comb += self.length.eq(
            Mux(self.first, word_bits, 0)
            + _select(lengths)
            + _select((has_sign & taken, length) for taken, length in sign.lengths)
        )
        m.d.comb += self.damaged.eq(
            misplaced | past_sign | (has_sign & (sign.run | self._misplaced(sign, sign_symbol)))
        )
        return m

    def _misplaced(self, case: _Prefix, symbol):
        # a single one needs a lane at its position, a pair also one behind it
        position = _field(symbol, 5, self._params.position_bits)
        return case.ones & (position + ~case.bit4 >= self._params.plane_bits)
