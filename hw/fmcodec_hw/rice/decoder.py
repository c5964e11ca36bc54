"""The Rice decoder: one code stream in, words out."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.rice import Params
from fmcodec_hw import axis
from fmcodec_hw.logic import gate
from fmcodec_hw.rice.fold import Unfold
from fmcodec_hw.rice.ports import code_signature
from fmcodec_hw.rice.window import Window
from fmcodec_hw.rice_code.adaptation import MAX_RUN_BITS, Adaptation
from fmcodec_hw.rice_code.code_reader import CodeReader

__all__ = ["Decoder"]


class Decoder(wiring.Component):
    """Decode the code streams of packets into their words (doc/format.md).

    Latency: the first word is valid two cycles after the packet's second beat comes, or its only
    one. Throughput: one word per cycle, or what the port brings: every cycle moves a word or a
    beat. With port_words = 2 and more the port is never the limit. At most four cycles without a
    word lie between two packets. Held: a beat or two, a folded word and the word before it.

    Words leave in two steps. The first takes a code from the window, or one of the zeros of a run;
    all that codes depend on is in its loop. The second, behind a register, unfolds the word.

    Damaged packets give N words too. Then the stream is dropped up to its last beat, for which the
    last word waits. Reset gives up the packet in progress.

    Parameters:
        params: the configuration; word_bits must be 8, 16 or 32, port_words a power of two.
        checked: report damaged packets on `user`; without it `user` is 0.
        length_bits: width of the packet length, 1..32.

    Members:
        length: N-1, one beat per packet.
        code: the streams. Their beats are used where they stand, without a register at the port:
            `ready` depends combinationally on their data and on `words.ready`.
        words: the packets' words, `last` with the N-th, `user` with it for a damaged packet.

    Raises:
        TypeError, ValueError: a parameter has the wrong type or is out of its range.
    """

    def __init__(self, params: Params, *, checked: bool = True, length_bits: int = 24):
        if params.word_bits not in (8, 16, 32):
            rule = "word_bits must be 8, 16 or 32 in the cores"
            raise ValueError(f"{rule}, not {params.word_bits!r}")
        if isinstance(length_bits, bool) or not isinstance(length_bits, int):
            raise TypeError(f"length_bits must be an int in 1..32, not {length_bits!r}")
        if length_bits not in range(1, 33):
            raise ValueError(f"length_bits must be an int in 1..32, not {length_bits!r}")
        self.params, self.checked, self.length_bits = params, checked, length_bits
        super().__init__(
            {
                "length": In(stream.Signature(length_bits)),
                "code": In(code_signature(params)),
                "words": Out(axis.signature(params.word_bits, user=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word_bits, port_words = self.params.word_bits, self.params.port_words
        m.submodules.reader = reader = CodeReader(word_bits)
        m.submodules.adaptation = state = Adaptation(word_bits)
        m.submodules.unfold = unfold = Unfold(word_bits)
        m.submodules.window = window = Window(word_bits, reader.code_bits, port_words)
        wiring.connect(m, wiring.flipped(self.code), window.beat)
        clear = Signal()  # the packet's last word is taken

        # Words that are still to come after the next one
        active = Signal()
        remaining = Signal(self.length_bits, reset_less=True)
        m.d.comb += self.length.ready.eq(~active)

        # First step: a code, or the next zero of a run
        held, final = Signal(), Signal()  # a word is on its way, the packet's last one
        run = Signal(range(2**MAX_RUN_BITS + 1))
        direct = Signal()  # behind the run stands a word that is not zero
        running, free, step, reads = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            running.eq(run.any()),
            free.eq(~held | (self.words.ready & ~final)),
            step.eq(active & window.there & free),
            reads.eq(step & ~running),
            reader.head.eq(window.head),
            reader.direct.eq(direct),
            reader.k.eq(state.k),
            reader.raw.eq(state.raw),
            reader.slot.eq(state.slot),
            reader.run_bits.eq(state.run_bits),
            window.base.eq(reader.base),
            window.ones.eq(reader.ones),
            window.lengths.eq(reader.lengths),
            window.chosen.eq(reader.chosen),
            window.step.eq(reads),
            window.drain.eq(final & ~window.seen),
            window.clear.eq(clear),
            state.value.eq(reads & ~reader.zero),
            state.grade.eq(reader.grade),
            state.zero.eq(reads & reader.zero),
            state.full.eq(reader.full),
            state.clear.eq(clear),
        ]
        with m.If(reads):
            m.d.sync += run.eq(gate(reader.zero, reader.count))
            m.d.sync += direct.eq(reader.zero & ~reader.full)
        with m.If(step & running):
            m.d.sync += run.eq(run - 1)
        with m.If(step):
            m.d.sync += [final.eq(remaining == 0), remaining.eq(remaining - 1), held.eq(1)]
        with m.Elif(self.words.ready & ~final):
            m.d.sync += held.eq(0)
        with m.If(~active):
            m.d.sync += [active.eq(self.length.valid), remaining.eq(self.length.payload)]
        with m.If(clear):
            m.d.sync += [flag.eq(0) for flag in (active, held, final, run, direct)]

        # Second step
        zero, raw = Signal(reset_less=True), Signal(reset_less=True)
        with m.If(step):
            m.d.sync += unfold.folded.eq(reader.folded)
            m.d.sync += [zero.eq(running | reader.zero), raw.eq(state.raw)]
        word = self._unfold(m, unfold, window, held & self.words.ready, zero, raw, clear)
        m.d.comb += [
            self.words.payload.last.eq(final),
            self.words.valid.eq(held & (~final | window.seen)),
            clear.eq(final & self.words.valid & self.words.ready),
        ]
        if self.checked:
            lone = Signal(reset_less=True)
            with m.If(step):
                m.d.sync += lone.eq(direct & ~running)
            # it stands where only another than 0 can
            impossible = held & (unfold.skips | lone) & ~zero & ~word.any()
            told = impossible | window.overrun | window.drain
            m.d.comb += self.words.payload.user.eq(
                final & (self._damage(m, told, clear) | impossible | direct | ~window.complete)
            )
        return m

    def _unfold(
        self,
        m: Module,
        unfold: Unfold,
        window: Window,
        taken: Value,
        zero: Value,
        raw: Value,
        clear: Value,
    ) -> Value:
        """The word at the port, before its sign goes back to its place."""
        word_bits = self.params.word_bits
        previous, word = Signal(word_bits), Signal(word_bits)
        is_signed, delta, sign_last = (
            Signal(name=name, reset_less=True) for name in ("is_signed", "delta", "sign_last")
        )
        with m.If(window.opens):
            m.d.sync += Cat(sign_last, delta, is_signed).eq(window.header)
        with m.If(taken):
            m.d.sync += previous.eq(word)
        with m.If(clear):
            m.d.sync += previous.eq(0)
        m.d.comb += [
            unfold.prediction.eq(gate(delta, previous)),
            unfold.is_signed.eq(is_signed),
            unfold.skips.eq(~is_signed & ~raw & ~unfold.prediction.any()),
            word.eq(gate(~zero, unfold.word)),
            self.words.payload.data.eq(Mux(sign_last, word.rotate_right(1), word)),
        ]
        return word

    def _damage(self, m: Module, told: Value, clear: Value) -> Value:
        """Whether damage was `told` in an earlier cycle of the packet."""
        damaged = Signal()
        m.d.sync += damaged.eq((damaged | told) & ~clear)
        return damaged
