"""The words of a tile taken apart: header, payload in halves, CRC."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.fmtc.params import WORD_BITS
from fmcodec_hw import axis
from fmcodec_hw.fmtc.crc32 import Crc32
from fmcodec_hw.logic import gate

__all__ = ["HALF_BITS", "TileReader"]

HALF_BITS = WORD_BITS // 2


class TileReader(wiring.Component):
    """Take a tile word by word (doc/format.md, "FMTC tile").

    Throughput: half a word of payload per cycle. Held: nothing. `words.ready` depends on
    `words.valid`, `opened` and `take`.

    Members:
        words: the tiles, `last` with the CRC.
        header: the first word of a tile,
        opens: which waits,
        opened: until the tile is begun.
        alone: with `opens`: the tile has no other word.
        half: the next half of a word of payload, the upper one first,
        there: which waits,
        take: until it is taken.
        trailing: there is no more payload.
        ended: the CRC is compared; until `close`.
        bad: with `ended`: it is another.
        close: the tile is done with; the next one opens.
    """

    def __init__(self):
        super().__init__(
            {
                "words": In(axis.signature(WORD_BITS)),
                "header": Out(WORD_BITS),
                "opens": Out(1),
                "opened": In(1),
                "alone": Out(1),
                "half": Out(HALF_BITS),
                "there": Out(1),
                "take": In(1),
                "trailing": Out(1),
                "ended": Out(1),
                "bad": Out(1),
                "close": In(1),
            }
        )

    def elaborate(self, platform):
        # A word goes in two moves, one for each half of it: the CRC takes a half with each, which
        # is as fast as the payload may be wanted. The port holds the word meanwhile. A word with
        # `last` is the CRC, whatever is before it: nothing has to be known beforehand. The header's
        # second move is the tile's begin
        m = Module()
        m.submodules.crc = crc = Crc32(HALF_BITS, WORD_BITS)
        word, last, held = self.words.payload.data, self.words.payload.last, self.words.valid
        second, first = Signal(), Signal(init=1)
        moves, leaves = Signal(), Signal()
        # the CRC of a tile of one word would be compared before the tile before is done with
        waits = Mux(second, ~self.opened, self.ended & last)
        m.d.comb += [
            self.header.eq(word),
            self.opens.eq(held & first & second & ~self.ended),
            self.alone.eq(last),
            self.half.eq(Mux(second, word[:HALF_BITS], word[HALF_BITS:])),
            self.there.eq(held & ~first & ~last),
            self.trailing.eq(self.ended | (held & ~first & last)),
            moves.eq(held & Mux(first, ~waits, Mux(last, ~self.ended, self.take))),
            leaves.eq(moves & second),
            self.words.ready.eq(leaves),
            # what is compared comes half by half, other words whole
            crc.data.eq(
                Cat(
                    gate(~second, word[:HALF_BITS]) | gate(second & last, word[HALF_BITS:]),
                    gate(~second & ~last, word[HALF_BITS:]),
                )
            ),
            crc.step.eq(moves),
            crc.compare.eq(last),
            crc.clear.eq(leaves & last),
        ]
        with m.If(moves):
            m.d.sync += second.eq(~second)
        with m.If(leaves):
            m.d.sync += first.eq(last)
        m.d.sync += self.ended.eq((self.ended | (leaves & last)) & ~self.close)
        m.d.sync += self.bad.eq((self.bad | (moves & last & ~crc.matches)) & ~self.close)
        return m
