"""In-place corner turn of the decoder: bit planes go in, deltas come out, held only once."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params

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

        square = [
            [Signal(name=f"cell_{i}_{j}", reset_less=True) for j in range(side)]
            for i in range(side)
        ]
        rightward = Signal()
        down, right, hold = Signal(), Signal(), Signal()
        m.d.comb += [
            down.eq(self.cross & ~rightward),
            right.eq(self.cross & rightward),
            hold.eq(~self.cross),
        ]
        with m.If(self.turn):
            m.d.sync += rightward.eq(~rightward)
        # The first delta to leave is the far one: lanes enter in reverse order
        entering = self.plane[lanes - side :][::-1]
        for i in range(side):
            for j in range(side):
                above = square[i - 1][j] if i else entering[j]
                before = square[i][j - 1] if j else entering[i]
                cell = square[i][j]
                m.d.sync += cell.eq((down & above) | (right & before) | (hold & cell))
        top, left = Cat(square[0])[::-1], Cat(row[0] for row in square)[::-1]
        bottom = Cat(square[side - 1])[::-1]
        rightmost = Cat(row[side - 1] for row in square)[::-1]
        shows_down, shows_right = Signal(), Signal()
        m.d.comb += [
            shows_down.eq(self.show & self.cross & ~rightward),
            shows_right.eq(self.show & self.cross & rightward),
        ]
        crossing = (bottom & shows_down.replicate(side)) | (rightmost & shows_right.replicate(side))
        entered = Mux(rightward, left, top)

        # rows of the store: planes (m >= n) or lanes; both shift the way that the square cannot
        if planes > lanes:
            rows = [Signal(lanes, name=f"late_{k}", reset_less=True) for k in range(planes - side)]
            for row, above in zip(rows, [self.plane, *rows], strict=False):
                keep = ~(self.enter | self.cross)
                m.d.sync += row.eq(
                    (above & self.enter.replicate(lanes))
                    | ((row >> 1) & self.cross.replicate(lanes))
                    | (row & keep.replicate(lanes))
                )
            shows = self.show & self.cross
            delta = Cat(crossing, (row[0] & shows for row in reversed(rows)))
            if planes > lanes + 1:
                late = Signal()  # planes have entered the store
                with m.If(self.enter | self.cross):
                    m.d.sync += late.eq(self.enter & ~self.turn)
                entered = Mux(late, rows[0], entered)
        else:
            rows = [Signal(planes, name=f"early_{k}", reset_less=True) for k in range(lanes - side)]
            for i, row in enumerate(rows):
                following = rows[i + 1] if i + 1 < len(rows) else 0
                keep = ~(self.cross | self.leave)
                m.d.sync += row.eq(
                    (Cat(row[1:], self.plane[i]) & self.cross.replicate(planes))
                    | (following & self.leave.replicate(planes))
                    | (row & keep.replicate(planes))
                )
            delta = crossing
            if rows:
                delta = crossing | (rows[0] & self.leave.replicate(planes))
            entered = Cat(Cat(row[-1] for row in rows), entered)
        m.d.comb += [
            self.delta.eq(delta | (self.base & self.show_base.replicate(planes))),
            self.before.eq(entered),
        ]
        return m
