"""Symbols of a BPC stream to bit planes, one plane a step."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.block_gap import BlockGap
from fmcodec_hw.ebpc.plane_code import field, length_code, lengths, match, symbol_lengths
from fmcodec_hw.logic import gate, select

__all__ = ["CompactPlaneReader", "PairPlaneReader", "PlaneReader"]


@dataclass
class _Symbol:
    """The symbol of a step's plane.

    Attributes:
        case: which code stands for it, one-hot; none says so while a run goes on.
        runs_on: the plane is one of a run, and not its last.
        misplaced: it has a one where no lane is.
        past_sign: it is a run past the sign plane.
    """

    case: dict[str, Value]
    runs_on: Value
    misplaced: Value
    past_sign: Value


class PlaneReader(wiring.Component):
    """Read the codes of blocks: base, m planes, sign plane; a plane a step.

    Of the sign plane only the length matters, for words are added modulo 2^m. A plane run is taken
    out of the window with its first plane.

    Attributes:
        symbol_bits: bits of the longest symbol.
        step_bits: the most bits that are taken in a cycle.
        lengths: bits that a code can have.

    Members:
        head: the window's next bits.
        code, second, two, skip: what of them is taken, as in `BitWindow`.
        takes: it is, at the end of the cycle.
        shows_symbol: the window shows as much as a symbol can be long, or there is no more.
        shows_most: it shows `step_bits`, or there is no more.
        ended: what is left in the window is no block.
        first: the step is a block's first.
        last_plane: it is that of plane m-1.
        ends: it is the block's last.
        reads: it takes a plane.
        step: it is made, at the end of the cycle.
        there: all that a step that reads has to take is there.
        waits: a code has to be taken before the step.
        before: the plane before this one, lane i in bit i; any value with `first`.
        plane: this step's plane.
        base: the block's first word, after its first step.
        needs_sign: a sign plane's symbol is still to be taken.
        needs_base: so is the next block's base.
        damaged: what is taken or passed in this cycle cannot be.
        clear: forget the packet.
    """

    symbol_bits: int
    step_bits: int
    lengths: list[int]

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "head": In(self.step_bits),
                "code": Out(range(len(self.lengths))),
                "second": Out(range(len(self.lengths))),
                "two": Out(1),
                "skip": Out(1),
                "takes": Out(1),
                "shows_symbol": In(1),
                "shows_most": In(1),
                "ended": In(1),
                "first": In(1),
                "last_plane": In(1),
                "ends": In(1),
                "reads": In(1),
                "step": In(1),
                "there": Out(1),
                "waits": Out(1),
                "before": In(params.plane_bits),
                "plane": Out(params.plane_bits),
                "base": Out(params.word_bits),
                "needs_sign": Out(1),
                "needs_base": Out(1),
                "damaged": Out(1),
                "clear": In(1),
            }
        )

    def _read_plane(self, m: Module, bits: Value, running: Signal) -> _Symbol:
        """`plane` from the symbol in `bits`, or of the run that goes on; the run's count."""
        params = self._params
        case = match(m, params, bits, "plane")
        # planes of a run that are still to come, less one; none when not `running`
        zeros = Signal(params.run_bits, reset_less=True)
        runs_on = Signal()
        left = Mux(running, zeros - 1, field(bits, 3, params.run_bits))
        m.d.comb += runs_on.eq(Mux(running, zeros != 0, case["run"]))
        with m.If(self.step & self.reads):
            m.d.sync += [running.eq(runs_on & ~self.last_plane), zeros.eq(left)]
        with m.If(self.clear):
            m.d.sync += running.eq(0)

        # dbx by case, then xor with the plane before; a zero plane hides that one instead
        lanes = params.plane_bits
        position = field(bits, 5, params.position_bits)
        single = Cat((case["single"] | case["pair"]) & (position == i) for i in range(lanes))
        dbx = (
            gate(case["raw"], field(bits, 1, lanes)[::-1])
            | case["all_ones"].replicate(lanes)
            | single
            | gate(case["pair"], (single << 1)[:lanes])
        )
        fresh = self.first | (case["zero_plane"] & ~running)
        m.d.comb += self.plane.eq(gate(~fresh, self.before) ^ gate(~running, dbx))

        misplaced = ~running & self._misplaced(case, bits)
        past_sign = self.last_plane & runs_on & (left != 0)
        return _Symbol(case, runs_on, misplaced, past_sign)

    def _misplaced(self, case: dict[str, Value], symbol: Value) -> Value:
        """A single one needs a lane at its position, a pair also one behind it."""
        position = field(symbol, 5, self._params.position_bits)
        beyond = position + case["pair"] >= self._params.plane_bits
        return (case["single"] | case["pair"]) & beyond


class PairPlaneReader(PlaneReader):
    """Two of a block's m steps take two codes: the first one {base, plane 0}, the last one
    {plane m-1, sign plane}."""

    def __init__(self, params: Params):
        self.symbol_bits = params.max_symbol_bits
        self.step_bits = max(params.word_bits, self.symbol_bits) + self.symbol_bits
        self.lengths = symbol_lengths(params)
        super().__init__(params)

    def elaborate(self, platform):
        # Plane 0's symbol always lies word_bits further on. That of the sign plane is behind plane
        # m-1's: how long it would be is found at all of its places at once, and plane m-1's length
        # chooses among them
        params = self._params
        m = Module()
        word_bits = params.word_bits
        running = Signal()
        base = Signal(word_bits, reset_less=True)
        bits = Signal(self.symbol_bits)
        m.d.comb += [
            bits.eq(
                Mux(
                    self.first,
                    field(self.head, word_bits, self.symbol_bits),
                    field(self.head, 0, self.symbol_bits),
                )
            ),
            self.base.eq(base),
        ]
        symbol = self._read_plane(m, bits, running)
        # whether the step is made or not; the last time counts
        with m.If(self.first):
            m.d.sync += base.eq(field(self.head, 0, word_bits))

        # a sign plane behind plane m-1's symbol, unless that is a run, or at the head behind one
        at_head = match(m, params, field(self.head, 0, self.symbol_bits), "head")
        is_run = at_head.pop("run")
        places = lengths(params, at_head)
        has_sign = Signal()
        m.d.comb += [
            has_sign.eq(self.last_plane & ~symbol.runs_on),
            self.code.eq(length_code(params, bits, self.lengths)),
            self.second.eq(
                select(
                    *(
                        (there, length_code(params, field(self.head, at, 5), self.lengths))
                        for at, there in places.items()
                    )
                )
            ),
            self.two.eq(self.last_plane & ~running & ~is_run),
            self.skip.eq(self.first),
            self.takes.eq(self.step & self.reads & (~running | has_sign)),
            self.there.eq(
                Mux(self.first | self.last_plane, self.shows_most, self.shows_symbol)
                | (running & ~self.last_plane)
            ),
            self.needs_base.eq(1),  # with plane 0
        ]
        sign_bits = Signal(5 + params.position_bits)
        behind = select(
            *(
                (there, field(self.head, at, len(sign_bits)))
                for at, there in lengths(params, symbol.case).items()
            )
        )
        m.d.comb += sign_bits.eq(Mux(running, field(self.head, 0, len(sign_bits)), behind))
        sign = match(m, params, sign_bits, "sign")
        bad_sign = has_sign & (sign["run"] | self._misplaced(sign, sign_bits))
        wrong = symbol.misplaced | symbol.past_sign | bad_sign
        m.d.comb += self.damaged.eq(self.step & self.reads & wrong)
        return m


class CompactPlaneReader(PlaneReader):
    """One code a cycle: the sign plane's symbol and the base are taken in cycles of their own, in
    which no step is made, or a base with the last step of a block that a run covers (`BlockGap`).
    """

    def __init__(self, params: Params):
        self.symbol_bits = params.max_symbol_bits
        self.step_bits = max(params.word_bits, self.symbol_bits)
        self.lengths = sorted({params.word_bits, *symbol_lengths(params)})
        super().__init__(params)

    def elaborate(self, platform):
        # The same reader of symbols for planes and sign planes, and the gap between two blocks
        # that says when it is given the one, the other, or a base
        params = self._params
        m = Module()
        word_bits = params.word_bits
        running = Signal()
        reads = self.step & self.reads
        m.submodules.gap = gap = BlockGap(params)
        symbol = self._read_plane(m, field(self.head, 0, self.symbol_bits), running)
        base = Signal(word_bits, reset_less=True)
        m.d.comb += [
            gap.step.eq(self.step),
            gap.first.eq(self.first),
            gap.last_plane.eq(self.last_plane),
            gap.ends.eq(self.ends),
            gap.reads.eq(self.reads),
            gap.covers_sign.eq(symbol.runs_on),
            gap.running.eq(running),
            gap.shows.eq(self.shows_most),
            gap.ended.eq(self.ended),
            gap.clear.eq(self.clear),
            self.needs_sign.eq(gap.needs_sign),
            self.needs_base.eq(gap.needs_base),
            self.waits.eq(gap.waits),
            self.there.eq(self.shows_symbol | running),
            self.base.eq(base),
            self.code.eq(
                Mux(
                    gap.takes_base,
                    self.lengths.index(word_bits),
                    length_code(params, self.head, self.lengths),
                )
            ),
            self.takes.eq((reads & ~running) | gap.takes_sign | gap.takes_base),
            self.damaged.eq(
                ((reads | gap.takes_sign) & symbol.misplaced)
                | (reads & symbol.past_sign)
                | (gap.takes_sign & symbol.case["run"])
            ),
        ]
        with m.If(gap.takes_base):
            m.d.sync += base.eq(field(self.head, 0, word_bits))
        return m
