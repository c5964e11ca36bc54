"""Which code tables, or groups of components, a layer's symbols are coded with."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc import huffman
from fmcodec.fmtc.params import Params
from fmcodec.lazy import LazyModule

__all__ = ["choose_tables", "count_symbols", "ends", "huffman_bits", "rice_bits", "splits"]

kernels = LazyModule("fmcodec.fmtc.kernels")


def count_symbols(
    symbols: npt.NDArray[np.integer], zero_point: int, width: int, end_before: int
) -> npt.NDArray[np.int64]:
    """How often components code every symbol and, last, the end of a vector.

    Shape (K, width + 1); tails end a vector that begin at a component below `end_before`.
    """
    other = symbols != zero_point
    components = symbols.shape[1]
    used = np.where(other.any(axis=1), components - other[:, ::-1].argmax(axis=1), 0)
    used[used >= end_before] = components
    counts = np.zeros((components, width + 1), dtype=np.int64)
    for k in range(components):
        counts[k, :width] = np.bincount(symbols[used > k, k], minlength=width)
        counts[k, width] = np.count_nonzero(used == k)
    return counts


def ends(components: int) -> set[int]:
    """Values of `end_before` to try: tails of any length, of four at least, none."""
    return {components, max(components - 3, 0), 0}


def choose_tables(
    symbols: npt.NDArray[np.uint8], zero_point: int, q_max: int, params: Params
) -> tuple[tuple[int, ...], npt.NDArray[np.uint8], int]:
    """Boundaries of the code tables, code lengths, and `end_before`, that take the fewest bits."""
    components = symbols.shape[1]
    tables = min(params.tables, components)
    if params.coder == "rice":
        counts = count_symbols(symbols, zero_point, q_max + 1, components)
        edges = splits(counts, tables)[-1]
        return tuple(edges[1:-1]), np.zeros((0, q_max + 2), dtype=np.uint8), 0
    found = []
    for end_before in sorted(ends(components)):
        counts = count_symbols(symbols, zero_point, q_max + 1, end_before)
        edges = splits(counts, tables)[-1]
        found.append((huffman_bits(counts, edges), end_before, edges, counts))
    _, end_before, edges, counts = min(found, key=lambda one: one[0])
    lengths = [
        huffman.code_lengths(counts[first:last].sum(axis=0) + 1, params.max_code_bits)
        for first, last in pairwise(edges)
    ]
    return tuple(edges[1:-1]), np.stack(lengths), end_before


def huffman_bits(counts: npt.NDArray[np.int64], edges: list[int]) -> float:
    """Bits that tables of these components take."""
    return float(_code_bits(np.add.reduceat(counts, edges[:-1], axis=0)).sum())


def _code_bits(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Bits that a Huffman code takes for each row of counts, nearly: its entropy.

    But a symbol that is more likely than all others together takes a bit, and the others one more
    than among themselves. The bias that few samples have is taken off (Miller, Madow).
    """
    runs = counts.astype(np.float64)
    logs = (runs * np.log2(np.maximum(runs, 1))).sum(axis=1)
    totals, most = runs.sum(axis=1), runs.max(axis=1)
    others = totals - most
    entropy = totals * np.log2(np.maximum(totals, 1)) - logs
    rest = others * np.log2(np.maximum(others, 1)) - logs + most * np.log2(np.maximum(most, 1))
    bias = np.maximum(np.count_nonzero(counts, axis=1) - 1, 0) / (2 * math.log(2))
    return np.where(most > others, totals + rest, entropy) + bias


def rice_bits(levels: npt.NDArray[np.int64], zero_point: int, edges: list[int]) -> float:
    """Bits that the Rice coder takes for levels that are inside 8 bits, or nearly."""
    found = np.empty(1, dtype=np.int64)
    group_of = np.repeat(np.arange(len(edges) - 1), np.diff(edges)).astype(np.uint8)
    symbols = np.clip(levels - zero_point + 128, 0, 255).astype(np.uint8)
    ends = np.array([0, len(symbols)])
    kernels.rice_bits(symbols, 128, group_of, len(edges) - 1, ends, found)
    return float(found[0])


def splits(counts: npt.NDArray[np.int64], tables: int) -> list[list[int]]:
    """Edges of 1, 2, ... `tables` runs of components that cost the fewest bits.

    By dynamic programming.
    """
    components = len(counts)
    sums = np.concatenate([np.zeros_like(counts[:1]), np.cumsum(counts, axis=0)])
    cost = np.full((components + 1, components + 1), np.inf)
    for first in range(components):
        cost[first, first + 1 :] = _code_bits(sums[first + 1 :] - sums[first])
    best = cost[0]
    choices: list[npt.NDArray[np.intp]] = []
    result = []
    for _ in range(tables):
        edges = [components]
        for choice in reversed(choices):
            edges.append(int(choice[edges[-1]]))
        result.append([0, *reversed(edges)])
        totals = best[:, None] + cost
        choices.append(totals.argmin(axis=0))
        best = totals.min(axis=0)
    return result
