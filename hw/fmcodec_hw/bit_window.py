"""Bits of a packet out of its beats: a short window that is consumed by any number of bits."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis
from fmcodec_hw.logic import gate, lookup, select

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

    What a step lets go of is known late, and is one of a few lengths, or two of them: their places
    in `lengths` come, not their sum, and what the phase becomes is looked up.

    Parameters:
        word_bits, port_words: bits of a word, words of a beat.
        step_bits: the most bits that a step lets go of.
        registers: beats held.
        lengths: bits that a symbol can have.
        keep_bits: bits of the port's keep, 0 where it has none. Only its top bit is looked at: low
            in a last beat of two words that holds one.

    Members:
        beat: the packet's beats; `beat.ready` depends on all of these when all slots are held.
        head: the next bits, the first in the most significant place.
        code, second: the symbol to let go of is lengths[code] bits long, and with
        two: another one of lengths[second] bits;
        skip: a word before them.
        step: let go of them, at the end of the cycle; `step_bits` at most.
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
        lengths: Sequence[int],
        port_words: int = 1,
        keep_bits: int = 0,
    ):
        self._word_bits, self._port_words, self._keep_bits = word_bits, port_words, keep_bits
        self._beat_bits = word_bits * port_words
        self._phase_bits = (self._beat_bits - 1).bit_length()
        self._step_bits, self._registers = step_bits, registers
        self._lengths = lengths
        super().__init__(
            {
                "beat": In(axis.signature(self._beat_bits, keep_bits=keep_bits)),
                "head": Out(step_bits),
                "code": In(range(len(lengths))),
                "second": In(range(len(lengths))),
                "two": In(1),
                "skip": In(1),
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
        # Slots in a row: registers, and behind them the beat at the port, which every slot that is
        # not held shows. What a slot holds next is what it or one behind it shows, by how many
        # beats are let go of
        m = Module()
        registers = [
            Signal(self._beat_bits, name=f"slot_{i}", reset_less=True)
            for i in range(self._registers)
        ]
        valid = Signal(self._registers)
        phase = Signal(self._phase_bits)
        slots = self._enter(m, registers, valid)
        m.d.comb += self.head.eq(align(m, Cat(*reversed(slots)), phase, self._step_bits))

        gone = self._let_go(m, phase)
        move = self._move(m, gone)
        for i, register in enumerate(registers):
            # past the last slot there is nothing; it shows the port too
            behind = [slots[min(i + by, len(registers))] for by in range(len(move))]
            there = select(*zip(move, self.shown[i:], strict=False))
            m.d.sync += valid[i].eq(there & ~self.clear)
            # full and between steps nothing moves; by how much it does is too late to gate a clock
            with m.If(self.step | self.drop | ~valid[-1]):
                m.d.sync += register.eq(select(*zip(move, behind, strict=True)))
        m.d.comb += self.beat.ready.eq((~valid[-1] | ~move[0]) & ~self.seen)
        half = self._see_last(m)
        self._tell(m, valid, phase, half, gone)
        return m

    def _enter(self, m: Module, registers: list[Signal], valid: Signal) -> list[Value]:
        """What the slots show; zeros behind the packet's last beat."""
        # the first word of a beat is in its low lanes, the first bit of a word is its MSB
        data = self.beat.payload.data
        words = [data.word_select(i, self._word_bits) for i in range(self._port_words)]
        entering = gate(~self.seen, Cat(reversed(words)))
        slots: list[Value] = []
        for i, register in enumerate(registers):
            slots.append(Signal(self._beat_bits, name=f"shown_{i}"))
            m.d.comb += slots[i].eq(Mux(valid[i], register, entering))
        arriving = self.beat.valid & ~self.seen
        # in the slot behind the last one held
        m.d.comb += self.shown.eq(valid | gate(arriving, Cat(Const(1), valid)))
        return [*slots, entering]

    def _let_go(self, m: Module, phase: Signal) -> list[Value]:
        """Whether a step lets go of so many beats; what the phase becomes.

        A word that is skipped adds whole beats to the phase, or its upper bit.
        """
        phase_bits, beat_bits, longest = self._phase_bits, self._beat_bits, max(self._lengths)
        most = (beat_bits - 1 + self._step_bits) // beat_bits
        start: Value = phase
        skipped: Value = self.skip
        if self._port_words > 1:
            start, skipped = Cat(phase[:-1], phase[-1] ^ self.skip), phase[-1] & self.skip
        one, both = (Signal(range(beat_bits + longest), name=name) for name in ("one", "both"))
        beats = Signal(range(most + 1))
        m.d.comb += [
            one.eq(self._sum(start, self.code)),
            both.eq(self._sum(one[:phase_bits], self.second)),
            beats.eq(skipped + one[phase_bits:] + gate(self.two, both[phase_bits:])),
        ]
        with m.If(self.step):
            m.d.sync += phase.eq(Mux(self.two, both, one))
        with m.If(self.drop | self.clear):
            m.d.sync += phase.eq(0)
        return [beats == i for i in range(most + 1)]

    def _sum(self, phase: Value, code: Value) -> Value:
        """phase + lengths[code]."""
        phases = range(1 << self._phase_bits)
        table = [length + phase for length in self._lengths for phase in phases]
        return lookup(Cat(phase, code), table, max(table).bit_length())

    def _move(self, m: Module, gone: list[Value]) -> list[Value]:
        """Whether all slots move by so many beats, one-hot."""
        move: list[Value] = [Signal(name=f"move_{i}") for i in range(len(gone))]
        m.d.comb += move[0].eq(~Cat(move[1:]).any())
        for i in range(1, len(gone)):
            m.d.comb += move[i].eq((self.step & gone[i]) | (self.drop if i == 1 else 0))
        return move

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
