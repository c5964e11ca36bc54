"""Tiles for the benches of FMTC: vectors of every kind, and everything wrong with a tile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc import fast
from fmcodec.fmtc.tile import pack_tile
from sim.fmtc.contexts import Pair, sealed

__all__ = ["FAULTS", "KINDS", "symbols", "tile", "vectors"]

Words = npt.NDArray[np.uint32]

KINDS = ("flat", "small", "few", "decay", "random", "extremes", "mixed")
SYMBOL_KINDS = ("flat", "random", "longest", "shortest", "ends", "late", "mixed")


def vectors(
    pair: Pair, kind: str, count: int, rng: np.random.Generator
) -> npt.NDArray[np.signedinteger]:
    """What an encoder is given: int8 (count, C), or int32 (count, K) where it is folded.

    "flat" is all zero coefficients, "decay" has ever more zeros to the end of its vectors; "mixed"
    draws the kind of every vector.
    """
    folded = pair.encoder.transform == "folded"
    if kind == "mixed":
        kinds = rng.choice(KINDS[:-1], count)
        return np.concatenate([vectors(pair, str(one), 1, rng) for one in kinds])
    width = pair.encoder.components if folded else pair.encoder.channels
    noise: npt.NDArray[Any] = np.zeros((count, width))
    if kind == "small":
        noise = rng.integers(-1, 2, noise.shape)
    elif kind == "few":
        noise = rng.integers(-100, 101, noise.shape) * (rng.random(noise.shape) < 0.04)
    elif kind == "decay":
        ends = rng.integers(0, width + 1, (count, 1))
        noise = rng.normal(size=noise.shape) * 30 * (np.arange(width) < ends)
    elif kind == "random":
        noise = rng.integers(-255, 256, noise.shape)
    elif kind == "extremes":
        noise = rng.choice([-255, 255], noise.shape)
    if not folded:
        return np.clip(pair.mean + np.rint(noise), -128, 127).astype(np.int8)
    # a level of folded coefficients is 2^(14 + s) / M of the accumulator
    level = 2.0 ** (14 + pair.encoder.shift) / pair.encoder.scale
    wide = noise * level * (300 if kind == "extremes" and rng.random() < 0.3 else 1)
    return np.clip(np.rint(wide), -(1 << 31), (1 << 31) - 1).astype(np.int32)


def symbols(pair: Pair, kind: str, count: int, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Symbols of a tile, uint8 (count, K), which a decoder takes whoever has coded them.

    "longest" and "shortest" codes, "ends" and "late": each vector ends early, or in its last
    component.
    """
    context = pair.encoder
    shape = (count, context.components)
    if kind == "mixed":
        kinds = rng.choice(SYMBOL_KINDS[:-1], count)
        return np.concatenate([symbols(pair, str(one), 1, rng) for one in kinds])
    found = np.full(shape, context.zero_point)
    if kind == "random":
        found = rng.integers(0, context.q_max + 1, shape)
    elif kind in ("longest", "shortest"):
        found[:] = _extreme(pair, kind == "longest")
    elif kind == "ends":
        found[:, 0] = rng.integers(0, context.q_max + 1, count)
    elif kind == "late":
        found[:, -1] = (context.zero_point + 1) % (context.q_max + 1)
    return found.astype(np.uint8)


def _extreme(pair: Pair, longest: bool) -> npt.NDArray[np.intp]:
    """The symbol of the longest or the shortest code of every component."""
    context = pair.encoder
    if context.coder == "rice":
        far = context.q_max if longest else context.zero_point
        return np.full(context.components, far)
    lengths = context.lengths[:, :-1].astype(int)
    best = lengths.argmax(axis=1) if longest else lengths.argmin(axis=1)
    return best[context.group_of]


def tile(pair: Pair, found: npt.NDArray[np.uint8], raw: bool = False) -> Words:
    """The words of a tile of these symbols."""
    payload, _ = fast.pack(pair.encoder, found, raw)
    return pack_tile(pair.tag, len(found), raw, payload)


Fault = Callable[[Words, int, np.random.Generator], tuple[Words, int]]


def _cut(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    """Some of the payload is missing, the CRC fits."""
    left = int(rng.integers(1, max(len(words) - 1, 2)))
    return sealed(np.append(words[:left], np.uint32(0))), count


def _lost(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    """The end is missing, the CRC too."""
    return words[: rng.integers(1, len(words) + 1)], count


def _header_alone(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    return words[:1], count


def _more(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    """Words after the payload, the CRC fits."""
    extra = rng.integers(0, 1 << 32, int(rng.integers(1, 6)), dtype=np.uint32)
    return sealed(np.concatenate([words[:-1], extra, [np.uint32(0)]])), count


def _bit(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    words[rng.integers(len(words))] ^= np.uint32(1 << int(rng.integers(32)))
    return words, count


def _sealed_bit(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    at = int(rng.integers(max(len(words) - 1, 1)))
    words[at] ^= np.uint32(1 << int(rng.integers(32)))
    return sealed(words), count


def _tag(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    """Another context's tag."""
    words[0] ^= np.uint32(int(rng.integers(1, 1 << 15)))
    return sealed(words), count


def _raw(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    """Codes are taken for raw symbols, or raw symbols for codes."""
    words[0] ^= np.uint32(1 << 15)
    return sealed(words), count


def _length(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    """Another number of vectors is asked for."""
    return words, max(1, count + int(rng.integers(-4, 5)))


def _noise(words: Words, count: int, rng: np.random.Generator) -> tuple[Words, int]:
    """Any payload at all, the CRC fits."""
    size = int(rng.integers(1, 2 * len(words) + 2))
    payload = rng.integers(0, 1 << 32, size, dtype=np.uint32)
    if rng.random() < 0.3:
        payload[:] = rng.choice([0, (1 << 32) - 1])
    return sealed(np.concatenate([words[:1], payload, [np.uint32(0)]])), count


# What can be wrong with a tile, or with the number of vectors that a decoder is given. Some faults
# leave certain tiles sound: the model decides.
FAULTS: dict[str, Fault] = {
    "cut": _cut,
    "lost": _lost,
    "header alone": _header_alone,
    "more": _more,
    "bit": _bit,
    "sealed bit": _sealed_bit,
    "tag": _tag,
    "raw": _raw,
    "length": _length,
    "noise": _noise,
}
