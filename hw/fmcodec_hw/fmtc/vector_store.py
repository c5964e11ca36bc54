"""Vectors, taken value by value and read several values at a time."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.numbers import element_signature
from fmcodec_hw.ram import Ram

__all__ = ["VectorStore"]


class VectorStore(wiring.Component):
    """Hold a vector for as long as it is read, over and over, while the next one comes.

    Latency: one cycle from `read` to `values`. Throughput: a value in and a chunk of `lanes` values
    out per cycle. Held: two vectors.

    Parameters:
        channels: most values of a vector.
        lanes: values that are read at once, a divisor of `channels`.
        bits: of a value.

    Members:
        element: the vectors' values; `element.ready` depends on `read` where a chunk is a vector.
        there: a vector can be read.
        read: read the next chunk of it, at the end of the cycle; behind the last one its first.
        last_chunk: the chunk is its last.
        first_pass, final_pass: with `read`: the vector is read for the first, the last time.
        values: the chunk read last; lanes behind the vector's end hold anything.
        last_lane: of the vector that it is of: the lane of its last value.
        last: that value was the last of a tile.
    """

    def __init__(self, channels: int, lanes: int, bits: int):
        self._lanes, self._chunks, self._bits = lanes, channels // lanes, bits
        super().__init__(
            {
                "element": In(element_signature(bits)),
                "there": Out(1),
                "read": In(1),
                "last_chunk": Out(1),
                "first_pass": In(1),
                "final_pass": In(1),
                "values": Out(data.ArrayLayout(signed(bits), lanes)),
                "last_lane": Out(range(lanes)),
                "last": Out(1),
            }
        )

    def elaborate(self, platform):
        # Two sides, one that is filled and one that is read, change places. Where a chunk is a
        # whole vector, what was read is the vector, so that one side is enough: it is filled again
        # from the cycle on in which it is read for the first time
        m = Module()
        sides = 2 if self._chunks > 1 else 1
        filled, reads = Signal(range(2)), Signal(range(2))  # the sides in question
        full = Signal(sides)
        lane, chunk = Signal(range(self._lanes)), Signal(range(self._chunks))
        taken, ends, frees = Signal(), Signal(), Signal()
        m.d.comb += [
            taken.eq(self.element.valid & self.element.ready),
            ends.eq(taken & self.element.payload.ends),
            self.there.eq(full.bit_select(reads, 1)),
        ]
        if sides > 1:
            m.d.comb += [
                self.element.ready.eq(~full.bit_select(filled, 1)),
                frees.eq(self.read & self.last_chunk & self.final_pass),
            ]
        else:
            m.d.comb += [
                self.element.ready.eq(~full | frees),
                frees.eq(self.read & self.first_pass),
            ]
        lane_ends = lane == self._lanes - 1
        with m.If(taken):
            m.d.sync += lane.eq(Mux(ends | lane_ends, 0, lane + 1))
            m.d.sync += chunk.eq(Mux(ends, 0, chunk + lane_ends))
        for side in range(sides):
            fills, leaves = ends & (filled == side), frees & (reads == side)
            m.d.sync += full[side].eq((full[side] & ~leaves) | fills)
        if sides > 1:
            m.d.sync += [filled.eq(filled ^ ends), reads.eq(reads ^ frees)]

        end = self._ends(m, filled, reads, ends, Cat(lane, self.element.payload.last), chunk)
        with m.If(self.read & self.first_pass):
            m.d.sync += Cat(self.last_lane, self.last).eq(end)
        self._cells(m, filled, reads, taken, lane, chunk)
        return m

    def _ends(
        self, m: Module, filled: Signal, reads: Signal, ends: Signal, end: Value, chunk: Signal
    ) -> Value:
        """Where the vector that is read ends in its last chunk; the chunk is in `last_chunk`."""
        sides = 2 if self._chunks > 1 else 1
        places = [Signal(len(end), name=f"end_{i}", reset_less=True) for i in range(sides)]
        for side, place in enumerate(places):
            with m.If(ends & (filled == side)):
                m.d.sync += place.eq(end)
        if sides == 1:
            m.d.comb += self.last_chunk.eq(1)
            return places[0]
        chunks = [Signal.like(chunk, name=f"chunk_{i}", reset_less=True) for i in range(sides)]
        for side, last in enumerate(chunks):
            with m.If(ends & (filled == side)):
                m.d.sync += last.eq(chunk)
        self._at = at = Signal.like(chunk)
        m.d.comb += self.last_chunk.eq(at == Mux(reads, chunks[1], chunks[0]))
        with m.If(self.read):
            m.d.sync += at.eq(Mux(self.last_chunk, 0, at + 1))
        return Mux(reads, places[1], places[0])

    def _cells(
        self, m: Module, filled: Signal, reads: Signal, taken: Signal, lane: Signal, chunk: Signal
    ) -> None:
        """The values: registers where a vector is one chunk, a memory for every lane otherwise."""
        value = self.element.payload.value
        for i in range(self._lanes):
            here = Signal(name=f"here_{i}")
            m.d.comb += here.eq(taken & (lane == i))
            if self._chunks == 1:
                following = Signal(signed(self._bits), name=f"next_{i}", reset_less=True)
                with m.If(here):
                    m.d.sync += following.eq(value)
                with m.If(self.read & self.first_pass):
                    m.d.sync += self.values[i].eq(following)
                continue
            m.submodules[f"lane_{i}"] = cells = Ram(2 << len(chunk), self._bits)
            m.d.comb += [
                cells.write_enable.eq(here),
                cells.write_address.eq(Cat(chunk, filled)),
                cells.write_data.eq(value),
                cells.read_enable.eq(self.read),
                cells.read_address.eq(Cat(self._at, reads)),
                self.values[i].eq(cells.read_data),
            ]
