"""EBPC, Extended Bit-Plane Compression: lossless zero-run and bit-plane coding."""

from fmcodec.ebpc.params import Params
from fmcodec.ebpc.reference import BlockCost, Symbol, decode_lenient
from fmcodec.ebpc.stream import FORMAT_VERSION, Encoded
from fmcodec.errors import DamagedStream

__all__ = [
    "FORMAT_VERSION",
    "BlockCost",
    "DamagedStream",
    "Encoded",
    "Params",
    "Symbol",
    "decode_lenient",
]
