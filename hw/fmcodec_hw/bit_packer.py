"""Pack codes of any length into the words of a stream, MSB first."""

from amaranth.hdl import Cat, Const, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis

__all__ = ["BitPacker"]


class BitPacker(wiring.Component):
    """Append up to `push_bits` bits a cycle to a queue; its first `port_words` words are the port.

    The queue holds `capacity` bits, the oldest at the top and zeros below the youngest, so that a
    packet's last word is padded by itself. One cycle of latency, one push a cycle. Reset empties it.

    Members:
        data: the bits of a push, the first in the most significant bit, zeros behind the last.
        length: how many of them count.
        push: append them at this edge; only where `level + length <= capacity`.
        level: bits in the queue without those of a beat now being taken; needs the port's ready.
        close: held after the last push of a packet until `closed`: whatever is there leaves, the
            last beat with `last`. One push at least has come since the last beat was taken.
        closed: the last beat is taken.
        beat: the port; what it shows is held until it is taken.
    """

    def __init__(self, word_bits: int, push_bits: int, *, capacity: int, port_words=1, keep_bits=0):
        if word_bits & (word_bits - 1):
            raise ValueError(f"word_bits must be a power of two, not {word_bits!r}")
        self.word_bits, self.push_bits = word_bits, push_bits
        self.capacity, self.port_words = capacity, port_words
        super().__init__(
            {
                "data": In(push_bits),
                "length": In(range(push_bits + 1)),
                "push": In(1),
                "level": Out(range(capacity + 1)),
                "close": In(1),
                "closed": Out(1),
                "beat": Out(axis.signature(port_words * word_bits, keep_bits=keep_bits)),
            }
        )

    def elaborate(self, platform):
        mod = Module()
        word_bits, capacity, port_words = self.word_bits, self.capacity, self.port_words
        port_bits = port_words * word_bits
        fine_bits = (word_bits - 1).bit_length()

        queue = Signal(max(capacity, port_bits), reset_less=True)
        count = Signal(range(capacity + 1))
        take, hold, shift = Signal(), Signal(), Signal()
        kept = Signal(range(capacity + 1))
        mod.d.comb += [
            take.eq(self.beat.valid & self.beat.ready),
            kept.eq(Mux(take, count - port_bits, count)),
            self.level.eq(kept),
            hold.eq(~take & ~ResetSignal("sync")),
            shift.eq(take & ~ResetSignal("sync")),
        ]
        mod.d.sync += count.eq(Mux(self.closed, 0, kept + Mux(self.push, self.length, 0)))

        # Behind the bits that stay: first by less than a word, which no take changes, then by words
        fine = self.data
        for level in range(fine_bits):
            zeros = Const(0, 1 << level)
            fine = Mux(count[level], Cat(fine, zeros), Cat(zeros, fine))
        fine = Cat(Const(0, len(queue)), fine)[-len(queue) :]
        placed = Const(0, len(queue))
        for words in range(-(-capacity // word_bits)):
            here = Signal(name=f"behind_{words}")
            mod.d.comb += here.eq(self.push & (kept[fine_bits:] == words))
            placed |= (fine >> (words * word_bits)) & here.replicate(len(queue))
        mod.d.sync += queue.eq(
            (queue & hold.replicate(len(queue)))
            | (Cat(Const(0, port_bits), queue)[: len(queue)] & shift.replicate(len(queue)))
            | placed
        )

        beat = self.beat.payload
        first = [queue[len(queue) - (i + 1) * word_bits :][:word_bits] for i in range(port_words)]
        mod.d.comb += [
            self.beat.valid.eq((count >= port_bits) | (self.close & count.any())),
            beat.data.eq(Cat(first)),
            beat.last.eq(self.close & (count <= port_bits)),
            self.closed.eq(take & beat.last),
        ]
        if port_words > 1:
            lanes = len(beat.keep) // port_words
            mod.d.comb += beat.keep.eq(
                Cat((count > i * word_bits).replicate(lanes) for i in range(port_words))
            )
        return mod
