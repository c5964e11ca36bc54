"""Points that were measured: what they are called, and what is read off between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = [
    "BATCH",
    "BREAKDOWN_NOISE",
    "FIXED",
    "FMTC",
    "FMTC_LONG",
    "FMTC_ONE",
    "HARM",
    "MOBILENET",
    "PLAIN",
    "SHARED_BATCH",
    "STORED",
    "SWEPT",
    "TITLES",
    "Point",
    "at_agreement",
    "at_harm",
    "charged",
    "common_noise",
    "point_at",
    "points_of",
]

PLAIN, FMTC, FMTC_LONG, FMTC_ONE = (
    "quantise + Huffman",
    "FMTC 64",
    "FMTC 256",
    "FMTC 64, batch 1",
)
SWEPT = (PLAIN, FMTC_ONE, FMTC, FMTC_LONG)
FIXED = ("EBPC, 8 bits", "ZVC, 8 bits", "Huffman, 8 bits")
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
Point = dict[str, Any]


def charged(point: Point) -> float:
    """Bits a value with the contexts, read once for every batch."""
    return point["bits"] + point["context_bits"] / BATCH.get(point["scheme"], SHARED_BATCH)


def at_agreement(points: Sequence[Point], wanted: float, test: str = "held-out") -> float | None:
    """Fewest bits a value that keep an agreement, by line between measured points.

    Points are taken from the most bits down, as long as they keep it: a lucky one further down
    does not count. None where not even the first keeps it.
    """
    ordered = sorted(points, key=charged, reverse=True)
    kept = None
    for point in ordered:
        agreement = point["agreement"][test]
        if agreement < wanted:
            if kept is None:
                return None
            share = (kept["agreement"][test] - wanted) / (kept["agreement"][test] - agreement)
            return charged(kept) + share * (charged(point) - charged(kept))
        kept = point
    return None if kept is None else charged(kept)


def at_harm(points: Sequence[Point], harm: float, value: str = "bits") -> float | None:
    """Bits a value (or another figure) at a measured harm, by line in its logarithm.

    None where the points do not reach from below it to above it.
    """
    ordered = sorted(points, key=lambda point: point["harm"])
    harms = np.log([point["harm"] for point in ordered])
    if not len(harms) or not harms[0] <= np.log(harm) <= harms[-1]:
        return None
    figures = [charged(point) if value == "bits" else point[value] for point in ordered]
    return float(np.interp(np.log(harm), harms, figures))


def points_of(measured: dict[str, Any], name: str, scheme: str) -> list[Point]:
    return [p for p in measured["points"] if (p["network"], p["scheme"]) == (name, scheme)]


def point_at(measured: dict[str, Any], name: str, scheme: str, noise: float) -> Point:
    return next((p for p in points_of(measured, name, scheme) if p["noise"] == noise), {})


def common_noise(measured: dict[str, Any], name: str) -> float:
    """The budget, of those that all schemes have, that is nearest to the harm compared at."""
    budgets = [{p["noise"] for p in points_of(measured, name, s)} for s in SWEPT]
    common = set.intersection(*[b for b in budgets if b])
    plain = {p["noise"]: p["harm"] for p in points_of(measured, name, PLAIN)}
    return min(common, key=lambda noise: abs(np.log(plain[noise] / HARM)))
