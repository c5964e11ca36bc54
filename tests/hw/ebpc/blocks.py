"""Blocks of words, their planes and their code, in a few lines: what the parts are tested against.

Written from doc/format.md alone; bit i of a plane belongs to delta i. Bits of a stream are text.
"""

from __future__ import annotations

import random
from itertools import pairwise

from fmcodec.ebpc import Params

__all__ = ["block", "deltas", "plane_symbol", "planes", "run_symbol", "symbols", "word_plane"]


def block(params: Params, rng: random.Random) -> list[int]:
    """The words of a block, of one of the kinds that make every symbol appear."""
    m, n = params.word_bits, params.block_words
    low, high = -(2 ** (m - 1)), 2 ** (m - 1) - 1
    match rng.randrange(5):
        case 0:
            return [rng.randint(low, high) for _ in range(n)]
        case 1:
            return [rng.choice([low, high]) for _ in range(n)]
        case 2:
            return [rng.randint(low, high)] * n
        case 3:
            step = rng.choice([-2, -1, 1, 2, 4])
            return [step * i for i in range(n)]
        case _:
            words = [rng.randint(low, high)] * n
            words[rng.randrange(n)] ^= 1 << rng.randrange(m - 1)
            return words


def deltas(words: list[int]) -> list[int]:
    """Differences of neighbours."""
    return [later - earlier for earlier, later in pairwise(words)]


def word_plane(words: list[int], k: int) -> int:
    """Bit k of every word, word 0 in bit 0."""
    return sum((word >> k & 1) << i for i, word in enumerate(words))


def planes(params: Params, words: list[int]) -> list[int]:
    """The m + 1 planes of the deltas, plane 0 first, the sign plane last."""
    return [word_plane(deltas(words), k) for k in range(params.planes)]


def run_symbol(params: Params, length: int) -> str:
    return "01" if length == 1 else f"001{length - 2:0{params.run_bits}b}"


def plane_symbol(params: Params, dbx: int, plane: int) -> str:
    """The code of a plane whose dbx is not zero."""
    text = f"{dbx:0{params.plane_bits}b}"[::-1]  # delta 0 first
    position = f"{text.index('1'):0{params.position_bits}b}"
    if "0" not in text:
        return "00000"
    if plane == 0:
        return "00001"
    if text.strip("0") == "11":
        return f"00010{position}"
    if text.count("1") == 1:
        return f"00011{position}"
    return f"1{text}"


def symbols(params: Params, words: list[int]) -> list[str]:
    """The base and the symbols of a block."""
    found = [f"{words[0] & 2**params.word_bits - 1:0{params.word_bits}b}"]
    before = run = 0
    for plane in planes(params, words):
        dbx, before = plane ^ before, plane
        if dbx == 0:
            run += 1
            continue
        if run:
            found.append(run_symbol(params, run))
        found.append(plane_symbol(params, dbx, plane))
        run = 0
    return [*found, run_symbol(params, run)] if run else found
