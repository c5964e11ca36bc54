"""Bits of a packet out of its beats: a short window that is consumed by any number of bits."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis
from fmcodec_hw.logic import gate, select

__all__ = ["BitWindow", "align"]


def align(m: Module, bits: Value, phase: Value, count: int) -> Value:
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
        keep_bits: bits of the port's keep, 0 where it has none. Only its top bit is looked at: low
            in a last beat of two words that holds one.

    Members:
        beat: the packet's beats; `beat.ready` depends on `length` and `step` when all are held.
        head: the next bits, the first in the most significant place.
        length: bits to let go of.
        step: let go of them, at the end of the cycle.
        drop: let go of the beat in slot 0 instead.
        shown: which slots show a beat, slot 0 in bit 0.
        held: slot 0 is held.
        seen: the packet's last beat has been taken.
        whole: the word that the next bit belongs to is held and none of its bits are gone.
        more: there is a word after it.
        overrun: bits beyond the packet's end are let go of in this step, or were in the last one.
        clear: forget the packet.
    """

    def __init__(
        self,
        word_bits: int,
        step_bits: int,
        registers: int,
        *,
        port_words: int = 1,
        keep_bits: int = 0,
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
        # Slots in a row: registers, and behind them the beat at the port. A slot that is empty
        # reads as zero, so a beat that enters is ORed into the first empty one, and what a slot
        # holds next is one of the slots at and behind it, by how many beats are let go of
        m = Module()
        registers = [Signal(self._beat_bits, name=f"slot_{i}") for i in range(self._registers)]
        valid = Signal(self._registers)
        phase = Signal(self._phase_bits)
        slots = self._enter(m, registers, valid)
        m.d.comb += self.head.eq(align(m, Cat(*reversed(slots)), phase, self._step_bits))

        gone, move = self._move(m, phase)
        for i, register in enumerate(registers):
            value = select(*zip(move, slots[i:], strict=False))
            there = select(*zip(move, self.shown[i:], strict=False))
            m.d.sync += [register.eq(value), valid[i].eq(there)]
        m.d.comb += self.beat.ready.eq((~valid[-1] | ~move[0]) & ~self.seen)
        half = self._see_last(m)
        with m.If(self.clear):
            m.d.sync += phase.eq(0)
        self._tell(m, valid, phase, half, gone)
        return m

    def _enter(self, m: Module, registers: list[Signal], valid: Signal) -> list[Value]:
        """The slots with the beat at the port in the first one that is not held."""
        # the first word of a beat is in its low lanes, the first bit of a word is its MSB
        data = self.beat.payload.data
        words = [data.word_select(i, self._word_bits) for i in range(self._port_words)]
        entering = Cat(reversed(words))
        arriving = self.beat.valid & ~self.seen
        slots: list[Value] = []
        for i in range(self._registers + 1):
            enter = Signal(name=f"enter_{i}")
            behind = valid[i - 1] if i else Const(1)  # all before it are held
            held = valid[i] if i < self._registers else Const(0)
            m.d.comb += [enter.eq(arriving & ~held & behind), self.shown[i].eq(enter | held)]
            value = gate(enter, entering)
            slots.append(registers[i] | value if i < self._registers else value)
        return slots

    def _move(self, m: Module, phase: Signal) -> tuple[list[Value], list[Value]]:
        """Whether a step lets go of so many beats, and whether all slots move by so many."""
        total = Signal(range(self._beat_bits + self._step_bits))
        # phase <= beat_bits - 1, length <= step_bits
        most = (self._beat_bits - 1 + self._step_bits) // self._beat_bits
        m.d.comb += total.eq(phase + self.length)
        gone: list[Value] = [Signal(name=f"gone_{i}") for i in range(most + 1)]
        move: list[Value] = [Signal(name=f"move_{i}") for i in range(most + 1)]
        for i in range(most + 1):
            dropped = {0: ~self.drop, 1: self.drop}.get(i, Const(0, 1))
            m.d.comb += [
                gone[i].eq(total >> self._phase_bits == i),
                move[i].eq(Mux(self.step, gone[i], dropped) & ~self.clear),
            ]
        with m.If(self.step):
            m.d.sync += phase.eq(total)
        with m.If(self.drop):
            m.d.sync += phase.eq(0)
        return gone, move

    def _see_last(self, m: Module) -> Value:
        """Note the packet's last beat when it is taken; whether it holds one word of two."""
        taking_last = self.beat.valid & self.beat.ready & self.beat.payload.last
        with m.If(taking_last):
            m.d.sync += self.seen.eq(1)
        with m.If(self.clear):
            m.d.sync += self.seen.eq(0)
        if not self._keep_bits:
            return Const(0, 1)
        half = Signal()
        with m.If(taking_last):
            m.d.sync += half.eq(~self.beat.payload.keep[-1])
        with m.If(self.clear):
            m.d.sync += half.eq(0)
        return half

    def _tell(
        self, m: Module, valid: Signal, phase: Signal, half: Value, gone: list[Value]
    ) -> None:
        """What is left of the packet, word by word."""
        bits_of_word = phase[: (self._word_bits - 1).bit_length()]
        second = phase[-1] if self._port_words > 1 else Const(0, 1)
        lone = half & valid[0] & ~self.shown[1]  # slot 0 holds one word only
        follows = valid[0] & ~second & ~half if self._port_words > 1 else Const(0, 1)
        past = (~valid[0] & (phase != 0)) | (lone & second & (bits_of_word != 0))
        held = [*valid, Const(0, 1)]
        for i in range(1, len(gone)):
            past |= self.step & gone[i] & (~held[i - 1] | (half & ~held[i]))
        m.d.comb += [
            self.held.eq(valid[0]),
            self.whole.eq(valid[0] & (bits_of_word == 0) & ~(lone & second)),
            self.more.eq(self.shown[1] | follows),
            self.overrun.eq(self.seen & past),
        ]
