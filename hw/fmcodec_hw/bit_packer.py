"""Pack codes of any length into the words of a stream, MSB first."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis

__all__ = ["BitPacker"]


class BitPacker(wiring.Component):
    """Append up to `push_bits` bits a cycle; give words of `word_bits`, `port_words` to a beat.

    A residue of fewer than `word_bits` bits waits for more; whole words wait in `depth` registers,
    the first of which are the port. One cycle of latency, one push a cycle.

    Members:
        data: the bits of a push, the first in the most significant bit, zeros behind the last;
            all zeros while `close`.
        length: how many of them count.
        push: append them at this edge; only while `free` says that their words fit.
        free: words that there is room for, those of a beat now being taken included.
        close: held after the last push of a packet until `closed`: the residue is padded with
            zeros to a whole word, and the last beat of what is there carries `last`.
        closed: the last beat is taken.
        beat: the port. What a beat shows is held until it is taken.
    """

    def __init__(self, word_bits: int, push_bits: int, *, depth: int, port_words=1, keep_bits=0):
        if word_bits & (word_bits - 1):
            raise ValueError(f"word_bits must be a power of two, not {word_bits!r}")
        self.word_bits, self.push_bits = word_bits, push_bits
        self.depth, self.port_words = depth, port_words
        super().__init__(
            {
                "data": In(push_bits),
                "length": In(range(push_bits + 1)),
                "push": In(1),
                "free": Out(range(depth + 1)),
                "close": In(1),
                "closed": Out(1),
                "beat": Out(axis.signature(port_words * word_bits, keep_bits=keep_bits)),
            }
        )

    @staticmethod
    def pushed_words(word_bits: int, push_bits: int) -> int:
        """The most words that one push can complete."""
        return (word_bits - 1 + push_bits) // word_bits

    def elaborate(self, platform):
        mod = Module()
        word_bits, depth, port_words = self.word_bits, self.depth, self.port_words
        most = self.pushed_words(word_bits, self.push_bits)

        words = [Signal(word_bits, name=f"word_{i}", reset_less=True) for i in range(depth)]
        count = Signal(range(depth + 1))
        residue = Signal(word_bits - 1)
        fill = Signal(range(word_bits))

        padding = Signal()
        append, take = Signal(), Signal()
        kept = Signal.like(count)
        mod.d.comb += [
            take.eq(self.beat.valid & self.beat.ready),
            kept.eq(Mux(take, Mux(count > port_words, count - port_words, 0), count)),
            self.free.eq(depth - kept),
            padding.eq(self.close & fill.any() & (kept != depth)),
            append.eq(self.push | padding),
        ]

        # The residue and, behind it, the new bits: whole words leave at the top
        width = word_bits - 1 + self.push_bits
        stream = Signal(width)
        end = Signal(range(width + 1))
        mod.d.comb += [
            stream.eq(
                Cat(Const(0, self.push_bits), residue)
                | (Cat(Const(0, word_bits - 1), self.data) >> fill)
            ),
            end.eq(fill + Mux(self.close, word_bits - 1, self.length)),
        ]
        shift = (word_bits - 1).bit_length()
        done = end[shift:]
        with mod.If(append):
            padded = Cat(Const(0, word_bits * (most + 1) - width), stream)
            rest = [padded.word_select(most - i, word_bits)[1:] for i in range(most + 1)]
            for i in range(most + 1):
                with mod.If(done == i):
                    mod.d.sync += residue.eq(rest[i])
            mod.d.sync += fill.eq(Mux(self.close, 0, end[:shift]))
        mod.d.sync += count.eq(kept + Mux(append, done, 0))

        for i, word in enumerate(words):
            with mod.If(take):
                if i + port_words < depth:
                    mod.d.sync += word.eq(words[i + port_words])
            for k in range(most):
                if i >= k:
                    with mod.If(append & (kept == i - k)):
                        mod.d.sync += word.eq(stream[width - (k + 1) * word_bits :][:word_bits])

        whole = ~fill.any() & self.close
        beat = self.beat.payload
        mod.d.comb += [
            self.beat.valid.eq((count >= port_words) | (whole & count.any())),
            beat.data.eq(Cat(words[:port_words])),
            beat.last.eq(whole & (count <= port_words)),
            self.closed.eq(take & beat.last),
        ]
        if port_words > 1:
            lanes = len(beat.keep) // port_words
            mod.d.comb += beat.keep.eq(Cat((count > i).replicate(lanes) for i in range(port_words)))
        return mod
