"""Energy of a mapped core from what its nets do: clock, cells, nets, leakage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from synth.activity import Activity, Netlist
from synth.cell_models import (
    Arc,
    CellModel,
    capacitance_unit_pf,
    energy_unit_pj,
    leakage_unit_w,
    voltage,
)

__all__ = ["Conditions", "Energy", "energy"]


@dataclass(frozen=True)
class Conditions:
    """What energies are computed for.

    Attributes:
        clock_mhz: clock frequency, which decides what leakage costs a cycle.
        slew: time in the library's unit that every signal takes to rise and fall.
        wire_ff: capacitance of a net's wire for each pin that it drives, in fF; 0: no wires.
        port_ff: capacitance that an output port drives, in fF.
    """

    clock_mhz: float = 100.0
    slew: float = 0.1
    wire_ff: float = 0.0
    port_ff: float = 0.0


@dataclass
class Energy:
    """Energy of a run in pJ.

    Attributes:
        cycles: how many.
        clock: of the clock: in the registers' and gates' clock pins and the gated nets.
        cells: inside the cells as their pins change.
        nets: of the other nets and the pins on them: half of C V^2 a change.
        leakage: at the conditions' clock.
        blocks: of all of it, by the first part of a cell's name that is a block of the design.
    """

    cycles: int
    clock: float = 0.0
    cells: float = 0.0
    nets: float = 0.0
    leakage: float = 0.0
    blocks: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return self.clock + self.cells + self.nets + self.leakage


def energy(
    netlist: Netlist,
    activity: Activity,
    liberty: str,
    conditions: Conditions,
    block_of: Callable[[str], str] = lambda cell: "",
) -> Energy:
    """Energy of a run of `netlist`.

    A change of an output costs the internal energy of the arc from the input that caused it, in
    the state that the cell is in then, the mean of them where several inputs changed; an input pin
    costs its own arcs. Data changes while the clock is high. Left out: wires (but see
    `Conditions`), the clock's own tree, and hazards.

    Parameters:
        liberty: text of the library's Liberty file.
        block_of: the block that a cell counts to, by its name.
    """
    meter = _Meter(netlist, activity, liberty, conditions)
    found = Energy(len(activity.values))
    for name, (model, pins) in netlist.cells.items():
        clock, cells, nets, leakage = meter.cell(name, model, pins)
        found.clock += clock
        found.cells += cells
        found.nets += nets
        found.leakage += leakage
        block = block_of(name)
        found.blocks[block] = found.blocks.get(block, 0.0) + clock + cells + nets + leakage
    return found


class _Meter:
    """The cells of one run, one by one."""

    def __init__(
        self, netlist: Netlist, activity: Activity, liberty: str, conditions: Conditions
    ) -> None:
        self._netlist, self._activity, self._conditions = netlist, activity, conditions
        self._unit = energy_unit_pj(liberty)
        self._farad = capacitance_unit_pf(liberty)  # pF
        self._watt = leakage_unit_w(liberty)
        self._half_v2 = voltage(liberty) ** 2 / 2
        values = activity.values
        self._now = values[1:]
        self._changed = values[1:] != values[:-1]
        loads = np.zeros(netlist.nets)
        pins_on = np.zeros(netlist.nets)
        for model, pins in netlist.cells.values():
            for pin, capacitance in model.capacitance.items():
                if pin in pins:
                    loads[pins[pin]] += capacitance
                    pins_on[pins[pin]] += 1
        picofarad = conditions.wire_ff / 1000 / self._farad
        loads += pins_on * picofarad
        for net in netlist.outputs:
            loads[net] += conditions.port_ff / 1000 / self._farad
        self._loads = loads  # in the library's unit

    def cell(
        self, name: str, model: CellModel, pins: dict[str, int]
    ) -> tuple[float, float, float, float]:
        """Energies of a cell and of the nets that it drives: clock, cell, nets, leakage."""
        clock_pin = None
        if model.flip_flop is not None:
            clock_pin = model.flip_flop.clock
        elif model.clock_gate is not None:
            clock_pin = model.clock_gate.clock
        clock = self._clock(name, model, pins, clock_pin) if clock_pin else 0.0
        index = self._states(model, pins, clock_pin)
        inside = sum(self._output(model, pins, pin, index) for pin in model.outputs if pin in pins)
        for pin in model.inputs:
            if pin in pins and pin != clock_pin:
                arcs = [arc for arc in model.arcs if arc.pin == pin and not arc.related]
                inside += self._own(arcs, self._changed[:, pins[pin]], pins[pin], index)
        nets = 0.0
        for pin in model.outputs:
            gated = model.clock_gate is not None and pin == model.clock_gate.gated
            if pin in pins and not gated:
                changes = int(self._changed[:, pins[pin]].sum())
                nets += changes * self._loads[pins[pin]] * self._farad * self._half_v2
        return clock, inside * self._unit, nets, self._leakage(model, index)

    def _states(self, model: CellModel, pins: dict[str, int], clock_pin: str | None) -> np.ndarray:
        """Index into the truth tables over all pins, for every cycle but the first."""
        index = np.zeros(len(self._now), np.int64)
        for i, pin in enumerate(model.pins):
            if pin == clock_pin:
                index |= 1 << i
            elif pin in pins:
                index |= self._now[:, pins[pin]].astype(np.int64) << i
        return index

    def _output(self, model: CellModel, pins: dict[str, int], pin: str, index: np.ndarray) -> float:
        """Internal energy of an output's changes, in the library's unit."""
        if model.clock_gate is not None and pin == model.clock_gate.gated:
            return 0.0  # in the clock's share
        changed = self._changed[:, pins[pin]]
        arcs = [arc for arc in model.arcs if arc.pin == pin and arc.related]
        if not arcs or not changed.any():
            return 0.0
        rising = self._now[:, pins[pin]].astype(bool)
        load = self._loads[pins[pin]]
        total, causes = np.zeros(len(changed)), np.zeros(len(changed))
        by_related: dict[str, list[Arc]] = {}
        for arc in arcs:
            by_related.setdefault(arc.related, []).append(arc)
        for related, alternatives in by_related.items():
            if related not in pins:
                continue
            if model.flip_flop is not None:
                caused = changed & (related == model.flip_flop.clock)
            else:
                caused = changed & self._changed[:, pins[related]]
            total += caused * self._chosen(alternatives, index, rising, load)
            causes += caused
        return float((total / np.maximum(causes, 1)).sum())

    def _own(self, arcs: list[Arc], changed: np.ndarray, net: int, index: np.ndarray) -> float:
        if not arcs or not changed.any():
            return 0.0
        rising = self._now[:, net].astype(bool)
        return float((changed * self._chosen(arcs, index, rising, 0.0)).sum())

    def _chosen(
        self, arcs: list[Arc], index: np.ndarray, rising: np.ndarray | bool, load: float
    ) -> np.ndarray:
        """Energy of the arc whose condition holds, cycle by cycle; the unconditional one else."""
        slew = self._conditions.slew
        found = np.zeros(len(index))
        # unconditional first: what has a condition overrides it
        for arc in sorted(arcs, key=lambda arc: arc.when is not None):
            value = np.where(rising, arc.rise.at(slew, load), arc.fall.at(slew, load))
            found = value if arc.when is None else np.where(arc.when[index], value, found)
        return np.broadcast_to(found, len(index))

    def _clock(self, name: str, model: CellModel, pins: dict[str, int], clock_pin: str) -> float:
        """Energy of the clock in a register or gate: its pin, both edges, and a gated net."""
        cycles = len(self._now)
        gate = self._netlist.gate_of.get(name, -1)
        ticks = self._activity.enabled[1:, gate] if gate >= 0 else np.ones(cycles, bool)
        high = 1 << model.pins.index(clock_pin)
        before = self._states(model, pins, clock_pin)
        arcs = [arc for arc in model.arcs if arc.pin == clock_pin and not arc.related]
        rise = self._chosen(arcs, before & ~high, True, 0.0)
        fall = self._chosen(arcs, np.roll(before, -1) | high, False, 0.0)
        inside = float((ticks * (rise + fall)).sum()) * self._unit
        pin = model.capacitance[clock_pin] * self._farad * self._half_v2 * 2 * int(ticks.sum())
        if model.clock_gate is None:
            return inside + pin
        # a clock gate's output drives the registers behind it, whose pins they count themselves
        passes = self._activity.enabled[1:, self._netlist.gates[name]]
        net = pins[model.clock_gate.gated]
        driven = [arc for arc in model.arcs if arc.pin == model.clock_gate.gated and arc.related]
        load = self._loads[net]
        both = sum(self._chosen(driven, before, rising, load) * passes for rising in (True, False))
        return inside + pin + float(np.sum(both)) * self._unit

    def _leakage(self, model: CellModel, index: np.ndarray) -> float:
        found = np.zeros(len(index))
        for when, power in sorted(model.leakage, key=lambda entry: entry[0] is not None):
            found = np.where(when[index], power, found) if when is not None else found + power
        watts = float(found.mean()) * self._watt
        return watts * len(index) / (self._conditions.clock_mhz * 1e6) * 1e12
