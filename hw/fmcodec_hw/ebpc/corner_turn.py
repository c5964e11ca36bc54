"""In-place corner turn: words go in, bit planes come out, and the storage is held only once."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from fmcodec.ebpc import Params

__all__ = ["CornerTurn"]


def _chain(m: Module, cells: list[Signal], source, shift) -> None:
    """A shift chain: on `shift` every row of cells takes its predecessor, the first takes `source`."""
    with m.If(shift):
        for cell, value in zip(cells, [source, *cells], strict=False):
            m.d.sync += cell.eq(value)


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

    Steps, at most one a cycle, all m bits of `word` taken with `fill` and `turn`:
    `fill`: a word enters and, where the previous block has planes left, a plane leaves;
    `turn`: the block's last word enters and plane 0 leaves; `drain` (m > n): a plane leaves alone.
    `planes_left` says that a `fill` moves a plane (m < n: without it the oldest word moves instead).

    Members:
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
                "fill": In(1),
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
        word_bits, block_words = params.word_bits, params.block_words
        side = min(word_bits, block_words) - 1

        square = [
            [Signal(name=f"cell_{i}_{j}", reset_less=True) for j in range(side)]
            for i in range(side)
        ]
        line = [Signal(name=f"line_{k}", reset_less=True) for k in range(side)]
        rightward = Signal()
        shift = Signal()
        down, right, hold = Signal(), Signal(), Signal()
        mod.d.comb += [
            shift.eq(self.fill | self.drain),
            down.eq(shift & ~rightward),
            right.eq(shift & rightward),
            hold.eq(~shift),
        ]
        with mod.If(self.turn):
            mod.d.sync += rightward.eq(~rightward)

        # What enters: bit 0 of a word to the line, bit b to cell side-b; a plane likewise
        enter = [self.word[side - x] for x in range(side)]
        enter_line = self.word[0]
        if word_bits > block_words:
            upper = [
                Signal(word_bits - block_words, name=f"upper_{y}", reset_less=True)
                for y in range(block_words)
            ]
            _chain(mod, upper, self.word[block_words:], self.fill | self.turn)
            with mod.If(self.drain):
                mod.d.sync += [row.eq(row >> 1) for row in upper]
            enter = [Mux(self.drain, upper[x + 1][0], enter[x]) for x in range(side)]
            enter_line = Mux(self.drain, upper[0][0], enter_line)

        for i in range(side):
            for j in range(side):
                above = square[i - 1][j] if i else enter[j]
                before = square[i][j - 1] if j else enter[i]
                cell = square[i][j]
                mod.d.sync += cell.eq((down & above) | (right & before) | (hold & cell))
        for k in range(side):
            mod.d.sync += line[k].eq(
                (shift & (line[k - 1] if k else enter_line))
                | (self.turn & self.word[side - k])
                | (~(shift | self.turn) & line[k])
            )

        bottom = Cat(square[side - 1])
        rightmost = Cat(row[side - 1] for row in square)
        leave = Mux(rightward, rightmost, bottom)
        first = Mux(rightward, bottom, rightmost)[::-1]  # word 0 (or the oldest), bits 1 up
        line_out = line[side - 1]
        first_lsb = Signal(reset_less=True)

        if word_bits >= block_words:
            # the line is word n-1 after `turn`; before it, the bit 0 of every word
            plane = Cat(
                Mux(self.turn, Cat(line), leave)[::-1], Mux(self.turn, self.word[0], line_out)
            )
            oldest_lsb = line_out
            rest = Cat(first, upper[block_words - 1]) if word_bits > block_words else first
        else:
            old = [
                Signal(word_bits, name=f"old_{y}", reset_less=True)
                for y in range(block_words - word_bits)
            ]
            _chain(mod, old, Cat(line_out, leave[::-1]), self.fill & ~self.planes_left)
            with mod.If((self.fill & self.planes_left) | self.turn):
                mod.d.sync += [row.eq(row >> 1) for row in old]
            plane = Cat(
                [row[0] for row in reversed(old)],
                Mux(self.turn, Cat(line), leave)[::-1],
                Mux(self.turn, self.word[0], line_out),
            )
            oldest_lsb = old[-1][0]
            rest = old[-1][: word_bits - 1]
        with mod.If(self.turn):
            mod.d.sync += first_lsb.eq(oldest_lsb)
        mod.d.comb += [self.plane.eq(plane), self.base.eq(Cat(first_lsb, rest))]
        assert len(plane) == block_words and len(rest) == word_bits - 1
        return mod
