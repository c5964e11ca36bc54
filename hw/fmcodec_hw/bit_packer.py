"""Pack codes of any length into the words of a stream, MSB first."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis

__all__ = ["BitPacker"]


class BitPacker(wiring.Component):
    """Append up to `push_bits` bits a cycle to a queue; its first `port_words` words are the port.

    The queue holds `capacity` bits, the oldest at the top and zeros below the youngest, so that a
    packet's last word is padded by itself. One cycle of latency, one push a cycle. Reset empties
    it. `least_room` is the smallest room ever asked for (default `push_bits`).

    Members:
        data: the bits of a push, the first in the most significant bit, zeros behind the last.
        length: how many of them count.
        push: append them at this edge; only where there is `room`.
        blank: make the empty queue one word of zeros.
        close: held after the last push of a packet until `closed`: whatever is there leaves, the
            last beat with `last`. One push at least has come since the last beat was taken.
        closed: the last beat is taken.
        beat: the port; what it shows is held until it is taken.
    """

    def __init__(
        self,
        word_bits: int,
        push_bits: int,
        *,
        capacity: int,
        least_room: int | None = None,
        port_words: int = 1,
        keep_bits: int = 0,
    ):
        if word_bits & (word_bits - 1):
            raise ValueError(f"word_bits must be a power of two, not {word_bits!r}")
        self.word_bits, self.push_bits = word_bits, push_bits
        self.capacity, self.port_words = capacity, port_words
        self.least_room = push_bits if least_room is None else least_room
        super().__init__(
            {
                "data": In(push_bits),
                "length": In(range(push_bits + 1)),
                "push": In(1),
                "blank": In(1),
                "count": Out(range(capacity + 1)),
                "close": In(1),
                "closed": Out(1),
                "beat": Out(axis.signature(port_words * word_bits, keep_bits=keep_bits)),
            }
        )

    def room(self, bits: int) -> Value:
        """A push of `bits` bits fits once a beat now being taken has left: needs its ready."""
        left = self.capacity - max(bits, self.least_room)
        port_bits = self.port_words * self.word_bits
        if left < port_bits - 1:
            raise ValueError(f"bits must be at most capacity - {port_bits - 1}, not {bits!r}")
        return (self.count <= left) | (self.beat.ready & (self.count <= left + port_bits))

    def elaborate(self, platform):
        mod = Module()
        word_bits, capacity, port_words = self.word_bits, self.capacity, self.port_words
        port_bits = port_words * word_bits
        fine_bits = (word_bits - 1).bit_length()

        queue = Signal(max(capacity, port_bits))
        count = Signal(range(capacity + 1))
        full, shift = Signal(), Signal()  # a whole beat is there; the queue moves on
        kept = Signal.like(count)
        mod.d.comb += [
            self.count.eq(count),
            full.eq(count >= port_bits),
            shift.eq(self.beat.ready & (full | self.close)),
            kept.eq(Mux(self.beat.ready & full, count - port_bits, count)),
        ]
        added = Signal.like(count)
        mod.d.comb += added.eq(Mux(self.push, self.length, 0) | Mux(self.blank, word_bits, 0))
        with mod.If(self.closed):
            mod.d.sync += count.eq(0)
        with mod.Else():
            mod.d.sync += count.eq(kept + added)

        # Behind the bits that stay: first by less than a word, which no take changes, then by words
        fine = self.data
        for level in range(fine_bits):
            zeros = Const(0, 1 << level)
            fine = Mux(count[level], Cat(fine, zeros), Cat(zeros, fine))
        fine = Cat(Const(0, len(queue)), fine)[-len(queue) :]
        placed = Const(0, len(queue))
        most = (capacity - self.least_room) // word_bits  # words that room leaves behind
        behind = kept[fine_bits:]
        for words in range(most + 1):
            here = Signal(name=f"behind_{words}")
            # it is never more: what only that would show is not looked at
            bits = [b for b in range(len(behind)) if words >> b & 1 or words | 1 << b <= most]
            is_here = Cat(behind[b] == (words >> b & 1) for b in bits).all()
            mod.d.comb += here.eq(self.push & is_here)
            placed |= (fine >> (words * word_bits)) & here.replicate(len(queue))
        mod.d.sync += queue.eq(
            (queue & ~shift.replicate(len(queue)))
            | (Cat(Const(0, port_bits), queue)[: len(queue)] & shift.replicate(len(queue)))
            | placed
        )

        beat = self.beat.payload
        first = [queue[len(queue) - (i + 1) * word_bits :][:word_bits] for i in range(port_words)]
        mod.d.comb += [
            self.beat.valid.eq(full | (self.close & count.any())),
            beat.data.eq(Cat(first)),
            beat.last.eq(self.close & (count <= port_bits)),
            self.closed.eq(self.beat.valid & self.beat.ready & beat.last),
        ]
        if port_words > 1:
            lanes = len(beat.keep) // port_words
            mod.d.comb += beat.keep.eq(
                Cat((count > i * word_bits).replicate(lanes) for i in range(port_words))
            )
        return mod
