"""Bits of a packet out of its beats: a short window that is consumed by any number of bits."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis

__all__ = ["BitWindow", "align"]


def align(m: Module, bits, phase: Signal, count: int):
    """The `count` bits that follow the first `phase` ones; the first bit is the most significant.

    Coarse levels first: each keeps only the bits that later ones may need.
    """
    for level in reversed(range(len(phase))):
        width, skip = count + (1 << level) - 1, 1 << level
        padded = Cat(Const(0, width + skip), bits)  # past the last bit there are zeros
        top = len(padded)
        aligned = Signal(width, name=f"aligned_{level}")
        m.d.comb += aligned.eq(
            Mux(phase[level], padded[top - skip - width : top - skip], padded[top - width :])
        )
        bits = aligned
    return bits


class BitWindow(wiring.Component):
    """Show the next `step_bits` bits of a packet and let go of up to that many a cycle.

    The oldest beat is in slot 0; `phase` bits of it are gone. The beat at the port shows in the
    slot behind the held ones, then all slots move by the beats that a step lets go of, the phase by
    the rest. After the packet's last beat nothing is taken until `clear`; zeros follow its bits.

    Parameters:
        word_bits, port_words: bits of a word, words of a beat.
        step_bits: the most bits that a step lets go of.
        registers: beats held.

    Members:
        beat: the packet's beats; `beat.ready` depends on `length` and `step` when all are held.
        head: the next bits, the first in the most significant place.
        length, step: bits to let go of, at the end of a cycle with `step`.
        drop: let go of the beat in slot 0 instead.
        shown: which slots show a beat, slot 0 in bit 0.
        held, seen: slot 0 is held; the packet's last beat has been taken.
        whole: the word that the next bit belongs to is held and none of its bits are gone.
        more: there is a word after it.
        overrun: bits beyond the packet's end are let go of in this step, or were in the last one.
        clear: forget the packet.
    """

    def __init__(
        self, word_bits: int, step_bits: int, registers: int, *, port_words=1, keep_bits=0
    ):
        self._word_bits, self._port_words, self._keep_bits = word_bits, port_words, keep_bits
        self._beat_bits = word_bits * port_words
        self._phase_bits = (self._beat_bits - 1).bit_length()
        self._step_bits, self._registers = step_bits, registers
        super().__init__(
            {
                "beat": In(axis.signature(self._beat_bits, keep_bits=keep_bits)),
                "head": Out(step_bits),
                "length": In(range(step_bits + 1)),
                "step": In(1),
                "drop": In(1),
                "shown": Out(registers + 1),
                "held": Out(1),
                "seen": Out(1),
                "whole": Out(1),
                "more": Out(1),
                "overrun": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        registers = [Signal(self._beat_bits, name=f"slot_{i}") for i in range(self._registers)]
        valid = Signal(self._registers)
        phase = Signal(self._phase_bits)
        arriving = Signal()
        m.d.comb += arriving.eq(self.beat.valid & ~self.seen)

        # The first word of a beat is in its low lanes, the first bit of a word is its MSB
        words = [
            self.beat.payload.data.word_select(i, self._word_bits) for i in range(self._port_words)
        ]
        entering = Cat(reversed(words))
        slots = []
        for i in range(self._registers + 1):
            enter = Signal(name=f"enter_{i}")
            value = entering & enter.replicate(self._beat_bits)
            if i < self._registers:
                m.d.comb += enter.eq(arriving & ~valid[i] & (valid[i - 1] if i else 1))
                slots.append(registers[i] | value)
            else:
                m.d.comb += enter.eq(arriving & valid[i - 1])
                slots.append(value)
            m.d.comb += self.shown[i].eq(enter | (valid[i] if i < self._registers else 0))

        m.d.comb += self.head.eq(align(m, Cat(*reversed(slots)), phase, self._step_bits))

        total = Signal(range(self._beat_bits + self._step_bits))
        max_shift = (self._beat_bits - 1 + self._step_bits) // self._beat_bits
        gone = [Signal(name=f"gone_{i}") for i in range(max_shift + 1)]
        move = [Signal(name=f"move_{i}") for i in range(max_shift + 1)]
        m.d.comb += total.eq(phase + self.length)
        for i in range(max_shift + 1):
            m.d.comb += gone[i].eq(total >> self._phase_bits == i)
            dropped = {0: ~self.drop, 1: self.drop}.get(i, Const(0, 1))
            m.d.comb += move[i].eq(Mux(self.step, gone[i], dropped) & ~self.clear)
        with m.If(self.step):
            m.d.sync += phase.eq(total)
        with m.If(self.drop):
            m.d.sync += phase.eq(0)

        # What is not held reads as zero
        for i, register in enumerate(registers):
            value, there = Const(0, self._beat_bits), Const(0, 1)
            for by, slot in zip(move, slots[i:], strict=False):
                value = value | (slot & by.replicate(self._beat_bits))
            for by, shown in zip(move, self.shown[i:], strict=False):
                there = there | (by & shown)
            m.d.sync += [register.eq(value), valid[i].eq(there)]
        m.d.comb += self.beat.ready.eq((~valid[-1] | ~move[0]) & ~self.seen)

        half = Const(0, 1)
        taking_last = arriving & self.beat.ready & self.beat.payload.last
        with m.If(taking_last):
            m.d.sync += self.seen.eq(1)
        if self._keep_bits:
            half = Signal()  # the last beat holds one word
            with m.If(taking_last):
                m.d.sync += half.eq(~self.beat.payload.keep[-1])
            with m.If(self.clear):
                m.d.sync += half.eq(0)
        with m.If(self.clear):
            m.d.sync += [phase.eq(0), self.seen.eq(0)]

        bits_of_word = phase[: (self._word_bits - 1).bit_length()]
        second = phase[-1] if self._port_words > 1 else Const(0, 1)
        lone = half & valid[0] & ~self.shown[1]  # slot 0 holds one word only
        m.d.comb += [
            self.held.eq(valid[0]),
            self.whole.eq(valid[0] & (bits_of_word == 0) & ~(lone & second)),
            self.more.eq(
                self.shown[1] | (valid[0] & ~second & ~half if self._port_words > 1 else 0)
            ),
        ]
        past = (~valid[0] & (phase != 0)) | (lone & second & (bits_of_word != 0))
        held = [*valid, Const(0, 1)]
        for i in range(1, max_shift + 1):
            past |= self.step & gone[i] & (~held[i - 1] | (half & ~held[i]))
        m.d.comb += self.overrun.eq(self.seen & past)
        return m
