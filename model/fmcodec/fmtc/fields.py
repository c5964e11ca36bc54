"""The fields of a layer context, their checks, and their words (doc/format.md, "FMTC context").

The stages of the codec take these; `fmcodec.fmtc.Context` adds the codec itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fmcodec.bits import BitWriter
from fmcodec.fmtc import huffman
from fmcodec.fmtc.context_reader import BYPASS, MAGIC, VERSION
from fmcodec.fmtc.params import WORD_BITS, Params

__all__ = ["ContextFields", "FieldError"]

MAX_BIAS = 1 << 30  # keeps every accumulator inside 32 bits


class FieldError(ValueError):
    """A field out of its range.

    Attributes:
        field: its name.
    """

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field} {rule}")
        self.field = field
        self.rule = rule

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.field, self.rule)


@dataclass(frozen=True, eq=False)
class ContextFields:
    """The integers of one calibrated layer; coding with it is the same on every machine.

    Attributes:
        matrix: entries T of the transform, int16, shape (components K, channels C), values of
            `matrix_bits` bits with `matrix_bits` - 1 fraction bits. With `bypass` it is not used.
        bias: the transformed mean, subtracted from every accumulator, int32, shape (K,).
        offset: the mean in units of 2^-inverse_shift, int32, shape (C,).
        lengths: Huffman code length of each symbol, uint8, shape (tables G, q_max + 1).
        boundaries: first component of each table but the first, ascending, G - 1 ints.
        scale, shift: requantiser M, 1..65535, and S, 1..63: q = (acc M + 2^(S-1) >> S) + zp.
        inverse_scale, inverse_shift: dequantiser Md, 1..65535, and Sd, 1..31.
        zero_point: symbol of the coefficient 0, 0..q_max.
        low, high: clamp of a decoded value, -128..127; 0 as `low` fuses a ReLU.
        matrix_bits: bits of a matrix entry, 8 or 10.
        max_code_bits: longest code allowed, 8..15.
        bypass: the identity instead of the matrix (exact, where T = I in F bits is not).

    Raises:
        TypeError: an array is not of the dtype above.
        ValueError: a field is out of its range or shape.
    """

    matrix: npt.NDArray[np.int16]
    bias: npt.NDArray[np.int32]
    offset: npt.NDArray[np.int32]
    lengths: npt.NDArray[np.uint8]
    boundaries: tuple[int, ...]
    scale: int
    shift: int
    inverse_scale: int
    inverse_shift: int
    zero_point: int
    low: int = -128
    high: int = 127
    matrix_bits: int = 8
    max_code_bits: int = 12
    bypass: bool = False

    def __post_init__(self) -> None:
        for name, dtype in {"matrix": "i2", "bias": "i4", "offset": "i4", "lengths": "u1"}.items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != np.dtype(dtype):
                raise TypeError(f"{name} must be an array of {np.dtype(dtype)}, not {array!r}")
            array.setflags(write=False)
        for array, name in ((self.matrix, "matrix"), (self.lengths, "lengths")):
            if array.ndim != 2:
                raise ValueError(f"{name} must be of two dimensions, not {array.ndim}")
        for name, message in self._faults():
            raise FieldError(name, message)

    @property
    def channels(self) -> int:
        """Values C of a vector."""
        return len(self.offset)

    @property
    def components(self) -> int:
        """Coefficients K that are kept of a vector, at most C."""
        return len(self.bias)

    @property
    def q_max(self) -> int:
        """Largest quantised coefficient."""
        return self.lengths.shape[1] - 1

    @property
    def tables(self) -> int:
        """Code tables G."""
        return self.lengths.shape[0]

    @property
    def fraction_bits(self) -> int:
        """Fraction bits F of a matrix entry."""
        return self.matrix_bits - 1

    @property
    def step(self) -> float:
        """Width of a quantiser cell in units of an input value."""
        return self.inverse_scale / 2.0**self.inverse_shift * 2**self.fraction_bits

    @property
    def params(self) -> Params:
        """The smallest build that holds this context."""
        return Params(
            self.channels, self.matrix_bits, self.q_max, self.max_code_bits, self.tables, None
        )

    @cached_property
    def table_of(self) -> npt.NDArray[np.uint8]:
        """Code table of each component, shape (K,)."""
        kinds = np.searchsorted(self.boundaries, np.arange(self.components), side="right")
        return kinds.astype(np.uint8)

    @cached_property
    def codes(self) -> npt.NDArray[np.uint16]:
        """Canonical code of each symbol, shape (G, q_max + 1)."""
        return np.stack([huffman.codes(lengths) for lengths in self.lengths])

    @cached_property
    def decode_tables(self) -> npt.NDArray[np.uint16]:
        """Symbol << 4 | length of the code that starts each window of `max_code_bits` bits.

        Shape (G, 2**max_code_bits).
        """
        tables = np.empty((self.tables, 1 << self.max_code_bits), dtype=np.uint16)
        for table, codes, lengths in zip(tables, self.codes, self.lengths, strict=True):
            pairs = zip(codes.tolist(), lengths.tolist(), strict=True)
            for symbol, (code, length) in enumerate(pairs):
                spare = self.max_code_bits - length
                table[code << spare : code + 1 << spare] = symbol << 4 | length
        return tables

    @cached_property
    def tag(self) -> int:
        """The 16 bits by which a tile names its context: the low half of the context's CRC."""
        return int(self.to_words()[-1]) & 0xFFFF

    def _stored(self, values: npt.NDArray[np.int32]) -> list[int]:
        """What a context holds of the bias or offset: with bypass one value does for all."""
        return values[:1].tolist() if self.bypass else values.tolist()

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Name and message of every field out of its range, in the order of the format."""
        for name, value, first, last in (
            ("tables", self.tables, 1, min(8, self.components)),
            ("max_code_bits", self.max_code_bits, 8, 15),
            ("channels", self.channels, 1, 256),
            ("components", self.components, 1, self.channels),
            ("q_max", self.q_max, 1, 254),
            ("zero_point", self.zero_point, 0, self.q_max),
            ("scale", self.scale, 1, 65535),
            ("shift", self.shift, 1, 63),
            ("inverse_scale", self.inverse_scale, 1, 65535),
            ("inverse_shift", self.inverse_shift, 1, 31),
            ("low", self.low, -128, 127),
            ("high", self.high, self.low, 127),
        ):
            if not first <= value <= last:
                yield name, f"must be in {first}..{last}, not {value}"
        if self.matrix_bits not in (8, 10):
            yield "matrix_bits", f"must be 8 or 10, not {self.matrix_bits}"
        if self.bypass and self.components != self.channels:
            yield "components", f"must be channels = {self.channels} in bypass"
        edges = [0, *self.boundaries, self.components]
        rising = all(a < b for a, b in pairwise(edges))
        if len(self.boundaries) != self.tables - 1 or not rising:
            yield (
                "boundaries",
                f"must be {self.tables - 1} ascending ints in 1..{self.components - 1}, "
                f"not {self.boundaries}",
            )
        for table, lengths in enumerate(self.lengths):
            short, long = int(lengths.min(initial=99)), int(lengths.max(initial=0))
            full = 1 << self.max_code_bits
            if short < 1 or long > self.max_code_bits:
                yield "lengths", f"of table {table} must be in 1..{self.max_code_bits}"
            elif huffman.kraft_sum(lengths, self.max_code_bits) != full:
                yield "lengths", f"of table {table} must have a Kraft sum of 1"
        if np.any(np.abs(self.bias.astype(np.int64)) >= MAX_BIAS):
            yield "bias", f"must be inside +-{MAX_BIAS}"
        if self.bypass and (np.ptp(self.bias) or np.ptp(self.offset)):
            yield "bias", "and offset must be the same for all channels in bypass"
        limit = 1 << self.fraction_bits
        if self.matrix.shape != (0 if self.bypass else self.components, self.channels):
            yield "matrix", "must be of shape (components, channels), or (0, channels) in bypass"
        elif np.any(self.matrix < -limit) or np.any(self.matrix >= limit):
            yield "matrix", f"must be in {-limit}..{limit - 1}"

    def to_words(self) -> npt.NDArray[np.uint32]:
        """The context as 32-bit words, the CRC last (doc/format.md, "FMTC context")."""
        writer = BitWriter(WORD_BITS)
        for value, bits in (
            (MAGIC, 32),
            (VERSION, 8),
            (BYPASS if self.bypass else 0, 8),
            (self.tables, 8),
            (self.max_code_bits, 8),
            (self.channels, 16),
            (self.components, 16),
            (self.matrix_bits, 8),
            (self.q_max, 8),
            (self.zero_point << 8, 16),
            (self.scale, 16),
            (self.shift << 8, 16),
            (self.inverse_scale, 16),
            (self.inverse_shift << 8, 16),
            (self.low, 8),
            ((self.high & 0xFF) << 16, 24),
        ):
            writer.write(value, bits)
        for values, bits in (
            (list(self.boundaries), 32),
            (self.lengths.ravel().tolist(), 4),
            (self._stored(self.bias), 32),
            (self._stored(self.offset), 32),
            (self.matrix.ravel().tolist(), self.matrix_bits),
        ):
            for value in values:
                writer.write(value, bits)
            writer.write(0, -writer.position % WORD_BITS)
        words = writer.words().astype(np.uint32)
        return np.append(words, np.uint32(zlib.crc32(words.astype("<u4").tobytes())))

    def to_bytes(self) -> bytes:
        """The words of the context, each with its least significant byte first."""
        return self.to_words().astype("<u4").tobytes()
