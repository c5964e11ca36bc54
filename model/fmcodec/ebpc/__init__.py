"""EBPC, Extended Bit-Plane Compression: lossless zero-run and bit-plane coding."""

from fmcodec.ebpc.params import Params

__all__ = ["Params"]
