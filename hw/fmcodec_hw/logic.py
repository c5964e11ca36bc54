"""Gating, selection, saturation: the idioms that the data paths of all cores are made of."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Mux, Value, ValueLike

__all__ = ["gate", "lookup", "saturate", "select"]


def gate(on: Value, value: ValueLike) -> Value:
    """`value` where the one bit `on` is 1, zeros where it is 0: one AND a bit.

    In simulation a 0 hides what is unknown in `value`, which a multiplexer does not.
    """
    value = Value.cast(value)
    return value & on.replicate(len(value))


def select(*choices: tuple[Value, ValueLike]) -> Value:
    """The value whose condition holds, of (condition, value); zeros where none does.

    At most one condition may hold: the values are ORed, there is no priority.
    """
    return reduce(or_, (gate(on, value) for on, value in choices))


def saturate(value: Value, bits: int) -> Value:
    """The two's complement number `value`, clamped to what fewer, `bits`, of them hold."""
    sign, above = value[-1], value[bits - 1 : -1]
    outside = (above ^ sign.replicate(len(above))).any()
    return Mux(outside, Cat((~sign).replicate(bits - 1), sign), value[:bits])


def lookup(index: Value, table: Sequence[int], bits: int) -> Value:
    """table[index], of so many bits; the upper bits of `index` may be known late.

    A sum of a few bits is smaller and faster looked up than added. Beyond the table's end anything.
    """
    if len(index) == 0 or len(set(table)) == 1:
        return Const(table[0], bits)
    half = 1 << (len(index) - 1)
    low = lookup(index[:-1], table[:half], bits)
    return Mux(index[-1], lookup(index[:-1], table[half:], bits), low) if table[half:] else low
