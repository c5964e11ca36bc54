"""Contexts for the benches of FMTC: random ones of a build, and everything wrong with one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc import DecoderContext, EncoderContext, Params, huffman
from fmcodec.fmtc.fields import DCT4_CLASS

__all__ = ["FAULTS", "Pair", "make", "sealed"]

Words = npt.NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class Pair:
    """The two contexts of a layer, and the vector whose coefficients are about zero.

    Attributes:
        encoder, decoder: the contexts.
        mean: int8, shape (C,).
    """

    encoder: EncoderContext
    decoder: DecoderContext
    mean: npt.NDArray[np.int8]

    @property
    def tag(self) -> int:
        """By which tiles name it."""
        return self.encoder.tag


def make(
    params: Params,
    rng: np.random.Generator,
    *,
    folded: bool = False,
    tag: int | None = None,
    long_codes: bool = False,
) -> Pair:
    """A layer of random numbers that a build of `params` holds.

    Parameters:
        params: the build.
        rng: where all is drawn from.
        folded: the encoder is given coefficients.
        tag: of the contexts; drawn by default.
        long_codes: the coefficients 0 and 1, or the end of a vector, have codes of
            `max_code_bits` bits, and all of `q_max` is used.
    """
    matrix = params.transform == "matrix"
    channels = params.channels
    components = int(rng.integers(1, channels + 1)) if matrix and rng.random() < 0.7 else channels
    q_max, zero_point = _range(params, rng, long_codes)
    groups = int(rng.integers(1, min(params.tables, components) + 1))
    edges = np.sort(rng.choice(np.arange(1, components), groups - 1, replace=False))
    huge = params.coder == "huffman"
    shared: dict[str, Any] = {
        "coder": params.coder,
        "channels": channels,
        "components": components,
        "q_max": q_max,
        "zero_point": zero_point,
        "boundaries": tuple(edges.tolist()),
        "lengths": _lengths(params, q_max, zero_point, groups if huge else 0, rng, long_codes),
        "tag": int(rng.integers(1 << 15)) if tag is None else tag,
    }
    mean = np.full(channels, rng.integers(-100, 100), np.int8)
    if matrix:
        mean = rng.integers(-60, 60, channels).astype(np.int8)
    encoder = EncoderContext(
        **shared, **_encoder_fields(params, components, mean, folded, rng), end_before=0
    )
    if huge:
        ends = rng.choice([0, 1, components, int(rng.integers(components + 1))])
        encoder = _with(encoder, end_before=int(ends))
    decoder = DecoderContext(**shared, **_decoder_fields(params, components, mean, rng))
    return Pair(encoder, decoder, mean)


def _with(context: EncoderContext, **changes: Any) -> EncoderContext:
    names = type(context).__dataclass_fields__
    return EncoderContext(**{name: getattr(context, name) for name in names} | changes)


def _range(params: Params, rng: np.random.Generator, long_codes: bool) -> tuple[int, int]:
    """q_max and zero point: often all that the build holds, as often anything."""
    q_max = params.q_max if long_codes or rng.random() < 0.4 else int(rng.integers(1, params.q_max))
    first, last = (0, q_max)
    if params.coder == "rice":
        first, last = max(q_max - 127, 0), min(q_max, 128)
    zero_point = (first + last) // 2
    if not long_codes and rng.random() < 0.3:
        zero_point = int(rng.integers(first, last + 1))
    return q_max, min(zero_point, q_max - 1) if long_codes else zero_point


def _lengths(
    params: Params,
    q_max: int,
    zero_point: int,
    tables: int,
    rng: np.random.Generator,
    long_codes: bool,
) -> npt.NDArray[np.uint8]:
    symbols = q_max + 2
    rows = np.zeros((tables, symbols), np.uint8)
    # no code of `symbols` symbols is shorter than this, whatever the counts
    least = max((symbols - 1).bit_length(), 1)
    for row in rows:
        if long_codes:
            # a chain of ever longer codes, the rarest two symbols last
            counts = 2.0 ** (np.arange(symbols) % 30)
            rng.shuffle(counts)
            rare = [zero_point, rng.choice([zero_point + 1, symbols - 1])]
            counts[counts < 4] = 4
            counts[rare] = 1
            limit = params.max_code_bits
        else:
            away = np.abs(np.arange(symbols) - zero_point)
            counts = 1 + 1e6 * rng.uniform(0.05, 0.99) ** away * rng.uniform(0.3, 1, symbols)
            limit = int(rng.integers(max(least, 1), params.max_code_bits + 1))
        row[:] = huffman.code_lengths(counts.astype(np.int64), limit)
    return rows


def _encoder_fields(
    params: Params,
    components: int,
    mean: npt.NDArray[np.int8],
    folded: bool,
    rng: np.random.Generator,
) -> dict[str, Any]:
    transform = "folded" if folded else params.transform
    matrix = transform == "matrix"
    # a level is worth about 2^(14 + s) / M of the accumulator: 2^13 to 2^5 units of the input
    middle = {"none": 2, "dct4": 4, "matrix": 4, "folded": 5}[transform]
    kinds = DCT4_CLASS if transform == "dct4" else np.zeros(components, np.intp)
    if transform != "dct4" and rng.random() < 0.5:
        kinds = np.arange(components)
    shift = np.clip(rng.integers(middle - 2, middle + 3, components), 0, 15)[kinds]
    scale = rng.integers(128, 256, components)[kinds]
    if rng.random() < 0.1:  # anything at all
        shift = rng.integers(0, 16, components)[kinds]
    if transform == "dct4" and len(set(zip(shift.tolist(), scale.tolist(), strict=True))) < 3:
        scale = np.array([128, 200, 255])[DCT4_CLASS]  # three pairs, each its own
    limit = 1 << params.fraction_bits
    rows = rng.integers(-limit, limit, (components if matrix else 0, params.channels))
    fields: dict[str, Any] = {
        "transform": transform,
        "matrix_bits": params.matrix_bits if matrix else 8,
        "shift": shift.astype(np.int32),
        "scale": scale.astype(np.int32),
        "bias": np.zeros(components, np.int32),
        "matrix": rows.astype(np.int16),
    }
    if not folded:
        fields["bias"] = _bias(params, fields["matrix"], mean, components)
    return fields


def _bias(
    params: Params, rows: npt.NDArray[np.int16], mean: npt.NDArray[np.int8], components: int
) -> npt.NDArray[np.int32]:
    """What the mean's accumulators are, so that its coefficients are zero."""
    if params.transform == "matrix":
        return (rows.astype(np.int32) @ mean.astype(np.int32)).astype(np.int32)
    gain = 512 if params.transform == "dct4" else 128
    bias = np.full(components, gain * int(mean[0]), np.int32)
    if params.transform == "dct4":
        bias[1:] = 0
    return bias


def _decoder_fields(
    params: Params, components: int, mean: npt.NDArray[np.int8], rng: np.random.Generator
) -> dict[str, Any]:
    matrix = params.transform == "matrix"
    limit = 1 << params.fraction_bits
    rows = rng.integers(-limit, limit, (params.channels if matrix else 0, components))
    low, high = sorted(rng.integers(-128, 128, 2).tolist())
    if rng.random() < 0.6:
        low, high = int(rng.choice([-128, 0])), 127
    shift = int(rng.integers(8, 16) if rng.random() < 0.8 else rng.integers(16))
    offset = mean.astype(np.int32) << shift
    if rng.random() < 0.3:
        offset = np.full(params.channels, rng.integers(-(1 << 23), 1 << 23), np.int32)
    return {
        "transform": params.transform,
        "matrix_bits": params.matrix_bits if matrix else 8,
        "inverse_shift": shift,
        "inverse_scale": int(rng.integers(1, 256)),
        "offset": np.clip(offset, -(1 << 23), (1 << 23) - 1).astype(np.int32),
        "low": low,
        "high": high,
        "matrix": rows.astype(np.int16),
    }


def sealed(words: npt.ArrayLike) -> Words:
    """Words of a context or a tile with the CRC that belongs to them in the last one."""
    words = np.array(words, dtype=np.uint32)
    words[-1] = zlib.crc32(words[:-1].astype("<u4").tobytes())
    return words


def _field(word: int, high: int, low: int, value: int | None = None) -> Fault:
    """A fault: bits of a word are something else, at random or `value`; the CRC fits."""

    def fault(words: Words, rng: np.random.Generator) -> Words:
        if word >= len(words) - 1:
            return words
        mask = (1 << high - low + 1) - 1
        old = int(words[word]) >> low & mask
        new = (old + int(rng.integers(1, mask + 1))) & mask if value is None else value
        words[word] = int(words[word]) & ~(mask << low) | new << low
        return sealed(words)

    return fault


def _cut(words: Words, rng: np.random.Generator) -> Words:
    """Ends too early; now and then with a CRC that fits what is there."""
    words = words[: rng.integers(1, len(words))]
    return sealed(words) if len(words) > 1 and rng.random() < 0.5 else words


def _longer(words: Words, rng: np.random.Generator) -> Words:
    more = rng.integers(0, 1 << 32, int(rng.integers(1, 5)), dtype=np.uint32)
    return np.append(words, more)


def _longer_sealed(words: Words, rng: np.random.Generator) -> Words:
    return sealed(_longer(words, rng))


def _checksum(words: Words, rng: np.random.Generator) -> Words:
    words[-1] ^= np.uint32(1 << int(rng.integers(32)))
    return words


def _bit(words: Words, rng: np.random.Generator) -> Words:
    """A bit is wrong somewhere: the CRC says so, if nothing else does."""
    words[rng.integers(len(words))] ^= np.uint32(1 << int(rng.integers(32)))
    return words


def _sealed_bit(words: Words, rng: np.random.Generator) -> Words:
    """A bit of the fields, scales, boundaries, lengths or first rows; the CRC fits."""
    last = min(len(words) - 1, 24)
    words[rng.integers(last)] ^= np.uint32(1 << int(rng.integers(32)))
    return sealed(words)


def _sealed_late_bit(words: Words, rng: np.random.Generator) -> Words:
    """A bit of the second half, where tables and rows end; the CRC fits."""
    words[rng.integers(len(words) // 2, len(words) - 1)] ^= np.uint32(1 << int(rng.integers(32)))
    return sealed(words)


Fault = Callable[[Words, np.random.Generator], Words]
# What can be wrong with a context. Some faults leave certain contexts sound: the model decides.
FAULTS: dict[str, Fault] = {
    "magic": _field(0, 31, 8),
    "version": _field(0, 7, 0),
    "side": _field(1, 31, 31),
    "transform": _field(1, 30, 29),
    "coder": _field(1, 28, 28),
    "matrix bits": _field(1, 27, 27),
    "each": _field(1, 26, 26),
    "groups": _field(1, 25, 23),
    "reserved": _field(1, 22, 15),
    "channels": _field(2, 31, 24),
    "components": _field(2, 23, 16),
    "components of 256": _field(2, 23, 16, 255),
    "q_max": _field(2, 15, 8),
    "q_max of 0": _field(2, 15, 8, 0),
    "q_max of 255": _field(2, 15, 8, 255),
    "zero point": _field(2, 7, 0),
    "word 3, high": _field(3, 31, 25),
    "word 3, ends or high": _field(3, 24, 16),
    "word 3, shift": _field(3, 15, 12),
    "word 3, reserved": _field(3, 11, 8),
    "word 3, scale": _field(3, 7, 0),
    "scale of 0": _field(3, 7, 0, 0),
    "scale of 127": _field(3, 7, 0, 127),
    "bias, sign": _field(4, 31, 23),
    "bias": _field(4, 31, 0),
    "first word after the header": _field(5, 31, 0),
    "boundary of 0": _field(5, 31, 0, 0),
    "boundary above": _field(5, 31, 8),
    "second word after the header": _field(6, 31, 0),
    "cut": _cut,
    "longer": _longer,
    "longer, sealed": _longer_sealed,
    "checksum": _checksum,
    "bit": _bit,
    "sealed bit": _sealed_bit,
    "sealed late bit": _sealed_late_bit,
}
