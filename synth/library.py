"""What the flow has to know of a standard-cell library, read from its Liberty file.

Libraries write the same thing in many ways: a NAND is `!(A*B)`, `(!A) | (!B)` or `(A B)'`, names
are quoted or not, a clock gate has a test pin or not. So gates are known by their truth tables, and
nothing is known by a cell's name.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from synth.liberty import capacitance_unit_ff, get, parsed, pins_of, table_of, text_of

__all__ = ["ClockGate", "Inverter", "Library", "TwoOutputs", "load"]

# What a flip-flop does
_FF = ("next_state", "clocked_on", "clear", "preset")
# Truth tables, inputs counted up from all low
_BUFFER, _INVERTER, _NAND2 = (False, True), (True, False), (True, True, True, False)
_STATE, _INVERSE = (True, False), (False, True)
# Cells for the border of a power domain do a gate's work for more, and are no gates to map to
_POWER = (
    "is_isolation_cell",
    "is_level_shifter",
    "always_on",
    "retention_cell",
    "switch_cell_type",
)
# Clock gates for rising edges; those with a control before or after the latch have a test pin
_CLOCK_GATES = ("latch_posedge", "latch_posedge_precontrol", "latch_posedge_postcontrol")
_UNIT = re.compile(r"\b(?:time_unit|capacitive_load_unit)\b[^;]*")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
# Inputs of the smallest NAND2 that load every output port
OUTPUT_FANOUT = 4


@dataclass(frozen=True)
class ClockGate:
    """A clock-gating cell: its name, the pins for enable, clock and gated clock, and test pins.

    `test` pins are tied low.
    """

    cell: str
    enable: str
    clock: str
    gated: str
    test: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inverter:
    """An inverter and its pins."""

    cell: str
    area: float
    input: str
    output: str


@dataclass(frozen=True)
class TwoOutputs:
    """A flip-flop and the pins of its output and of the inverted one; the others are as before."""

    cell: str
    output: str
    inverted: str


@dataclass(frozen=True)
class Library:
    """A Liberty file in the flow's terms.

    Attributes:
        name: the library's own name.
        text, digest: what its file says, unpacked, and the SHA-256 of that.
        nand2: the smallest two-input NAND.
        nand2_area: its area, the gate equivalent, in the file's unit.
        output_load_ff: the load of an output port: four inputs of that NAND, in fF.
        buffer: the smallest buffer.
        flip_flops: names of the edge-triggered cells.
        inverter: the smallest inverter.
        two_outputs: for a flip-flop the cell that has the inverted output too, where one is smaller
            than the flip-flop and an inverter.
        clock_gate: the smallest clock-gating cell for rising edges, if there is one.
        dont_use: names of cells for power domains, which nothing is mapped to. (Cells that the
            file itself marks `dont_use` are left out by the tools.)
        outputs: names of the output pins of every cell.
    """

    name: str
    text: str = field(repr=False)
    digest: str
    nand2: str
    nand2_area: float
    output_load_ff: float
    buffer: str
    flip_flops: frozenset[str]
    inverter: Inverter | None
    two_outputs: dict[str, TwoOutputs]
    clock_gate: ClockGate | None
    dont_use: tuple[str, ...]
    outputs: dict[str, frozenset[str]]


class _Cell:
    """A cell of the file, its pins by direction, in order of their names."""

    def __init__(self, group: Any):
        self.group = group
        self.name = text_of(group.args[0])
        self.area = float(get(group, "area") or 0)
        pins = dict(sorted(pins_of(group), key=lambda pin: pin[0]))
        self.inputs, self.outputs = (
            {name: pin for name, pin in pins.items() if get(pin, "direction") == direction}
            for direction in ("input", "output")
        )
        self.for_power = any(get(group, name) not in (None, "false") for name in _POWER)
        self.usable = get(group, "dont_use") != "true" and not self.for_power

    def functions(self) -> dict[str, str]:
        """Function of every output pin that has one."""
        given = {name: get(pin, "function") for name, pin in self.outputs.items()}
        return {name: function for name, function in given.items() if function is not None}

    def is_gate(self, table: tuple[bool, ...]) -> bool:
        """Whether the cell is the gate of one output that `table` describes."""
        if not self.usable or len(self.outputs) != 1 or 2 ** len(self.inputs) != len(table):
            return False
        if any(get(pin, "three_state") is not None for pin in self.outputs.values()):
            return False
        return [_table(text, [*self.inputs]) for text in self.functions().values()] == [table]

    def load(self) -> float:
        """Largest capacitance of an input, in the file's unit."""
        kinds = [f"{edge}capacitance" for edge in ("", "rise_", "fall_")]
        return max(float(get(pin, kind) or 0) for pin in self.inputs.values() for kind in kinds)


@cache
def load(path: Path, *more: Path) -> Library:
    """Read a library from its Liberty file, or from several that have a part of its cells each.

    The files may be packed by gzip.

    Raises:
        ValueError: a file is no Liberty file, or in other units than the first, or they lack a
            cell that the flow cannot do without: a two-input NAND to measure areas with, a buffer,
            a flip-flop.
    """
    text = _joined({part.name: _read(part) for part in (path, *more)})
    try:
        library = parsed(text)
    except ValueError as error:
        raise ValueError(f"{path.name} must be a Liberty file") from error
    cells = [_Cell(group) for group in library.get_groups("cell")]

    nand2 = _smallest(cells, _NAND2)
    if nand2 is None:
        raise ValueError(f"{path.name} must have a cell of function !(A*B), the gate equivalent")
    buffer = _smallest(cells, _BUFFER)
    if buffer is None:
        raise ValueError(f"{path.name} must have a buffer")
    flip_flops = [c for c in cells if c.group.get_groups("ff") or c.group.get_groups("ff_bank")]
    if not flip_flops:
        raise ValueError(f"{path.name} must have a flip-flop")
    inverter = _inverter(_smallest(cells, _INVERTER))
    gates = [(cell.area, gate.cell, gate) for cell in cells if (gate := _clock_gate(cell))]
    unit_ff = capacitance_unit_ff(library)
    return Library(
        name=text_of(library.args[0]),
        text=text,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        nand2=nand2.name,
        nand2_area=nand2.area,
        output_load_ff=OUTPUT_FANOUT * nand2.load() * unit_ff,
        buffer=buffer.name,
        flip_flops=frozenset(cell.name for cell in flip_flops),
        inverter=inverter,
        two_outputs=_two_outputs(flip_flops, inverter) if inverter else {},
        clock_gate=min(gates)[2] if gates else None,
        dont_use=tuple(cell.name for cell in cells if cell.for_power),
        outputs={cell.name: frozenset(cell.outputs) for cell in cells},
    )


def _read(path: Path) -> str:
    data = path.read_bytes()
    if data[:2] != b"\x1f\x8b":
        return data.decode("latin-1")
    try:
        return gzip.decompress(data).decode("latin-1")
    except (EOFError, zlib.error) as error:
        raise ValueError(f"{path.name} must be packed whole: {error}") from error


def _joined(texts: Mapping[str, str]) -> str:
    """One library of the contents of all: the first one's name, every one's cells."""
    (first, text), *more = texts.items()
    for name, other in more:
        if _units(other) != _units(text):
            raise ValueError(f"units of {name} must be those of {first}")
    end = text.rfind("}")
    return text[:end] + "".join(_groups(other) for _, other in more) + text[end:]


def _units(text: str) -> set[str]:
    """What a file says of its units, without spaces and quotes."""
    return {re.sub(r'[\s"]', "", said.lower()) for said in _UNIT.findall(text)}


def _groups(text: str) -> str:
    """The groups of a library without its attributes, which the first file has as well."""
    text = _COMMENT.sub("", text)
    depth, begin, groups = 0, 0, []
    for brace in re.finditer(r"[{}]", text):
        if brace[0] == "{":
            depth += 1
            if depth == 1:
                begin = brace.end()
            elif depth == 2:
                begin = max(begin, text.rfind(";", begin, brace.start()) + 1)
        else:
            if depth == 2:
                groups.append(text[begin : brace.end()])
                begin = brace.end()
            depth -= 1
    return "".join(groups)


def _table(function: str, pins: Sequence[str]) -> tuple[bool, ...] | None:
    """Truth table over `pins`; None where the function depends on another, or cannot be read."""
    try:
        return tuple(bool(value) for value in table_of(function, pins))
    except ValueError:
        return None


def _smallest(cells: Sequence[_Cell], table: tuple[bool, ...]) -> _Cell | None:
    found = (cell for cell in cells if cell.is_gate(table))
    return min(found, key=lambda cell: (cell.area, cell.name), default=None)


def _inverter(cell: _Cell | None) -> Inverter | None:
    if cell is None:
        return None
    return Inverter(cell.name, cell.area, *cell.inputs, *cell.outputs)


def _two_outputs(cells: Sequence[_Cell], inverter: Inverter) -> dict[str, TwoOutputs]:
    """For a flip-flop the smallest one like it with an inverted output, where that pays."""
    flip_flops: list[tuple[str, tuple[object, ...], float]] = []
    double: dict[tuple[object, ...], list[tuple[float, TwoOutputs]]] = {}
    for cell in cells:
        for ff in cell.group.get_groups("ff"):
            states = [text_of(argument) for argument in ff.args]
            # Of every output its value for states 10 and 01: itself, inverted
            tables = {pin: _table(text, states) for pin, text in cell.functions().items()}
            pins = {table[1:3]: pin for pin, table in tables.items() if table}
            if _STATE not in pins:
                continue
            does = (get(ff, attribute) for attribute in _FF)
            names = [*cell.inputs, *states]
            # the output's name is part of what has to be alike
            key: tuple[object, ...] = (
                *(text and (_table(text, names) or text) for text in does),
                *cell.inputs,
                pins[_STATE],
            )
            flip_flops.append((cell.name, key, cell.area))
            if cell.usable and len(cell.outputs) == 2 and _INVERSE in pins:
                pair = TwoOutputs(cell.name, pins[_STATE], pins[_INVERSE])
                double.setdefault(key, []).append((cell.area, pair))
    found = {}
    for name, key, area in flip_flops:
        # a smaller one would drive less
        pays = [both for both in double.get(key, ()) if area <= both[0] < area + inverter.area]
        if pays:
            found[name] = min(pays, key=lambda both: both[0])[1]
    return found


def _clock_gate(cell: _Cell) -> ClockGate | None:
    """The cell as a clock gate; None if it is none for rising edges, or does not tell its pins.

    Many libraries mark their clock gates `dont_use`, which is meant for mapping logic.
    """

    def pins(attribute: str) -> tuple[str, ...]:
        every = cell.inputs | cell.outputs
        return tuple(name for name, pin in every.items() if get(pin, attribute) == "true")

    if get(cell.group, "clock_gating_integrated_cell") not in _CLOCK_GATES:
        return None
    enable, clock, gated = (pins(f"clock_gate_{role}_pin") for role in ("enable", "clock", "out"))
    if not len(enable) == len(clock) == len(gated) == 1:
        return None
    test = pins("clock_gate_test_pin")
    return ClockGate(cell.name, enable[0], clock[0], gated[0], test)
