"""What the cells of a library do and cost in energy, read from its Liberty file.

Functions become truth tables over a cell's pins, so that a netlist can be simulated; internal
energies become arcs: a pin that changes, by cause and by the state of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synth.liberty import capacitance_unit_ff, get, parsed, pins_of, table_of, text_of

__all__ = ["Arc", "CellModel", "FlipFlop", "Gate", "energy_unit_pj", "models", "voltage"]


@dataclass(frozen=True)
class Table:
    """An energy over input slew and output load, in the file's units; bilinear between points."""

    slews: np.ndarray
    loads: np.ndarray
    values: np.ndarray  # (slews, loads)

    def at(self, slew: float, load: float) -> float:
        """The energy at a point, held constant beyond the table's edges."""
        rows = np.array([np.interp(load, self.loads, row) for row in self.values])
        return float(np.interp(slew, self.slews, rows))


@dataclass(frozen=True)
class Arc:
    """Energy of a change of a pin.

    Attributes:
        pin: the pin that changes.
        related: the input whose change is the cause; "" for an input's own.
        when: truth table over all pins of the cell, the first pin in bit 0; None: otherwise.
        rise, fall: energy by slew and load.
    """

    pin: str
    related: str
    when: np.ndarray | None
    rise: Table
    fall: Table


@dataclass(frozen=True)
class FlipFlop:
    """An edge-triggered cell.

    Attributes:
        clock: its clock pin.
        next_state, clear, preset: truth tables over the inputs; None where the cell has none.
        outputs: for every output pin whether it is the inverse of the state.
    """

    clock: str
    next_state: np.ndarray
    clear: np.ndarray | None
    preset: np.ndarray | None
    outputs: dict[str, bool]


@dataclass(frozen=True)
class Gate:
    """A clock gate: `enable` is a truth table over the inputs of what lets the clock through."""

    clock: str
    enable: np.ndarray
    gated: str


@dataclass(frozen=True)
class CellModel:
    """A cell.

    Attributes:
        inputs, outputs: pins, in the order of the truth tables.
        functions: truth table over the inputs of every output of a combinational cell.
        flip_flop, clock_gate: what else it is.
        capacitance: of every input pin, in the file's unit.
        leakage: truth table over all pins and power, in the file's unit; None: otherwise.
        arcs: internal energies.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    functions: dict[str, np.ndarray]
    flip_flop: FlipFlop | None
    clock_gate: Gate | None
    capacitance: dict[str, float]
    leakage: tuple[tuple[np.ndarray | None, float], ...]
    arcs: tuple[Arc, ...]

    @property
    def pins(self) -> tuple[str, ...]:
        return (*self.inputs, *self.outputs)


def _numbers(value: object) -> np.ndarray:
    return np.array([float(number) for number in re.findall(r"[-+.\deE]+", str(value))])


def _pins(group: Any, direction: str) -> dict[str, Any]:
    return {name: pin for name, pin in pins_of(group) if get(pin, "direction") == direction}


class _Templates:
    """Axes of the library's tables, which a table may leave to its template."""

    def __init__(self, library: Any):
        self._found = {
            text_of(group.args[0]): group
            for kind in ("power_lut_template", "lu_table_template")
            for group in library.get_groups(kind)
        }

    def table(self, group: Any) -> Table:
        values = np.concatenate([_numbers(row) for row in group["values"]])
        template = self._found.get(text_of(group.args[0])) if group.args else None
        axes: dict[str, np.ndarray] = {"slew": np.zeros(1), "load": np.zeros(1)}
        order = []
        for i in (1, 2):
            kind = get(template, f"variable_{i}") if template is not None else None
            if kind is None or template is None:
                continue
            name = "load" if "capacitance" in kind else "slew"
            given = group.get_attributes(f"index_{i}") or template.get_attributes(f"index_{i}")
            axes[name] = _numbers(given[-1])
            order.append(name)
        grid = values.reshape([len(axes[name]) for name in order] or [1])
        if order == ["load", "slew"]:
            grid = grid.T
        elif order == ["slew"]:
            grid = grid[:, None]
        return Table(axes["slew"], axes["load"], grid.reshape(len(axes["slew"]), -1))


def _arcs(pin: str, group: Any, pins: Sequence[str], templates: _Templates) -> Iterable[Arc]:
    for power in group.get_groups("internal_power"):
        when = get(power, "when")
        tables = {}
        for kind in ("rise_power", "fall_power", "power"):
            for found in power.get_groups(kind):
                tables[kind] = templates.table(found)
        if not tables:
            continue
        both = tables.get("power")
        rise, fall = tables.get("rise_power", both), tables.get("fall_power", both)
        if rise is None or fall is None:
            continue
        mask = table_of(when, pins) if when else None
        for related in (get(power, "related_pin") or "").split() or [""]:
            yield Arc(pin, related, mask, rise, fall)


def _flip_flop(group: Any, inputs: Sequence[str], functions: dict[str, str]) -> FlipFlop | None:
    for ff in group.get_groups("ff"):
        state, inverse = (text_of(name) for name in ff.args)
        clock = get(ff, "clocked_on") or ""
        outputs = {}
        for pin, function in functions.items():
            table = table_of(function, [state, inverse])
            outputs[pin] = not bool(table[1])  # state 1, inverse 0
        if clock in inputs:
            next_state, clear, preset = (
                table_of(does, inputs) if (does := get(ff, name)) else None
                for name in ("next_state", "clear", "preset")
            )
            if next_state is not None:
                return FlipFlop(clock, next_state, clear, preset, outputs)
    return None


def _clock_gate(group: Any, inputs: Sequence[str], outputs: Sequence[str]) -> Gate | None:
    """Of a cell that says of each pin what it is: the enable, or a test pin, lets the clock by."""
    if not (get(group, "clock_gating_integrated_cell") or "").startswith("latch_posedge"):
        return None
    pins = dict(pins_of(group))

    def named(attribute: str) -> list[str]:
        return [name for name, pin in pins.items() if get(pin, attribute) == "true"]

    clock, gated = named("clock_gate_clock_pin"), named("clock_gate_out_pin")
    lets = named("clock_gate_enable_pin") + named("clock_gate_test_pin")
    if not (clock and lets):
        return None
    return Gate(clock[0], table_of("|".join(lets), inputs), (gated or list(outputs))[0])


def _cell(group: Any, templates: _Templates) -> CellModel:
    ins, outs = _pins(group, "input"), _pins(group, "output")
    inputs, outputs = tuple(sorted(ins)), tuple(sorted(outs))
    functions = {pin: f for pin in outputs if (f := get(outs[pin], "function")) is not None}
    flip_flop = _flip_flop(group, inputs, functions)
    clock_gate = _clock_gate(group, inputs, outputs)
    combinational = {} if flip_flop or clock_gate else functions
    pins = (*inputs, *outputs)
    leakage = tuple(
        (table_of(when, pins) if (when := get(power, "when")) else None, float(value))
        for power in group.get_groups("leakage_power")
        if (value := get(power, "value")) is not None
    )
    default = float(get(group, "cell_leakage_power") or 0)
    arcs = [
        arc for name, pin in {**ins, **outs}.items() for arc in _arcs(name, pin, pins, templates)
    ]
    return CellModel(
        text_of(group.args[0]),
        inputs,
        outputs,
        {pin: table_of(function, inputs) for pin, function in combinational.items()},
        flip_flop,
        clock_gate,
        {name: float(get(pin, "capacitance") or 0) for name, pin in ins.items()},
        (*leakage, (None, default)),
        tuple(arcs),
    )


def models(text: str, names: Iterable[str]) -> dict[str, CellModel]:
    """Models of the cells called `names` of a Liberty text.

    Raises:
        ValueError: the library has no cell of such a name, or its function cannot be read.
    """
    library = parsed(text)
    templates = _Templates(library)
    groups = {text_of(group.args[0]): group for group in library.get_groups("cell")}
    wanted = sorted(set(names))
    for name in wanted:
        if name not in groups:
            raise ValueError(f"cell must be one of the library's, not {name!r}")
    return {name: _cell(groups[name], templates) for name in wanted}


def voltage(text: str) -> float:
    """Supply of the library's corner in V."""
    return float(get(parsed(text), "nom_voltage") or 1.0)


def _unit(value: object, powers: str = "fpnum") -> float:
    """1pW, 1nW, ... as a number."""
    match = re.fullmatch(r"([\d.]+)\s*([afpnum]?)[WFAV]?", text_of(value))
    if match is None:
        raise ValueError(f"unit must be a number and a unit, not {value!r}")
    scale = {"a": 1e-18, "f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0}
    return float(match[1]) * scale[match[2]]


def capacitance_unit_pf(text: str) -> float:
    """pF of one unit of capacitance."""
    return capacitance_unit_ff(parsed(text)) / 1000


def energy_unit_pj(text: str) -> float:
    """pJ of one unit of internal energy: a unit of capacitance times the voltage unit squared."""
    volt = _unit(get(parsed(text), "voltage_unit") or "1V")
    return capacitance_unit_pf(text) * volt**2


def leakage_unit_w(text: str) -> float:
    """W of one unit of leakage power."""
    return _unit(get(parsed(text), "leakage_power_unit") or "1nW")
