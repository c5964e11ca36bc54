"""Modules that load at their first use: numba takes a second, which only coding is worth.

The one place of the packages where an import waits. What is imported so counts as an import in
`tests/test_imports.py`: no circle hides here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["LazyModule"]


class LazyModule:
    """Stands for the module `name` and imports it when an attribute is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)
