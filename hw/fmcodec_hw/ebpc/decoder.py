"""The EBPC decoder: BPC and ZNZ streams in, words out."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_window import BitWindow
from fmcodec_hw.ebpc.block_gap import BlockGap
from fmcodec_hw.ebpc.core import Core
from fmcodec_hw.ebpc.delta_turn import DeltaTurn
from fmcodec_hw.ebpc.plane_reader import PlaneReader
from fmcodec_hw.ebpc.ports import keep_bits
from fmcodec_hw.ebpc.znz_reader import ZnzReader

__all__ = ["Decoder"]


class Decoder(Core):
    """Decode the BPC and ZNZ streams of packets into their words (doc/format.md).

    Latency: the first non-zero word is valid one cycle after the m-th step of its block, a step a
    cycle where the streams are there. Throughput: one word per cycle, or what the BPC port brings:
    a packet takes at most `max_cycles` cycles where sources and sink never pause; with port_words =
    2 and m = n one word leaves in every cycle. Held: m*(n-1) bits of deltas, a base, a word, the
    beats of the bit window and the last few bits of the ZNZ stream.

    A step does all at once: a plane is read and enters the corner turn while a delta of the block
    before leaves it and is added to the word at the output. A block has n steps and n+2 symbols
    (m = n): the first step takes {base, plane 0}, the last one {plane m-1, sign plane}. A `compact`
    decoder takes one code a cycle from a window half as long: a block takes up to two cycles more
    where no run of planes makes up for them.

    Damaged packets give N words too, zeros once the BPC stream has run out; then both streams are
    dropped up to their last beats, and the last word waits for those. Synchronous reset gives up
    the packet in progress.

    Parameters:
        params: the configuration; word_bits must be 8, 16 or 32.
        compact: the smaller decoder, whose rate depends on the data.
        checked: report damaged packets on `user`; without it `user` is 0.
        length_bits: width of the packet length, 1..32.

    Members:
        length: N-1, one beat per packet.
        bpc, znz: the streams. Their beats are used where they stand, without a register at the
            port: `ready` depends combinationally on their data and on `words.ready`.
        words: the packets' words, `last` with the N-th, `user` with it for a damaged packet.

    Raises:
        TypeError, ValueError: a parameter has the wrong type or is out of its range.
    """

    def __init__(
        self,
        params: Params,
        *,
        compact: bool = False,
        checked: bool = True,
        length_bits: int = 24,
    ):
        if isinstance(length_bits, bool) or not isinstance(length_bits, int):
            raise TypeError(f"length_bits must be an int in 1..32, not {length_bits!r}")
        if length_bits not in range(1, 33):
            raise ValueError(f"length_bits must be an int in 1..32, not {length_bits!r}")
        self.checked, self.length_bits = checked, length_bits
        m = params.word_bits
        super().__init__(
            params,
            compact,
            {
                "length": In(stream.Signature(length_bits)),
                "bpc": In(axis.signature(params.port_words * m, keep_bits=keep_bits(params))),
                "znz": In(axis.signature(m)),
                "words": Out(axis.signature(m, user=True)),
            },
        )

    def _window(self, planes: PlaneReader) -> BitWindow:
        """A window with as many registers as keep the bound of the cycles."""
        params = self.params
        word_bits, block_words = params.word_bits, params.block_words
        port_bits = params.port_words * word_bits
        registers = (port_bits - 2 + planes.step_bits) // port_bits
        if not self.compact:
            # one beat more where the port can be the limit: what it brings must never have to wait
            registers += int(params.max_block_bits > port_bits * max(word_bits, block_words))
            if block_words > word_bits:
                # planes come in m of n steps: what the port cannot bring then, it has to before
                rush = (word_bits - 2) * max(planes.symbol_bits - port_bits, 0)
                registers += -(-rush // port_bits) + 1
        return BitWindow(
            word_bits,
            planes.step_bits,
            registers,
            port_words=params.port_words,
            keep_bits=keep_bits(params),
        )

    def elaborate(self, platform):
        params = self.params
        m = Module()
        word_bits, block_words = params.word_bits, params.block_words
        m.submodules.planes = planes = PlaneReader(params, compact=self.compact)
        m.submodules.window = window = self._window(planes)
        # beats that show the most that a step takes, and a symbol
        port_bits = params.port_words * word_bits
        most = (port_bits - 2 + planes.step_bits) // port_bits
        single = (port_bits - 2 + planes.symbol_bits) // port_bits
        m.submodules.turn = turn = DeltaTurn(params)
        m.submodules.kinds = kinds = ZnzReader(params)
        wiring.connect(m, wiring.flipped(self.bpc), window.beat)
        wiring.connect(m, wiring.flipped(self.znz), kinds.beat)
        clear = Signal()  # the packet's last word is taken

        # Words that are still to come after the next one
        active = Signal()
        remaining = Signal(self.length_bits, reset_less=True)
        last = Signal()
        m.d.comb += [self.length.ready.eq(~active), last.eq(remaining == 0)]

        # Output register: the sum of the block's words so far, hidden while zeros go out
        data = Signal(word_bits, reset_less=True)
        shown = Signal(reset_less=True)
        valid, final = Signal(), Signal()
        free, emit = Signal(), Signal()
        needs_sign, needs_base = Signal(), Signal()  # codes to take before the next block's step
        m.d.comb += [
            free.eq(~valid | (self.words.ready & ~final)),
            self.words.valid.eq(valid & (~final | (window.seen & kinds.seen & ~needs_sign))),
            self.words.payload.data.eq(data & shown.replicate(word_bits)),
            self.words.payload.last.eq(final),
            clear.eq(final & self.words.valid & self.words.ready),
        ]

        # Sequence of a block: planes cross deltas of the block before; its own base leaves with the
        # last plane, and where m < n its first deltas follow alone
        side = min(word_bits, block_words) - 1
        index = Signal(range(max(word_bits, block_words)))
        full = Signal()  # the block before is wholly in the turn
        draining = Signal()  # there is no block behind it
        first = Signal()
        last_plane = Signal()
        ends = Signal()
        has_plane = Signal()
        crosses = Signal()
        has_base = Signal()
        leaves = Signal()
        m.d.comb += [
            first.eq(index == 0),
            last_plane.eq(index == word_bits - 1),
            ends.eq(index == max(word_bits, block_words) - 1),
            has_plane.eq(index < word_bits),
            crosses.eq(index < side),
            has_base.eq(index == word_bits - 1),
            leaves.eq(~has_plane),
        ]
        dry = Signal()
        reads = Signal()
        there = Signal()
        has_word = Signal()
        step = Signal()
        gets = Signal()
        wanted = Signal()
        waits = Signal()
        # A block is longer than a word: what is left in the last one is padding
        ended = window.seen & ~window.more
        shows_most = window.seen | window.shown[most]
        shows_symbol = window.seen | window.shown[single]
        m.d.comb += [
            dry.eq(Mux(first, ended & needs_base, draining)),
            reads.eq(has_plane & ~dry),
            has_word.eq((crosses & full) | has_base | leaves),
            step.eq(Mux(dry, full, ~has_plane | there) & (~has_word | wanted) & ~waits),
            gets.eq(step & has_word),
            wanted.eq(free & active & kinds.valid & kinds.nonzero),
            emit.eq(free & active & kinds.valid & (~kinds.nonzero | gets | (dry & ~full))),
            planes.head.eq(window.head),
            planes.first.eq(first),
            planes.last.eq(last_plane),
            planes.step.eq(step & reads),
            planes.before.eq(turn.before),
            planes.clear.eq(clear),
            window.length.eq(planes.length),
            window.step.eq((step & reads) | planes.takes_sign | planes.takes_base),
            window.drop.eq(final & window.held & ~window.seen & ~needs_sign),
            window.clear.eq(clear),
            turn.plane.eq(planes.plane),
            turn.step.eq(step),
            turn.index.eq(index),
        ]
        if self.compact:
            m.submodules.gap = gap = BlockGap(params)
            m.d.comb += [
                gap.step.eq(step),
                gap.first.eq(first),
                gap.last_plane.eq(last_plane),
                gap.ends.eq(ends),
                gap.reads.eq(reads),
                gap.covers_sign.eq(planes.covers_sign),
                gap.running.eq(planes.running),
                gap.shows.eq(shows_most),
                gap.ended.eq(ended),
                gap.clear.eq(clear),
                planes.takes_sign.eq(gap.takes_sign),
                planes.takes_base.eq(gap.takes_base),
                needs_sign.eq(gap.needs_sign),
                needs_base.eq(gap.needs_base),
                waits.eq(gap.waits),
                there.eq(shows_symbol | planes.running),
            ]
        else:
            m.d.comb += [
                needs_base.eq(1),  # with plane 0
                there.eq(
                    Mux(first | last_plane, shows_most, shows_symbol)
                    | (planes.running & ~last_plane)
                ),
            ]
        with m.If(step):
            # without planes the deltas run out
            drained = dry & (index == side - 1)
            m.d.sync += index.eq(index + 1)
            m.d.sync += draining.eq(dry)
            with m.If(drained | last_plane):
                m.d.sync += full.eq(~drained)
        shows, shows_base = Signal(), Signal()
        m.d.comb += [shows.eq(step & (crosses | leaves)), shows_base.eq(step & has_base)]
        kept = data & (~shows_base).replicate(word_bits)
        added = (turn.delta & shows.replicate(word_bits)) | (
            planes.base & shows_base.replicate(word_bits)
        )
        m.d.sync += data.eq(kept + added)

        with m.If(emit):
            m.d.sync += [shown.eq(kinds.nonzero & gets), final.eq(last)]
            m.d.sync += remaining.eq(remaining - 1)
        m.d.sync += valid.eq(emit | (valid & ~self.words.ready) | (final & ~clear))
        with m.If(~active):
            m.d.sync += [remaining.eq(self.length.payload), active.eq(self.length.valid)]
        with m.If(clear):
            m.d.sync += [active.eq(0), valid.eq(0), final.eq(0), index.eq(0), full.eq(0)]
            m.d.sync += draining.eq(0)

        m.d.comb += [
            kinds.take.eq(emit),
            kinds.last.eq(last),
            kinds.final.eq(final),
            kinds.clear.eq(clear),
        ]

        if self.checked:
            excess = (reads & ~first) | (first & ~needs_base)
            told = kinds.damaged | (emit & kinds.nonzero & ~gets)
            over = final & ~needs_sign
            damage = self._damage(m, window, planes, told, over, excess, clear)
            m.d.comb += self.words.payload.user.eq(final & damage)
        return m

    def _damage(
        self,
        m: Module,
        window: BitWindow,
        planes: PlaneReader,
        told: Value,
        over: Value,
        excess: Value,
        clear: Value,
    ) -> Value:
        """The packet was damaged, as far as seen.

        told: others say so in this cycle; over: all words are out and all codes taken;
        excess: then a block has begun that has no words.
        """
        damaged, begun, damage = Signal(), Signal(), Signal()
        left = window.more | (window.held & ~window.seen)
        unread = begun & (~window.seen | window.whole)
        m.d.comb += damage.eq(
            damaged
            | (window.step & planes.damaged)
            | window.overrun
            | told
            | (over & (excess | left | unread))
        )
        m.d.sync += [damaged.eq(damage & ~clear), begun.eq((begun | planes.step) & ~clear)]
        return damage
