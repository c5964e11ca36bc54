"""Codecs of feature maps behind one interface: Rice, EBPC and what they are compared with."""

# the order of registration is the order of every table
# isort: off
from fmcodec.codecs.base import Codec, Coder, Sizes, codec_ids, get_codec
from fmcodec.codecs.sparse import Csc, ZeroRle, Zvc
from fmcodec.codecs.bitplane import Bpc, Ebpc
from fmcodec.codecs.rice import Rice
from fmcodec.codecs.general import Deflate, Entropy, Zstd
# isort: on

__all__ = [
    "Bpc",
    "Codec",
    "Coder",
    "Csc",
    "Deflate",
    "Ebpc",
    "Entropy",
    "Rice",
    "Sizes",
    "ZeroRle",
    "Zstd",
    "Zvc",
    "codec_ids",
    "get_codec",
]
