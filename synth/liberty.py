"""Liberty files: their groups, attributes and pins however they are written, and their functions.

Parsing is liberty-parser's. A function becomes a truth table, so that functions can be compared
and evaluated whatever their text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

__all__ = ["capacitance_unit_ff", "get", "parsed", "pins_of", "table_of", "text_of"]

_CONSTANTS = {"0": False, "1": True}
_TOKEN = re.compile(r"\s*([A-Za-z_][\w\[\]]*|[01]|[!'&*|+^()])")


@cache
def parsed(text: str) -> Any:
    """The library group of a Liberty text.

    Raises:
        ValueError: the text is no Liberty.
    """
    from liberty.parser import parse_liberty

    try:
        return parse_liberty(text)
    except Exception as error:  # the parser's own errors are of many kinds, and many lines long
        raise ValueError("text must be Liberty") from error


def text_of(value: object) -> str:
    """A name or a value without its quotes."""
    return str(value).strip('"').strip()


def get(group: Any, attribute: str) -> str | None:
    """An attribute's value, the last one where there are several; None where there is none."""
    found = group.get_attributes(attribute)
    return text_of(found[-1]) if found else None


def capacitance_unit_ff(library: Any) -> float:
    """fF of one unit of capacitance of a library group; a file without a unit counts in pF."""
    found = library.get_attributes("capacitive_load_unit")
    scale, name = (text_of(part) for part in found[-1]) if found else ("1", "pf")
    return float(scale) * (1.0 if name.lower() == "ff" else 1000.0)


def pins_of(group: Any) -> Iterator[tuple[str, Any]]:
    """Name and group of every pin of a cell, in buses and bundles too; some share a group."""
    for pin in group.get_groups("pin"):
        yield from ((text_of(name), pin) for name in pin.args)
    for kind in ("bus", "bundle"):
        for several in group.get_groups(kind):
            yield from pins_of(several)


def table_of(function: str, pins: Sequence[str]) -> np.ndarray:
    """Truth table of a Liberty function, index bit i the value of `pins[i]`.

    Liberty's operators, from strong to weak: `!` before and `'` behind, `^`, `&` or `*` or a space,
    `|` or `+`.

    Raises:
        ValueError: the function cannot be read, or names something that is no pin.
    """
    index = np.arange(1 << len(pins))
    values: dict[str, Any] = {pin: (index >> i & 1).astype(bool) for i, pin in enumerate(pins)}
    values |= {text: np.full(len(index), value) for text, value in _CONSTANTS.items()}
    return _Reader(function, values).read()


class _Reader:
    """Evaluates a function while reading it: or, and, exclusive or, not, from weak to strong."""

    def __init__(self, function: str, values: dict[str, Any]):
        self._function, self._values = function, values
        self._tokens = _TOKEN.findall(function)
        if "".join(self._tokens) != re.sub(r"\s", "", function):
            raise self._error()

    def _error(self) -> ValueError:
        return ValueError(f"function must be one of Liberty's, not {self._function!r}")

    def _take(self, *tokens: str) -> bool:
        if self._tokens and self._tokens[0] in tokens:
            self._tokens.pop(0)
            return True
        return False

    def read(self) -> np.ndarray:
        value = self._or()
        if self._tokens:
            raise self._error()
        return value

    def _or(self) -> np.ndarray:
        value = self._and()
        while self._take("|", "+"):
            value = value | self._and()
        return value

    def _and(self) -> np.ndarray:
        value = self._xor()
        # two operands side by side are an and
        while self._take("&", "*") or (self._tokens and self._tokens[0] not in "|+)"):
            value = value & self._xor()
        return value

    def _xor(self) -> np.ndarray:
        value = self._not()
        while self._take("^"):
            value = value ^ self._not()
        return value

    def _not(self) -> np.ndarray:
        if self._take("!"):
            return ~self._not()
        if self._take("("):
            value = self._or()
            if not self._take(")"):
                raise self._error()
        elif self._tokens and self._tokens[0] in self._values:
            value = self._values[self._tokens.pop(0)]
        else:
            raise self._error()
        while self._take("'"):
            value = ~value
        return value
