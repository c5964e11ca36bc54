"""The pair s, M of every component."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from fmcodec_hw.fmtc.context_fields import PAIR, Build, pair_write
from fmcodec_hw.logic import select
from fmcodec_hw.ram import Ram

__all__ = ["Scales"]


class Scales(wiring.Component):
    """Shift and scale of the coefficients, one behind the other.

    Parameters:
        build: an encoder.

    Members:
        pairs: those in registers: of all components, or of the classes of dct4.
        each, write, bank: with `has_each`: components have pairs of their own, in a memory of two
            halves; a pair for the half that is not in use; the half in use.
        component: of the coefficient; `following`: of the one behind it.
        opens: the next cycle may be the first of a tile.
        step: the coefficient is taken, at the end of the cycle.
        shift: s of the coefficient.
        scale: M, without its top bit, of the coefficient taken before.
    """

    def __init__(self, build: Build):
        self.build = build
        members = {
            "pairs": In(data.ArrayLayout(PAIR, build.pairs)),
            "component": In(build.index_bits),
            "following": In(build.index_bits),
            "opens": In(1),
            "step": In(1),
            "shift": Out(4),
            "scale": Out(7),
        }
        if build.has_each:
            members |= {"each": In(1), "write": In(pair_write(build)), "bank": In(1)}
        super().__init__(members)

    def elaborate(self, platform):
        # The memory is read a cycle ahead, and its scale kept for a cycle; a class is kept itself
        m = Module()
        if self.build.has_each:
            m.submodules.memory = memory = Ram(2 << self.build.index_bits, PAIR.size)
            place = Mux(self.step, self.following, self.component)
            pair, scale = Signal(PAIR), Signal.like(self.scale, name="held_scale", reset_less=True)
            m.d.comb += [
                memory.write_enable.eq(self.write.valid),
                memory.write_address.eq(Cat(self.write.index, ~self.bank)),
                memory.write_data.eq(self.write.pair),
                memory.read_enable.eq(self.opens | self.step),
                memory.read_address.eq(Cat(place, self.bank)),
                pair.eq(Mux(self.each, memory.read_data, self.pairs[0])),
                self.shift.eq(pair.shift),
                self.scale.eq(scale),
            ]
            with m.If(self.step):
                m.d.sync += scale.eq(pair.scale)
        else:
            odd = Cat(self.component[0], self.component[2])  # the frequencies u and v
            before = Signal(2, reset_less=True)  # those of the coefficient taken before
            with m.If(self.step):
                m.d.sync += before.eq(odd)
            m.d.comb += [
                self.shift.eq(self._of_class(odd, "shift")),
                self.scale.eq(self._of_class(before, "scale")),
            ]
        return m

    def _of_class(self, odd: Value, name: str) -> Value:
        """Field `name` of the pair of a class of dct4, which is how many bits of `odd` are set."""
        classes = ~odd.any(), odd.xor(), odd.all()
        own = [getattr(self.pairs[i], name) for i in range(self.build.pairs)]
        return select(*zip(classes, own, strict=True))
