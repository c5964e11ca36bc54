"""Vectors by a matrix of the context, on either side."""

from amaranth.hdl import Cat, Module, Mux, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.context_fields import MEAN_BITS, Build, entry_layout, mean_layout
from fmcodec_hw.fmtc.dot_product import DotProduct
from fmcodec_hw.fmtc.numbers import ACC_BITS, element_signature
from fmcodec_hw.fmtc.vector_store import VectorStore
from fmcodec_hw.fmtc.weights import Weights
from fmcodec_hw.ram import Ram

__all__ = ["Matrix"]


class Matrix(wiring.Component):
    """Every row of the matrix times a vector, and the row's bias or offset beside it.

    Throughput: with P lanes a row takes ceil(n / P) cycles for n numbers of a vector. Latency:
    three cycles and those of a row from a vector's last number to its first sum. Held: two vectors.

    Parameters:
        build: a core with a matrix.
        element_bits: of a number of a vector.

    Members:
        element: numbers of vectors in order. `element.ready` may depend on
            `sum.ready`.
        last_row: rows of the matrix in use, less 1.
        may_begin: the next vector is of a tile whose context is chosen.
        begins: a vector begins to be multiplied, in this cycle.
        sum: `value`, modulo 2^24; `mean`, bias or offset of the row; `last` with the last row of a
            vector whose last number had `last`.
        entry, mean: matrix and means of the context that is read, which is not in use.
        clear: the next entry is the first of a context.
        bank: half of the memories that is in use; changes only where no vector is multiplied.
    """

    def __init__(self, build: Build, element_bits: int):
        self.build, self.element_bits = build, element_bits
        fields = {"value": signed(ACC_BITS), "mean": signed(MEAN_BITS), "last": 1}
        super().__init__(
            {
                "element": In(element_signature(element_bits)),
                "last_row": In(build.index_bits),
                "may_begin": In(1),
                "begins": Out(1),
                "sum": Out(stream.Signature(data.StructLayout(fields))),
                "entry": In(entry_layout(build)),
                "mean": In(mean_layout(build)),
                "clear": In(1),
                "bank": In(1),
            }
        )

    def elaborate(self, platform):
        # Row after row of the matrix with the vector that is held: chunks of both are read in one
        # cycle, multiplied and added in the next; the mean of the row is read meanwhile. All of it
        # stands still while a sum waits
        m = Module()
        params, place = self.build.params, self.build.index_bits
        lanes = params.mac_lanes
        m.submodules.store = store = VectorStore(params.channels, lanes, self.element_bits)
        m.submodules.weights = weights = Weights(self.build)
        m.submodules.means = means = Ram(2 << place, MEAN_BITS)
        m.submodules.product = product = DotProduct(lanes, self.element_bits, params.matrix_bits)
        wiring.connect(m, wiring.flipped(self.element), store.element)

        moves, read, first_chunk = Signal(), Signal(), Signal(init=1)
        row, final_row, is_new = Signal(place), Signal(), Signal()
        m.d.comb += [
            moves.eq(~self.sum.valid | self.sum.ready),
            final_row.eq(row == self.last_row),
            is_new.eq(first_chunk & (row == 0)),
            read.eq(moves & Mux(is_new, store.there & self.may_begin, 1)),
            self.begins.eq(read & is_new),
            store.read.eq(read),
            store.first_pass.eq(row == 0),
            store.final_pass.eq(final_row),
            weights.entry.eq(self.entry),
            weights.clear.eq(self.clear),
            weights.bank.eq(self.bank),
            weights.read.eq(read),
            weights.last.eq(final_row & store.last_chunk),
        ]
        with m.If(read):
            m.d.sync += first_chunk.eq(store.last_chunk)
            with m.If(store.last_chunk):
                m.d.sync += row.eq(Mux(final_row, 0, row + 1))

        # chunks that are read
        valid = Signal()
        held = Signal(data.StructLayout({"first": 1, "ends": 1, "row": place, "final": 1}))
        with m.If(moves):
            m.d.sync += valid.eq(read)
            m.d.sync += [
                held.first.eq(first_chunk),
                held.ends.eq(store.last_chunk),
                held.row.eq(row),
                held.final.eq(final_row),
            ]
            m.d.sync += self.sum.valid.eq(valid & held.ends)
            m.d.sync += self.sum.payload.last.eq(held.final & store.last)
        m.d.comb += [
            product.values.eq(store.values),
            product.weights.eq(weights.values),
            product.first.eq(held.first),
            product.partial.eq(held.ends),
            product.last_lane.eq(store.last_lane),
            product.step.eq(valid & moves),
            means.write_enable.eq(self.mean.valid),
            means.write_address.eq(Cat(self.mean.row, ~self.bank)),
            means.write_data.eq(self.mean.value),
            means.read_enable.eq(valid & moves),
            means.read_address.eq(Cat(held.row, self.bank)),
            self.sum.payload.value.eq(product.total),
            self.sum.payload.mean.eq(means.read_data),
        ]
        return m
