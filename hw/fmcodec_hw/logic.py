"""Gating and one-hot selection: the idioms that the data paths of all cores are made of."""

from functools import reduce
from operator import or_

from amaranth.hdl import Value, ValueLike

__all__ = ["gate", "select"]


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
