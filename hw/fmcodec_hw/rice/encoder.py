"""The Rice encoder: words in, one code stream out."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.rice import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_packer import BitPacker
from fmcodec_hw.logic import gate
from fmcodec_hw.rice.fold import Fold
from fmcodec_hw.rice.ports import HEADER_BITS, code_signature
from fmcodec_hw.rice_code.adaptation import ESCAPE_ONES, MAX_RUN_BITS, Adaptation
from fmcodec_hw.rice_code.code_writer import CodeWriter

__all__ = ["Encoder"]


class Encoder(wiring.Component):
    """Encode packets of words into code streams (doc/format.md).

    Latency: a word is coded once the next one is there; two cycles later its bits are in the queue,
    one cycle later in a `compact` encoder. Throughput: one word per cycle, or what the port lets
    through: every cycle moves a word or a beat. With port_words = 2 and more the port is never the
    limit, and at most four cycles lie between two packets. Held: a word, the one before it, a code
    and a queue of bits. The next packet begins when the last beat has left. Reset gives up the
    packet in progress.

    The word held has been folded; its code goes out while the next word is folded. A run of zeros
    is counted and coded with its last zero, which the word behind it tells.

    Parameters:
        params: the configuration; word_bits must be 8, 16 or 32, port_words a power of two.
        compact: no register between code and queue: fewer gates, a longer path.

    Members:
        words: the packets; `last` closes one. `user` says how its words are read and is the same
            with all of them: signed in bit 0, delta in bit 1, sign last in bit 2.
        code: the streams. `words.ready` depends combinationally on `code.ready`.

    Raises:
        ValueError: `word_bits` is not 8, 16 or 32.
    """

    def __init__(self, params: Params, *, compact: bool = False):
        self.params, self.compact = params, compact
        if params.word_bits not in (8, 16, 32):
            rule = "word_bits must be 8, 16 or 32 in the cores"
            raise ValueError(f"{rule}, not {params.word_bits!r}")
        super().__init__(
            {
                "words": In(axis.signature(params.word_bits, user=HEADER_BITS)),
                "code": Out(code_signature(params)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word_bits, port_words = self.params.word_bits, self.params.port_words
        m.submodules.fold = fold = Fold(word_bits)
        m.submodules.adaptation = state = Adaptation(word_bits)
        m.submodules.writer = writer = CodeWriter(word_bits)
        m.submodules.packer = packer = BitPacker(
            word_bits,
            word_bits,
            capacity=writer.code_bits + port_words * word_bits - 1,
            port_words=port_words,
            keep_bits=port_words * word_bits // 8 if port_words > 1 else 0,
            most_ones=ESCAPE_ONES,
        )
        wiring.connect(m, packer.beat, wiring.flipped(self.code))

        held, closing, waiting = Signal(), Signal(), Signal()
        folded = Signal(word_bits, reset_less=True)
        zero, final, skips = (Signal(name=n, reset_less=True) for n in ("zero", "final", "skips"))
        room, step, take, opens = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            room.eq(packer.room(writer.code_bits) | (Const(0) if self.compact else ~waiting)),
            step.eq(held & (self.words.valid | final) & room),
            self.words.ready.eq(room & ~closing & ~(held & final)),
            take.eq(self.words.valid & self.words.ready),
            opens.eq(take & ~held),
        ]

        # The word that comes in
        arriving = self.words.payload.data
        is_signed, delta, sign_last = self.words.payload.user
        word, previous, nonzero = Signal(word_bits), Signal(word_bits, reset_less=True), Signal()
        m.d.comb += [
            word.eq(Mux(sign_last, arriving.rotate_left(1), arriving)),
            nonzero.eq(word.any()),
            fold.word.eq(word),
            fold.prediction.eq(gate(delta & held, previous)),  # the first word has none
            fold.is_signed.eq(is_signed),
        ]
        with m.If(take):
            m.d.sync += [folded.eq(fold.folded), zero.eq(~nonzero), skips.eq(fold.skips)]
            m.d.sync += previous.eq(word)
            m.d.sync += [final.eq(self.words.payload.last), held.eq(1)]
        with m.If(step & final):
            m.d.sync += [held.eq(0), closing.eq(1)]
        with m.If(packer.closed):
            m.d.sync += closing.eq(0)

        # The word that goes out. A run ends where it is full, before a word, with the packet
        count = Signal(range(2**MAX_RUN_BITS + 1))
        direct, is_run, filled, full, ends = (
            Signal(name=name) for name in ("direct", "is_run", "filled", "full", "ends")
        )
        m.d.comb += [
            is_run.eq(zero & ~state.raw),
            filled.eq(Cat(count[i] & (state.run_bits == i) for i in range(len(count))).any()),
            full.eq(filled | final),
            ends.eq(full | nonzero),
            # raw words have a place for 0
            writer.folded.eq(folded),
            writer.whole.eq(Mux(skips & state.raw, previous, folded)),
            writer.zero.eq(is_run),
            writer.direct.eq(direct),
            writer.count.eq(count),
            writer.full.eq(full),
            writer.k.eq(state.k),
            writer.raw.eq(state.raw),
            writer.slot.eq(state.slot),
            writer.run_bits.eq(state.run_bits),
            state.value.eq(step & ~is_run),
            state.grade.eq(writer.grade),
            state.zero.eq(step & is_run & ends),
            state.full.eq(full),
            state.clear.eq(packer.closed),
        ]
        with m.If(step):
            m.d.sync += direct.eq(is_run & ends & ~full)
            m.d.sync += count.eq(Mux(is_run & ~ends, count + 1, 0))
        with m.If(step & final):
            m.d.sync += direct.eq(0)

        header = Cat(Const(-1, word_bits - HEADER_BITS), sign_last, delta, is_signed)
        push = [
            (packer.data, Mux(held, writer.fixed, header)),
            (packer.length, Mux(held, writer.fixed_length, HEADER_BITS)),
            (packer.ones, gate(held, writer.ones)),
            (packer.stop, held & writer.stop),
        ]
        pushes = opens | state.value | state.zero
        if self.compact:
            m.d.comb += [port.eq(value) for port, value in push]
            m.d.comb += packer.push.eq(pushes)
        else:
            with m.If(room):
                m.d.sync += waiting.eq(pushes)
                m.d.sync += [port.eq(value) for port, value in push]
            m.d.comb += packer.push.eq(waiting & room)
        m.d.comb += packer.close.eq(closing & ~waiting)
        return m
