"""In-place corner turn: words go in, bit planes come out, and the storage is held only once."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.cell_grid import CellGrid

__all__ = ["CornerTurn"]


class CornerTurn(wiring.Component):
    """Turn blocks of n words into m planes while the words of the next block come in.

    The heart is a square of side s-1, s = min(m, n), and a line of s-1 cells beside it. For one
    block the square shifts down and words enter at its top as rows; for the next it shifts right,
    the planes of the earlier block leave at its right and words enter at its left as columns: each
    plane frees the very cells that the next word needs. Plane 0 leaves as the last word arrives:
    until then the line collects the words' least significant bits, after that it holds the last
    word. Where m > n the upper m-n bits of the words wait in an extension on the way in, and follow
    into the square plane by plane; where m < n the oldest n-m words leave the square for an
    extension on the way out.

    Members:
        step: one step is made at this edge. The members below say which, with or without `step`.
        turn: the last word of a block enters and plane 0 leaves.
        drain: (m > n) a plane leaves alone. Without `turn` and `drain` a word enters, and
        planes_left: a plane of the previous block leaves; without it (m < n) the oldest word does.
        word: what enters.
        plane: bit k of the n words, word 0 in bit 0, in the step in which plane k leaves.
        base: word 0 of the block, in the step after `turn`.
    Holds n*(m-1) bits for m >= n, (n-1)*m for m < n. Nothing needs a reset.
    """

    def __init__(self, params: Params):
        m, n = params.word_bits, params.block_words
        self._params = params
        super().__init__(
            {
                "word": In(m),
                "step": In(1),
                "turn": In(1),
                "drain": In(1),
                "planes_left": In(1),
                "plane": Out(n),
                "base": Out(m),
            }
        )

    def elaborate(self, platform):
        params = self._params
        mod = Module()
        m, n = params.word_bits, params.block_words
        side = min(m, n) - 1

        rightward = Signal()
        turn, shift, down, right = Signal(), Signal(), Signal(), Signal()
        mod.d.comb += [
            turn.eq(self.step & self.turn),
            shift.eq(self.step & ~self.turn),
            down.eq(shift & ~rightward),
            right.eq(shift & rightward),
        ]
        with mod.If(turn):
            mod.d.sync += rightward.eq(~rightward)

        square = CellGrid(side, side, "square")
        line = CellGrid(1, side, "line")
        leave = Mux(rightward, square.rightmost, square.bottom)
        first = Mux(rightward, square.bottom, square.rightmost)[::-1]  # the oldest word, bits 1 up

        # What enters: bit 0 of a word to the line, bit b to cell side-b; a plane likewise
        enter, enter_line = self.word[1 : side + 1][::-1], self.word[0]
        if m > n:
            upper = CellGrid(n, m - n, "upper")
            drain = self.step & self.drain
            upper.move(
                mod, self.step, self.step & ~self.drain, self.word[n:][::-1], drain, Const(0, n)
            )
            plane = upper.rightmost
            enter = Mux(self.drain, plane[1:], enter)
            enter_line = Mux(self.drain, plane[0], enter_line)
        square.move(mod, shift, down, enter, right, enter)
        line.move(mod, self.step, turn, self.word[1 : side + 1][::-1], shift, enter_line)

        # After `turn` the line is the block's last word, before it every word's bit 0
        line_out = line.rightmost
        plane = Cat(
            Mux(self.turn, line.bottom, leave)[::-1], Mux(self.turn, self.word[0], line_out)
        )
        oldest_lsb, rest = line_out, first
        if m > n:
            rest = Cat(first, upper.bottom[::-1])
        if m < n:
            old = CellGrid(n - m, m, "old")
            load = shift & ~self.planes_left
            old.move(
                mod,
                self.step,
                load,
                Cat(leave, line_out),
                self.step & (self.planes_left | self.turn),
                Const(0, n - m),
            )
            plane = Cat(old.rightmost[::-1], plane)
            oldest_lsb, rest = old.rightmost[-1], old.bottom[::-1][: m - 1]
        first_lsb = Signal(reset_less=True)
        with mod.If(turn):
            mod.d.sync += first_lsb.eq(oldest_lsb)
        mod.d.comb += [self.plane.eq(plane), self.base.eq(Cat(first_lsb, rest))]
        return mod
