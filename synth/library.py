"""What the flow has to know of a standard-cell library, read from its Liberty file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["ClockGate", "Inverter", "Library", "TwoOutputs", "load"]

_NO_BRACKETS = str.maketrans("", "", "() ")
# What a flip-flop does
_FF = ("next_state", "clocked_on", "clear", "preset")
# Inputs of the smallest NAND2 that load every output port
OUTPUT_FANOUT = 4


@dataclass(frozen=True)
class ClockGate:
    """A clock-gating cell: its name and the pins for enable, clock and gated clock."""

    cell: str
    enable: str
    clock: str
    gated: str


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
        path, digest: the file, and the SHA-256 of its bytes.
        nand2_area: area of the smallest two-input NAND, the gate equivalent, in the file's unit.
        nand2_load: capacitance of an input of that NAND, in the file's unit.
        output_load_ff: the load of an output port: four such inputs, in fF.
        buffer: the smallest buffer.
        flip_flops: names of the edge-triggered cells.
        inverter: the smallest inverter.
        two_outputs: for a flip-flop the cell that has the inverted output too, where one is smaller
            than the flip-flop and an inverter.
        clock_gate: the smallest clock-gating cell for rising edges, if there is one.
        outputs: names of the output pins of every cell.
    """

    name: str
    path: Path
    digest: str
    nand2_area: float
    nand2_load: float
    output_load_ff: float
    buffer: str
    flip_flops: frozenset[str]
    inverter: Inverter | None
    two_outputs: dict[str, TwoOutputs]
    clock_gate: ClockGate | None
    outputs: dict[str, frozenset[str]]


@cache
def load(path: Path) -> Library:
    """Read a Liberty file.

    Raises:
        ValueError: the file is no Liberty file, or has no two-input NAND to measure areas with.
    """
    from liberty.parser import parse_liberty

    text = path.read_text()
    try:
        library = parse_liberty(text)
    except Exception as error:  # the parser's own errors are of many kinds, and many lines long
        raise ValueError(f"{path.name} must be a Liberty file") from error
    cells = {str(cell.args[0]).strip('"'): cell for cell in library.get_groups("cell")}

    nand2s = [(float(c["area"]), _loads(c)) for c in cells.values() if _is_nand2(c)]
    if not nand2s:
        raise ValueError(f"{path.name} must have a cell of function !(A*B), the gate equivalent")
    area, load_per_input = min(nand2s)

    buffers = [(float(c["area"]), name) for name, c in cells.items() if _functions(c) == _inputs(c)]
    if not buffers:
        raise ValueError(f"{path.name} must have a buffer")
    scale, unit = library["capacitive_load_unit"]
    femto = 1000.0 if str(unit).strip('"').lower() == "pf" else 1.0

    gates = [
        (float(cell["area"]), name, cell)
        for name, cell in cells.items()
        if str(cell["clock_gating_integrated_cell"]).strip('"') == "latch_posedge"
    ]
    inverter = _smallest_inverter(cells)
    return Library(
        name=str(library.args[0]).strip('"'),
        path=path.resolve(),
        digest=hashlib.sha256(text.encode()).hexdigest(),
        nand2_area=area,
        nand2_load=load_per_input,
        output_load_ff=OUTPUT_FANOUT * load_per_input * float(scale) * femto,
        buffer=min(buffers)[1],
        flip_flops=frozenset(name for name, cell in cells.items() if cell.get_groups("ff")),
        inverter=inverter,
        two_outputs=_two_outputs(cells, inverter) if inverter else {},
        clock_gate=_clock_gate(*min(gates)[1:]) if gates else None,
        outputs={name: frozenset(_outputs(cell)) for name, cell in cells.items()},
    )


def _name(pin) -> str:
    return str(pin.args[0]).strip('"')


def _is(pin, direction: str) -> bool:
    return str(pin["direction"]).strip('"') == direction


def _is_nand2(cell) -> bool:
    inputs, functions = _inputs(cell), _functions(cell)
    if len(inputs) != 2 or len(functions) != 1:
        return False
    a, b = inputs
    written = functions[0].replace(" ", "").replace("&", "*")
    return written in {f"!({a}*{b})", f"(!({a}*{b}))", f"({a}*{b})'", f"!{a}+!{b}", f"(!{a}+!{b})"}


def _functions(cell) -> list[str]:
    return [str(p["function"]).strip('"') for p in cell.get_groups("pin") if _is(p, "output")]


def _outputs(cell) -> list[str]:
    return [_name(p) for p in cell.get_groups("pin") if _is(p, "output")]


def _inputs(cell) -> list[str]:
    return sorted(_name(p) for p in cell.get_groups("pin") if _is(p, "input"))


def _loads(cell) -> float:
    pins = cell.get_groups("pin")
    return max(float(p["capacitance"]) for p in pins if _is(p, "input"))


def _smallest_inverter(cells) -> Inverter | None:
    found = []
    for name, cell in cells.items():
        inputs, functions = _inputs(cell), _functions(cell)
        written = [function.translate(_NO_BRACKETS) for function in functions]
        if len(inputs) == 1 and written in ([f"!{inputs[0]}"], [f"{inputs[0]}'"]):
            found.append(Inverter(name, float(cell["area"]), inputs[0], *_outputs(cell)))
    return min(found, key=lambda inverter: inverter.area, default=None)


def _two_outputs(cells, inverter: Inverter) -> dict[str, TwoOutputs]:
    """For a flip-flop the smallest one like it with an inverted output, where that pays."""
    flip_flops: list[tuple[str, tuple[str, ...], float]] = []
    double: dict[tuple[str, ...], list[tuple[float, TwoOutputs]]] = {}
    for name, cell in cells.items():
        for ff in cell.get_groups("ff"):
            state, inverse = (str(argument).strip('"') for argument in ff.args)
            pins = dict(zip(_functions(cell), _outputs(cell), strict=True))
            if state not in pins:
                continue
            # the output's name is part of what has to be alike
            key = (*(f"{ff[attribute]}" for attribute in _FF), *_inputs(cell), pins[state])
            flip_flops.append((name, key, float(cell["area"])))
            if set(pins) == {state, inverse}:
                pair = TwoOutputs(name, pins[state], pins[inverse])
                double.setdefault(key, []).append((float(cell["area"]), pair))
    found = {}
    for name, key, area in flip_flops:
        # a smaller one would drive less
        pays = [both for both in double.get(key, ()) if area <= both[0] < area + inverter.area]
        if pays:
            found[name] = min(pays, key=lambda both: both[0])[1]
    return found


def _clock_gate(name: str, cell) -> ClockGate:
    def pin(attribute: str) -> str:
        return next(_name(p) for p in cell.get_groups("pin") if str(p[attribute]) == "true")

    return ClockGate(
        name,
        enable=pin("clock_gate_enable_pin"),
        clock=pin("clock_gate_clock_pin"),
        gated=pin("clock_gate_out_pin"),
    )
