"""Corner turn of the encoder: words go in, bit planes come out, and the storage is held once."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.skew import Steps, TwinLine, one_by_one, skew_and_rotate
from fmcodec_hw.logic import gate

__all__ = ["CornerTurn"]


class CornerTurn(wiring.Component):
    """Turn blocks of n words into m planes while the words of the next block come in.

    The heart turns squares of side s = min(m, n) (`skew_and_rotate`): a word enters in every step
    and a plane leaves, plane 0 as the last word arrives. Where m > n a block is m/n squares: the
    upper bits of the words wait in first-in first-out order, n of them at a time enter in m-n
    steps in which no word does. Where m < n it is n/m squares too, and the planes of the earlier
    words wait for those of the last ones.

    Members:
        step: one step is made at this edge.
        index: which of max(m, n) steps. Word i of a block enters in step i < n.
        word: what enters.
        plane: bit k of the n words, word 0 in bit 0: bit 0 in step n-1, the others in the m-1
            steps after it. In step n-1 bit 0 of the word that enters is missing: zero. All else is
            in registers, at most two of them to choose from.
        base: word 0 of the block, in the step after n-1.
    Holds n*(m-1) bits for m >= n, (n-1)*m for m < n, and two. Nothing needs a reset.
    """

    def __init__(self, params: Params):
        word_bits, block_words = params.word_bits, params.block_words
        self._params = params
        super().__init__(
            {
                "word": In(word_bits),
                "step": In(1),
                "index": In(range(max(word_bits, block_words))),
                "plane": Out(block_words),
                "base": Out(word_bits),
            }
        )

    def elaborate(self, platform):
        # Skew and rotate, then delay lane i until word n-1 is there. Where m < n, lane i carries
        # every m-th word, one after the other: its line is long enough for all of them, and word i
        # is read where it stands when the block is complete
        block_words = self._params.block_words
        m = Module()
        side = min(self._params.word_bits, block_words)
        steps = Steps(m, self.step, self.index)
        has_word = self.index < block_words
        entering, upper = one_by_one(m, "upper", self.word, side, has_word, steps)
        skewed, lanes = skew_and_rotate(m, entering, self.index, steps)
        words = [
            # a step more for word 0: its bit 0 has left when it is read
            TwinLine(m, f"word_{i}", lanes[i % side], block_words - 1 - i + (i == 0), steps)
            for i in range(block_words - 1)
        ]
        # Word n-1 has no line: its bits are rotated a step ahead. Bit 0 of a square enters as it is
        # wanted; those of the first square are the words' own
        ahead = Signal(reset_less=True)
        with m.If(self.step):
            m.d.sync += ahead.eq(_chosen(self.index, [_next(skewed, i) for i in range(side)]))
        is_entering = self.index[: (side - 1).bit_length()].all()
        enters = gate(~has_word, upper[0].out) if upper else Const(0)
        last = Mux(is_entering, enters, ahead)
        # the base is looked at in step n, which is even
        lower = (words[0].tap(-1 - k, odd=0) for k in range(side))
        m.d.comb += [
            self.plane.eq(Cat(words[0].tap(-2), *(word.out for word in words[1:]), last)),
            self.base.eq(Cat(*lower, *(line.tap(-1, odd=0) for line in upper))),
        ]
        return m


def _next(skewed: Sequence[TwinLine], index: int) -> Value:
    """The last lane's bit in the step after `index`, but for the one that enters then."""
    j = (index + 2) % len(skewed)
    return skewed[j].tap(j - 1, odd=index % 2) if j else Const(0)


def _chosen(index: Value, values: Sequence[Value]) -> Value:
    """values[index], modulo their number, a power of two."""
    for level in range((len(values) - 1).bit_length()):
        pairs = zip(values[::2], values[1::2], strict=True)
        values = [Mux(index[level], odd, even) for even, odd in pairs]
    return values[0]
