"""Streams of numbers between the parts of the cores, and the width of an accumulator."""

from amaranth.hdl import signed
from amaranth.lib import data, stream

__all__ = ["ACC_BITS", "element_signature", "number_signature"]

ACC_BITS = 24


def number_signature(bits: int) -> stream.Signature:
    """Signed numbers, the last of a tile marked."""
    return stream.Signature(data.StructLayout({"value": signed(bits), "last": 1}))


def element_signature(bits: int) -> stream.Signature:
    """Signed numbers; the last of a vector is marked, and that of a tile."""
    return stream.Signature(data.StructLayout({"value": signed(bits), "ends": 1, "last": 1}))
