"""Symbols on their way to a coder, and codes on their way from it."""

from amaranth.hdl import Value
from amaranth.lib import data

__all__ = ["PUSH_BITS", "code_layout", "cut_layout", "level_layout", "symbol", "symbol_layout"]

PUSH_BITS = 16  # half a header; the longest code has as many bits


def level_layout(tables: int) -> data.StructLayout:
    """A symbol q as sign and size of q - zp; other fields are those of `symbol_layout`."""
    group = range(max(tables, 2))
    flags = {"zero": 1, "group": group, "ends": 1, "last": 1}
    return data.StructLayout({"negative": 1, "magnitude": 8, **flags})


def symbol(level, zero_point: Value) -> Value:
    """The symbol q of a `level_layout`, 8 bits."""
    size = level.magnitude ^ level.negative.replicate(8)
    return (zero_point + size + level.negative)[:8]


def symbol_layout(tables: int) -> data.StructLayout:
    """A symbol q of a context of at most so many tables.

    Fields: `symbol`, whether it is the `zero` point, its `group`, and whether it `ends` its vector
    and is the `last` of the tile.
    """
    group = range(max(tables, 2))
    return data.StructLayout({"symbol": 8, "zero": 1, "group": group, "ends": 1, "last": 1})


def cut_layout(tables: int) -> data.StructLayout:
    """A symbol, or `end` of vector, that is coded with the table `group`, or is `raw`."""
    group = range(max(tables, 2))
    return data.StructLayout({"symbol": 8, "group": group, "end": 1, "last": 1, "raw": 1})


def code_layout() -> data.StructLayout:
    """A code: its bits, the first at the top and zeros behind, how many; the tile's last one."""
    return data.StructLayout({"bits": PUSH_BITS, "length": range(PUSH_BITS + 1), "last": 1})
