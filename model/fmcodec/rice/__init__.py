"""Rice: lossless coding of one word after another by adaptive Golomb-Rice codes."""

from fmcodec.errors import DamagedStream
from fmcodec.rice.choice import best_params
from fmcodec.rice.params import Params
from fmcodec.rice.reference import decode_lenient
from fmcodec.rice.stream import FORMAT_VERSION, Encoded

__all__ = [
    "FORMAT_VERSION",
    "DamagedStream",
    "Encoded",
    "Params",
    "best_params",
    "decode_lenient",
]
