"""Points that were measured: what they are called, and what is read off between them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from fmcodec_eval.files import written_aside

__all__ = [
    "BATCH",
    "BREAKDOWN_NOISE",
    "DCT",
    "DCT_RICE",
    "FIXED",
    "FMTC",
    "FMTC_LONG",
    "FMTC_ONE",
    "HARM",
    "MOBILENET",
    "PLAIN",
    "PLAIN_END",
    "SHARED_BATCH",
    "STORED",
    "SWEPT",
    "TITLES",
    "Breakdown",
    "Measured",
    "NetworkFacts",
    "Point",
    "at_agreement",
    "at_harm",
]

PLAIN, PLAIN_END = "quantise + Huffman", "with end of vector"
DCT_RICE, DCT = "dct4 + Rice", "dct4"
FMTC, FMTC_LONG, FMTC_ONE = "FMTC 64", "FMTC 256", "FMTC 64, batch 1"
SWEPT = (PLAIN, PLAIN_END, DCT_RICE, DCT, FMTC_ONE, FMTC, FMTC_LONG)
FIXED = ("Rice, 8 bits", "EBPC, 8 bits", "ZVC, 8 bits", "Huffman, 8 bits")
STORED = FIXED[0]  # 8-bit maps as they are stored without loss
BATCH = {FMTC_ONE: 1}  # images that share the reading of the contexts
SHARED_BATCH = 256
BREAKDOWN_NOISE = 0.1  # noise budget at which bits are taken apart
HARM = 0.15  # at which all networks are compared
MOBILENET = "mobilenet_v2"
TITLES = {
    "resnet20_cifar10": "ResNet-20",
    "resnet8_cifar10": "ResNet-8",
    "squeezenet_v1_0": "SqueezeNet 1.0",
    MOBILENET: "MobileNetV2",
}


@dataclass
class Point:
    """What a scheme did to a network at one noise budget.

    Attributes:
        network, scheme: names.
        noise: predicted noise of the decision in units of its mean margin; 0 for 8-bit maps.
        bits: bits in memory a value, with headers, padding and index, without contexts.
        context_bits: bits of all contexts over the values of one image.
        harm: measured noise of the decision, RMS, in units of its mean margin: how far the class
            that wins without coding is ahead of the second then, against how far it is now.
        agreement: share of images of each test set that are classified as without coding.
        accuracy: share that is classified rightly, for sets with labels.
        values: values of an image, all layers.
        inverse_macs: multiply-accumulates of the inverse transforms for an image.
        layers: for each layer its values, bits a value and layout.
    """

    network: str
    scheme: str
    noise: float
    bits: float
    context_bits: float
    harm: float
    agreement: dict[str, float]
    accuracy: dict[str, float]
    values: int
    inverse_macs: float
    layers: dict[str, tuple[int, float, str]]

    @classmethod
    def from_json(cls, found: dict) -> Self:
        """The point that `dataclasses.asdict` and JSON made a dict of."""
        layers = {name: tuple(layer) for name, layer in found["layers"].items()}
        return cls(**{**found, "layers": layers})

    @property
    def charged(self) -> float:
        """Bits a value with the contexts, read once for every batch."""
        return self.bits + self.context_bits / BATCH.get(self.scheme, SHARED_BATCH)


@dataclass(frozen=True)
class NetworkFacts:
    """A network without coding.

    Attributes:
        values: stored values of an image, all layers.
        macs: its multiply-accumulates for an image.
        tests: images of each test set.
        accuracy: share that is classified rightly, for sets with labels.
    """

    values: int
    macs: int
    tests: dict[str, int]
    accuracy: dict[str, float]


@dataclass(frozen=True)
class Breakdown:
    """Bits a value, taken apart.

    Attributes:
        entropy: order-0 entropy of the symbols.
        codes: their codes.
        tiles: the codes with padding, headers and index.
        contexts: contexts of one image.
    """

    entropy: float
    codes: float
    tiles: float
    contexts: float


@dataclass
class Measured:
    """All that was measured, by network; a JSON file holds it between runs.

    Attributes:
        networks: facts of each network.
        points: one for each network, scheme and noise budget.
        breakdowns: for each network, the bits of each scheme taken apart.
    """

    networks: dict[str, NetworkFacts] = field(default_factory=dict)
    points: list[Point] = field(default_factory=list)
    breakdowns: dict[str, dict[str, Breakdown]] = field(default_factory=dict)

    @classmethod
    def load(cls, store: Path) -> Self:
        """What a file holds, or nothing where there is none."""
        if not store.exists():
            return cls()
        found = json.loads(store.read_text(encoding="utf-8"))
        breakdowns = found.get("breakdowns", {})
        return cls(
            {name: NetworkFacts(**facts) for name, facts in found.get("networks", {}).items()},
            [Point.from_json(point) for point in found.get("points", [])],
            {
                name: {scheme: Breakdown(**bits) for scheme, bits in schemes.items()}
                for name, schemes in breakdowns.items()
            },
        )

    def save(self, store: Path) -> None:
        """Write the file, whole or not at all."""
        with written_aside(store) as aside:
            aside.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    def of(self, name: str, scheme: str) -> list[Point]:
        """The points of a network and a scheme."""
        return [p for p in self.points if (p.network, p.scheme) == (name, scheme)]

    def at(self, name: str, scheme: str, noise: float) -> Point | None:
        """The point of a network and a scheme at a noise budget."""
        return next((p for p in self.of(name, scheme) if p.noise == noise), None)

    def common_noise(self, name: str) -> float:
        """The budget, of those that all schemes have, that is nearest to the harm compared at."""
        budgets = [{p.noise for p in self.of(name, scheme)} for scheme in SWEPT]
        common = set.intersection(*[b for b in budgets if b])
        plain = {p.noise: p.harm for p in self.of(name, PLAIN)}
        return min(common, key=lambda noise: abs(np.log(plain[noise] / HARM)))


def at_agreement(points: Sequence[Point], wanted: float, test: str = "held-out") -> float | None:
    """Fewest bits a value that keep an agreement, by line between measured points.

    Points are taken from the most bits down, as long as they keep it: a lucky one further down
    does not count. None where not even the first keeps it.
    """
    ordered = sorted(points, key=lambda point: point.charged, reverse=True)
    kept = None
    for point in ordered:
        agreement = point.agreement[test]
        if agreement < wanted:
            if kept is None:
                return None
            share = (kept.agreement[test] - wanted) / (kept.agreement[test] - agreement)
            return kept.charged + share * (point.charged - kept.charged)
        kept = point
    return None if kept is None else kept.charged


def at_harm(
    points: Sequence[Point],
    harm: float,
    value: Callable[[Point], float] = lambda point: point.charged,
) -> float | None:
    """Bits a value (or another figure) at a measured harm, by line in its logarithm.

    None where the points do not reach from below it to above it.
    """
    ordered = sorted(points, key=lambda point: point.harm)
    harms = np.log([point.harm for point in ordered])
    if not len(harms) or not harms[0] <= np.log(harm) <= harms[-1]:
        return None
    return float(np.interp(np.log(harm), harms, [value(point) for point in ordered]))
