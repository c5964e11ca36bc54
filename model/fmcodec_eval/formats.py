"""Number formats of feature maps, and the orders in which their words are stored.

A feature map is an array (channels, height, width). A format turns its values into words of
`word_bits` bits; an order turns the words into packets, the one-dimensional runs that a codec
sees. Both decide the compression ratio as much as the codec does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Bits", "Deployed", "Fixed", "Format", "Order", "dtype_of", "parse_format"]


FLOATING = {"float8": 8, "float16": 16, "bfloat16": 16, "float32": 32}  # bits of a word


def dtype_of(word_bits: int) -> np.dtype[Any]:
    """The signed dtype that holds a word: int8, int16 or int32."""
    return np.dtype(np.int8 if word_bits <= 8 else np.int16 if word_bits <= 16 else np.int32)


@dataclass(frozen=True)
class Deployed:
    """8-bit words as a quantised network stores them, with the zero point taken off.

    The difference is kept modulo 256, so a map whose zero point lies inside its range loses
    nothing. Only quantised maps have this format.
    """

    @property
    def name(self) -> str:
        return "deployed"

    word_bits = 8
    needs_maximum = False

    def words(self, stored: np.ndarray, zero_point: int) -> np.ndarray:
        """Stored uint8 or int8 -> int8."""
        return (stored.astype(np.int16) - np.int16(zero_point)).astype(np.int8)


@dataclass(frozen=True)
class Fixed:
    """Fixed point with one scale per layer, the protocol of the EBPC paper.

    The layer's largest magnitude over all images is scaled to `safety` of full scale, and the
    result truncated towards zero: word = trunc(value / maximum * safety * (2^(N-1) - 1)).

    Attributes:
        word_bits: bits N of a word, 4..16.
        safety: share of full scale that the maximum takes, above 0 and at most 1.
    """

    word_bits: int
    safety: float = 0.75
    needs_maximum = True

    def __post_init__(self) -> None:
        if isinstance(self.word_bits, bool) or not isinstance(self.word_bits, int):
            raise TypeError(f"word_bits must be an int in 4..16, not {self.word_bits!r}")
        if not 4 <= self.word_bits <= 16:
            raise ValueError(f"word_bits must be an int in 4..16, not {self.word_bits!r}")
        if not 0 < self.safety <= 1:
            raise ValueError(f"safety must be above 0 and at most 1, not {self.safety!r}")

    @property
    def name(self) -> str:
        return f"fixed{self.word_bits}"

    def words(self, values: np.ndarray, maximum: float) -> np.ndarray:
        """Float values -> int8 or int16; `maximum` is the layer's largest magnitude."""
        full_scale = 2 ** (self.word_bits - 1) - 1
        # a layer that is zero everywhere has no scale, and needs none
        scale = self.safety * full_scale / maximum if maximum > 0 else 0.0
        scaled = np.trunc(np.asarray(values, np.float64) * scale)
        return np.clip(scaled, -full_scale - 1, full_scale).astype(dtype_of(self.word_bits))


@dataclass(frozen=True)
class Bits:
    """A floating-point format, its bit patterns taken as words.

    float32, float16, bfloat16 or float8: E4M3 of the OCP 8-bit specification, without a scale. All
    round to nearest even; negative zero becomes zero, so that what a network calls zero is a zero
    word; float16 and float8 clamp to their largest finite value.
    """

    name: str
    needs_maximum = False

    def __post_init__(self) -> None:
        if self.name not in FLOATING:
            raise ValueError(f"name must be {_any_of(FLOATING)}, not {self.name!r}")

    @property
    def word_bits(self) -> int:
        return FLOATING[self.name]

    def words(self, values: np.ndarray) -> np.ndarray:
        """Float values -> int8, int16 or int32 bit patterns."""
        values = np.asarray(values, np.float32) + np.float32(0)  # -0 + 0 = +0
        if self.name == "float8":
            return _float8(values)
        if self.name == "float32":
            return values.view(np.int32)
        if self.name == "float16":
            limit = np.float32(np.finfo(np.float16).max)
            half = np.clip(values, -limit, limit).astype(np.float16)
            return (half + np.float16(0)).view(np.int16)  # a tiny negative rounds to -0
        pattern = values.view(np.uint32)
        rounding = np.uint32(0x7FFF) + ((pattern >> np.uint32(16)) & np.uint32(1))
        words = ((pattern + rounding) >> np.uint32(16)).astype(np.uint16)
        return np.where(words == 0x8000, np.uint16(0), words).view(np.int16)


def _float8(values: np.ndarray) -> np.ndarray:
    """E4M3: four bits of exponent, bias 7, three of mantissa; int8 patterns."""
    magnitude = np.minimum(np.abs(values), np.float32(448))
    # below 2^-6 all numbers are as far apart as from there to 2^-5
    exponent = np.frexp(np.maximum(magnitude, np.float32(2**-6)))[1] - 1
    steps = np.rint(np.ldexp(magnitude, 3 - exponent)).astype(np.int32)
    # 8 + mantissa of a normal number: a carry out of the mantissa adds to the exponent by itself
    patterns = ((exponent + 6) << 3) + steps
    return (
        np.where((values < 0) & (patterns > 0), patterns | 0x80, patterns)
        .astype(np.uint8)
        .view(np.int8)
    )


Format = Deployed | Fixed | Bits


def parse_format(name: str, safety: float = 0.75) -> Format:
    """The format of a name: deployed, fixed4..fixed16, float8, float16, bfloat16 or float32.

    Raises:
        ValueError: there is no such format.
    """
    if name == "deployed":
        return Deployed()
    if match := re.fullmatch(r"fixed(\d+)", name):
        return Fixed(int(match[1]), safety)
    if name in FLOATING:
        return Bits(name)
    known = _any_of(("deployed", "fixed4..fixed16", *FLOATING))
    raise ValueError(f"format must be {known}, not {name!r}")


def _any_of(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}"


@dataclass(frozen=True)
class Order:
    """The order in which the words of a map (channels, height, width) are stored.

    Attributes:
        name: `nchw` (a channel's rows after one another), `nhwc` (a pixel's channels together)
            or `tile:HxWxC`: tiles of that height, width and number of channels, smaller at the
            edges; channels first within a tile, tiles along the width, the height, the channels.
            Every tile is a packet of its own, as an accelerator fetches it; otherwise the map is.
    """

    name: str

    def __post_init__(self) -> None:
        self.tile  # noqa: B018  checks the name

    @property
    def tile(self) -> tuple[int, int, int] | None:
        """Height, width and channels of a tile, or None."""
        if self.name in ("nchw", "nhwc"):
            return None
        match = re.fullmatch(r"tile:([1-9]\d*)x([1-9]\d*)x([1-9]\d*)", self.name)
        if match is None:
            raise ValueError(f"order must be nchw, nhwc or tile:HxWxC, not {self.name!r}")
        height, width, channels = (int(size) for size in match.groups())
        return height, width, channels

    def packets(self, words: np.ndarray) -> Iterator[np.ndarray]:
        """The packets of a map (channels, height, width), each a contiguous array of words."""
        if self.tile is None:
            ordered = words.transpose(1, 2, 0) if self.name == "nhwc" else words
            yield np.ascontiguousarray(ordered).reshape(-1)
            return
        height, width, channels = self.tile
        for c in range(0, words.shape[0], channels):
            for y in range(0, words.shape[1], height):
                for x in range(0, words.shape[2], width):
                    tile = words[c : c + channels, y : y + height, x : x + width]
                    yield np.ascontiguousarray(tile).reshape(-1)
