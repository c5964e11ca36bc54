"""Errors that every codec of the package shares."""

__all__ = ["DamagedStream"]


class DamagedStream(ValueError):
    """A stream that no encoder can have written.

    Attributes:
        stream: name of the stream, as doc/format.md calls it, in lower case.
        bit: where it was noticed: bits from the start of the stream, the first bit is 0.
        reason: what is wrong there.
    """

    def __init__(self, stream: str, bit: int, reason: str) -> None:
        super().__init__(f"{stream} stream, bit {bit}: {reason}")
        self.stream = stream
        self.bit = bit
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, int, str]]:
        # an exception with its own arguments crosses a process border only with this
        return type(self), (self.stream, self.bit, self.reason)
