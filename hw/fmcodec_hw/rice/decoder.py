"""The Rice decoder: one code stream in, words out."""

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec.rice import Params
from fmcodec_hw import axis
from fmcodec_hw.rice.adaptation import MAX_RUN_BITS, Adaptation
from fmcodec_hw.rice.code_reader import CodeReader
from fmcodec_hw.rice.fold import Unfold
from fmcodec_hw.rice.window import Window

__all__ = ["Decoder"]


class Decoder(wiring.Component):
    def __init__(self, params: Params, *, checked: bool = True, length_bits: int = 24):
        self.params, self.checked, self.length_bits = params, checked, length_bits
        word_bits, port_bits = params.word_bits, params.port_words * params.word_bits
        self._keep_bits = port_bits // 8 if params.port_words > 1 else 0
        super().__init__(
            {
                "length": In(stream.Signature(length_bits)),
                "code": In(axis.signature(port_bits, keep_bits=self._keep_bits)),
                "words": Out(axis.signature(word_bits, user=True)),
            }
        )

    def elaborate(self, platform):
        m = Module()
        word_bits = self.params.word_bits
        m.submodules.reader = reader = CodeReader(word_bits)
        m.submodules.adaptation = state = Adaptation(word_bits)
        m.submodules.unfold = unfold = Unfold(word_bits)
        m.submodules.window = window = Window(
            word_bits,
            reader.code_bits,
            reader.num_lengths,
            port_words=self.params.port_words,
            keep_bits=self._keep_bits,
        )
        wiring.connect(m, wiring.flipped(self.code), window.beat)
        clear = Signal()

        active = Signal()
        remaining = Signal(self.length_bits, reset_less=True)
        is_signed, delta, sign_last = (Signal(name=n, reset_less=True) for n in ("is_signed", "delta", "sign_last"))
        held, zero, final = Signal(), Signal(reset_less=True), Signal()
        folded, raw = Signal(word_bits, reset_less=True), Signal(reset_less=True)
        run, direct = Signal(range(2**MAX_RUN_BITS + 1)), Signal()
        running, step, free, reads = Signal(), Signal(), Signal(), Signal()
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
            window.lengths.eq(reader.lengths),
            window.chosen.eq(reader.chosen),
            window.base.eq(reader.base),
            window.ones.eq(reader.ones),
            window.step.eq(reads),
            window.drain.eq(final & ~window.seen),
            window.clear.eq(clear),
            state.value.eq(reads & ~reader.zero),
            state.grade.eq(reader.grade),
            state.zero.eq(reads & reader.zero),
            state.full.eq(reader.full),
            state.clear.eq(clear),
        ]
        with m.If(window.opens):
            m.d.sync += Cat(sign_last, delta, is_signed).eq(window.header)
        with m.If(reads):
            m.d.sync += [run.eq(reader.count & reader.zero.replicate(len(run))), direct.eq(reader.zero & ~reader.full)]
        with m.If(step & running):
            m.d.sync += run.eq(run - 1)
        with m.If(step):
            m.d.sync += [
                folded.eq(reader.folded),
                raw.eq(state.raw),
                zero.eq(running | reader.zero),
                final.eq(remaining == 0),
                remaining.eq(remaining - 1),
                held.eq(1),
            ]
        with m.Elif(self.words.ready & ~final):
            m.d.sync += held.eq(0)

        previous, word = Signal(word_bits), Signal(word_bits)
        m.d.comb += [
            unfold.skips.eq(~is_signed & ~raw & ~unfold.prediction.any()),
            unfold.folded.eq(folded),
            unfold.prediction.eq(previous & delta.replicate(word_bits)),
            unfold.is_signed.eq(is_signed),
            word.eq(unfold.word & (~zero).replicate(word_bits)),
            self.words.payload.data.eq(Mux(sign_last, word.rotate_right(1), word)),
            self.words.payload.last.eq(final),
            self.words.valid.eq(held & (~final | window.seen)),
            self.length.ready.eq(~active),
            clear.eq(final & self.words.valid & self.words.ready),
        ]
        with m.If(self.words.ready & held):
            m.d.sync += previous.eq(word)
        with m.If(~active):
            m.d.sync += [active.eq(self.length.valid), remaining.eq(self.length.payload)]

        if self.checked:
            damaged = Signal()
            alone = Signal(reset_less=True)  # the word stands behind a run
            with m.If(step):
                m.d.sync += alone.eq(direct & ~running)
            # a zero where none can be; a word behind a run that is not there
            impossible = held & (unfold.skips | alone) & ~zero & ~word.any()
            m.d.sync += damaged.eq((damaged | window.overrun | window.drain | impossible) & ~clear)
            wrong = damaged | impossible | direct | ~window.complete
            m.d.comb += self.words.payload.user.eq(final & wrong)
        with m.If(clear):
            m.d.sync += [s.eq(0) for s in (active, held, final, run, direct, previous)]
        return m
