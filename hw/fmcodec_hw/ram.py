"""The memory of all cores: one port to write, one to read, both at the clock's edge.

FPGA tools make block RAM of it, ASIC flows flip-flops; with `RamMacros` every memory of an export
is an instance of a named module instead, which the integrator fills with a macro.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from amaranth.hdl import ClockSignal, Instance, Module
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Ram", "RamMacros"]


class Ram(wiring.Component):
    """A memory of `words` words of `bits` bits, 1 write and 1 read port, synchronous.

    Latency: one cycle from `read_address` to `read_data`. Throughput: a read and a write per cycle.
    Nothing is known of it before it is written, reset does not touch it, and what a read of the
    word that is written in the same cycle gives is unknown: no core does it.

    Parameters:
        words: at least 2.
        bits: at least 1.

    Members:
        write_enable, write_address, write_data: the word is written at the next edge.
        read_enable, read_address: the word is read at the next edge.
        read_data: what was read last; it stays while `read_enable` is low.

    Raises:
        ValueError: a size is too small.
    """

    def __init__(self, words: int, bits: int):
        for name, value, least in (("words", words, 2), ("bits", bits, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value!r}")
        self.words, self.bits = words, bits
        super().__init__(
            {
                "write_enable": In(1),
                "write_address": In(range(words)),
                "write_data": In(bits),
                "read_enable": In(1),
                "read_address": In(range(words)),
                "read_data": Out(bits),
            }
        )

    def elaborate(self, platform):
        # Without no_rw_check Amaranth's text asks for the old word where both ports meet: block
        # RAM that gives neither would get registers and a comparison around it
        m = Module()
        if isinstance(platform, RamMacros):
            m.submodules.macro = self._macro(platform.module(self.words, self.bits))
            return m
        m.submodules.cells = cells = memory.Memory(
            shape=self.bits, depth=self.words, init=[], attrs={"no_rw_check": 1}
        )
        write, read = cells.write_port(), cells.read_port()
        m.d.comb += [
            write.en.eq(self.write_enable),
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            read.en.eq(self.read_enable),
            read.addr.eq(self.read_address),
            self.read_data.eq(read.data),
        ]
        return m

    def _macro(self, module: str) -> Instance:
        pins: dict[str, Any] = {"i_clk": ClockSignal()}
        for name, member in self.signature.members.items():
            pins[f"{'i' if member.flow == In else 'o'}_{name}"] = getattr(self, name)
        return Instance(module, **pins)


class RamMacros:
    """Amaranth platform on which a `Ram` is an instance of module `<prefix>_ram_<words>x<bits>`.

    Attributes:
        sizes: (words, bits) of every such module, by its name, after the elaboration.
        counts: how many instances of it there are.
    """

    def __init__(self, prefix: str):
        self._prefix = prefix
        self.sizes: dict[str, tuple[int, int]] = {}
        self.counts: Counter[str] = Counter()

    def module(self, words: int, bits: int) -> str:
        """Name of the module of this size."""
        name = f"{self._prefix}_ram_{words}x{bits}"
        self.sizes[name] = (words, bits)
        self.counts[name] += 1
        return name

    @property
    def total_bits(self) -> int:
        """Bits of all instances together."""
        return sum(self.counts[name] * words * bits for name, (words, bits) in self.sizes.items())

    def models(self) -> str:
        """Verilog of the modules, to simulate with and to put macros in the place of."""
        return self._text(_PORTS + _MODEL)

    def stubs(self) -> str:
        """Verilog of the modules without anything in them, for synthesis."""
        return self._text(f"(* blackbox *)\n{_PORTS}endmodule\n")

    def _text(self, form: str) -> str:
        return "\n".join(
            form.format(name=name, last=words - 1, high=bits - 1, top=(words - 1).bit_length() - 1)
            for name, (words, bits) in sorted(self.sizes.items())
        )


_PORTS = """\
module {name}(
  input clk,
  input write_enable,
  input [{top}:0] write_address,
  input [{high}:0] write_data,
  input read_enable,
  input [{top}:0] read_address,
  output [{high}:0] read_data
);
"""
_MODEL = """\
  reg [{high}:0] cells [0:{last}];
  reg [{high}:0] read;
  always @(posedge clk) begin
    if (write_enable) cells[write_address] <= write_data;
    if (read_enable) read <= cells[read_address];
  end
  assign read_data = read;
endmodule
"""
