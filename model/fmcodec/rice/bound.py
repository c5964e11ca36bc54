"""Why no packet of Rice takes more than 9/8 of its words and a constant: the proof, computed.

A packet is a path through an automaton whose states are the counters (K, Z, R) and whether the
next word is direct, and whose edges are the codes: a word with each quotient, a raw word with each
top bit, a zero with its run. An edge weighs what its code takes beyond 9/8 of its words. Which edge
a packet takes depends on its words, but here every edge may follow every other: the heaviest path
is heavier than any packet. Where no circle weighs more than nothing, a heaviest path exists, and
its weight is the constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.rice.formats import (
    HEADER_BITS,
    MAX_RUN,
    MAX_SLOT,
    RUN_FRACTION,
    RUN_START,
    SLOT_FRACTION,
    SLOT_START,
    StreamParams,
)

__all__ = ["heaviest_packet", "potential"]

Grid = npt.NDArray[np.int64]
_NEVER = -(10**6)


@dataclass(frozen=True)
class _Edge:
    """Codes from every state at once: weight in eighths of a bit, and the state behind."""

    weight: Grid
    parameter: Grid
    slot: Grid
    run: Grid
    is_direct: bool = False


class _Automaton:
    """The edges of a word width on the grid of all (K, Z, R)."""

    def __init__(self, params: StreamParams) -> None:
        self.params = params
        shape = (params.max_parameter + 1, MAX_SLOT + 1, MAX_RUN + 1)
        self.parameter, self.slot, self.run = np.indices(shape)
        self.k = self.parameter >> params.fraction_bits
        self.z = self.slot >> SLOT_FRACTION
        self.is_raw = self.k == params.word_bits - 1

    def _weight(self, bits: Grid | int, words: Grid | int, allowed: Grid) -> Grid:
        return np.where(allowed, 8 * bits - 9 * self.params.word_bits * words, _NEVER)

    def raw_words(self) -> Iterator[_Edge]:
        weight = self._weight(self.params.word_bits, 1, self.is_raw)
        for step in (0, -1):
            yield _Edge(weight, np.maximum(self.parameter + step, 0), self.slot, self.run)

    def words(self, is_direct: bool) -> Iterator[_Edge]:
        """One edge a quotient; the last of them stands for all larger ones."""
        params, cap = self.params, self.params.escape_ones
        largest = (1 << params.word_bits) - 1 >> self.k
        slot = np.minimum(self.slot + 1, MAX_SLOT)
        for quotient in range(cap + 1):
            ones = quotient if is_direct else quotient + (quotient >= self.z)
            bits = np.where(ones < cap, ones + 1 + self.k, cap + params.word_bits)
            weight = self._weight(bits, 1, ~self.is_raw & (quotient <= largest))
            step = params.steps[min(quotient.bit_length(), 3)]
            parameter = np.clip(self.parameter + step, 0, params.max_parameter)
            yield _Edge(weight, parameter, slot, self.run)

    def zeros(self) -> Iterator[_Edge]:
        """A full run, and the shortest that is not full: it takes the same bits as a longer one."""
        slot = np.maximum(self.slot - ((2 << self.z) - 1), 0)
        bits, run_bits = self.z + 2, self.run >> RUN_FRACTION
        full = self._weight(bits, 1 + (1 << run_bits), ~self.is_raw)
        yield _Edge(full, self.parameter, slot, np.minimum(self.run + 1, MAX_RUN))
        short = self._weight(bits + run_bits, 1, ~self.is_raw)
        yield _Edge(short, self.parameter, slot, np.maximum(self.run - 1, 0), True)

    def last_zero(self) -> Grid:
        """Weight of a zero that ends the packet: its run is cut, and coded as a full one."""
        return self._weight(self.z + 2, 1, ~self.is_raw)


def _heaviest(edges: list[_Edge], values: Grid) -> Grid:
    """Weight of the heaviest edge from every state, with the path behind it."""
    paths = [e.weight + values[int(e.is_direct), e.parameter, e.slot, e.run] for e in edges]
    return np.max(paths, axis=0)


def potential(params: StreamParams, most_rounds: int = 4000) -> npt.NDArray[np.int64]:
    """Weight of the heaviest path from every state (K, Z, R), the next word not direct.

    In eighths of a bit. The array is the potential of the proof: no edge gains more than what the
    potential falls by. Found by rounds over all edges (Bellman and Ford), until none changes it.

    Raises:
        ValueError: there is a circle of positive weight, so that no constant bounds a packet.
    """
    automaton = _Automaton(params)
    free = [*automaton.raw_words(), *automaton.words(False), *automaton.zeros()]
    direct = list(automaton.words(True))
    # a packet may end before any word, but not before a direct one
    end = np.maximum(automaton.last_zero(), 0)
    values = np.stack((end, np.full_like(end, _NEVER)))
    for _ in range(most_rounds):
        better = np.stack((_heaviest(free, values), _heaviest(direct, values)))
        better = np.maximum(better, np.stack((end, np.full_like(end, _NEVER))))
        if np.array_equal(better, values):
            return values[0]
        values = better
    raise ValueError(f"a circle of positive weight for words of {params.word_bits} bits")


def heaviest_packet(params: StreamParams) -> int:
    """Most that a packet of N words takes beyond 9/8 m N bits, header included; in eighths."""
    start = params.word_bits << params.fraction_bits >> 1
    return 8 * HEADER_BITS + int(potential(params)[start, SLOT_START, RUN_START])
