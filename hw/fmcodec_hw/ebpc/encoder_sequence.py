"""The encoder's sequence: which step of a block is next, when it is made, how a packet ends."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params

__all__ = ["EncoderSequence"]


class _State(enum.Enum):
    TAKE = 0  # words come in
    FILL = 1  # the packet has ended: zero words fill its last block
    FLUSH = 2  # zero words push the last block's planes out
    CLOSE = 3  # the last bits leave


class EncoderSequence(wiring.Component):
    """Take words, make the steps of blocks, and push a packet out behind its last word.

    Word `index` of a block enters the corner turn in a step. Plane 0 leaves with the last word, in
    the *turn*, the others in the m-1 steps after it; where m > n no word enters in the first of
    those, the block *drains*. A zero word takes no step.

    Members:
        valid, last: as at the port of the words.
        nonzero: the word there is not zero; low while there is none.
        ready: it is taken, if valid.
        znz_ready: the ZNZ coder takes a word.
        room: a step can be made: whatever it pushes has room.
        taken: a word is taken, at the end of the cycle.
        step: a step is made, at the end of the cycle.
        index: which of the block's max(m, n).
        turning: it is the turn.
        second: it is the one after that.
        coded: a plane leaves in it.
        last_plane: it is plane m-1.
        full: a whole block is held, its planes are on their way out.
        takes: packets' words come in; low: zero words do.
        opens: the block at the turn is none of zero words only.
        empty: the packet had no non-zero word: its BPC stream is one zero word.
        closing: all planes are out: the BPC stream may end.
        closed: it has ended.
        znz_closing: all words are in: the ZNZ stream may end.
        znz_closed: it has ended.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "valid": In(1),
                "last": In(1),
                "nonzero": In(1),
                "ready": Out(1),
                "znz_ready": In(1),
                "room": In(1),
                "taken": Out(1),
                "step": Out(1),
                "index": Out(range(max(params.word_bits, params.block_words))),
                "turning": Out(1),
                "second": Out(1),
                "coded": Out(1),
                "last_plane": Out(1),
                "full": Out(1),
                "takes": Out(1),
                "opens": Out(1),
                "empty": Out(1),
                "closing": Out(1),
                "closed": In(1),
                "znz_closing": Out(1),
                "znz_closed": In(1),
            }
        )

    def elaborate(self, platform):
        # Two things go on side by side: the step counter, which stands still without words, and
        # the packet's state, which makes steps without words at its end. Bits that leave in FILL
        # and FLUSH are never the last ones: CLOSE comes when the turn has pushed those
        word_bits, block_words = self._params.word_bits, self._params.block_words
        steps = max(word_bits, block_words)
        m = Module()
        state = Signal(_State, attrs={"fsm_encoding": "none"})  # two bits suffice
        index = self.index
        filling, draining, at_start = Signal(), Signal(), Signal()
        m.d.comb += [
            filling.eq(state == _State.FILL),
            self.takes.eq(state == _State.TAKE),
            self.opens.eq(state != _State.FLUSH),
            self.closing.eq(state == _State.CLOSE),
            at_start.eq(index == 0),
            self.turning.eq(index == block_words - 1),
            self.second.eq(index == block_words % steps),
            self.coded.eq(self.turning | (index < word_bits - 1) if word_bits < block_words else 1),
            self.last_plane.eq(index == (block_words + word_bits - 2) % steps),
            draining.eq(index >= block_words),
            self.empty.eq(filling & at_start & ~self.full),
        ]

        # A word is taken when whatever it may push has room. What is not valid counts as zero, so
        # that `ready` never depends on data that nobody drives
        flushing = (filling & ~at_start) | (state == _State.FLUSH)
        m.d.comb += [
            self.ready.eq(
                self.takes
                & ~self.znz_closing
                & self.znz_ready
                & (~self.nonzero | (self.room & ~draining))
            ),
            self.taken.eq(self.valid & self.ready),
            self.step.eq((self.taken & self.nonzero) | (self.room & (flushing | draining))),
        ]
        with m.If(self.step):
            m.d.sync += index.eq(Mux(index == steps - 1, 0, index + 1))
        with m.If(self.step & self.turning):
            m.d.sync += self.full.eq(self.opens)

        with m.If(self.taken & self.last):
            m.d.sync += [state.eq(_State.FILL), self.znz_closing.eq(1)]
        with m.If(self.znz_closed):
            m.d.sync += self.znz_closing.eq(0)
        with m.If(filling & at_start):
            m.d.sync += state.eq(Mux(self.full, _State.FLUSH, _State.CLOSE))
        with m.If((state == _State.FLUSH) & self.step & self.turning):
            m.d.sync += state.eq(_State.CLOSE)
        with m.If(self.closed):
            m.d.sync += state.eq(_State.TAKE)
        return m
