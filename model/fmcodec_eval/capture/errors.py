"""Checks of what a user names: regular expressions and files of arrays."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fmcodec.errors import InputError

__all__ = ["check_regex", "reading_arrays"]


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
