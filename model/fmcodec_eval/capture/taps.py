"""From what the fusing rule finds to layers with names, and the list that a report shows."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from fmcodec_eval.capture.fusing import stored
from fmcodec_eval.capture.graph import Graph, TensorNote, Value

__all__ = ["Tap", "taps_of"]


@dataclass(frozen=True)
class Tap:
    """A tensor that is captured: its name in the graph, its layer's name, `relu` or `linear`."""

    tensor: str
    layer: str
    kind: str


def taps_of(
    graph: Graph, fuse_adds: bool, quantised: Collection[str] = (), by_number: bool = False
) -> tuple[list[Tap], list[TensorNote]]:
    """The tensors to capture, and a note of every tensor that the inputs change.

    Layers of one name get `#2`, `#3`, ... added, or their operators' numbers.

    Args:
        graph: the network.
        fuse_adds: see `fusing.stored`.
        quantised: integers whose scale is known; other integers cannot be captured.
        by_number: which of the two.
    """
    taps, notes = [], []
    names: dict[str, int] = {}
    for found in stored(graph, fuse_adds):
        value = graph.values.get(found.tensor, Value("float32"))
        name, captured, reason = found.node.name, found.captured, found.reason
        unscaled = value.quantised and found.tensor not in quantised
        if captured and (unscaled or not value.is_map):
            captured, reason = False, "integers without a fixed scale"
        elif captured and value.shape is not None and 0 in value.shape:
            captured, reason = False, "empty"
        elif captured and value.shape == ():
            captured, reason = False, "a single number"
        if captured:
            names[name] = names.get(name, 0) + 1
            again = graph.nodes.index(found.node) if by_number else names[name]
            name = name if names[name] == 1 else f"{name}#{again}"
            taps.append(Tap(found.tensor, name, "relu" if found.rectified else "linear"))
        shape = value.shape or ()
        notes.append(TensorNote(name, found.node.op, shape, value.dtype, captured, reason))
    return taps, notes
