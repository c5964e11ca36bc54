"""EBPC, Extended Bit-Plane Compression: lossless zero-run and bit-plane coding."""

from fmcodec.ebpc.params import Params
from fmcodec.ebpc.reference import BlockCost, Symbol, decode_lenient
from fmcodec.ebpc.stream import Encoded
from fmcodec.errors import DamagedStream

__all__ = ["BlockCost", "DamagedStream", "Encoded", "Params", "Symbol", "decode_lenient"]
