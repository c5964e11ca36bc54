"""The part of a code stream that the decoder looks at."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis
from fmcodec_hw.bit_window import align
from fmcodec_hw.logic import gate
from fmcodec_hw.rice.adaptation import ESCAPE_ONES
from fmcodec_hw.rice.ports import HEADER_BITS

__all__ = ["Window"]

_OTHERS = 4  # lengths that need no count of ones


def _at_least(value, bound: int):
    """value >= bound, bit by bit: an adder would be longer."""
    if bound >= 1 << len(value):
        return Const(0, 1)
    result = Const(1, 1)
    for bit in range(len(value)):
        result = value[bit] & result if bound >> bit & 1 else value[bit] | result
    return result


class Window(wiring.Component):
    """Show the next `code_bits` bits of a packet and let go of a code a cycle.

    The held beats and the one at the port make a row; `phase` bits of its first are gone. A step
    waits for the beat at the port, needed or not, until the packet's last one is held: whether all
    bits are there does not depend on how long the code is. So the lengths that a code may have are
    added to the phase early, and the code, known late, only selects one of the sums.

    Members:
        beat: the packet's beats; `beat.ready` depends on what the code is, where the port has one.
        head: the next bits, the first one at the top; behind the packet's end anything.
        header: the packet's first bits, in the cycle with `opens`.
        there: `head` can be read.
        base, ones: a step lets go of base + i bits with ones[i],
        lengths, chosen: or of lengths[i] bits with chosen[i].
        step: let go of the code at the end of this cycle.
        drain: take beats up to the packet's last one.
        seen: the packet's last beat has been taken.
        overrun: this step lets go of beats that the packet has not.
        complete: with the last code gone and `seen`: all words have been looked at, and no more.
        clear: forget the packet.
    """

    def __init__(self, word_bits: int, code_bits: int, port_words: int):
        self._word_bits, self._port_words = word_bits, port_words
        self._beat_bits = word_bits * port_words
        self._code_bits = code_bits
        keep_bits = self._beat_bits // 8 if port_words > 1 else 0
        super().__init__(
            {
                "beat": In(axis.signature(self._beat_bits, keep_bits=keep_bits)),
                "head": Out(code_bits),
                "header": Out(HEADER_BITS),
                "opens": Out(1),
                "there": Out(1),
                "base": In(range(code_bits + 1)),
                "ones": In(ESCAPE_ONES),
                "lengths": In(data.ArrayLayout(range(code_bits + 1), _OTHERS)),
                "chosen": In(_OTHERS),
                "step": In(1),
                "drain": In(1),
                "seen": Out(1),
                "overrun": Out(1),
                "complete": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        m = Module()
        beat_bits, word_bits = self._beat_bits, self._word_bits
        phase_bits = (beat_bits - 1).bit_length()
        held = (beat_bits - 2 + self._code_bits) // beat_bits  # beats, with the port's a code is in
        slots = [Signal(beat_bits, name=f"slot_{i}", reset_less=True) for i in range(held)]
        valid = Signal(held)
        phase = Signal(phase_bits, init=HEADER_BITS)
        payload = self.beat.payload

        # The first word of a beat is in its low lanes, the first bit of a word is its MSB
        words = [payload.data.word_select(i, word_bits) for i in range(self._port_words)]
        entering = Signal(beat_bits)
        arriving = Signal()
        m.d.comb += [
            entering.eq(Cat(reversed(words))),
            arriving.eq(self.beat.valid & ~self.seen),
            self.there.eq((valid[-1] & self.beat.valid) | self.seen),
            self.head.eq(align(m, Cat(entering, *reversed(slots)), phase, self._code_bits)),
            self.header.eq(entering[-HEADER_BITS:]),
            self.opens.eq(~valid[0] & ~self.seen),
        ]

        # Beats that are gone, and the phase in the one behind them. The ones of a code are counted
        # late: whether they carry into the next beat is known for every count before
        most = (beat_bits - 1 + self._code_bits) // beat_bits
        gone = [Signal(name=f"gone_{i}") for i in range(most + 1)]
        base = Signal(range(beat_bits + self._code_bits))
        sums = [Signal.like(base, name=f"sum_{i}") for i in range(len(self.chosen))]
        m.d.comb += base.eq(phase + self.base)
        m.d.comb += [total.eq(phase + length) for total, length in zip(sums, self.lengths)]
        count = Cat(
            Cat(here for i, here in enumerate(self.ones) if i >> b & 1).any() for b in range(3)
        )
        counted = self.ones.any().replicate(phase_bits)
        behind = (base + count)[:phase_bits] & counted
        for total, chosen in zip(sums, self.chosen):
            behind |= total[:phase_bits] & chosen.replicate(phase_bits)
        carries = [Signal(name=f"carries_{i}") for i in range(len(self.ones))]
        for i, carry in enumerate(carries):
            m.d.comb += carry.eq(_at_least(base[:phase_bits], (1 << phase_bits) - i))
        for beats in range(1, most + 1):
            goes = Const(0, 1)
            for ones, carry in zip(self.ones, carries):
                upper = base[phase_bits:]
                goes |= ones & Mux(carry, upper == beats - 1, upper == beats)
            for total, chosen in zip(sums, self.chosen):
                goes |= chosen & (total[phase_bits:] == beats)
            drained = self.drain if beats == 1 else 0
            m.d.comb += gone[beats].eq((self.step & goes) | drained)
        m.d.comb += gone[0].eq(~Cat(gone[1:]).any())

        # All beats move up by those that are gone; the one at the port takes the first free place
        shown = [valid[0] | arriving] + [
            (valid[i] if i < held else 0) | (arriving & valid[i - 1]) for i in range(1, held + 1)
        ]
        for i, slot in enumerate(slots):
            there = Const(0, 1)
            for by in range(min(most, held - i) + 1):
                there = there | (gone[by] & shown[i + by])
            m.d.sync += valid[i].eq(there & ~self.clear)
            enters = ~(gone[0] & valid[i])
            for by in range(1, min(most + 1, held - i)):
                enters &= ~(gone[by] & valid[i + by])
                with m.If(gone[by]):
                    m.d.sync += slot.eq(slots[i + by])
            with m.If(enters):
                m.d.sync += slot.eq(entering)
        with m.If(self.step):
            m.d.sync += phase.eq(behind)
        m.d.comb += self.beat.ready.eq((~valid[-1] | ~gone[0]) & ~self.seen)

        # The last code ends in the last word: so many words of the last beat have been looked at
        taking_last = arriving & self.beat.ready & payload.last
        m.d.sync += self.seen.eq((self.seen | taking_last) & ~self.clear)
        with m.If(self.clear):
            m.d.sync += phase.eq(HEADER_BITS)
        touched = Signal(range(2 * self._port_words))
        m.d.comb += touched.eq((phase + word_bits - 1) >> (word_bits - 1).bit_length())
        if self._port_words > 1:
            lanes = len(payload.keep) // self._port_words
            filled = Signal(range(self._port_words))  # words of the last beat, 0 for all
            kept_words = payload.keep[lanes - 1 :: lanes]
            with m.If(taking_last):
                m.d.sync += filled.eq(
                    Cat(
                        Cat(
                            kept_words[i - 1] & ~kept_words[i]
                            for i in range(1, self._port_words)
                            if i >> b & 1
                        ).any()
                        for b in range(len(filled))
                    )
                )
            fits = touched[: len(filled)] == filled
        else:
            fits = Const(1, 1)
        left = Cat(valid[1:]).any() if held > 1 else Const(0, 1)
        m.d.comb += self.complete.eq(fits & (touched.any() == valid[0]) & ~left)
        missing = Const(0, 1)
        for by in range(1, most + 1):
            missing = missing | (gone[by] & ~shown[by - 1])
        m.d.comb += self.overrun.eq(self.step & missing)
        return m
