"""The EBPC decoder: BPC and ZNZ streams in, words out."""

from amaranth.hdl import Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_window import BitWindow
from fmcodec_hw.ebpc.core import Core
from fmcodec_hw.ebpc.damage_collector import DamageCollector
from fmcodec_hw.ebpc.decoder_sequence import DecoderSequence
from fmcodec_hw.ebpc.delta_turn import DeltaTurn
from fmcodec_hw.ebpc.plane_reader import CompactPlaneReader, PairPlaneReader, PlaneReader
from fmcodec_hw.ebpc.ports import keep_bits
from fmcodec_hw.ebpc.word_counter import WordCounter
from fmcodec_hw.ebpc.word_register import WordRegister
from fmcodec_hw.ebpc.znz_reader import ZnzReader

__all__ = ["Decoder"]


class Decoder(Core):
    """Decode the BPC and ZNZ streams of packets into their words (doc/format.md).

    Latency: the first non-zero word is valid one cycle after the m-th step of its block, a step a
    cycle where the streams are there. Throughput: one word per cycle, or what the BPC port brings:
    a packet takes at most `fmcodec.ebpc.cycles.bound` cycles where sources and sink never pause;
    with port_words = 2 and m = n one word leaves in every cycle. Held: m*(n-1) bits of deltas, a
    base, a word, the beats of the bit window and the last few bits of the ZNZ stream.

    A step does all at once: a plane is read and enters the corner turn while a delta of the block
    before leaves it and is added to the word at the output. A block has n steps and n+2 symbols
    (m = n): the first step takes {base, plane 0}, the last one {plane m-1, sign plane}. A `compact`
    decoder takes one code a cycle from a window half as long: a block takes up to two cycles more
    where no plane run makes up for them.

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
        bpc: the BPC stream. Its beats are used where they stand, without a register at the port:
            `bpc.ready` depends combinationally on the stream's data and valid and on `words.ready`,
            but on no data that are not valid.
        znz: the ZNZ stream, in the same way; `znz.ready` depends on `bpc` too.
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
        word_bits, port_bits = params.word_bits, params.port_words * params.word_bits
        super().__init__(
            params,
            compact,
            {
                "length": In(stream.Signature(length_bits)),
                "bpc": In(axis.signature(port_bits, keep_bits=keep_bits(params))),
                "znz": In(axis.signature(word_bits)),
                "words": Out(axis.signature(word_bits, user=True)),
            },
        )

    def _beats(self, bits: int) -> int:
        """Beats behind the first one that show `bits` bits, wherever in the first one they begin.

        The first may have one bit left, port_bits * (1 + beats) - (port_bits - 1) >= bits.
        """
        port_bits = self.params.port_words * self.params.word_bits
        return (port_bits - 2 + bits) // port_bits

    def _window(self, planes: PlaneReader) -> BitWindow:
        """A window with as many registers as keep the bound of the cycles.

        The beat at the port is shown too, so `_beats` registers show all that a step can take.
        """
        params = self.params
        word_bits, block_words = params.word_bits, params.block_words
        port_bits = params.port_words * word_bits
        registers = self._beats(planes.step_bits)
        if not self.compact:
            if block_words > word_bits:
                # n > m: planes come in m of n steps, and may take more than the port brings. What
                # it lacks must be there before. A full window has lost port_bits - 1 bits at most,
                # and the last plane needs one bit of the beat `registers`:
                # port_bits * (all + m - 1) - (port_bits - 1)
                # >= port_bits * (registers - 1) + 1 + m + symbol * (m - 1)
                rush = word_bits + (word_bits - 1) * max(planes.symbol_bits - port_bits, 0)
                registers += -(-rush // port_bits)
            else:
                # One more where the port can be the limit, block bits / port_bits > steps of a
                # block: what it brings must not have to wait
                registers += int(params.max_block_bits > port_bits * word_bits)
        return BitWindow(
            word_bits,
            planes.step_bits,
            registers,
            lengths=planes.lengths,
            port_words=params.port_words,
            keep_bits=keep_bits(params),
        )

    def elaborate(self, platform):
        # Wiring. The ZNZ reader says what the next word is; a zero goes out at once, for a non-zero
        # one the sequence makes a step: a plane goes from the window through the reader into the
        # turn, a delta comes out of the turn and is added to the word register
        params = self.params
        m = Module()
        m.submodules.sequence = sequence = DecoderSequence(params)
        planes: PlaneReader
        planes = CompactPlaneReader(params) if self.compact else PairPlaneReader(params)
        m.submodules.planes = planes
        m.submodules.window = window = self._window(planes)
        m.submodules.turn = turn = DeltaTurn(params)
        m.submodules.znz_reader = znz_reader = ZnzReader(params)
        m.submodules.counter = counter = WordCounter(self.length_bits)
        m.submodules.register = register = WordRegister(params)
        wiring.connect(m, wiring.flipped(self.length), counter.length)
        wiring.connect(m, wiring.flipped(self.bpc), window.beat)
        wiring.connect(m, wiring.flipped(self.znz), znz_reader.beat)
        wiring.connect(m, register.words, wiring.flipped(self.words))

        # A word leaves: a zero, the word of a step, or zero for want of a block
        clear, final = register.clear, register.final
        nonzero = znz_reader.nonzero
        next_word = register.free & counter.active & znz_reader.valid
        emit = next_word & (~nonzero | sequence.gives | sequence.dried)
        m.d.comb += [
            register.emit.eq(emit),
            register.shows.eq(nonzero & sequence.gives),
            register.last.eq(counter.last),
            register.release.eq(window.seen & znz_reader.seen & ~planes.needs_sign),
            register.moves.eq(sequence.moves),
            register.loads.eq(sequence.last_plane),
            register.delta.eq(turn.delta),
            register.base.eq(planes.base),
            counter.take.eq(emit),
            counter.clear.eq(clear),
            znz_reader.take.eq(emit),
            znz_reader.last.eq(counter.last),
            znz_reader.final.eq(final),
            znz_reader.clear.eq(clear),
        ]

        # A block is longer than a word: what is left in the stream's last one is padding
        ended = window.seen & ~window.more
        m.d.comb += [
            sequence.no_block.eq(ended & planes.needs_base),
            sequence.there.eq(planes.there),
            sequence.waits.eq(planes.waits),
            sequence.wanted.eq(next_word & nonzero),
            sequence.clear.eq(clear),
            planes.head.eq(window.head),
            planes.shows_symbol.eq(window.seen | window.shown[self._beats(planes.symbol_bits)]),
            planes.shows_most.eq(window.seen | window.shown[self._beats(planes.step_bits)]),
            planes.ended.eq(ended),
            planes.first.eq(sequence.first),
            planes.last_plane.eq(sequence.last_plane),
            planes.ends.eq(sequence.ends),
            planes.reads.eq(sequence.reads),
            planes.step.eq(sequence.step),
            planes.before.eq(turn.before),
            planes.clear.eq(clear),
            *(
                getattr(window, name).eq(getattr(planes, name))
                for name in ("code", "second", "two", "skip")
            ),
            window.step.eq(planes.takes),
            # behind the last word whole beats go, until the stream's last one
            window.drop.eq(final & window.held & ~window.seen & ~planes.needs_sign),
            window.clear.eq(clear),
            turn.plane.eq(planes.plane),
            turn.step.eq(sequence.step),
            turn.index.eq(sequence.index),
        ]
        if self.checked:
            lacking = emit & nonzero & ~sequence.gives
            m.submodules.damage = self._damage(
                m, window, planes, sequence, register, znz_reader.damaged | lacking
            )
        return m

    def _damage(
        self,
        m: Module,
        window: BitWindow,
        planes: PlaneReader,
        sequence: DecoderSequence,
        register: WordRegister,
        told: Value,
    ) -> DamageCollector:
        """Let all that sees damage tell it; `told`: what goes wrong with the kinds of words."""
        damage = DamageCollector()
        m.d.comb += [
            damage.told.eq(told | window.overrun | planes.damaged),
            damage.over.eq(register.final & ~planes.needs_sign),
            damage.excess.eq(
                (sequence.reads & ~sequence.first) | (sequence.first & ~planes.needs_base)
            ),
            damage.more.eq(window.more | (window.held & ~window.seen)),
            damage.whole.eq(window.whole),
            damage.seen.eq(window.seen),
            damage.begun.eq(sequence.step & sequence.reads),
            damage.clear.eq(register.clear),
            register.damaged.eq(damage.damaged),
        ]
        return damage
