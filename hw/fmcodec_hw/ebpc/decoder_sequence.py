"""The decoder's sequence: which step of a block is next, and when it is made."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params

__all__ = ["DecoderSequence"]


class DecoderSequence(wiring.Component):
    """Make the steps of blocks.

    Plane k enters the turn in step k. Deltas of the block *before* leave it meanwhile, in all steps
    but that of plane m-1, with which the block's own base leaves; where m < n its first deltas
    follow in steps that have no plane. When the stream has no further block, steps without planes
    drain the turn.

    Members:
        no_block: what is left of the stream is no block.
        there: all that a step that reads has to take is there.
        waits: a code has to be taken before the step.
        wanted: a non-zero word can leave.
        clear: forget the packet.
        index: which of the block's max(m, n).
        first: it is the first.
        last_plane: it is that of plane m-1.
        ends: it is the last.
        reads: it takes a plane out of the stream.
        step: it is made, at the end of the cycle.
        gives: a word leaves in it.
        moves: that word is the base, with `last_plane`, or the one before it and a delta.
        dried: no block is left: words that are still to come have no value.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "no_block": In(1),
                "there": In(1),
                "waits": In(1),
                "wanted": In(1),
                "clear": In(1),
                "index": Out(range(max(params.word_bits, params.block_words))),
                "first": Out(1),
                "last_plane": Out(1),
                "ends": Out(1),
                "reads": Out(1),
                "step": Out(1),
                "gives": Out(1),
                "moves": Out(1),
                "dried": Out(1),
            }
        )

    def elaborate(self, platform):
        # A counter of steps. A step is made when its plane is there and its word can leave; which
        # of the two it has at all depends on the counter and on whether a block is before or behind
        word_bits, block_words = self._params.word_bits, self._params.block_words
        steps, side = max(word_bits, block_words), min(word_bits, block_words)
        m = Module()
        index = self.index
        full = Signal()  # the block before is wholly in the turn
        draining = Signal()  # there is no block behind it
        has_plane, has_delta = Signal(), Signal()
        crosses = Signal()  # deltas of the block before: n - 1 of them, m - 1 where m < n
        dry = Signal()  # the step has no plane, for there is no block
        has_word = Signal()
        m.d.comb += [
            self.first.eq(index == 0),
            self.last_plane.eq(index == word_bits - 1),
            self.ends.eq(index == steps - 1),
            has_plane.eq(index < word_bits),
            crosses.eq(index < side - 1),
            has_delta.eq(crosses | ~has_plane),
            dry.eq(Mux(self.first, self.no_block, draining)),
            self.reads.eq(has_plane & ~dry),
            has_word.eq((crosses & full) | self.last_plane | ~has_plane),
            self.step.eq(
                Mux(dry, full, ~has_plane | self.there) & (~has_word | self.wanted) & ~self.waits
            ),
            self.gives.eq(self.step & has_word),
            self.moves.eq(self.step & (has_delta | self.last_plane)),
            self.dried.eq(dry & ~full),
        ]
        with m.If(self.step):
            # without planes the deltas run out
            drained = dry & (index == side - 2)
            m.d.sync += [index.eq(index + 1), draining.eq(dry)]
            with m.If(drained | self.last_plane):
                m.d.sync += full.eq(~drained)
        with m.If(self.clear):
            m.d.sync += [index.eq(0), full.eq(0), draining.eq(0)]
        return m
