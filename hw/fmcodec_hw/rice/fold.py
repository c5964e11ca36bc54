"""Fold a word and its prediction into a number that is small where both are near, and back."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.logic import gate, select

__all__ = ["Fold", "Unfold"]


def _zigzag(difference):
    """0, -1, 1, -2, ... become 0, 1, 2, 3, ..., modulo the width."""
    sign = difference[-1]
    return Cat(sign, difference[:-1] ^ sign.replicate(len(difference) - 1))


class Fold(wiring.Component):
    """Folded difference of `word` to `prediction`.

    Unsigned words lie on a line with two ends: what is further from the prediction than the nearer
    end can only be on the other side and needs no sign. Both are mirrored where the upper end is
    nearer, so that it is always the lower one. Signed words lie on a circle.

    Where unsigned words are predicted to be 0, 0 itself has no place: what is left is one less.

    Members:
        word, prediction: modulo 2**word_bits.
        is_signed: how both are read.
        folded: 0 .. 2**word_bits - 1.
        skips: 0 has no place.
    """

    def __init__(self, word_bits: int):
        super().__init__(
            {
                "word": In(word_bits),
                "prediction": In(word_bits),
                "is_signed": In(1),
                "folded": Out(word_bits),
                "skips": Out(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = len(self.word)
        mirror, beyond, difference = Signal(), Signal(), Signal(width)
        m.d.comb += [
            mirror.eq(self.prediction[-1] & ~self.is_signed),
            self.skips.eq(~self.is_signed & ~self.prediction.any()),
            # mirrored, ~word - ~prediction is ~(word + ~prediction)
            difference.eq(
                (Cat(Const(1, 1), self.word) + Cat(~(mirror | self.skips), ~self.prediction)) >> 1
            ),
            # and ~word > 2 * ~prediction is word <= 2 * prediction, modulo the width
            beyond.eq(~self.is_signed & ((self.word > (self.prediction[:-1] << 1)) ^ mirror)),
            self.folded.eq(
                select(
                    (self.skips, difference),
                    (beyond & ~self.skips, self.word ^ mirror.replicate(width)),
                    (
                        ~beyond & ~self.skips,
                        Cat(
                            difference[-1] ^ mirror,
                            difference[:-1] ^ difference[-1].replicate(width - 1),
                        ),
                    ),
                )
            ),
        ]
        return m


class Unfold(wiring.Component):
    """The word of a folded difference to `prediction`: `Fold` backwards, with its members.

    `folded` may be a raw word's, for which 0 has a place: `skips` is an input.
    """

    def __init__(self, word_bits: int):
        super().__init__(
            {
                "folded": In(word_bits),
                "prediction": In(word_bits),
                "is_signed": In(1),
                "skips": In(1),
                "word": Out(word_bits),
            }
        )

    def elaborate(self, platform):
        m = Module()
        width = len(self.word)
        mirror, beyond, odd = Signal(), Signal(), Signal()
        half, prediction, room = Signal(width), Signal(width), Signal(width)
        m.d.comb += [
            mirror.eq(self.prediction[-1] & ~self.is_signed),
            prediction.eq(self.prediction ^ mirror.replicate(width)),
            half.eq(self.folded[1:]),
            odd.eq(self.folded[0]),
            # folded > 2 * prediction
            room.eq(half[:-1] + (~prediction[:-1])[: width - 1] + odd),
            beyond.eq(~self.is_signed & room[-1]),
        ]
        base = gate(~beyond, prediction) | self.skips
        step = Mux(beyond, self.folded, half ^ odd.replicate(width))
        m.d.comb += self.word.eq((base + step) ^ mirror.replicate(width))
        return m
