"""Errors that all packages share, and how an optional package is asked for."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["DamagedStream", "InputError", "MissingPackage", "require"]


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


class InputError(ValueError):
    """A model, an image, an array or an option that cannot be used; one line says which and why."""


class MissingPackage(InputError):
    """An optional package is not installed; the line says how to get it."""


def require(package: str, extra: str, purpose: str) -> ModuleType:
    """Import an optional package.

    Args:
        package: what to import, for example `"onnxruntime"`.
        extra: the extra of this distribution that brings it.
        purpose: what needs it, the start of the message.

    Raises:
        MissingPackage: it is not installed, or cannot be imported as it is.
    """
    hint = f"pip install 'fmcodec[{extra}]'"
    name = package.partition(".")[0]
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise MissingPackage(f"{purpose} needs {name}: {hint}") from error
    except Exception as error:  # a build for another version of what it stands on, say
        reason = " ".join(str(error).split())
        raise MissingPackage(f"{purpose} cannot import {name} ({reason}): {hint}") from error
