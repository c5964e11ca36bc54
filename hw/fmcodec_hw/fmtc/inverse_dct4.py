"""The inverse of the integer DCT of 4x4 blocks, one coefficient and one value a cycle."""

from functools import reduce
from itertools import pairwise
from operator import or_

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.numbers import number_signature

__all__ = ["InverseDct4"]

_BLOCK = 16
_TURN = 7  # numbers that wait while a block is turned


class InverseDct4(wiring.Component):
    """Transform blocks back (doc/format.md, "dct4").

    Latency: a block's first value is there a cycle after its last coefficient. Throughput: one
    coefficient and one value per cycle. Held: a block. It leaves whether or not another one comes;
    where another has begun, it waits for the coefficients of that.

    Parameters:
        bits: of a coefficient.

    Attributes:
        result_bits: of a value.

    Members:
        level: d of the components of blocks in order; `last` with the last of a tile.
            `level.ready` depends on `sum.ready`.
        sum: R of the values row by row, with the `last` of the block's last coefficient.
            `sum.valid` depends on `level.valid`.
    """

    def __init__(self, bits: int):
        self._bits = bits
        self.result_bits = bits + 9
        super().__init__(
            {"level": In(number_signature(bits)), "sum": Out(number_signature(self.result_bits))}
        )

    def elaborate(self, platform):
        # A coefficient comes and a value leaves in a step, and all that is held moves. A number
        # waits in a line for the one that it is added to; the sum goes on at once, the difference
        # waits in its place. Two lines more turn the block, where a number that is late is let past
        # one that is early. So no line is longer than it has to be: 15 numbers, and one between
        # the weights and the sums. |d| is 2^(bits - 1) at most, b: sums over u are within 3 b
        # without the weights, 57 b and 60 b with them, 117 b in the end; those over v 234 b, 456 b
        m = Module()
        self._step = step = Signal()
        place, gone = Signal(range(_BLOCK)), Signal(range(_BLOCK))
        leaving, last, free, begun = Signal(), Signal(reset_less=True), Signal(), Signal()
        m.d.comb += [
            begun.eq(place.any()),
            free.eq(~leaving | self.sum.ready),
            step.eq(free & (self.level.valid | (leaving & ~begun))),
            self.level.ready.eq(free),
            self.sum.valid.eq(leaving & (self.level.valid | ~begun)),
            self.sum.payload.last.eq(last & gone.all()),
        ]
        with m.If(step):
            m.d.sync += [place.eq(place + self.level.valid), gone.eq(gone + leaving)]
            with m.If(gone.all()):
                m.d.sync += leaving.eq(0)
            with m.If(place.all()):
                m.d.sync += [leaving.eq(1), last.eq(self.level.payload.last)]

        def at(*times: int) -> Signal:
            """In the step that many behind a block's first, be it of the one that comes or leaves.

            What is to be done for one block disturbs the other in no distance between them.
            """
            comes = [place == time for time in times if time < _BLOCK]
            leaves = [gone == time - _BLOCK for time in times if time >= _BLOCK]
            now = Signal()
            m.d.comb += now.eq(reduce(or_, comes, Const(0)) | (leaving & reduce(or_, leaves)))
            return now

        bits, number = self._bits, self.level.payload.value
        # Components 4 v + u: those of u and u + 2, which have one weight. Numbers of odd v are let
        # past here already, where they are narrow
        third, fourth = place[1], place[1] & place[0]
        number = self._butterfly(m, "outer", number, bits + 2, third, fourth, length=2)
        number = self._exchange(m, "near", number, place[2] & place[1], length=2)
        odd = Signal(2)  # u, v
        m.d.comb += odd.eq(Mux(leaving & (gone < 4), gone[:2], place[:2]))
        weighted = Signal(signed(bits + 6), reset_less=True)
        with m.If(step):
            m.d.sync += weighted.eq(_weighted(number, odd))
        halves = at(6, 8, 10, 12, 14, 16, 18, 20)
        number = self._butterfly(m, "inner", weighted, bits + 7, halves)
        # Rows i, of each the columns v in the order 0, 2, 1, 3; sums of v likewise
        number = self._turn(m, number, at(14, 16, 18, 20), at(21, 22, 23, 24))
        pairs, odds = at(14, 16, 18, 20, 22, 24, 26, 28), at(16, 20, 24, 28)
        number = self._butterfly(m, "row", number, bits + 8, pairs, odds)
        number = self._ordered(m, number, leaving & ~gone[1], gone[0])
        m.d.comb += self.sum.payload.value.eq(number)
        return m

    def _line(self, m: Module, name: str, bits: int, length: int) -> list[Signal]:
        """Registers of a line; each but the first takes what is in the one before."""
        line = [Signal(signed(bits), name=f"{name}_{i}", reset_less=True) for i in range(length)]
        with m.If(self._step):
            m.d.sync += [after.eq(before) for before, after in pairwise(line)]
        return line

    def _butterfly(
        self,
        m: Module,
        name: str,
        number: Value,
        bits: int,
        on: Value,
        odd: Value | None = None,
        *,
        length: int = 1,
    ) -> Signal:
        """a + b and, `length` steps later, a - b; where `odd`, 2 a + b and a - 2 b.

        a has come `length` steps before b; `on` with b.
        """
        line = self._line(m, name, bits, length)
        end, out = line[-1], Signal(signed(bits), name=f"{name}_out")

        def twice(value: Value) -> Value:
            return value if odd is None else Mux(odd, value << 1, value)

        m.d.comb += out.eq(Mux(on, twice(end) + number, end))
        with m.If(self._step):
            m.d.sync += line[0].eq(Mux(on, end - twice(number), number))
        return out

    def _exchange(self, m: Module, name: str, number: Value, on: Value, length: int) -> Signal:
        """Numbers `length` steps later; where `on` at once, before the one that has waited."""
        line = self._line(m, name, len(number), length)
        out = Signal(signed(len(number)), name=f"{name}_out")
        m.d.comb += out.eq(Mux(on, number, line[-1]))
        with m.If(self._step):
            m.d.sync += line[0].eq(Mux(on, line[-1], number))
        return out

    def _turn(self, m: Module, number: Value, passes: Value, overtakes: Value) -> Signal:
        """A long exchange, and a short one inside: differences have the last row first."""
        line = self._line(m, "turn", len(number), _TURN)
        out = Signal(signed(len(number)), name="turn_out")
        m.d.comb += out.eq(Mux(passes, number, Mux(overtakes, line[2], line[-1])))
        with m.If(self._step):
            m.d.sync += line[0].eq(Mux(passes, line[-1], number))
            m.d.sync += line[3].eq(Mux(overtakes, line[-1], line[2]))
        return out

    def _ordered(self, m: Module, number: Value, on: Value, second: Value) -> Signal:
        """Sums and differences of four numbers, those of the first and third, then of the others.

        The first sum, the second, the second difference, the first.
        """
        waits, next_out, out = (
            Signal(signed(self.result_bits), name=name, reset_less=True)
            for name in ("waits", "next_out", "value")
        )
        m.d.comb += out.eq(Mux(on, next_out + number, next_out))
        difference = next_out - number
        with m.If(self._step):
            m.d.sync += next_out.eq(Mux(on & second, difference, waits))
            with m.If(~(on & second)):
                m.d.sync += waits.eq(Mux(on, difference, number))
        return out


def _weighted(number: Value, odd: Value) -> Value:
    """`number` times the V of its class: 30, 19 or 12."""
    both, one = odd.all(), odd.xor()
    first = Mux(both, number << 3, Mux(one, number << 4, number << 5))
    second = Mux(both, number << 2, Mux(one, (number << 1) + number, -(number << 1)))
    return first + second
