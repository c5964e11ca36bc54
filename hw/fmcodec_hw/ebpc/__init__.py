"""Amaranth cores of EBPC."""

from fmcodec_hw.ebpc.decoder import Decoder
from fmcodec_hw.ebpc.encoder import Encoder

__all__ = ["Decoder", "Encoder"]
