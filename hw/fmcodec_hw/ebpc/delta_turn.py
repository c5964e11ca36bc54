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
    enter a store of their own, and its bits leave with the square's; for m < n the first n-1-s lanes
    of every plane do, and those deltas leave before the square's.

    Members:
        plane: lane i in bit i.
        cross: a plane enters the square while a delta leaves it.
        enter: a plane enters the store (m >= n). leave: a delta leaves the store (m < n).
        turn: with the last `cross` of a block: the other direction is next.
        delta: the delta that leaves, or the store's first one with `leave`.
    Holds m*(n-1) bits. Only the direction needs a reset, to be known.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "plane": In(params.plane_bits),
                "cross": In(1),
                "turn": In(1),
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
        bottom = Cat(square[side - 1])[::-1]
        rightmost = Cat(row[side - 1] for row in square)[::-1]
        crossing = Mux(rightward, rightmost, bottom)

        # rows of the store: planes (m >= n) or lanes; both shift the way that the square cannot
        if planes > lanes:
            rows = [Signal(lanes, name=f"late_{k}", reset_less=True) for k in range(planes - side)]
            for row, above in zip(rows, [self.plane, *rows]):
                shifted = row >> 1
                m.d.sync += row.eq(Mux(self.enter, above, Mux(self.cross, shifted, row)))
            m.d.comb += self.delta.eq(Cat(crossing, (row[0] for row in reversed(rows))))
        else:
            rows = [Signal(planes, name=f"early_{k}", reset_less=True) for k in range(lanes - side)]
            for i, row in enumerate(rows):
                following = rows[i + 1] if i + 1 < len(rows) else 0
                m.d.sync += row.eq(
                    Mux(
                        self.cross,
                        Cat(row[1:], self.plane[i]),
                        Mux(self.leave, following, row),
                    )
                )
            early = Mux(self.leave, rows[0], crossing) if rows else crossing
            m.d.comb += self.delta.eq(early)
        return m
