"""The inverse of the integer DCT of 4x4 blocks, one coefficient and one value a cycle."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.numbers import number_signature
from fmcodec_hw.fmtc.symbol_reader import LEVEL_BITS
from fmcodec_hw.fmtc.transposer import SIDE, Transposer

__all__ = ["RESULT_BITS", "InverseDct4"]

# |d| <= 255. A line of even v is at most 2 * 30 + 3 * 19 = 117 times that, one of odd v 74 times;
# a value at most 2 * 117 + 3 * 74 = 456 times
_WEIGHTED_BITS, _LINE_BITS, RESULT_BITS = 14, 16, 18


class InverseDct4(wiring.Component):
    """Transform blocks back (doc/format.md, "dct4").

    Latency: a block's first value is there a cycle after its last coefficient. Throughput: one
    coefficient and one value per cycle. Held: one block and three coefficients.

    Members:
        level: d of the components of blocks in order; `last` with the last of a tile.
            `level.ready` depends on `sum.ready`.
        sum: R of the values row by row, with the `last` of the block's last coefficient.
    """

    def __init__(self):
        super().__init__(
            {"level": In(number_signature(LEVEL_BITS)), "sum": Out(number_signature(RESULT_BITS))}
        )

    def elaborate(self, platform):
        # As the DCT: four coefficients of one v are a line of four sums, which the transposer
        # turns; then all v of a row are there while its four values are made, one after another
        m = Module()
        m.submodules.transposer = transposer = Transposer(_LINE_BITS)
        before = [
            Signal(signed(_WEIGHTED_BITS), name=f"w_{i}", reset_less=True) for i in range(SIDE - 1)
        ]
        place, taken, last = Signal(4), Signal(), Signal(reset_less=True)
        line_ends = place[:2].all()
        weighted = _weighted(m, self.level.payload.value, place)
        m.d.comb += [
            transposer.row.valid.eq(self.level.valid & line_ends),
            self.level.ready.eq(~line_ends | transposer.row.ready),
            taken.eq(self.level.valid & self.level.ready),
        ]
        with m.If(taken):
            m.d.sync += place.eq(place + 1)
            m.d.sync += [a.eq(b) for a, b in zip(before, [*before[1:], weighted], strict=True)]
            with m.If(place.all()):
                m.d.sync += last.eq(self.level.payload.last)
        w = [*before, weighted]
        even, odd = (w[0] + w[2], w[0] - w[2]), ((w[1] << 1) + w[3], w[1] - (w[3] << 1))
        sums = even[0] + odd[0], even[1] + odd[1], even[1] - odd[1], even[0] - odd[0]
        m.d.comb += [transposer.row.payload[i].eq(total) for i, total in enumerate(sums)]

        column = Signal(range(SIDE))  # j
        final = column.all()
        row_of_block = Signal(range(SIDE))
        m.d.comb += [
            self.sum.valid.eq(transposer.column.valid),
            transposer.column.ready.eq(self.sum.ready & final),
            self.sum.payload.value.eq(_value(m, transposer.column.payload, column)),
            self.sum.payload.last.eq(last & final & row_of_block.all()),
        ]
        with m.If(self.sum.valid & self.sum.ready):
            m.d.sync += column.eq(column + 1)
            m.d.sync += row_of_block.eq(row_of_block + final)
        return m


def _weighted(m: Module, level, place: Signal) -> Signal:
    """V d, with V of the class of the component: 30, 19 or 12."""
    weighted = Signal(signed(_WEIGHTED_BITS))
    both, one = place[0] & place[2], place[0] ^ place[2]  # u and v are odd
    first = Mux(both, level << 3, Mux(one, level << 4, level << 5))
    second = Mux(both, level << 2, Mux(one, (level << 1) + level, -(level << 1)))
    m.d.comb += weighted.eq(first + second)
    return weighted


def _value(m: Module, row, column: Signal) -> Signal:
    """Sum of a row with column j of A: 1 2 1 1; 1 1 -1 -2; 1 -1 -1 2; 1 -2 1 -1."""
    bits = _LINE_BITS + 2
    even, odd, total = (
        Signal(signed(width), name=name)
        for name, width in (("even", bits), ("odd", bits), ("total", RESULT_BITS))
    )
    inner = column[0] ^ column[1]  # j is 1 or 2
    m.d.comb += [
        even.eq(row[0] + Mux(inner, -row[2], row[2])),
        odd.eq(Mux(inner, row[1], row[1] << 1) + Mux(inner, -(row[3] << 1), row[3])),
        total.eq(even + Mux(column[1], -odd, odd)),
    ]
    return total
