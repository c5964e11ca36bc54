"""CRC-32 of IEEE 802.3 over the words of a context or tile, some bits a cycle."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["CRC_BITS", "Crc32"]

CRC_BITS = 32
_POLYNOMIAL = 0xEDB88320  # reflected


class Crc32(wiring.Component):
    """CRC register that moves by `step_bits` bits a cycle (doc/format.md, "FMTC, format 2.0").

    The register is reflected, so that a word's least significant bit comes first. Data are added
    to it, and moving is linear: a word wider than a step is added whole in its first step and
    zeros in the others. A word of 32 bits takes 32 / step_bits cycles.

    Parameters:
        step_bits: bits of a step, a divisor of 32.
        data_bits: bits added at once, from `step_bits` to 32; `step_bits` by default.

    Members:
        data: what is added before the step, the first bit in the least significant one.
        step: move, at the end of the cycle.
        compare: with `step`: `data` are `step_bits` bits of the CRC, which leave the register.
        clear: back to the start of a context or tile.
        value: the CRC of the words so far, once their steps are done.
        matches: the next `step_bits` bits of `data` are those of the CRC.

    Raises:
        ValueError: `step_bits` is no divisor of 32, or `data_bits` is out of its range.
    """

    def __init__(self, step_bits: int, data_bits: int | None = None):
        if step_bits < 1 or CRC_BITS % step_bits:
            raise ValueError(f"step_bits must be a divisor of {CRC_BITS}, not {step_bits!r}")
        self.step_bits = step_bits
        self.data_bits = step_bits if data_bits is None else data_bits
        if not step_bits <= self.data_bits <= CRC_BITS:
            rule = f"in {step_bits}..{CRC_BITS}"
            raise ValueError(f"data_bits must be {rule}, not {data_bits!r}")
        super().__init__(
            {
                "data": In(self.data_bits),
                "step": In(1),
                "compare": In(1),
                "clear": In(1),
                "value": Out(CRC_BITS),
                "matches": Out(1),
            }
        )

    def elaborate(self, platform):
        # A bit that leaves the register adds the polynomial to it; one step is that many times over
        m = Module()
        register = Signal(CRC_BITS, init=-1)
        added = Signal(CRC_BITS)
        m.d.comb += [
            added.eq(register ^ self.data),
            self.value.eq(~register),
            self.matches.eq(added[: self.step_bits].all()),
        ]
        moved = added
        for i in range(self.step_bits):
            before, moved = moved, Signal(CRC_BITS, name=f"moved_{i}")
            feedback = (before[0] & ~self.compare).replicate(CRC_BITS)
            m.d.comb += moved.eq((before >> 1) ^ (feedback & _POLYNOMIAL))
        with m.If(self.clear):
            m.d.sync += register.eq(-1)
        with m.Elif(self.step):
            m.d.sync += register.eq(moved)
        return m
