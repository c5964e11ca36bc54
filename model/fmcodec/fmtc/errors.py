"""What can be wrong with a context or a tile, one class per sentence of doc/format.md."""

from fmcodec.errors import DamagedStream

__all__ = [
    "BadChecksum",
    "BadCodeLengths",
    "BadField",
    "BadMagic",
    "BadPadding",
    "BadRun",
    "BadSymbol",
    "BadVersion",
    "ContextMismatch",
    "LengthMismatch",
    "MissingContext",
    "Underrun",
    "UnsupportedContext",
    "WordsLeftOver",
]


class BadMagic(DamagedStream):
    """The first word of a context is not the magic word."""


class BadVersion(DamagedStream):
    """A context of another version of the format."""


class BadChecksum(DamagedStream):
    """The last word of a context or tile is not the CRC-32 of the words before."""


class BadField(DamagedStream):
    """A field of a context is out of its range, or a reserved one is not zero."""


class BadCodeLengths(DamagedStream):
    """The code lengths of a table do not make a complete prefix code (their Kraft sum is not 1)."""


class UnsupportedContext(DamagedStream):
    """A sound context that the decoder's build (its `Params`) cannot hold."""


class MissingContext(ValueError):
    """A tile arrived before any context."""


class ContextMismatch(DamagedStream):
    """A tile of another layer: its tag is that of no context that is loaded."""


class LengthMismatch(DamagedStream):
    """A tile whose header names another number of vectors than was asked for."""


class BadSymbol(DamagedStream):
    """A raw symbol above `q_max`, or a Rice code of a coefficient that there is not."""


class BadRun(DamagedStream):
    """A run of zeros of the Rice coder that goes on after the tile."""


class Underrun(DamagedStream):
    """A context or tile that ends early."""


class WordsLeftOver(DamagedStream):
    """A context or tile that goes on after its end."""


class BadPadding(DamagedStream):
    """A bit after the last symbol of a tile, or after a packed field of a context, is not zero."""
