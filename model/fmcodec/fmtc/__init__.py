"""FMTC, feature-map transform coding: transform, quantiser, Huffman or Rice codes; lossy."""

from fmcodec.errors import DamagedStream
from fmcodec.fmtc.calibrate import Calibrator, calibrate
from fmcodec.fmtc.context import Context, DecoderContext, EncoderContext
from fmcodec.fmtc.context_reader import FORMAT_VERSION
from fmcodec.fmtc.cores import Decoder, Encoder
from fmcodec.fmtc.errors import (
    BadChecksum,
    BadCodeLengths,
    BadField,
    BadMagic,
    BadPadding,
    BadRun,
    BadSymbol,
    BadVersion,
    ContextMismatch,
    LengthMismatch,
    MissingContext,
    Underrun,
    UnsupportedContext,
    WordsLeftOver,
)
from fmcodec.fmtc.params import Params
from fmcodec.fmtc.tile import Encoded

__all__ = [
    "FORMAT_VERSION",
    "BadChecksum",
    "BadCodeLengths",
    "BadField",
    "BadMagic",
    "BadPadding",
    "BadRun",
    "BadSymbol",
    "BadVersion",
    "Calibrator",
    "Context",
    "ContextMismatch",
    "DamagedStream",
    "Decoder",
    "DecoderContext",
    "Encoded",
    "Encoder",
    "EncoderContext",
    "LengthMismatch",
    "MissingContext",
    "Params",
    "Underrun",
    "UnsupportedContext",
    "WordsLeftOver",
    "calibrate",
]
