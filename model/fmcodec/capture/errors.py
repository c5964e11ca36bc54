"""The errors of everything that reads a user's models, images and arrays."""

from __future__ import annotations

import importlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

__all__ = ["InputError", "MissingPackage", "check_regex", "reading_arrays", "require"]


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


def check_regex(name: str, text: str | None) -> None:
    """Refuse what is no regular expression; `name` is the option's."""
    try:
        re.compile(text or "")
    except re.error as error:
        raise InputError(f"{name} must be a regular expression, not {text!r}: {error}") from error


@contextmanager
def reading_arrays(file: Path) -> Iterator[None]:
    """Turn what NumPy raises while it reads an .npy or .npz file into an InputError."""
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())
        if "pickle" in reason:  # NumPy takes all that it does not know for a pickle
            reason = "it is no file of NumPy's, or it holds objects"
        raise InputError(f"{file} must be an array of numbers: {reason}") from error
