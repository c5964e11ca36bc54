"""FMTC, feature-map transform coding: channel PCA, one quantiser step, Huffman codes; lossy."""

from fmcodec.errors import DamagedStream
from fmcodec.fmtc.calibrate import Calibrator, calibrate
from fmcodec.fmtc.context import Context
from fmcodec.fmtc.decoder import Decoder
from fmcodec.fmtc.errors import (
    BadChecksum,
    BadCodeLengths,
    BadField,
    BadMagic,
    BadPadding,
    BadSymbol,
    BadVersion,
    ContextMismatch,
    EmptyTile,
    MissingContext,
    Underrun,
    UnsupportedContext,
    WordsLeftOver,
)
from fmcodec.fmtc.params import Params
from fmcodec.fmtc.tile import Encoded

__all__ = [
    "BadChecksum",
    "BadCodeLengths",
    "BadField",
    "BadMagic",
    "BadPadding",
    "BadSymbol",
    "BadVersion",
    "Calibrator",
    "Context",
    "ContextMismatch",
    "DamagedStream",
    "Decoder",
    "EmptyTile",
    "Encoded",
    "MissingContext",
    "Params",
    "Underrun",
    "UnsupportedContext",
    "WordsLeftOver",
    "calibrate",
]
