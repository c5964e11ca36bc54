"""Energy of moving feature maps to and from DRAM."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MEMORIES", "Memory", "energy", "energy_text"]


@dataclass(frozen=True)
class Memory:
    """Energy of a DRAM's transfers, device and interface.

    Attributes:
        name: kind of memory.
        write: pJ per bit written.
        read: pJ per bit read.
        source: where the figures come from.
    """

    name: str
    write: float
    read: float
    source: str


MEMORIES = (
    Memory(
        "DDR3",
        63.3,
        77.4,
        "Chmiel, Baskin et al., Feature Map Transform Coding for Energy-Efficient CNN Inference",
    ),
    Memory(
        "LPDDR2",
        40.0,
        40.0,
        "Malladi et al., Towards Energy-Proportional Datacenter Memory with Mobile DRAM, ISCA 2012",
    ),
    Memory(
        "LPDDR4",
        8.0,
        8.0,
        "Wu, Emer, Sze, Accelergy, ICCAD 2019: the figure of its CACTI plug-in, from public data",
    ),
)


def energy(bits: float, memory: Memory, reads: float = 1.0) -> float:
    """Energy in millijoules of writing bits once and reading them back.

    Args:
        bits: how many, compressed or not.
        memory: the kind of DRAM.
        reads: how often a map is read; a layer that reads its input in several passes, or a skip
            connection, has more than one.
    """
    return bits * (memory.write + reads * memory.read) * 1e-9


def energy_text(bits: float, memory: Memory) -> str:
    """`energy` with three digits, trailing zeros kept so that columns align."""
    return f"{energy(bits, memory):#.3g}".rstrip(".")
