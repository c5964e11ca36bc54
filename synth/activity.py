"""What every net of a mapped netlist does, cycle by cycle, while packets go through a core.

A flat netlist is evaluated in topological order once a cycle, without delays: hazards do not show.
Sources always have a beat, sinks always take one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
from numba import njit

from synth.cell_models import CellModel

__all__ = ["Activity", "Netlist", "Source"]

# Yosys' constant bits; what is not known is low
_CONSTANT = {"0": 0, "1": 1, "x": 0, "z": 0}
# A memory's, in the order in which `_access` takes their nets
_PINS = ("write_enable", "read_enable", "write_address", "read_address", "write_data", "read_data")


@dataclass(frozen=True)
class Source:
    """The beats of an input port: values of its fields (tdata, tlast, ...), one array each."""

    prefix: str
    fields: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))


@dataclass(frozen=True)
class Activity:
    """Values of all nets over the cycles of a run.

    Attributes:
        values: uint8 of shape (cycles, nets), as settled before the clock rises.
        enabled: bool of shape (cycles, clock gates): the clock goes through at the cycle's end.
    """

    values: np.ndarray
    enabled: np.ndarray


class Netlist:
    """A mapped module, flat, made of the cells of `models`.

    Parameters:
        module: Yosys' JSON of the module.
        models: the cells that it is made of, by name.
        memories: words and bits of the modules that are memories (`fmcodec_hw.ram`), by name.

    Attributes:
        cells: name -> (model, net of every pin); memories are not among them.
        nets: number of nets; the last two are constant low and high.

    Raises:
        ValueError: a register is not clocked by `clk`, or by a clock gate that is.
    """

    def __init__(
        self,
        module: Mapping[str, Any],
        models: Mapping[str, CellModel],
        memories: Mapping[str, tuple[int, int]] | None = None,
    ):
        bits = sorted(
            {
                bit
                for cell in module["cells"].values()
                for wires in cell["connections"].values()
                for bit in wires
                if not isinstance(bit, str)
            }
            | {
                b
                for port in module["ports"].values()
                for b in port["bits"]
                if not isinstance(b, str)
            }
        )
        self._index = {bit: i for i, bit in enumerate(bits)}
        self.nets = len(bits) + 2
        self.cells = {
            name: (
                models[cell["type"]],
                {pin: self.net(wires[0]) for pin, wires in cell["connections"].items() if wires},
            )
            for name, cell in module["cells"].items()
            if cell["type"] in models
        }
        self.ports = {
            name: [self.net(bit) for bit in port["bits"]] for name, port in module["ports"].items()
        }
        self.outputs = {
            net
            for name, port in module["ports"].items()
            if port["direction"] == "output"
            for net in self.ports[name]
        }
        self._compile()
        self._memories, self._memory_nets = self._compile_memories(module, memories or {})

    def net(self, bit: int | str) -> int:
        """Number of a net by Yosys' bit."""
        if isinstance(bit, str):
            return self.nets - 2 + _CONSTANT[bit]
        return self._index[bit]

    def _compile(self) -> None:
        driver: dict[int, tuple[str, str]] = {}
        for name, (model, pins) in self.cells.items():
            for pin in model.functions:
                if pin in pins:
                    driver[pins[pin]] = (name, pin)
        feeds = {
            net: {pins[i] for i in model.inputs if i in pins and pins[i] in driver}
            for net, (name, _) in driver.items()
            for model, pins in [self.cells[name]]
        }
        order = list(TopologicalSorter(feeds).static_order())
        gates = {n: c for n, c in self.cells.items() if c[0].clock_gate is not None}
        self.gates = {name: i for i, name in enumerate(gates)}
        gated = {
            pins[model.clock_gate.gated]: i
            for i, (model, pins) in enumerate(gates.values())
            if model.clock_gate is not None
        }
        clock = self.ports["clk"][0]
        program = _Program()
        for net in order:
            model, pins = self.cells[driver[net][0]]
            program.add(model.functions[driver[net][1]], model, pins, net)
        self._logic = program.arrays()
        program = _Program()
        for model, pins in gates.values():
            assert model.clock_gate is not None
            program.add(model.clock_gate.enable, model, pins, 0)
        self._gate_logic = program.arrays()
        program, outputs = _Program(), []
        self.registers = {n: c for n, c in self.cells.items() if c[0].flip_flop is not None}
        self.gate_of: dict[str, int] = {}
        for number, (name, (model, pins)) in enumerate(self.registers.items()):
            flip_flop = model.flip_flop
            assert flip_flop is not None
            at = pins[flip_flop.clock]
            if at != clock and at not in gated:
                raise ValueError(f"register {name} must be clocked by clk or by a gate of it")
            self.gate_of[name] = gated.get(at, -1)
            program.add(flip_flop.next_state, model, pins, self.gate_of[name])
            for pin, inverted in flip_flop.outputs.items():
                if pin in pins:
                    outputs.append((pins[pin], number, int(inverted)))
        self._register_logic = program.arrays()
        self._register_outputs = np.array(outputs, np.int64).reshape(-1, 3)

    def _compile_memories(
        self, module: Mapping[str, Any], sizes: Mapping[str, tuple[int, int]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows (words, bits, bits of an address, start of the nets), and the nets of all pins."""
        rows: list[tuple[int, int, int, int]] = []
        nets: list[int] = []
        for cell in module["cells"].values():
            if cell["type"] in sizes:
                words, bits = sizes[cell["type"]]
                rows.append((words, bits, (words - 1).bit_length(), len(nets)))
                nets += [self.net(bit) for pin in _PINS for bit in cell["connections"][pin]]
        return np.array(rows, np.int64).reshape(-1, 4), np.array(nets, np.int64)

    def run(
        self,
        sources: Sequence[Source],
        sinks: Sequence[str],
        packets: int,
        limit: int,
        *,
        setup: Sequence[Source] = (),
        ready: str = "",
    ) -> Activity:
        """Values of all nets while the beats of `sources` go in and `packets` packets come out.

        Begins after reset, ends when every port of `sinks` has given its last beat. Where there is
        a `setup`, its beats go in first, until the output `ready` is high, and the run begins in
        the cycle behind.

        Raises:
            RuntimeError: that takes more than `limit` cycles.
        """
        held = np.array([False] * len(setup) + [True] * len(sources))
        sources = [*setup, *sources]
        fixed = {net: 0 for net in self.ports["clk"]}
        fixed |= {net: 1 for net in self.ports.get("rst_n", [])}
        fixed |= {net: 0 for net in self.ports.get("rst", [])}
        fixed |= {self.ports[f"{sink}_tready"][0]: 1 for sink in sinks}
        nets, rows, starts = [], [], [0]
        for source in sources:
            wires = [n for field in source.fields for n in self.ports[f"{source.prefix}_{field}"]]
            beats = np.concatenate(
                [
                    values.astype(np.uint64)[:, None]
                    >> np.arange(len(self.ports[f"{source.prefix}_{field}"]), dtype=np.uint64)
                    & np.uint64(1)
                    for field, values in source.fields.items()
                ],
                axis=1,
            ).astype(np.uint8)
            nets.append(wires)
            rows.append(beats)
            starts.append(starts[-1] + len(wires))
        width = max(starts[-1], 1)
        table = np.zeros((max(map(len, rows)) + 1, width), np.uint8)
        for beats, start in zip(rows, starts, strict=False):
            table[: len(beats), start : start + beats.shape[1]] = beats
        values = np.zeros((limit, self.nets), np.uint8)
        enabled = np.zeros((limit, max(len(self.gates), 1)), np.uint8)
        constants = np.array([(n, v) for n, v in fixed.items()] + [(self.nets - 1, 1)], np.int64)
        first, cycles = _run(
            values,
            enabled,
            constants,
            np.array([n for wires in nets for n in wires], np.int64),
            np.array(starts, np.int64),
            table,
            np.array([len(s) for s in sources], np.int64),
            self._handshake([s.prefix for s in sources], ("tvalid", "tready")),
            self._handshake(sinks, ("tvalid", "tlast")),
            packets,
            held,
            self.ports[ready][0] if ready else -1,
            self._memories,
            self._memory_nets,
            *self._logic,
            *self._gate_logic,
            *self._register_logic,
            self._register_outputs,
        )
        if cycles < 0:
            raise RuntimeError(f"the packets must be through after {limit} cycles")
        return Activity(values[first:cycles], enabled[first:cycles, : len(self.gates)].astype(bool))

    def _handshake(self, prefixes: Sequence[str], fields: Sequence[str]) -> np.ndarray:
        rows = [[self.ports[f"{p}_{field}"][0] for field in fields] for p in prefixes]
        return np.array(rows, np.int64).reshape(-1, len(fields))


class _Program:
    """Truth tables and the nets that they are applied to, in one flat form."""

    def __init__(self) -> None:
        self._tables: list[np.ndarray] = []
        self._rows: list[tuple[int, int, int, int]] = []
        self._inputs: list[int] = []
        self._size = 0

    def add(
        self, table: np.ndarray, model: CellModel, pins: Mapping[str, int], target: int
    ) -> None:
        # an input that is not connected is low: net -1
        nets = [pins.get(pin, -1) for pin in model.inputs]
        self._rows.append((self._size, len(self._inputs), len(nets), target))
        self._inputs += nets
        self._tables.append(table)
        self._size += len(table)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows (start of the table, start of the inputs, inputs, target), inputs, tables."""
        tables = np.concatenate(self._tables) if self._tables else np.zeros(0, bool)
        rows = np.array(self._rows, np.int64).reshape(-1, 4)
        return rows, np.array(self._inputs, np.int64), tables.astype(np.uint8)


@njit(cache=True)
def _look_up(row, inputs, tables, values):
    index = np.int64(0)
    for i in range(row[2]):
        net = inputs[row[1] + i]
        if net >= 0:
            index |= np.int64(values[net]) << i
    return tables[row[0] + index]


@njit(cache=True)
def _number(nets, values):
    found = np.int64(0)
    for i in range(len(nets)):
        found |= np.int64(values[nets[i]]) << i
    return found


@njit(cache=True)
def _access(sizes, nets, contents, read, values):
    """What a memory does at the clock's edge: `read`, then a write."""
    words, bits, place = sizes[0], sizes[1], sizes[2]
    if values[nets[1]]:
        at = _number(nets[2 + place : 2 + 2 * place], values)
        if at < words:
            read[:] = contents[at]
    if values[nets[0]]:
        at = _number(nets[2 : 2 + place], values)
        if at < words:
            for bit in range(bits):
                contents[at, bit] = values[nets[2 + 2 * place + bit]]


@njit(cache=True)
def _run(
    values,
    enabled,
    constants,
    data_nets,
    starts,
    beats,
    lengths,
    sources,
    sinks,
    packets,
    held,
    ready,
    memories,
    memory_nets,
    logic,
    logic_in,
    logic_tables,
    gates,
    gates_in,
    gate_tables,
    registers,
    registers_in,
    register_tables,
    register_outputs,
):
    state = np.zeros(len(registers), np.uint8)
    position = np.zeros(len(lengths), np.int64)
    taken = np.zeros(len(sinks), np.int64)
    contents = [np.zeros((words, bits), np.uint8) for words, bits, _, _ in memories]
    read = [np.zeros(bits, np.uint8) for _, bits, _, _ in memories]
    first = 0 if ready < 0 else -1
    for cycle in range(len(values)):
        now = values[cycle]
        for i in range(len(constants)):
            now[constants[i, 0]] = constants[i, 1]
        for i in range(len(register_outputs)):
            now[register_outputs[i, 0]] = state[register_outputs[i, 1]] ^ register_outputs[i, 2]
        for s in range(len(lengths)):
            there = position[s] < lengths[s] and (first >= 0 or not held[s])
            now[sources[s, 0]] = there
            for i in range(starts[s], starts[s + 1]):
                # an idle port keeps its last beat
                row = max(min(position[s], lengths[s] - 1), 0)
                now[data_nets[i]] = beats[row, i]
        for i in range(len(memories)):
            bits = memories[i, 1]
            data = memory_nets[memories[i, 3] + 2 + 2 * memories[i, 2] + bits :]
            for bit in range(bits):
                now[data[bit]] = read[i][bit]
        for i in range(len(logic)):
            now[logic[i, 3]] = _look_up(logic[i], logic_in, logic_tables, now)
        for i in range(len(gates)):
            enabled[cycle, i] = _look_up(gates[i], gates_in, gate_tables, now)
        for i in range(len(registers)):
            gate = registers[i, 3]
            if gate < 0 or enabled[cycle, gate]:
                state[i] = _look_up(registers[i], registers_in, register_tables, now)
        for i in range(len(memories)):
            _access(memories[i], memory_nets[memories[i, 3] :], contents[i], read[i], now)
        for s in range(len(lengths)):
            if now[sources[s, 0]] and now[sources[s, 1]]:
                position[s] += 1
        if first < 0:
            first = cycle + 1 if now[ready] else -1
        done = True
        for s in range(len(sinks)):
            if now[sinks[s, 0]] and now[sinks[s, 1]]:
                taken[s] += 1
            done = done and taken[s] >= packets
        if done:
            return first, cycle + 1
    return first, -1
