"""The integer DCT of 4x4 blocks, one value and one coefficient a cycle."""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw import axis
from fmcodec_hw.fmtc.numbers import number_signature
from fmcodec_hw.fmtc.transposer import SIDE, Transposer

__all__ = ["COEFFICIENT_BITS", "Dct4"]

VALUE_BITS = 8
_ROW_BITS = VALUE_BITS + 3  # a row's sum is at most 6 times a value
COEFFICIENT_BITS = _ROW_BITS + 3


class Dct4(wiring.Component):
    """Transform blocks (doc/format.md, "dct4").

    Latency: a block's first coefficient is there a cycle after its last value. Throughput: one
    value and one coefficient per cycle. Held: one block and what three values make.

    Members:
        values: blocks row by row, int8. `values.ready` depends on `coefficient.ready`.
        coefficient: W of their components in order, and whether the last value of the block had
            `last`.
        misplaced: another value has `last`, in this cycle.
    """

    def __init__(self):
        super().__init__(
            {
                "values": In(axis.signature(VALUE_BITS)),
                "coefficient": Out(number_signature(COEFFICIENT_BITS)),
                "misplaced": Out(1),
            }
        )

    def elaborate(self, platform):
        # Two adders go over a row, over its inner values as the third one comes and over its outer
        # ones with the last. That transforms the row whole, for its four sums go different ways in
        # the transposer. A column stands still for four cycles, one for each of its sums: four
        # adders would be idle in three of them, so that two are enough
        m = Module()
        m.submodules.transposer = transposer = Transposer(_ROW_BITS)
        value = self.values.payload.data.as_signed()
        outer = Signal(signed(VALUE_BITS), reset_less=True)
        even, odd = (Signal(signed(VALUE_BITS + 1), name=name) for name in ("even", "odd"))
        inner_even, inner_odd = (
            Signal.like(even, name=f"inner_{name}", reset_less=True) for name in ("even", "odd")
        )
        place, taken = Signal(4), Signal()
        row_ends = place[:2].all()
        before = Mux(place[0], outer, inner_even)
        m.d.comb += [
            transposer.row.valid.eq(self.values.valid & row_ends),
            self.values.ready.eq(~row_ends | transposer.row.ready),
            taken.eq(self.values.valid & self.values.ready),
            self.misplaced.eq(taken & self.values.payload.last & ~place.all()),
            even.eq(before + value),
            odd.eq(before - value),
        ]
        with m.If(taken):
            m.d.sync += place.eq(place + 1)
            with m.Switch(place[:2]):
                with m.Case(0):
                    m.d.sync += outer.eq(value)
                with m.Case(1):
                    m.d.sync += inner_even.eq(value)
                with m.Case(2):
                    m.d.sync += [inner_even.eq(even), inner_odd.eq(odd)]
            with m.If(place.all()):
                m.d.sync += self.coefficient.payload.last.eq(self.values.payload.last)
        sums = even + inner_even, (odd << 1) + inner_odd, even - inner_even, odd - (inner_odd << 1)
        m.d.comb += [transposer.row.payload[v].eq(total) for v, total in enumerate(sums)]

        frequency = Signal(range(SIDE))
        m.d.comb += [
            self.coefficient.valid.eq(transposer.column.valid),
            transposer.column.ready.eq(self.coefficient.ready & frequency.all()),
            self.coefficient.payload.value.eq(_sum(m, transposer.column.payload, frequency)),
        ]
        with m.If(self.coefficient.valid & self.coefficient.ready):
            m.d.sync += frequency.eq(frequency + 1)
        return m


def _sum(m: Module, column, frequency: Signal) -> Signal:
    """Sum of a column with row `frequency` of A: 1 1 1 1; 2 1 -1 -2; 1 -1 -1 1; 1 -2 2 -1."""
    bits = _ROW_BITS + 1
    outer, inner = Signal(signed(bits), name="outer_sum"), Signal(signed(bits), name="inner_sum")
    total = Signal(signed(COEFFICIENT_BITS), name="total")
    odd, negative = frequency
    flip = odd.replicate(bits)
    m.d.comb += [
        outer.eq(column[0] + (column[3] ^ flip) + odd),
        inner.eq(column[1] + (column[2] ^ flip) + odd),
    ]
    first = Mux(odd & ~negative, outer << 1, outer)
    second = Mux(odd & negative, inner << 1, inner)
    wide = negative.replicate(COEFFICIENT_BITS)
    m.d.comb += total.eq(first + (second ^ wide) + negative)
    return total
