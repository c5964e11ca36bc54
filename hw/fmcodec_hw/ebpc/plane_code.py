"""The code of bit planes (doc/format.md, "BPC stream"): one table for coder and reader.

A symbol stands in the top bits of a value, its first bit in the most significant place.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from amaranth.hdl import Cat, Const, Module, Signal, Value, ValueLike

from fmcodec.ebpc import Params
from fmcodec_hw.logic import gate, select

__all__ = [
    "Code",
    "codes",
    "extend_run",
    "field",
    "is_run",
    "length_bits",
    "length_code",
    "lengths",
    "match",
    "merge",
    "spell",
    "symbol_lengths",
]


class Code(NamedTuple):
    """A row of the table: the first bits of a symbol, and how many bits its field has."""

    prefix: str
    field_bits: int = 0

    @property
    def bits(self) -> int:
        """Bits of the symbol."""
        return len(self.prefix) + self.field_bits


def codes(params: Params) -> dict[str, Code]:
    """The plane code, by the names of the format; a plane run of one has a code of its own."""
    return {
        "run_of_one": Code("01"),
        "run": Code("001", params.run_bits),  # planes - 2
        "all_ones": Code("00000"),
        "zero_plane": Code("00001"),
        "pair": Code("00010", params.position_bits),
        "single": Code("00011", params.position_bits),
        "raw": Code("1", params.plane_bits),  # dbx, delta 0 first
    }


def field(bits: Value, start: int, count: int) -> Value:
    """`count` bits from `start` on; the first bit of a stream is the most significant."""
    return bits[len(bits) - start - count : len(bits) - start]


def _starts(symbol: Value, prefix: str) -> Value:
    return field(symbol, 0, len(prefix)) == int(prefix, 2)


def match(m: Module, params: Params, symbol: Value, name: str) -> dict[str, Value]:
    """Which code `symbol` is, one-hot, as signals `name`_`code`."""
    case: dict[str, Value] = {}
    for code, (prefix, _) in codes(params).items():
        case[code] = Signal(name=f"{name}_{code}")
        m.d.comb += case[code].eq(_starts(symbol, prefix))
    return case


def merge(*cases: tuple[int, Value]) -> dict[int, Value]:
    """One condition for every length of (length, condition), whichever case it comes from."""
    merged: dict[int, Value] = {}
    for bits, case in cases:
        merged[bits] = merged[bits] | case if bits in merged else case
    return merged


def lengths(params: Params, case: dict[str, Value]) -> dict[int, Value]:
    """Whether the symbol of `case` has so many bits, for every length that symbols have.

    The code is a prefix code: no length has to be stored with a symbol.
    """
    table = codes(params)
    return merge(*((table[code].bits, there) for code, there in case.items()))


def length_bits(of: dict[int, Value]) -> Value:
    """The length in bits, 0 where no condition holds."""
    return select(*((case, bits) for bits, case in of.items()))


def length_code(params: Params, symbol: Value, of: Sequence[int]) -> Value:
    """Which of the lengths `of` the symbol has: from its first bits, one set of them a bit."""
    rows = codes(params).values()
    return Cat(
        Cat(_starts(symbol, row.prefix) for row in rows if of.index(row.bits) >> b & 1).any()
        for b in range((len(of) - 1).bit_length())
    )


def symbol_lengths(params: Params) -> list[int]:
    """Bits that symbols can have, ascending."""
    return sorted({code.bits for code in codes(params).values()})


def spell(params: Params, cases: dict[str, tuple[Value, ValueLike]]) -> Value:
    """The symbol of the code whose condition holds, of (condition, field), zeros behind it."""
    table = codes(params)
    symbols = []
    for code, (there, content) in cases.items():
        prefix, field_bits = table[code]
        bits = Cat(Value.cast(content)[:field_bits], Const(int(prefix, 2), len(prefix)))
        padding = Const(0, params.max_symbol_bits - len(bits))
        symbols.append(gate(there, Cat(padding, bits)))
    return reduce(or_, symbols)


def is_run(params: Params, symbol: Value) -> Value:
    """`symbol` is a plane run."""
    table = codes(params)
    return _starts(symbol, table["run_of_one"].prefix) | _starts(symbol, table["run"].prefix)


def extend_run(params: Params, symbol: Value | None) -> Value:
    """The plane run for one plane more: 01 becomes 001 0.., every other length counts up.

    None stands for a run of one.
    """
    longer: Value = Const(0, params.run_bits)
    if symbol is not None:
        # the field of a run of one reads as zero; its second bit tells it from a run of two
        length = field(symbol, 3, params.run_bits)
        longer = gate(~field(symbol, 1, 1), (length + 1)[: params.run_bits])
    return spell(params, {"run": (Const(1), longer)})
