"""Energy of moving feature maps to and from DRAM, and what a codec may spend to save some of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fmcodec.errors import InputError

__all__ = ["MEMORIES", "Memory", "break_even", "energy", "energy_text", "memory_of"]


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


def break_even(memory: Memory, word_bits: float, codec_pj: float, reads: float = 1.0) -> float:
    """The compression ratio above which coding saves energy: inf where the codec spends too much.

    With it the DRAM spends less by just what the codec spends.

    Args:
        memory: the kind of DRAM.
        word_bits: bits of a word.
        codec_pj: pJ of coding a word once and decoding it `reads` times.
        reads: how often a map is read.
    """
    share = codec_pj / (word_bits * (memory.write + reads * memory.read))
    return 1 / (1 - share) if share < 1 else math.inf


def memory_of(text: str) -> Memory:
    """One of `MEMORIES` by its name, or NAME:WRITE:READ, pJ a bit.

    Raises:
        InputError: it is neither.
    """
    name, *figures = text.split(":")
    for memory in MEMORIES:
        if not figures and memory.name.lower() == name.lower():
            return memory
    try:
        write, read = map(float, figures)
        if name and 0 < write < math.inf and 0 < read < math.inf:
            return Memory(name, write, read, "as given")
    except ValueError:
        pass
    known = ", ".join(memory.name for memory in MEMORIES)
    raise InputError(f"memory must be {known} or NAME:WRITE:READ in pJ/bit, not {text!r}")
