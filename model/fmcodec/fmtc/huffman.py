"""Canonical Huffman codes of limited length: lengths, codes and the decoder's view of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["code_lengths", "codes", "kraft_sum"]


def code_lengths(counts: npt.ArrayLike, max_bits: int) -> npt.NDArray[np.uint8]:
    """Optimal code lengths of at most `max_bits` bits, by package-merge.

    A symbol is a coin of each of the values 2^-1 .. 2^-max_bits, all of which cost its count. The
    cheapest set of coins worth n - 1 is found by packing the coins of the smallest value in pairs
    and merging the pairs with the coins of the next; a symbol's length is the number of its coins
    in the set. Ties fall to the single coin, then to the lower symbol, so that the lengths are
    the same everywhere.

    Args:
        counts: positive count of each symbol, shape (symbols,).
        max_bits: longest code; `symbols` must be at most 2^max_bits.

    Returns:
        Length of each symbol's code in bits, 1..max_bits; their Kraft sum is exactly 1. A lone
        symbol gets 1 bit (and a Kraft sum of 1/2: contexts have at least two symbols).

    Raises:
        ValueError: a count is not positive, or there are too many symbols.
    """
    weights = np.asarray(counts, dtype=np.int64)
    symbols = len(weights)
    if symbols == 0 or weights.min() < 1:
        raise ValueError("counts must be one or more positive ints")
    if symbols > 1 << max_bits:
        raise ValueError(f"counts must be of at most {1 << max_bits} symbols, not {symbols}")
    if symbols == 1:
        return np.ones(1, dtype=np.uint8)
    coins = np.eye(symbols, dtype=np.uint8)  # row: how many coins of each symbol an item holds
    cost, held = np.zeros(0, dtype=np.int64), coins[:0]
    for _ in range(max_bits):
        pairs = len(cost) // 2 * 2
        cost = np.concatenate([weights, cost[0:pairs:2] + cost[1:pairs:2]])
        held = np.concatenate([coins, held[0:pairs:2] + held[1:pairs:2]])
        order = np.argsort(cost, kind="stable")
        cost, held = cost[order], held[order]
    return held[: 2 * symbols - 2].sum(axis=0, dtype=np.int64).astype(np.uint8)


def codes(lengths: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """Canonical codes of `lengths`: by falling chance, that is ordered by (length, symbol).

    The first code is all zeros; each next one is its predecessor plus 1, shifted left to its
    length. Shape (symbols,), a code in the low bits of its entry.
    """
    lengths = np.asarray(lengths, dtype=np.int64)
    result = np.zeros(len(lengths), dtype=np.uint16)
    code, previous = 0, 0
    for symbol in np.lexsort((np.arange(len(lengths)), lengths)).tolist():
        code <<= int(lengths[symbol]) - previous
        previous = int(lengths[symbol])
        result[symbol] = code
        code += 1
    return result


def kraft_sum(lengths: npt.ArrayLike, max_bits: int) -> int:
    """Sum of 2^-length in units of 2^-max_bits: a complete code has 2^max_bits."""
    return int(sum(1 << max_bits - int(length) for length in np.asarray(lengths).tolist()))
