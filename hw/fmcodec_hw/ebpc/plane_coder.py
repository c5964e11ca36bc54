"""Plane symbols: what one bit plane is coded as (doc/format.md, "BPC stream")."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from fmcodec.ebpc import Params
from fmcodec_hw.ebpc.plane_code import spell

__all__ = ["PlaneCoder"]


class PlaneCoder(wiring.Component):
    """Code one plane; combinational.

    Members:
        dbx: n-1 bits, the plane xor the one before it, delta i in bit i.
        dbp_zero: the plane itself is zero. Plane 0 is its own dbx: there it may stay low.
        zero: dbx is zero; the symbol is then a plane run of one.
        symbol: the code in the top bits, its first bit first, zeros behind it.
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
        # All properties of dbx are found side by side and gate the code that they ask for; the
        # order of the table in doc/format.md is in the conditions, not in a chain of choices
        params = self._params
        m = Module()
        bits = params.plane_bits
        dbx = list(self.dbx)

        # seen[i]: a one at or before i. One or two adjacent ones: none lies two behind another.
        seen = [dbx[0]]
        for i in range(1, bits - 2):
            seen.append(Signal(name=f"seen_{i}"))
            m.d.comb += seen[i].eq(seen[i - 1] | dbx[i])
        scattered = Cat(dbx[i] & seen[i - 2] for i in range(2, bits)).any()
        pair = Cat(dbx[i] & dbx[i - 1] for i in range(1, bits)).any()
        starts = [dbx[0], *(dbx[i] & ~dbx[i - 1] for i in range(1, bits))]
        # one-hot to binary; with two adjacent ones only the first is a start
        position = Cat(
            Cat(start for i, start in enumerate(starts) if i >> b & 1).any()
            for b in range(params.position_bits)
        )

        zero, ones, short, near = Signal(), Signal(), Signal(), Signal()
        m.d.comb += [
            zero.eq(~self.dbx.any()),
            ones.eq(self.dbx.all()),
            short.eq(ones | self.dbp_zero | zero),
            near.eq(~short & ~scattered),
            self.zero.eq(zero),
            self.symbol.eq(
                spell(
                    params,
                    {
                        "run_of_one": (zero, 0),
                        "all_ones": (ones, 0),
                        "zero_plane": (self.dbp_zero & ~(ones | zero), 0),
                        "pair": (near & pair, position),
                        "single": (near & ~pair, position),
                        "raw": (~short & scattered, self.dbx[::-1]),
                    },
                )
            ),
        ]
        return m
