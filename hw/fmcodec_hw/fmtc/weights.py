"""The rows of a context's matrix, read several entries at a time."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.context_fields import Build, entry_layout
from fmcodec_hw.ram import Ram

__all__ = ["Weights"]


class Weights(wiring.Component):
    """Two matrices: one that is read, row after row, and one that comes meanwhile.

    Latency: one cycle from `read` to `values`.

    Parameters:
        build: a core with a matrix, which reads as many entries at once as it has lanes.

    Members:
        entry: entries for the matrix that is not in use, row after row.
        clear: the next entry is the first of a matrix.
        bank: the matrix in use.
        read: read the next chunk of its rows, at the end of the cycle,
        last: which is its last; then comes the first one.
        values: the chunk read last; lanes behind a row's end hold anything.
    """

    def __init__(self, build: Build):
        params = build.params
        self._lanes, self._bits = params.mac_lanes, params.matrix_bits
        # of a row there are C / P chunks, and C rows
        chunks = params.channels * params.channels // params.mac_lanes
        self._place_bits = max((chunks - 1).bit_length(), 1)
        super().__init__(
            {
                "entry": In(entry_layout(build)),
                "clear": In(1),
                "bank": In(1),
                "read": In(1),
                "last": In(1),
                "values": Out(data.ArrayLayout(signed(self._bits), self._lanes)),
            }
        )

    def elaborate(self, platform):
        # Chunks are written in the order in which they are read, so that either place is a count
        m = Module()
        entry, lane = self.entry, Signal(range(self._lanes))
        written, place = Signal(self._place_bits), Signal(self._place_bits)
        chunk_ends = Signal()
        m.d.comb += chunk_ends.eq((lane == self._lanes - 1) | entry.ends)
        with m.If(entry.valid):
            m.d.sync += lane.eq(Mux(chunk_ends, 0, lane + 1))
            m.d.sync += written.eq(written + chunk_ends)
        with m.If(self.clear):
            m.d.sync += [lane.eq(0), written.eq(0)]
        with m.If(self.read):
            m.d.sync += place.eq(Mux(self.last, 0, place + 1))
        for i in range(self._lanes):
            m.submodules[f"lane_{i}"] = cells = Ram(2 << self._place_bits, self._bits)
            m.d.comb += [
                cells.write_enable.eq(entry.valid & (lane == i)),
                cells.write_address.eq(Cat(written, ~self.bank)),
                cells.write_data.eq(entry.value),
                cells.read_enable.eq(self.read),
                cells.read_address.eq(Cat(place, self.bank)),
                self.values[i].eq(cells.read_data),
            ]
        return m
