"""Bits of a packet out of its beats: a short window that is consumed by any number of bits."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis

__all__ = ["BitWindow"]


class BitWindow(wiring.Component):
    """Show the next `step_bits` bits of a packet and let go of up to that many a cycle.

    The oldest beat is in slot 0; `phase` bits of it are gone. A step moves the slots by whole beats
    and the phase by the rest, and a new beat enters the lowest slot that is then free, so that the
    window starves only when the port does. After the packet's last beat nothing more is taken until
    `clear`, and zeros follow the packet's bits.

    Parameters:
        word_bits, port_words: bits of a word, words of a beat.
        step_bits: the most bits that a step lets go of.
        direct: the last slot is the port itself instead of a register.

    Members:
        beat: the packet's beats; `beat.ready` depends on `length` and `step`.
        head: the next bits, the first in the most significant place.
        length, step: bits to let go of, at the end of a cycle with `step`.
        drop: let go of the beat in slot 0 instead.
        enough: `length` bits are there, and the bit after them or the packet's end is known.
        held, seen: there is a beat in slot 0; the packet's last beat has been taken.
        whole: the word that the next bit belongs to is there and none of its bits are gone.
        more: there is a word after it.
        overrun: bits beyond the packet's end are let go of in this step, or were in the last one.
        clear: forget the packet.
    """

    def __init__(self, word_bits: int, step_bits: int, *, port_words=1, keep_bits=0, direct=False):
        self._word_bits = word_bits
        self._beat_bits = word_bits * port_words
        self._phase_bits = (self._beat_bits - 1).bit_length()
        self._step_bits = step_bits
        self._max_shift = (self._beat_bits - 1 + step_bits) // self._beat_bits
        self._direct = direct
        super().__init__(
            {
                "beat": In(axis.signature(self._beat_bits, keep_bits=keep_bits)),
                "head": Out(step_bits),
                "length": In(range(step_bits + 1)),
                "step": In(1),
                "drop": In(1),
                "enough": Out(1),
                "held": Out(1),
                "seen": Out(1),
                "whole": Out(1),
                "more": Out(1),
                "overrun": Out(1),
                "clear": In(1),
            }
        )
        self._keep_bits = keep_bits

    def elaborate(self, platform):
        m = Module()
        port_words = self._beat_bits // self._word_bits
        num_registers = self._max_shift + 1 - self._direct
        registers = [
            Signal(self._beat_bits, name=f"slot_{i}", reset_less=True) for i in range(num_registers)
        ]
        valid = Signal(num_registers)
        phase = Signal(self._phase_bits)
        arriving = Signal()
        m.d.comb += arriving.eq(self.beat.valid & ~self.seen)
        slots, held = list(registers), list(valid)
        # the first word of a beat is in its low lanes, the first bit of a word is its MSB
        words = [self.beat.payload.data.word_select(i, self._word_bits) for i in range(port_words)]
        entering = Cat(reversed(words))
        if self._direct:
            slots.append(entering & arriving.replicate(self._beat_bits))
            held.append(arriving)

        # Align by the phase, coarse levels first: each keeps only the bits that later ones may need
        bits = Cat(*reversed(slots))
        for level in reversed(range(self._phase_bits)):
            width = self._step_bits + (1 << level) - 1
            aligned = Signal(width, name=f"aligned_{level}")
            top = len(bits)
            skipped = bits[max(top - (1 << level) - width, 0) : top - (1 << level)]
            skipped = Cat(Const(0, width - len(skipped)), skipped)
            m.d.comb += aligned.eq(Mux(phase[level], skipped, bits[top - width :]))
            bits = aligned
        m.d.comb += self.head.eq(bits)

        total = Signal(range(self._beat_bits + self._step_bits))
        gone = [Signal(name=f"gone_{i}") for i in range(self._max_shift + 1)]
        move = [Signal(name=f"move_{i}") for i in range(self._max_shift + 1)]
        m.d.comb += total.eq(phase + self.length)
        for i in range(self._max_shift + 1):
            m.d.comb += gone[i].eq(total >> self._phase_bits == i)
            dropped = {0: ~self.drop, 1: self.drop}.get(i, Const(0, 1))
            m.d.comb += move[i].eq(Mux(self.step, gone[i], dropped))
        m.d.comb += self.enough.eq(self.seen | (Cat(gone) & Cat(held)).any())
        with m.If(self.step):
            m.d.sync += phase.eq(total)
        with m.If(self.drop):
            m.d.sync += phase.eq(0)

        # What is not held reads as zero: a beat is only kept with its valid bit
        below = Const(1, 1)
        for i, register in enumerate(registers):
            value, kept = Const(0, self._beat_bits), Const(0, 1)
            for by in range(min(self._max_shift, num_registers - 1 - i) + 1):
                select = Signal(name=f"select_{i}_{by}")
                m.d.comb += select.eq(move[by] & valid[i + by])
                value = value | (registers[i + by] & select.replicate(self._beat_bits))
                kept = kept | select
            enter = Signal(name=f"enter_{i}")
            m.d.comb += enter.eq(below & ~kept & arriving)
            data = entering & enter.replicate(self._beat_bits)
            m.d.sync += [register.eq(value | data), valid[i].eq(kept | enter)]
            below = kept
        m.d.comb += self.beat.ready.eq(~below & ~self.seen)

        half = Const(0, 1)
        taking_last = self.beat.valid & self.beat.ready & self.beat.payload.last
        with m.If(taking_last):
            m.d.sync += self.seen.eq(1)
        if self._keep_bits:
            half = Signal()  # the last beat holds one word
            with m.If(taking_last):
                m.d.sync += half.eq(~self.beat.payload.keep[-1])
            with m.If(self.clear):
                m.d.sync += half.eq(0)
        with m.If(self.clear):
            m.d.sync += [valid.eq(0), phase.eq(0), self.seen.eq(0)]

        bits_of_word = phase[: (self._word_bits - 1).bit_length()]
        second = phase[-1] if self._beat_bits > self._word_bits else Const(0, 1)
        single = Const(1, 1) if self._beat_bits == self._word_bits else second | half
        next_held = held[1] if len(held) > 1 else Const(0, 1)
        lone = half & held[0] & ~next_held  # slot 0 holds one word only
        m.d.comb += [
            self.held.eq(held[0]),
            self.whole.eq(held[0] & (bits_of_word == 0) & ~(lone & second)),
            self.more.eq(next_held | (held[0] & ~single)),
        ]
        past = (~held[0] & (phase != 0)) | (lone & second & (bits_of_word != 0))
        for i in range(1, self._max_shift + 1):
            past |= self.step & gone[i] & (~held[i - 1] | (half & ~held[i]))
        m.d.comb += self.overrun.eq(past)
        return m
