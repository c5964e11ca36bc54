"""In-place corner turn of the decoder: bit planes go in, deltas come out, held only once."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.cell_grid import CellGrid

__all__ = ["DeltaTurn"]


class DeltaTurn(wiring.Component):
    """Turn m planes of n-1 lanes into n-1 deltas of m bits while the next block's planes come in.

    The heart is a square of side s = min(m, n-1). For one block it shifts right: planes enter at
    the left as columns while the deltas of the block before leave at the right; for the next block
    it shifts down. What does not fit the square is held beside it: for m >= n the last m-s planes
    enter a store of their own, and its bits leave with the square's; for m < n the first n-1-s
    lanes of every plane do, and those deltas leave before the square's.

    Members:
        plane: lane i in bit i. before: the plane that entered last.
        cross: a plane enters the square while a delta leaves it.
        enter: a plane enters the store (m >= n). leave: a delta leaves the store (m < n).
        turn: with a block's last step: the other direction is next.
        show, base: what `delta` shows: nothing, the delta that leaves, or `base`.
        delta: 0 or the value shown.
    Holds m*(n-1) bits. Only the direction needs a reset, to be known.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "plane": In(params.plane_bits),
                "cross": In(1),
                "turn": In(1),
                "show": In(1),
                "show_base": In(1),
                "base": In(params.word_bits),
                "before": Out(params.plane_bits),
                "enter": In(1),
                "leave": In(1),
                "delta": Out(params.word_bits),
            }
        )

    def elaborate(self, platform):
        params = self._params
        m = Module()
        planes, lanes = params.word_bits, params.plane_bits
        side = min(planes, lanes)

        rightward = Signal()
        down, right = Signal(), Signal()
        shows_down, shows_right = Signal(), Signal()
        m.d.comb += [
            down.eq(self.cross & ~rightward),
            right.eq(self.cross & rightward),
            shows_down.eq(self.show & down),
            shows_right.eq(self.show & right),
        ]
        with m.If(self.turn):
            m.d.sync += rightward.eq(~rightward)

        # The first delta to leave is the far one: lanes enter in reverse order
        square = CellGrid(side, side, "square")
        entering = self.plane[lanes - side :][::-1]
        square.move(m, self.cross, down, entering, right, entering)
        delta = (square.bottom[::-1] & shows_down.replicate(side)) | (
            square.rightmost[::-1] & shows_right.replicate(side)
        )
        entered = Mux(rightward, square.leftmost, square.top)[::-1]

        # Beside it: late planes or early lanes, which shift the way that the square cannot
        if planes > lanes:
            late = CellGrid(planes - side, lanes, "late")
            shift = self.enter | self.cross
            late.move(m, shift, self.enter, self.plane[::-1], self.cross, Const(0, planes))
            delta = Cat(delta, late.rightmost[::-1] & (self.show & self.cross).replicate(planes))
            if planes > lanes + 1:
                held = Signal()  # planes have entered the store
                with m.If(shift):
                    m.d.sync += held.eq(self.enter & ~self.turn)
                entered = Mux(held, late.top[::-1], entered)
        elif lanes > planes:
            early = CellGrid(lanes - side, planes, "early")
            first = self.plane[: lanes - side][::-1]
            shift = self.cross | self.leave
            early.move(m, shift, self.leave, Const(0, planes), self.cross, first)
            delta |= early.bottom[::-1] & self.leave.replicate(planes)
            entered = Cat(early.leftmost[::-1], entered)
        m.d.comb += [
            self.delta.eq(delta | (self.base & self.show_base.replicate(planes))),
            self.before.eq(entered),
        ]
        return m
