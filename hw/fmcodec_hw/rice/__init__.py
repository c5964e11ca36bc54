"""Amaranth cores of Rice."""

from fmcodec_hw.rice.decoder import Decoder
from fmcodec_hw.rice.encoder import Encoder

__all__ = ["Decoder", "Encoder"]
