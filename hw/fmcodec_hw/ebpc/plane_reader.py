"""Symbols of a BPC stream to bit planes, one plane a step."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from fmcodec.ebpc import Params

__all__ = ["PlaneReader"]


def _first_bits(bits, start, count):
    """`count` bits from `start` on; the first bit of a stream is the most significant."""
    return bits[len(bits) - start - count : len(bits) - start]


class _Prefix:
    """The one-hot case of a symbol, from its first bits."""

    def __init__(self, params: Params, m: Module, bits, name: str):
        b = [bits[len(bits) - 1 - i] for i in range(5)]
        self.raw, self.zero, self.run = (Signal(name=f"{name}_{x}") for x in ("raw", "zero", "run"))
        self.flat, self.ones = Signal(name=f"{name}_flat"), Signal(name=f"{name}_ones")
        self.two, self.pos_bits = b[4], params.position_bits
        m.d.comb += [
            self.raw.eq(b[0]),
            self.zero.eq(~b[0] & b[1]),
            self.run.eq(~b[0] & ~b[1] & b[2]),
            self.ones.eq(~b[0] & ~b[1] & ~b[2] & b[3]),
            self.flat.eq(~b[0] & ~b[1] & ~b[2] & ~b[3]),
        ]
        self.lengths = {}
        for case, length in (
            (self.raw, params.block_words),
            (self.zero, 2),
            (self.run, 3 + params.run_bits),
            (self.ones, 5 + params.position_bits),
            (self.flat, 5),
        ):
            self.lengths[length] = self.lengths.get(length, 0) | case


class PlaneReader(wiring.Component):
    """Read a block a plane a step; two of its m steps take two symbols.

    The first step takes {base, plane 0}, the last one {plane m-1, sign plane}: of the sign plane
    only the length matters, for words are added modulo 2^m. A run of zero planes is taken out of
    the window with its first plane.

    Members:
        head, enough, more, seen: of the bit window.
        length, step: to the bit window.
        halt: take no step. hold_base: no step may load the base.
        base: the block's first word, from its first step on.
        plane, valid, take: the plane, lane i in bit i; a step happens when it is taken or not valid.
        dry: no plane is there and none will come.
        busy: a block has been begun that is not wholly taken.
        damaged: this step's symbols cannot be (meaningful with `step`).
        clear: forget the packet.
    """

    def __init__(self, params: Params):
        self._params = params
        self.step_bits = max(params.word_bits, params.max_symbol_bits) + params.max_symbol_bits
        super().__init__(
            {
                "head": In(self.step_bits),
                "enough": In(1),
                "more": In(1),
                "seen": In(1),
                "length": Out(range(self.step_bits + 1)),
                "step": Out(1),
                "halt": In(1),
                "hold_base": In(1),
                "base": Out(params.word_bits),
                "plane": Out(params.plane_bits),
                "valid": Out(1),
                "take": In(1),
                "dry": Out(1),
                "busy": Out(1),
                "damaged": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        params = self._params
        m = Module()
        width, lanes = params.max_symbol_bits, params.plane_bits
        index = Signal(range(params.word_bits))
        zeros = Signal(range(params.word_bits + 1))  # planes of a run that are still to come
        first, last, running = Signal(), Signal(), Signal()
        m.d.comb += [
            first.eq(index == 0),
            last.eq(index == params.word_bits - 1),
            running.eq(zeros != 0),
        ]

        symbol = Signal(width)
        m.d.comb += symbol.eq(
            Mux(
                first,
                _first_bits(self.head, params.word_bits, width),
                _first_bits(self.head, 0, width),
            )
        )
        case = _Prefix(params, m, symbol, "plane")

        # The run's rest: what follows this plane
        run_field = _first_bits(symbol, 3, params.run_bits)
        zeros_after = Signal(range(2**params.run_bits + 1))
        m.d.comb += zeros_after.eq(Mux(running, zeros - 1, Mux(case.run, run_field + 1, 0)))

        # Lengths: of this plane's symbol, and of the sign plane's behind it
        sign_covered = Signal()
        m.d.comb += sign_covered.eq(zeros_after != 0)
        tail_bits = 5 + params.position_bits
        tail = 0
        plane_length = 0
        at = {0: running}
        for length, taken in case.lengths.items():
            at[length] = at.get(length, 0) | (taken & ~running)
        for length, taken in at.items():
            tail = tail | Mux(taken, _first_bits(self.head, length, tail_bits), 0)
            plane_length = plane_length | Mux(taken, length, 0)
        sign_symbol = Signal(tail_bits)
        m.d.comb += sign_symbol.eq(tail)
        sign = _Prefix(params, m, sign_symbol, "sign")
        sign_length = 0
        for length, taken in sign.lengths.items():
            sign_length = sign_length | Mux(taken & last & ~sign_covered, length, 0)
        m.d.comb += self.length.eq(Mux(first, params.word_bits, 0) + plane_length + sign_length)

        # A new block needs a word after the one that it begins in: none is shorter
        m.d.comb += [
            self.step.eq(
                self.enough
                & (~first | (self.more & ~self.hold_base))
                & (~self.valid | self.take)
                & ~self.halt
            ),
            self.dry.eq(first & self.seen & ~self.more & ~self.valid),
            self.busy.eq(~first | self.valid),
        ]

        # The plane: dbx by case, then xor with the plane before
        position = _first_bits(symbol, 5, params.position_bits)
        single = [case.ones & (position == i) & ~running for i in range(lanes)]
        dbx = Signal(lanes)
        coded = Signal()
        m.d.comb += coded.eq(~running)
        for i in range(lanes):
            neighbour = single[i - 1] & ~case.two if i else 0
            m.d.comb += dbx[i].eq(
                (case.raw & coded & _first_bits(symbol, 1 + i, 1))
                | (case.flat & coded & ~case.two)
                | single[i]
                | neighbour
            )
        plane = Signal(lanes, reset_less=True)
        base = Signal(params.word_bits, reset_less=True)
        m.d.comb += [self.plane.eq(plane), self.base.eq(base)]
        before = plane & (~(first | (case.flat & coded & case.two))).replicate(lanes)
        with m.If(self.step):
            m.d.sync += [
                plane.eq(before ^ dbx),
                zeros.eq(Mux(last, 0, zeros_after)),
                index.eq(Mux(last, 0, index + 1)),
            ]
            with m.If(first):
                m.d.sync += base.eq(_first_bits(self.head, 0, params.word_bits))
        m.d.sync += self.valid.eq(self.step | (self.valid & ~self.take))
        with m.If(self.clear):
            m.d.sync += [self.valid.eq(0), index.eq(0), zeros.eq(0)]

        bad_plane = case.ones & coded & (position + ~case.two >= lanes)
        sign_position = _first_bits(sign_symbol, 5, params.position_bits)
        bad_sign = ~sign_covered & (sign.run | (sign.ones & (sign_position + ~sign.two >= lanes)))
        m.d.comb += self.damaged.eq(
            self.step & (bad_plane | (last & ((zeros_after > 1) | bad_sign)))
        )
        return m
