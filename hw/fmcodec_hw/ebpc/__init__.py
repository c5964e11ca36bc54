"""Amaranth cores of EBPC."""

from fmcodec_hw.ebpc.encoder import Encoder

__all__ = ["Encoder"]
