"""The figures of a core as records, and as the JSON that they are kept in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Block", "Core", "Netlist", "Port", "Timing"]


@dataclass(frozen=True)
class Timing:
    """OpenSTA's slowest path of a netlist.

    Attributes:
        period_ns: what it needs from edge to edge, the minimum period.
        path_from, path_to: registers or ports, in the source's names.
        path_cells: cells on it, the register that begins it among them.
    """

    period_ns: float
    path_from: str
    path_to: str
    path_cells: int


@dataclass(frozen=True)
class Netlist:
    """What one recipe made of a core.

    Attributes:
        area_ge: area in gate equivalents.
        logic_depth: cells on the longest path between registers and ports.
        abc_ns: ABC's delay of the slowest path, registers' own delay left out.
        timing: the same path by OpenSTA; None where it is missing.
    """

    area_ge: float
    logic_depth: int
    abc_ns: float
    timing: Timing | None = None


@dataclass(frozen=True)
class Block:
    """A module by itself, mapped for area: gate equivalents and flip-flops."""

    area_ge: float
    flip_flops: int


@dataclass(frozen=True)
class Port:
    """Delays of a port, in ns, None or left out where there is no such path.

    Attributes:
        direction: "input" or "output".
        register_ns: of an input the time that its value must be there before the clock edge, the
            register's setup included; of an output the time from the clock edge to its value.
        through_ns: of an input, by output: the time from a change of one to that of the other
            without a register between.
    """

    direction: str
    register_ns: float | None
    through_ns: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Core:
    """A core in a library.

    Attributes:
        flip_flops: their number.
        netlists: by recipe.
        blocks: its modules, largest first.
        ports: by name, those of the fastest netlist; empty where OpenSTA is missing.
        memory_bits: of its memories, which are in none of the gates.
    """

    flip_flops: int
    netlists: dict[str, Netlist]
    blocks: dict[str, Block]
    ports: dict[str, Port] = field(default_factory=dict)
    memory_bits: int = 0

    def fastest(self) -> str:
        """Recipe of the netlist of the shortest period, by OpenSTA or else by ABC."""
        return min(self.netlists, key=lambda recipe: _slowest_ns(self.netlists[recipe]))

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Core:
        """A core's figures from JSON."""
        netlists = {
            recipe: Netlist(**{**made, "timing": made["timing"] and Timing(**made["timing"])})
            for recipe, made in kept["netlists"].items()
        }
        blocks = {name: Block(**block) for name, block in kept["blocks"].items()}
        ports = {name: Port(**port) for name, port in kept["ports"].items()}
        return cls(kept["flip_flops"], netlists, blocks, ports, kept.get("memory_bits", 0))


def _slowest_ns(netlist: Netlist) -> float:
    return netlist.timing.period_ns if netlist.timing else netlist.abc_ns
