"""Verilog of what a library's cells do, so that a mapped netlist runs in the benches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from synth.cell_models import CellModel

__all__ = ["verilog"]


def verilog(models: Iterable[CellModel]) -> str:
    """A module for every cell, without delays; truth tables are read as the Liberty file has them.

    A register takes its next state at the rising edge; a clock gate's enable passes while the clock
    is low.
    """
    return "\n".join(_module(model) for model in models)


def _module(model: CellModel) -> str:
    pins = [f"input {pin}" for pin in model.inputs] + [f"output {pin}" for pin in model.outputs]
    if model.flip_flop is not None:
        body = _register(model)
    elif model.clock_gate is not None:
        body = _gate(model)
    else:
        body = [
            f"  assign {pin} = {_read(table, model.inputs)};"
            for pin, table in model.functions.items()
        ]
    return "\n".join([f"module {model.name}({', '.join(pins)});", *body, "endmodule", ""])


def _read(table: np.ndarray, inputs: Sequence[str]) -> str:
    """The sum of products of a truth table: an unknown input that does not matter stays so."""
    if not table.any():
        return "1'b0"
    if table.all():
        return "1'b1"
    terms = [
        " & ".join(f"{'' if row >> i & 1 else '~'}{pin}" for i, pin in enumerate(inputs))
        for row in np.flatnonzero(table)
    ]
    return " | ".join(f"({term})" for term in terms)


def _register(model: CellModel) -> list[str]:
    register = model.flip_flop
    assert register is not None
    lines = ["  reg state;", f"  wire next = {_read(register.next_state, model.inputs)};"]
    edges, resets = [f"posedge {register.clock}"], ""
    for name, table, value in (("clear", register.clear, 0), ("preset", register.preset, 1)):
        if table is not None:
            lines.append(f"  wire {name} = {_read(table, model.inputs)};")
            edges.append(f"posedge {name}")
            resets += f"if ({name}) state <= 1'b{value}; else "
    lines.append(f"  always @({' or '.join(edges)}) {resets}state <= next;")
    return lines + [
        f"  assign {pin} = {'~' if inverted else ''}state;"
        for pin, inverted in register.outputs.items()
    ]


def _gate(model: CellModel) -> list[str]:
    gate = model.clock_gate
    assert gate is not None
    return [
        "  reg passes;",
        f"  always @* if (!{gate.clock}) passes = {_read(gate.enable, model.inputs)};",
        f"  assign {gate.gated} = {gate.clock} & passes;",
    ]
