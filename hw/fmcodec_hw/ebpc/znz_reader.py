"""Symbols of a ZNZ stream to which words of a packet are zero, one word a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw import axis
from fmcodec_hw.bit_window import align
from fmcodec_hw.logic import gate

__all__ = ["ZnzReader"]


class ZnzReader(wiring.Component):
    """Say of every word of a packet whether it is zero, straight from the port.

    A symbol may begin in the word before the one at the port: as many bits of that word as a symbol
    can have there are kept. What the next word is stands in registers: its symbol was read with the
    last word of the symbol before, or for a packet's first one as soon as it came.

    Where a symbol can be longer than a word (z = 256, m = 8) the first word of a packet takes a
    cycle more if it is zero: the run's code must move up first.

    Members:
        beat: the ZNZ stream; `beat.ready` depends on its data and on `take`.
        valid: it is known whether the next word is zero; a register, as is
        nonzero: it is not.
        take: move on to the word after, at the end of the cycle; only while `valid`.
        last: with `take`: it is the packet's last word.
        final: the last word has been taken: what is left of the stream is dropped.
        seen: the stream's last beat has been taken.
        damaged: the stream holds too much or too little, as far as seen.
        clear: forget the packet.
    """

    def __init__(self, params: Params):
        self._params = params
        super().__init__(
            {
                "beat": In(axis.signature(params.word_bits)),
                "valid": Out(1),
                "nonzero": Out(1),
                "take": In(1),
                "last": In(1),
                "final": In(1),
                "seen": Out(1),
                "damaged": Out(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform):
        # `tail` and the word at the port are one window, of which `phase` bits are gone; a symbol
        # begins in the tail or before the port's last bit. The word moves up into the tail when a
        # step passes a word's end. Where a symbol can be longer than a word a step may pass two,
        # and the second word moves by itself, under a run or with the bit behind it: phase <=
        # word_bits - 1 + symbol - word_bits = run_bits then, one bit less than the tail has
        params = self._params
        m = Module()
        word_bits, run_bits = params.word_bits, params.zero_run_bits
        long = run_bits >= word_bits
        tail_bits = run_bits + long
        tail = Signal(tail_bits, reset_less=True)
        phase = Signal(range(max(word_bits, tail_bits + 1)), init=tail_bits)
        there = Signal()  # the port shows a word, or zeros behind the last one
        behind = Signal()  # the tail is used up: of a run the port shows too little
        one = Signal()  # the symbol at the head is that of a non-zero word
        port = gate(~self.seen, self.beat.payload.data)
        m.d.comb += [
            there.eq(self.beat.valid | self.seen),
            behind.eq(~one & (phase == tail_bits) if long else 0),
        ]
        skipped = phase if long else phase[: (word_bits - 1).bit_length()]
        bits = align(m, Cat(port, tail), skipped, 1 + run_bits)

        # The symbol read: its kind, and of a run how many zeros come after the next word
        zeros = Signal(run_bits, reset_less=True)
        done, known = Signal(), Signal()  # no word of it comes after the next; another can be read
        step, move = Signal(), Signal()
        total = Signal(range(max(word_bits, tail_bits + 1) + run_bits + 1))
        passes, catches_up = total >= word_bits, Const(0, 1)
        if long:
            # behind the stream's end nothing moves up before the tail is used up
            passes = Mux(self.seen, total > tail_bits, passes)
            catches_up = there & Mux(self.seen, behind, phase >= word_bits) & ~self.final
        m.d.comb += [
            one.eq(bits[-1]),
            done.eq(self.nonzero | (zeros == 0)),
            # a bit of the tail needs no more; a run reaches into the word at the port
            known.eq((there | (one & (phase < min(run_bits, word_bits - 1)))) & ~behind),
            # none after the packet's last: what follows that is padding
            step.eq(known & ~self.final & (~self.valid | (self.take & done & ~self.last))),
            total.eq(phase + Mux(one, 1, 1 + run_bits)),
            move.eq((step & passes) | catches_up),
            self.beat.ready.eq(~self.seen & (move | self.final)),
        ]
        with m.If(step):
            m.d.sync += [self.nonzero.eq(one), zeros.eq(bits[:run_bits])]
        with m.Elif(self.take):
            m.d.sync += zeros.eq(zeros - 1)
        m.d.sync += self.valid.eq(step | (self.valid & ~(self.take & done)))
        with m.If(move):
            m.d.sync += tail.eq(Cat(port, tail)[:tail_bits])
        unread = Const(0, 1)  # the last word has moved up and none of it is gone
        if long:
            with m.If(catches_up):
                m.d.sync += phase.eq(phase - word_bits)
            moved_last = Signal()
            with m.If(move):
                m.d.sync += moved_last.eq(~self.seen)
            unread = self.seen & moved_last & (phase + word_bits <= tail_bits)
        with m.If(step):
            m.d.sync += phase.eq(Mux(move, total - word_bits, total))
        with m.If(self.beat.valid & self.beat.ready & self.beat.payload.last):
            m.d.sync += self.seen.eq(1)
        with m.If(self.clear):
            m.d.sync += [phase.eq(tail_bits), self.seen.eq(0), self.valid.eq(0)]

        # a word of the stream that no symbol has a bit of
        excess = self.beat.valid & ~self.seen & ((phase <= tail_bits) | ~self.beat.payload.last)
        m.d.comb += self.damaged.eq(
            (step & self.seen & (total > tail_bits))
            | (self.take & self.last & ~done)
            | (self.final & (excess | unread))
        )
        return m
