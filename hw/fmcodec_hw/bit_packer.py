"""Pack codes of any length into the words of a stream, MSB first."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis
from fmcodec_hw.logic import gate

__all__ = ["BitPacker"]


class BitPacker(wiring.Component):
    """Append up to `push_bits` bits a cycle to a queue; its first `port_words` words are the port.

    The queue holds `capacity` bits, the oldest at the top and zeros below the youngest, so that a
    packet's last word is padded by itself. Latency: one cycle. Throughput: one push and one beat
    per cycle. Reset empties the queue.

    With `most_ones` a push is ones, a 0 behind them, and then its data. The queue is inverted then:
    all behind its youngest bit reads as ones, so that only the 0 and the data have to be placed.

    Parameters:
        word_bits: bits of a word, a power of two.
        push_bits: the most bits of data of a push.
        capacity: bits that the queue holds, whole beats included.
        least_room: smallest room, in bits, that is ever asked for; a longest push by default.
        port_words: words of a beat.
        keep_bits: bits of the port's keep, 0 where it has none.
        most_ones: the most bits in front of a push's data, 0 where there are none.

    Members:
        data: the bits of a push, the first in the most significant bit, zeros behind the last; with
            `most_ones` ones.
        length: how many of them count.
        ones, stop: with `most_ones`: bits in front of `data`, and that the last of them is 0.
        push: append them, at the end of the cycle; only where there is `room`.
        blank: make the empty queue one word of zeros; not with `most_ones`.
        count: bits in the queue.
        close: held after the last push of a packet until `closed`: whatever is there leaves, the
            last beat with `last`. One push at least has come since the last beat was taken.
        closed: the last beat is taken.
        beat: the port; what it shows is held until it is taken.

    Raises:
        ValueError: `word_bits` is not a power of two.
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
        most_ones: int = 0,
    ):
        if word_bits & (word_bits - 1):
            raise ValueError(f"word_bits must be a power of two, not {word_bits!r}")
        self.word_bits, self.push_bits = word_bits, push_bits
        self.capacity, self.port_words, self.most_ones = capacity, port_words, most_ones
        self.least_room = most_ones + push_bits if least_room is None else least_room
        ones = {"ones": In(range(most_ones + 1)), "stop": In(1)} if most_ones else {}
        super().__init__(
            {
                "data": In(push_bits),
                "length": In(range(push_bits + 1)),
                **ones,
                "push": In(1),
                "blank": In(1),
                "count": Out(range(capacity + 1)),
                "close": In(1),
                "closed": Out(1),
                "beat": Out(axis.signature(port_words * word_bits, keep_bits=keep_bits)),
            }
        )

    def room(self, bits: int) -> Value:
        """A push of `bits` bits fits once a beat now being taken has left: needs its ready.

        Raises:
            ValueError: fewer than a beat's bits would have to make room: it would wait for ever.
        """
        left = self.capacity - max(bits, self.least_room)
        port_bits = self.port_words * self.word_bits
        if left < port_bits - 1:
            raise ValueError(f"bits must be at most capacity - {port_bits - 1}, not {bits!r}")
        return (self.count <= left) | (self.beat.ready & (self.count <= left + port_bits))

    def elaborate(self, platform):
        # A position keeps its bit where nothing moves, takes that of a beat further down where one
        # leaves, or a bit of the push. Positions behind the youngest bit hold zeros, so the three
        # are ORed and none has to be chosen. `moves` is for the clock alone: without it registers
        # keep their bits too, but cannot be told to stand still
        m = Module()
        port_bits = self.port_words * self.word_bits
        queue = Signal(max(self.capacity, port_bits))
        count = self.count
        full, shift = Signal(), Signal()  # a whole beat is there; the queue moves on
        # where a push's data go, were no beat to leave
        start = Signal(range(self.capacity + self.most_ones + 1))
        moves, kept, more = Signal(), Signal.like(count), Signal.like(count)
        m.d.comb += [
            full.eq(count >= port_bits),
            shift.eq(self.beat.ready & (full | self.close)),
            moves.eq(shift | self.push | self.blank),
            start.eq(count + gate(self.push, self.ones) if self.most_ones else count),
            kept.eq(Mux(self.beat.ready & full, start - port_bits, start)),
            more.eq(kept + self.length),
        ]
        moved = Cat(Const(0, port_bits), queue)[: len(queue)]
        placed = self._place(m, start, kept, len(queue))
        blanked = gate(self.blank, self.word_bits)
        with m.If(moves):
            m.d.sync += [
                queue.eq(gate(~shift, queue) | gate(shift, moved) | placed),
                # a push comes late: the sum does not wait for it
                count.eq(gate(~self.closed, Mux(self.push, more, kept) | blanked)),
            ]
        self._show(m, queue, full)
        return m

    def _place(self, m: Module, start: Signal, kept: Signal, queue_bits: int) -> Value:
        """The push behind the bits that stay, as the queue has it.

        First by less than a word, an amount that no beat that leaves changes, then by whole words.
        """
        word_bits, before = self.word_bits, 1 if self.most_ones else 0
        fine_bits = (word_bits - 1).bit_length()
        fine: Value = Cat(~self.data, self.stop) if self.most_ones else self.data
        for level in range(fine_bits):
            zeros = Const(0, 1 << level)
            fine = Mux(start[level], Cat(fine, zeros), Cat(zeros, fine))
        # the stop stands before the data, and may be none where they begin the queue
        row_bits = queue_bits + before
        fine = Cat(Const(0, row_bits), fine)[-row_bits:]
        placed: Value = Const(0, row_bits)
        # room leaves at most capacity - least_room bits behind, so many whole words among them
        most = (self.capacity - self.least_room + self.most_ones) // word_bits
        behind = kept[fine_bits:]
        for words in range(most + 1):
            here = Signal(name=f"behind_{words}")
            # it is never more: what only that would show is not looked at
            bits = [b for b in range(len(behind)) if words >> b & 1 or words | 1 << b <= most]
            is_here = Cat(behind[b] == (words >> b & 1) for b in bits).all()
            m.d.comb += here.eq(self.push & is_here)
            placed |= gate(here, fine >> (words * word_bits))
        return placed[:queue_bits]

    def _show(self, m: Module, queue: Signal, full: Signal) -> None:
        """The first bits of the queue at the port."""
        word_bits, port_words, count = self.word_bits, self.port_words, self.count
        beat = self.beat.payload
        first = [queue[len(queue) - (i + 1) * word_bits :][:word_bits] for i in range(port_words)]
        if self.most_ones:
            # what is behind the youngest bit reads as ones, but padding is zeros
            fine_bits = (word_bits - 1).bit_length()
            behind = Cat(count[:fine_bits] <= i for i in reversed(range(word_bits)))
            for i, word in enumerate(first):
                ones = gate(count[fine_bits:] == i, behind)
                first[i] = ~(word | ones) if i == 0 else gate(count > i * word_bits, ~(word | ones))
        m.d.comb += [
            self.beat.valid.eq(full | (self.close & count.any())),
            beat.data.eq(Cat(first)),
            beat.last.eq(self.close & (count <= port_words * word_bits)),
            self.closed.eq(self.beat.valid & self.beat.ready & beat.last),
        ]
        if port_words > 1:
            lanes = len(beat.keep) // port_words
            m.d.comb += beat.keep.eq(
                Cat((count > i * word_bits).replicate(lanes) for i in range(port_words))
            )
