"""Plane symbols: what one bit plane is coded as (doc/format.md, "BPC stream")."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params

__all__ = ["PlaneCoder", "extend_run", "is_run", "merge_lengths", "symbol_bits", "symbol_lengths"]


def symbol_lengths(params: Params, symbol: Value) -> dict[int, Value]:
    """Whether the symbol at the top (MSB first) of `symbol` has so many bits, for every length.

    The code is a prefix code: its first four bits tell the length, and none is stored.
    """
    top = symbol[::-1]
    prefix = [top[0], ~top[0] & top[1], ~top[:2].any() & top[2], ~top[:3].any() & top[3]]
    return merge_lengths(
        (params.block_words, prefix[0]),
        (2, prefix[1]),
        (3 + params.run_bits, prefix[2]),
        (5 + params.position_bits, prefix[3]),
        (5, ~top[:4].any()),
    )


def merge_lengths(*cases: tuple[int, Value]) -> dict[int, Value]:
    """One condition for every length, whichever case it comes from."""
    lengths: dict[int, Value] = {}
    for bits, case in cases:
        lengths[bits] = lengths[bits] | case if bits in lengths else case
    return lengths


def symbol_bits(lengths: dict[int, Value]) -> Value:
    """The length in bits, 0 where no condition holds."""
    return reduce(or_, (Mux(case, bits, 0) for bits, case in lengths.items()))


def is_run(symbol: Value) -> Value:
    """The symbol at the top of `symbol` is a run of zero planes."""
    top = symbol[::-1]
    return ~top[0] & (top[1] | top[2])


def extend_run(params: Params, symbol: Value | None) -> Value:
    """The run symbol for one more zero plane: 01 becomes 001 0.., every other length counts up.

    None stands for a run of one.
    """
    longer: Value = Const(0, params.run_bits)
    if symbol is not None:
        length = symbol[-3 - params.run_bits : -3]
        longer = (length + 1)[: params.run_bits] & ~symbol[-2].replicate(params.run_bits)
    return Cat(Const(0, params.max_symbol_bits - 3 - params.run_bits), longer, Const(0b001, 3))


class PlaneCoder(wiring.Component):
    """Code one plane; combinational.

    Members:
        dbx: n-1 bits, the plane xor the one before it, delta i in bit i.
        dbp_zero: the plane itself is zero. Plane 0 is its own dbx: there it may stay low.
        zero: dbx is zero; the symbol is then a run of one.
        symbol: the code in the top bits, MSB first, zeros behind it (`symbol_bits` of them count).
    """

    def __init__(self, params: Params):
        self._params = params
        bits = params.plane_bits
        super().__init__(
            {
                "dbx": In(bits),
                "dbp_zero": In(1),
                "zero": Out(1),
                "symbol": Out(params.max_symbol_bits),
            }
        )

    def elaborate(self, platform):
        params = self._params
        mod = Module()
        bits = params.plane_bits
        dbx = list(self.dbx)

        # seen[i]: a one at or before i. One or two adjacent ones: none lies two behind another.
        seen = [dbx[0]]
        for i in range(1, bits - 2):
            seen.append(Signal(name=f"seen_{i}"))
            mod.d.comb += seen[i].eq(seen[i - 1] | dbx[i])
        scattered = Cat(dbx[i] & seen[i - 2] for i in range(2, bits)).any()
        pair = Cat(dbx[i] & dbx[i - 1] for i in range(1, bits)).any()
        starts = [dbx[0], *(dbx[i] & ~dbx[i - 1] for i in range(1, bits))]
        position = [
            Cat(start for i, start in enumerate(starts) if i >> b & 1).any()
            for b in range(params.position_bits)
        ]

        zero = Signal()
        ones = Signal()
        short = Signal()
        compact = Signal()
        ones_or_zero = Signal()
        mod.d.comb += [
            zero.eq(~self.dbx.any()),
            ones.eq(self.dbx.all()),
            ones_or_zero.eq(ones | zero),
            short.eq(ones | self.dbp_zero | zero),
            compact.eq(~short & ~scattered),
            self.zero.eq(zero),
        ]
        raw = Signal()
        mod.d.comb += raw.eq(~short & scattered)
        head = [
            raw,
            zero,
            Const(0, 1),
            compact,
            (compact & ~pair) | (self.dbp_zero & ~ones_or_zero),
        ]
        head += [compact & bit for bit in reversed(position)]
        tail = [raw & bit for bit in dbx]
        symbol = []
        for i in range(params.max_symbol_bits):
            bit = head[i] if i < len(head) else Const(0, 1)
            symbol.append(bit | tail[i - 1] if 1 <= i <= bits else bit)
        mod.d.comb += self.symbol.eq(Cat(reversed(symbol)))
        return mod
