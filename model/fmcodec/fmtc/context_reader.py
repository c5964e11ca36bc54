"""Reading the words of a context: doc/format.md, "FMTC context"."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from fmcodec.bits import BitReader
from fmcodec.fmtc.errors import (
    BadChecksum,
    BadField,
    BadMagic,
    BadPadding,
    BadVersion,
    Underrun,
    WordsLeftOver,
)
from fmcodec.fmtc.fields import DCT4_CLASS
from fmcodec.fmtc.params import WORD_BITS

__all__ = ["FORMAT_VERSION", "HEADER_WORDS", "MAGIC", "TRANSFORM_CODES", "VERSION", "read_fields"]

MAGIC = 0x464D54  # "FMT"
FORMAT_VERSION = "2.0"
VERSION = 2
HEADER_WORDS = 5
TRANSFORM_CODES = ("none", "matrix", "dct4", "folded")
CODER_CODES = ("huffman", "rice")


def read_fields(words: npt.NDArray[np.uint32]) -> tuple[bool, dict[str, Any]]:
    """Whether a context is a decoder's, and its fields; checks all that is no range of a field."""
    if len(words) and words[0] >> 8 != MAGIC:
        raise BadMagic("context", 0, f"magic must be 0x{MAGIC:06x}, not 0x{int(words[0]) >> 8:06x}")
    if len(words) and words[0] & 0xFF != VERSION:
        raise BadVersion("context", 24, f"version must be {VERSION}, not {words[0] & 0xFF}")
    if len(words) < HEADER_WORDS + 1:
        raise Underrun("context", WORD_BITS * len(words), "ends inside the header")
    reader = _ContextReader(words)
    reader.bits(32)
    is_decoder, transform = bool(reader.bits(1)), TRANSFORM_CODES[reader.bits(2)]
    coder, wide, each = CODER_CODES[reader.bits(1)], reader.bits(1), reader.bits(1)
    groups = reader.bits(3) + 1
    reserved = [reader.reserved(8)]
    tag = reader.bits(15)
    channels, components = reader.bits(8) + 1, reader.bits(8) + 1
    q_max, zero_point = reader.bits(8), reader.bits(8)
    # how many words there are follows from these alone, whatever they are
    entry_bits = 10 if wide else 8
    rows, columns = (channels, components) if is_decoder else (components, channels)
    rows = rows if transform == "matrix" else 0
    tables = groups if coder == "huffman" else 0
    pairs = 0 if is_decoder else 2 if transform == "dct4" else components if each else 0
    per_word = WORD_BITS // entry_bits
    size = HEADER_WORDS + groups - 1 + pairs
    size += tables * -(-(q_max + 2) // 8) + rows * (1 - (-columns // per_word)) + 1
    if len(words) < size:
        raise Underrun("context", WORD_BITS * len(words), f"must be of {size} words")
    if len(words) > size:
        raise WordsLeftOver("context", WORD_BITS * size, "goes on after its CRC")
    expected = zlib.crc32(words[:-1].astype("<u4").tobytes())
    if words[-1] != expected:
        reason = f"CRC-32 must be 0x{expected:08x}, not 0x{int(words[-1]):08x}"
        raise BadChecksum("context", WORD_BITS * (size - 1), reason)
    fields: dict[str, Any] = {}
    if is_decoder:
        fields["low"], fields["high"] = (reader.signed(8) for _ in range(2))
        fields["inverse_shift"] = reader.bits(4)
        reserved.append(reader.reserved(4))
        fields["inverse_scale"] = reader.bits(8)
        if each:
            reserved.append((37, 1))
    else:
        reserved.append(reader.reserved(7))
        fields["end_before"] = reader.bits(9)
        first = reader.pair(reserved, spare=0)
    uniform = reader.signed24()
    boundaries = tuple(reader.bits(WORD_BITS) for _ in range(groups - 1))
    more = [reader.pair(reserved) for _ in range(pairs)]
    for bit, value in filter(None, reserved):
        raise BadField("context", bit, f"reserved bits must be zero, not {value}")
    lengths = [reader.row(q_max + 2, 4, signed=False) for _ in range(tables)]
    means, matrix = [], []
    for _ in range(rows):
        means.append(reader.signed24())
        matrix.append(reader.row(columns, entry_bits, signed=True))
    if (transform == "matrix" or (transform == "folded" and not is_decoder)) and uniform:
        raise BadField("context", 128, f"bias or offset must be zero here, not {uniform}")
    fields |= {
        "transform": transform,
        "coder": coder,
        "channels": channels,
        "components": components,
        "q_max": q_max,
        "zero_point": zero_point,
        "boundaries": boundaries,
        "lengths": np.array(lengths, dtype=np.uint8).reshape(tables, q_max + 2),
        "matrix_bits": entry_bits,
        "tag": tag,
        "matrix": np.array(matrix, dtype=np.int16).reshape(rows, columns),
    }
    if is_decoder:
        values = means if transform == "matrix" else [uniform] * channels
        return True, {**fields, "offset": np.array(values, dtype=np.int32)}
    values = means if transform == "matrix" else [uniform] * components
    bias = np.array(values, dtype=np.int32)
    if transform == "dct4":
        bias[1:] = 0
        spread = [[first, *more][kind] for kind in DCT4_CLASS[:components]]
        spread += [first] * (components - 16)  # refused below, by its number of channels
    elif each and first != (0, 0):
        raise BadField("context", 96, f"scale must be zero with a scale for each, not {first}")
    else:
        spread = more if each else [first] * components
    fields["shift"], fields["scale"] = np.array(spread, dtype=np.int32).T.copy()
    if transform == "dct4" and each:
        raise BadField("context", 37, "scales must be those of the classes with dct4")
    return False, {**fields, "bias": bias}


class _ContextReader:
    """Fields in the order of the words."""

    def __init__(self, words: npt.NDArray[np.uint32]) -> None:
        self._reader = BitReader(words, WORD_BITS, "context")
        self.bits = self._reader.read

    def signed(self, bits: int) -> int:
        """A number of two's complement."""
        value = self.bits(bits)
        return value - (value >> bits - 1 << bits)

    def signed24(self) -> int:
        """A word that holds a number of 24 bits."""
        at, value = self._reader.position, self.signed(WORD_BITS)
        if not -1 << 23 <= value < 1 << 23:
            raise BadField("context", at, f"bias or offset must be of 24 bits, not {value}")
        return value

    def reserved(self, bits: int) -> tuple[int, int] | None:
        """Place and value of reserved bits, None where they are zero."""
        at, value = self._reader.position, self.bits(bits)
        return (at, value) if value else None

    def pair(self, faults: list[tuple[int, int] | None], spare: int = 16) -> tuple[int, int]:
        """Shift and scale of one word, after `spare` bits of it."""
        faults.append(self.reserved(spare) if spare else None)
        shift = self.bits(4)
        faults.append(self.reserved(4))
        return shift, self.bits(8)

    def row(self, count: int, bits: int, signed: bool) -> list[int]:
        """Entries that start on a word, as many whole ones in each as fit."""
        read = self.signed if signed else self.bits
        per_word = WORD_BITS // bits
        entries = []
        for index in range(count):
            entries.append(read(bits))
            if index == count - 1 or index % per_word == per_word - 1:
                at = self._reader.position
                spare = -at % WORD_BITS
                if spare and self.bits(spare):
                    raise BadPadding("context", at, "padding must be zero")
        return entries
