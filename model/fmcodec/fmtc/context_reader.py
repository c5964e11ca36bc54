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
from fmcodec.fmtc.params import WORD_BITS

__all__ = ["BYPASS", "HEADER_WORDS", "MAGIC", "VERSION", "read_fields"]

MAGIC = 0x464D5443  # "FMTC"
VERSION = 1
HEADER_WORDS = 7
BYPASS = 1  # flag


def read_fields(words: npt.NDArray[np.uint32]) -> dict[str, Any]:
    """The fields of a context; checks all that is not a range of one of them."""
    if len(words) and words[0] != MAGIC:
        raise BadMagic("context", 0, f"magic must be 0x{MAGIC:08x}, not 0x{int(words[0]):08x}")
    if len(words) < HEADER_WORDS + 1:
        raise Underrun("context", WORD_BITS * len(words), "ends inside the header")
    if words[1] >> 24 != VERSION:
        raise BadVersion("context", 32, f"version must be {VERSION}, not {words[1] >> 24}")
    reader = BitReader(words, WORD_BITS, "context")
    reader.read(40)
    flags, tables, max_code_bits = reader.read(8), reader.read(8), reader.read(8)
    channels, components = reader.read(16), reader.read(16)
    matrix_bits, q_max, zero_point = reader.read(8), reader.read(8), reader.read(8)
    if matrix_bits not in (8, 10):
        raise BadField("context", 96, f"matrix_bits must be 8 or 10, not {matrix_bits}")
    rows = 0 if flags & BYPASS else components
    # sizes come first: nothing is read, and no memory is taken, on the word of a wild header
    sizes = (
        (max(tables - 1, 0), 32, False),
        (tables * (q_max + 1), 4, False),
        (1 if flags & BYPASS else components, 32, True),
        (1 if flags & BYPASS else channels, 32, True),
        (rows * channels, matrix_bits, True),
    )
    end = HEADER_WORDS + sum(-(-count * bits // WORD_BITS) for count, bits, _ in sizes)
    if len(words) < end + 1:
        raise Underrun("context", WORD_BITS * len(words), f"must be of {end + 1} words")
    if len(words) > end + 1:
        raise WordsLeftOver("context", WORD_BITS * (end + 1), "goes on after its CRC")
    expected = zlib.crc32(words[:-1].astype("<u4").tobytes())
    if words[-1] != expected:
        reason = f"CRC-32 must be 0x{expected:08x}, not 0x{int(words[-1]):08x}"
        raise BadChecksum("context", WORD_BITS * end, reason)
    if flags & ~BYPASS:
        raise BadField("context", 40, f"flags must be 0 or 1, not {flags}")
    _reserved(reader, 8)
    scale, shift = reader.read(16), reader.read(8)
    _reserved(reader, 8)
    inverse_scale, inverse_shift = reader.read(16), reader.read(8)
    _reserved(reader, 8)
    low, high = (_signed(reader.read(8), 8) for _ in range(2))
    _reserved(reader, 16)
    arrays = []
    for count, bits, signed in sizes:
        values = [reader.read(bits) for _ in range(count)]
        arrays.append([_signed(value, bits) for value in values] if signed else values)
        at = reader.position
        if reader.read(-at % WORD_BITS) if at % WORD_BITS else 0:
            raise BadPadding("context", at, "padding must be zero")
    boundaries, lengths, bias, offset, matrix = arrays
    if flags & BYPASS:
        bias, offset = bias * components, offset * channels
    return {
        "matrix": np.array(matrix, dtype=np.int16).reshape(rows, channels),
        "bias": np.array(bias, dtype=np.int32),
        "offset": np.array(offset, dtype=np.int32),
        "lengths": np.array(lengths, dtype=np.uint8).reshape(tables, q_max + 1),
        "boundaries": tuple(boundaries),
        "scale": scale,
        "shift": shift,
        "inverse_scale": inverse_scale,
        "inverse_shift": inverse_shift,
        "zero_point": zero_point,
        "low": low,
        "high": high,
        "matrix_bits": matrix_bits,
        "max_code_bits": max_code_bits,
        "bypass": bool(flags & BYPASS),
    }


def _reserved(reader: BitReader, bits: int) -> None:
    at = reader.position
    value = reader.read(bits)
    if value:
        raise BadField("context", at, f"reserved bits must be zero, not {value}")


def _signed(value: int, bits: int) -> int:
    return value - (value >> bits - 1 << bits)
