"""How the metadata of a TensorFlow Lite model say that its pixels become floats.

The metadata are a flatbuffer inside the model (`TFLITE_METADATA`). Three tables of it are read
here, by the field numbers of metadata_schema.fbs: ModelMetadata.subgraph_metadata (3),
SubGraphMetadata.input_tensor_metadata (2), TensorMetadata.process_units (4),
ProcessUnit.options (union, 0 and 1), NormalizationOptions.mean (0) and std (1).
"""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["normalisation_of"]

_NORMALIZATION = 1  # NormalizationOptions in the union ProcessUnitOptions


def normalisation_of(model: Any) -> str | None:
    """`MEAN/DEVIATION` as `images.normalise` reads it, or None where the model states none.

    Args:
        model: the schema's ModelT.
    """
    for entry in model.metadata or ():
        name = entry.name.decode() if isinstance(entry.name, bytes) else entry.name
        if name == "TFLITE_METADATA":
            content = model.buffers[entry.buffer].data
            try:
                return _read(bytes(content)) if content is not None else None
            except (struct.error, IndexError):
                return None  # damaged metadata state nothing
    return None


def _read(content: bytes) -> str | None:
    for graph in _tables(content, _root(content), 3)[:1]:
        for tensor in _tables(content, graph, 2)[:1]:
            for unit in _tables(content, tensor, 4):
                kind = _field(content, unit, 0)
                options = _field(content, unit, 1)
                if kind is not None and options is not None and content[kind] == _NORMALIZATION:
                    table = _follow(content, options)
                    numbers = [_floats(content, table, field) for field in (0, 1)]
                    if all(numbers):
                        return "/".join(",".join(f"{n:g}" for n in each) for each in numbers)
    return None


def _int(content: bytes, place: int, form: str = "<I") -> int:
    return int(struct.unpack_from(form, content, place)[0])


def _follow(content: bytes, place: int) -> int:
    return place + _int(content, place)


def _root(content: bytes) -> int:
    return _follow(content, 0)


def _field(content: bytes, table: int, number: int) -> int | None:
    """Where a table's field lies, or None if it is absent."""
    layout = table - _int(content, table, "<i")
    at = 4 + 2 * number
    if at >= _int(content, layout, "<H"):
        return None
    offset = _int(content, layout + at, "<H")
    return table + offset if offset else None


def _tables(content: bytes, table: int, number: int) -> list[int]:
    """The tables of a field that is a vector of tables."""
    place = _field(content, table, number)
    if place is None:
        return []
    vector = _follow(content, place)
    count = _int(content, vector)
    return [_follow(content, vector + 4 + 4 * n) for n in range(min(count, 1000))]


def _floats(content: bytes, table: int, number: int) -> list[float]:
    place = _field(content, table, number)
    if place is None:
        return []
    vector = _follow(content, place)
    return list(struct.unpack_from(f"<{min(_int(content, vector), 16)}f", content, vector + 4))
