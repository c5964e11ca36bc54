"""The fields of encoder and decoder contexts and their checks (doc/format.md, "FMTC context").

The stages of the codec take these; `fmcodec.fmtc.context` writes and reads their words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc import huffman
from fmcodec.fmtc.params import CODERS, TRANSFORMS

__all__ = ["DCT4_CLASS", "LONGEST_CODE", "DecoderFields", "EncoderFields", "FieldError", "Shared"]

LONGEST_CODE = 15  # bits; what the four bits of a code length hold
# class of component k = 4 v + u of dct4: how many of its frequencies u and v are odd
DCT4_CLASS = np.array([(k & 1) + (k >> 2 & 1) for k in range(16)], dtype=np.intp)


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


@dataclass(frozen=True, eq=False, kw_only=True)
class Shared:
    """What the encoder's and the decoder's context of a layer have in common.

    Attributes:
        transform: `none`, `matrix`, `dct4`; for an encoder also `folded`, no transform of its own.
        coder: `huffman` or `rice`.
        channels: values C of a vector, 1..256; 16 with dct4.
        components: coefficients K of a vector, 1..C; C without a matrix.
        q_max: largest quantised coefficient, 1..254.
        zero_point: symbol of the coefficient 0, 0..q_max; with rice coefficients fit 8 bits.
        boundaries: first component of each table or group but the first, ascending.
        lengths: Huffman code length of each symbol and of the end of a vector, uint8, shape
            (tables G, q_max + 2); no rows with rice.
        matrix_bits: bits of a matrix entry, 8 or 10; 8 without a matrix.
        tag: by which a tile names its context, 0..32767.

    Raises:
        TypeError: an array is not of the dtype above.
        FieldError: a field is out of its range or shape.
    """

    transform: str
    coder: str
    channels: int
    components: int
    q_max: int
    zero_point: int
    boundaries: tuple[int, ...]
    lengths: npt.NDArray[np.uint8]
    matrix_bits: int = 8
    tag: int = 0

    def __post_init__(self) -> None:
        for name, dtype in self._arrays().items():
            array = getattr(self, name)
            if not isinstance(array, np.ndarray) or array.dtype != np.dtype(dtype):
                raise TypeError(f"{name} must be an array of {np.dtype(dtype)}, not {array!r}")
            array.setflags(write=False)
        for name, message in self._faults():
            raise FieldError(name, message)

    @property
    def groups(self) -> int:
        """Code tables, or groups of components, G."""
        return len(self.boundaries) + 1

    @property
    def fraction_bits(self) -> int:
        """Fraction bits F of a matrix entry."""
        return self.matrix_bits - 1

    @cached_property
    def group_of(self) -> npt.NDArray[np.uint8]:
        """Code table or group of each component, shape (K,)."""
        kinds = np.searchsorted(self.boundaries, np.arange(self.components), side="right")
        return kinds.astype(np.uint8)

    @property
    def end_of_vector(self) -> int:
        """The symbol that stands for zero points to the end of the vector."""
        return self.q_max + 1

    @property
    def code_bits(self) -> int:
        """Bits of the longest code; 0 with rice."""
        return int(self.lengths.max(initial=0))

    @cached_property
    def codes(self) -> npt.NDArray[np.uint16]:
        """Canonical code of each symbol, shape (G, q_max + 2)."""
        return np.stack([huffman.codes(lengths) for lengths in self.lengths])

    @cached_property
    def decode_tables(self) -> npt.NDArray[np.uint16]:
        """Symbol << 4 | length of the code that starts each window of `code_bits` bits.

        Shape (G, 2**code_bits).
        """
        tables = np.empty((self.groups, 1 << self.code_bits), dtype=np.uint16)
        for table, codes, lengths in zip(tables, self.codes, self.lengths, strict=True):
            pairs = zip(codes.tolist(), lengths.tolist(), strict=True)
            for symbol, (code, length) in enumerate(pairs):
                spare = self.code_bits - length
                table[code << spare : code + 1 << spare] = symbol << 4 | length
        return tables

    def _arrays(self) -> dict[str, str]:
        return {"lengths": "u1"}

    def _transforms(self) -> tuple[str, ...]:
        return TRANSFORMS

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Name and message of every field out of its range, in the order of the format."""
        for name, choices in (("transform", self._transforms()), ("coder", CODERS)):
            if getattr(self, name) not in choices:
                yield name, f"must be one of {', '.join(choices)}, not {getattr(self, name)!r}"
        if self.matrix_bits not in ((8, 10) if self.transform == "matrix" else (8,)):
            yield "matrix_bits", f"must be 8, or 10 with a matrix, not {self.matrix_bits}"
        for name, last in (
            ("groups", min(8, self.components)),
            ("channels", 256),
            ("components", self.channels),
            ("q_max", 254),
        ):
            if not 1 <= getattr(self, name) <= last:
                yield name, f"must be in 1..{last}, not {getattr(self, name)}"
        if self.transform == "dct4" and self.channels != 16:
            yield "channels", f"must be 16 with dct4, not {self.channels}"
        if self.transform in ("none", "dct4") and self.components != self.channels:
            yield "components", f"must be channels = {self.channels}, not {self.components}"
        first, last = 0, self.q_max
        if self.coder == "rice":
            first, last = max(self.q_max - 127, 0), min(self.q_max, 128)
        for name, least, most in (("zero_point", first, last), ("tag", 0, 0x7FFF)):
            if not least <= getattr(self, name) <= most:
                yield name, f"must be in {least}..{most}, not {getattr(self, name)}"
        edges = [0, *self.boundaries, self.components]
        if not all(a < b for a, b in pairwise(edges)):
            rule = f"must be ascending ints in 1..{self.components - 1}"
            yield "boundaries", f"{rule}, not {self.boundaries}"
        shape = (0 if self.coder == "rice" else self.groups, self.q_max + 2)
        if self.lengths.shape != shape:
            yield "lengths", f"must be of shape {shape}, not {self.lengths.shape}"
        for table, lengths in enumerate(self.lengths):
            short, long = int(lengths.min(initial=99)), int(lengths.max(initial=0))
            if short < 1 or long > LONGEST_CODE:
                yield "lengths", f"of table {table} must be in 1..{LONGEST_CODE}"
            elif huffman.kraft_sum(lengths, LONGEST_CODE) != 1 << LONGEST_CODE:
                yield "lengths", f"of table {table} must have a Kraft sum of 1"

    def _matrix_faults(
        self, matrix: npt.NDArray, rows: int, columns: int
    ) -> Iterator[tuple[str, str]]:
        limit = 1 << self.fraction_bits
        shape = (rows, columns) if self.transform == "matrix" else (0, columns)
        if matrix.shape != shape:
            yield "matrix", f"must be of shape {shape}, not {matrix.shape}"
        elif np.any(matrix < -limit) or np.any(matrix >= limit):
            yield "matrix", f"must be in {-limit}..{limit - 1}"


def _out_of(values: npt.NDArray, first: int, last: int) -> bool:
    return bool(np.any(values < first) or np.any(values > last))


@dataclass(frozen=True, eq=False, kw_only=True)
class EncoderFields(Shared):
    """The integers that an encoder of a layer needs, besides those of `Shared`.

    Attributes:
        shift, scale: requantiser s, 0..15, and M, 128..255, of every component, int32, shape
            (K,): q = (sat16(acc >> s) M + 2^13 >> 14) + zp; dct4 has three pairs, by class.
        bias: what is subtracted from every accumulator, 24 bits, int32, shape (K,). Without a
            transform it is the same for all, with dct4 it is zero but for component 0, folded it
            is zero.
        matrix: entries T, int16, shape (K, C); no rows without a matrix.
        end_before: E, 0..K: end of vector is sent for tails that begin at a component below it;
            0 with rice.
    """

    shift: npt.NDArray[np.int32]
    scale: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int32]
    matrix: npt.NDArray[np.int16]
    end_before: int = 0

    @property
    def each(self) -> bool:
        """Whether components have scales of their own."""
        return self.transform != "dct4" and bool(np.ptp(self.shift) or np.ptp(self.scale))

    def _arrays(self) -> dict[str, str]:
        return {**super()._arrays(), "shift": "i4", "scale": "i4", "bias": "i4", "matrix": "i2"}

    def _transforms(self) -> tuple[str, ...]:
        return (*TRANSFORMS, "folded")

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        for name, first, last in (
            ("shift", 0, 15),
            ("scale", 128, 255),
            ("bias", -1 << 23, (1 << 23) - 1),
        ):
            values = getattr(self, name)
            if values.shape != (self.components,):
                yield name, f"must be of shape ({self.components},), not {values.shape}"
            elif _out_of(values, first, last):
                yield name, f"must be in {first}..{last}"
        last = 0 if self.coder == "rice" else self.components
        if not 0 <= self.end_before <= last:
            yield "end_before", f"must be in 0..{last}, not {self.end_before}"
        if self.transform == "dct4":
            pairs = set(zip(DCT4_CLASS, self.shift.tolist(), self.scale.tolist(), strict=True))
            if len(pairs) != 3:
                yield "scale", "and shift must be the same for components of a class in dct4"
            if np.any(self.bias[1:]):
                yield "bias", "must be zero but for component 0 in dct4"
        if self.transform == "none" and np.ptp(self.bias):
            yield "bias", "must be the same for all components without a transform"
        if self.transform == "folded" and np.any(self.bias):
            yield "bias", "must be zero where the transform is folded"
        yield from self._matrix_faults(self.matrix, self.components, self.channels)


@dataclass(frozen=True, eq=False, kw_only=True)
class DecoderFields(Shared):
    """The integers that a decoder of a layer needs, besides those of `Shared`.

    Attributes:
        inverse_shift, inverse_scale: Sd, 0..15, and Md, 1..255, of the dequantiser
            y = sat(r Md + off + half >> Sd, lo, hi).
        offset: the mean in units of 2^-Sd, 24 bits, int32, shape (C,); all the same without a
            matrix.
        low, high: clamp of a decoded value, -128..127; 0 as `low` fuses a ReLU.
        matrix: entries D, int16, shape (C, K); no rows without a matrix.
    """

    inverse_shift: int
    inverse_scale: int
    offset: npt.NDArray[np.int32]
    low: int = -128
    high: int = 127
    matrix: npt.NDArray[np.int16]

    def _arrays(self) -> dict[str, str]:
        return {**super()._arrays(), "offset": "i4", "matrix": "i2"}

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        for name, first, last in (
            ("low", -128, 127),
            ("high", self.low, 127),
            ("inverse_shift", 0, 15),
            ("inverse_scale", 1, 255),
        ):
            if not first <= getattr(self, name) <= last:
                yield name, f"must be in {first}..{last}, not {getattr(self, name)}"
        if self.offset.shape != (self.channels,):
            yield "offset", f"must be of shape ({self.channels},), not {self.offset.shape}"
        elif _out_of(self.offset, -1 << 23, (1 << 23) - 1):
            yield "offset", "must be of 24 bits"
        elif self.transform != "matrix" and np.ptp(self.offset):
            yield "offset", "must be the same for all values without a matrix"
        yield from self._matrix_faults(self.matrix, self.channels, self.components)
