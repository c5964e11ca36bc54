"""What a report knows of its networks besides their maps: weights, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fmcodec_eval.capture.weights import Weights, weights_of
from fmcodec_eval.files import written_aside
from fmcodec_eval.report.plan import Plan

__all__ = ["FILE", "About", "Tensor", "describe", "read", "write"]

FILE = "networks.json"


@dataclass(frozen=True)
class Tensor:
    """A tensor of a network, captured or not.

    Attributes:
        name: its layer, or the tensor's own name.
        operator: what computes it.
        shape: as the network has it.
        stored: whether it is a map of the report.
        reason: why, or why not.
    """

    name: str
    operator: str
    shape: tuple[int, ...]
    stored: bool
    reason: str


@dataclass(frozen=True)
class About:
    """A network.

    Attributes:
        weights: values and bytes of weights by layer, "" for those of no layer; empty where
            nothing is known of them, as with saved maps.
        tensors: all that it computes, if its kind of network tells.
        notes: what a reader has to know before any figure, a sentence each.
    """

    weights: dict[str, Weights] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def weight_bytes(self, form: str, word_bits: int) -> dict[str, float]:
        """Bytes of weights by layer beside maps of a format.

        Those of a quantised network are as it has them; a float network in another format has its
        weights in words of that width too.
        """
        if form == "deployed":
            return {layer: float(each.bytes) for layer, each in self.weights.items()}
        return {layer: each.values * word_bits / 8 for layer, each in self.weights.items()}


def describe(plan: Plan, skipped: Sequence[tuple[str, int, str]] = ()) -> dict[str, About]:
    """What the opened sources of a plan tell, by network.

    Args:
        plan: what was measured.
        skipped: (network, image, reason) of the images that were left out.
    """
    found = {}
    for spec in plan.sources:
        source = spec.open()
        network = getattr(source, "network", None)
        layers = list(dict.fromkeys(note.name for note in source.tensors() if note.stored))
        module = getattr(network, "module", None)
        tensors = [
            Tensor(note.name, note.operator, note.shape, note.stored, note.reason)
            for note in source.tensors()
        ]
        weights = weights_of(spec.network, layers, module)
        notes = list(source.notes())
        if bad := [str(image) for network, image, _ in skipped if network == source.name]:
            count = plan.image_count(spec)
            some = ", ".join(bad[:10]) + (", ..." if len(bad) > 10 else "")
            notes.append(
                f"{source.name}: {len(bad)} of {count} images could not be used and are left out: "
                f"{some} (reasons in run.json)."
            )
        found[source.name] = About(weights, tensors, notes)
    return found


def write(folder: Path, networks: dict[str, About]) -> None:
    """Keep what `describe` found in the report's folder."""
    with written_aside(folder / FILE) as aside:
        text = json.dumps({name: asdict(about) for name, about in networks.items()}, indent=1)
        aside.write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> dict[str, About]:
    """What `write` kept; nothing where it kept nothing."""
    file = folder / FILE
    if not file.exists():
        return {}
    kept = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: About(
            {layer: Weights(*amount) for layer, amount in about["weights"].items()},
            [Tensor(**{**one, "shape": tuple(one["shape"])}) for one in about["tensors"]],
            about["notes"],
        )
        for name, about in kept.items()
    }
