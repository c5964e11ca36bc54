"""Layer by layer, how much smaller maps are with a codec: what every exporter writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fmcodec.errors import InputError

if TYPE_CHECKING:
    from fmcodec_eval.report.summary import Case, Summary

__all__ = ["LayerScale", "fitting", "scales"]


@dataclass(frozen=True)
class LayerScale:
    """A layer's output map, and the map before it, which is taken to be its input.

    Attributes:
        name: of the layer.
        words: of its map, the mean of all images.
        word_bits: bits of a word.
        output: bytes in memory over bytes uncompressed, bursts and indices included.
        input: the same of the map that the layer before it wrote; 1 for the first one.
    """

    name: str
    words: float
    word_bits: int
    output: float
    input: float

    @property
    def output_bits(self) -> float:
        """Bits of a value of its map in memory."""
        return self.word_bits * self.output

    @property
    def input_bits(self) -> float:
        """Bits of a value of its input in memory."""
        return self.word_bits * self.input


def scales(summary: Summary, case: Case, codec: str, burst: int) -> list[LayerScale]:
    """The layers of a case in the network's order.

    Args:
        summary: of a report.
        case: network, format and order.
        codec: as the plan has it.
        burst: bytes of a burst of the memory.
    """
    sizes = summary.layer_sizes(case, burst)
    found, before = [], 1.0
    for row in sizes[sizes.codec == codec].itertuples():
        share = 8 * row.stored_bytes / (row.words * row.word_bits)
        found.append(LayerScale(row.layer, float(row.words), int(row.word_bits), share, before))
        before = share
    return found


def fitting(layers: Sequence[LayerScale], names: Sequence[str | None], what: str) -> list[int]:
    """For each of a tool's layers the index of the layer here, by name or, of as many, by place.

    Raises:
        InputError: names differ, and so do the numbers.
    """
    places = {layer.name: place for place, layer in enumerate(layers)}
    if any(name in places for name in names):
        return [places.get(name or "", -1) for name in names]
    if len(names) == len(layers):
        return list(range(len(names)))
    raise InputError(
        f"{what} must have the {len(layers)} layers that were measured, by name or in number, "
        f"not {len(names)} others: --layers selects maps"
    )
