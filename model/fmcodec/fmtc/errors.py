"""What can be wrong with a context or a tile, one class per sentence of doc/format.md."""

from fmcodec.errors import DamagedStream

__all__ = [
    "BadChecksum",
    "BadCodeLengths",
    "BadField",
    "BadMagic",
    "BadPadding",
    "BadSymbol",
    "BadVersion",
    "ContextMismatch",
    "EmptyTile",
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
    """The CRC-32 of a context or tile is not that of its words."""


class BadField(DamagedStream):
    """A field of a context or tile header is out of its range, or a reserved one is not zero."""


class BadCodeLengths(DamagedStream):
    """The code lengths of a table do not make a complete prefix code (their Kraft sum is not 1)."""


class UnsupportedContext(DamagedStream):
    """A sound context that the decoder's build (its `Params`) cannot hold."""


class MissingContext(ValueError):
    """A tile arrived before any context."""


class ContextMismatch(DamagedStream):
    """A tile of another layer: its tag is not that of the context."""


class EmptyTile(DamagedStream):
    """A tile of no vectors."""


class BadSymbol(DamagedStream):
    """A raw symbol above `q_max`."""


class Underrun(DamagedStream):
    """A tile that ends before its last symbol."""


class WordsLeftOver(DamagedStream):
    """A tile that goes on after its last symbol."""


class BadPadding(DamagedStream):
    """A bit after the last symbol of a tile, or after a packed field of a context, is not zero."""
