"""The part of a code stream that the decoder looks at."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis
from fmcodec_hw.bit_window import align
from fmcodec_hw.logic import select
from fmcodec_hw.rice.ports import HEADER_BITS
from fmcodec_hw.rice_code.adaptation import ESCAPE_ONES

__all__ = ["Window"]

_OTHERS = 4  # lengths that need no count of ones


def _at_least(value: Value, bound: int) -> Value:
    """value >= bound, bit by bit: an adder would be longer."""
    if bound >= 1 << len(value):
        return Const(0, 1)
    result: Value = Const(1, 1)
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
        held = (beat_bits - 2 + self._code_bits) // beat_bits  # with the port's a code is in them
        slots = [Signal(beat_bits, name=f"slot_{i}", reset_less=True) for i in range(held)]
        valid = Signal(held)
        phase = Signal(range(beat_bits), init=HEADER_BITS)

        # The first word of a beat is in its low lanes, the first bit of a word is its MSB
        data_words = self.beat.payload.data
        words = [data_words.word_select(i, word_bits) for i in range(self._port_words)]
        entering = Signal(beat_bits)
        m.d.comb += [
            entering.eq(Cat(reversed(words))),
            self.there.eq((valid[-1] & self.beat.valid) | self.seen),
            self.head.eq(align(m, Cat(entering, *reversed(slots)), phase, self._code_bits)),
            self.header.eq(entering[-HEADER_BITS:]),
            self.opens.eq(~valid[0] & ~self.seen),
        ]
        gone = self._gone(m, phase)
        taking_last = self._move(m, slots, valid, entering, gone)
        m.d.sync += self.seen.eq((self.seen | taking_last) & ~self.clear)
        self._end(m, phase, valid, taking_last)
        return m

    def _gone(self, m: Module, phase: Signal) -> list[Signal]:
        """One-hot: beats that are gone after this cycle. The phase in the one behind them is set.

        The ones of a code are counted late. Whether they carry into the next beat is known for
        every count before, so that nothing has to be added on the way to the slots.
        """
        phase_bits = len(phase)
        most = (self._beat_bits - 1 + self._code_bits) // self._beat_bits
        gone = [Signal(name=f"gone_{i}") for i in range(most + 1)]
        base = Signal(range(self._beat_bits + self._code_bits))
        sums = [Signal.like(base, name=f"sum_{i}") for i in range(_OTHERS)]
        m.d.comb += base.eq(phase + self.base)
        m.d.comb += [sums[i].eq(phase + self.lengths[i]) for i in range(_OTHERS)]
        count = Cat(
            Cat(here for i, here in enumerate(self.ones) if i >> b & 1).any() for b in range(3)
        )
        others = [(self.chosen[i], sums[i]) for i in range(_OTHERS)]
        behind = select(
            (self.ones.any(), (base + count)[:phase_bits]),
            *((chosen, total[:phase_bits]) for chosen, total in others),
        )
        with m.If(self.step):
            m.d.sync += phase.eq(behind)
        with m.If(self.clear):
            m.d.sync += phase.eq(HEADER_BITS)

        carries = [Signal(name=f"carries_{i}") for i in range(ESCAPE_ONES)]
        for i, carry in enumerate(carries):
            m.d.comb += carry.eq(_at_least(base[:phase_bits], (1 << phase_bits) - i))
        upper = base[phase_bits:]
        for beats in range(1, most + 1):
            counted = (
                ones & Mux(carry, upper == beats - 1, upper == beats)
                for ones, carry in zip(self.ones, carries, strict=True)
            )
            known = (chosen & (total[phase_bits:] == beats) for chosen, total in others)
            goes = self.step & Cat(*counted, *known).any()
            m.d.comb += gone[beats].eq(goes | self.drain if beats == 1 else goes)
        m.d.comb += gone[0].eq(~Cat(gone[1:]).any())
        return gone

    def _move(
        self, m: Module, slots: list[Signal], valid: Signal, entering: Signal, gone: list[Signal]
    ) -> Value:
        """Beats move up by those that are gone; the one at the port takes the first free slot.

        Returns whether it does and is the packet's last one.
        """
        held, most = len(slots), len(gone) - 1
        arriving = self.beat.valid & ~self.seen
        filled = [*valid, Const(0, 1)]
        shown = [filled[i] | (arriving & (valid[i - 1] if i else 1)) for i in range(held + 1)]
        for i, slot in enumerate(slots):
            stays = Cat(gone[by] & shown[i + by] for by in range(min(most, held - i) + 1)).any()
            m.d.sync += valid[i].eq(stays & ~self.clear)
            enters = ~(gone[0] & valid[i])
            for by in range(1, min(most + 1, held - i)):
                enters &= ~(gone[by] & valid[i + by])
                with m.If(gone[by]):
                    m.d.sync += slot.eq(slots[i + by])
            with m.If(enters):
                m.d.sync += slot.eq(entering)
        missing = Cat(gone[by] & ~shown[by - 1] for by in range(1, most + 1)).any()
        m.d.comb += [
            self.overrun.eq(self.step & missing),
            self.beat.ready.eq((~valid[-1] | ~gone[0]) & ~self.seen),
        ]
        return arriving & self.beat.ready & self.beat.payload.last

    def _end(self, m: Module, phase: Signal, valid: Signal, taking_last: Value) -> None:
        """Whether the last code ends in the packet's last word.

        Then as many words of the last beat have been looked at as it has, all of them where the
        beat is gone.
        """
        port_words = self._port_words
        touched = Signal(range(2 * port_words))
        word_index_bits = (self._word_bits - 1).bit_length()
        m.d.comb += touched.eq((phase + self._word_bits - 1) >> word_index_bits)
        fits = (touched.any() == valid[0]) & ~valid[1:].any()
        if port_words > 1:
            filled = Signal(range(port_words))  # words of the last beat, 0 for all
            keep = self.beat.payload.keep
            lanes = len(keep) // port_words
            kept = [keep[(i + 1) * lanes - 1] for i in range(port_words)]
            counts = ((kept[i - 1] & ~kept[i], i) for i in range(1, port_words))
            with m.If(taking_last):
                m.d.sync += filled.eq(select(*counts))
            fits &= touched[: len(filled)] == filled
        m.d.comb += self.complete.eq(fits)
