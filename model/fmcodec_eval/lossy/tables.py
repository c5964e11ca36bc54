"""The table of a network's noise budgets, for a report and for the results page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fmcodec_eval.lossy.points import PLAIN, SWEPT, Measured, Point

__all__ = ["budget_rows", "outcome", "wilson"]

_Z95 = 1.96  # standard deviations about the mean that hold 95 % of a normal distribution


def budget_rows(
    measured: Measured, name: str, test: str = "held-out", schemes: Sequence[str] = SWEPT
) -> list[list[str]]:
    """Bits, harm, agreement and, with labels, accuracy of one network at every budget."""
    facts = measured.networks[name]
    heads = ["scheme", "noise budget", "bits", "harm", "agreement (95 %)"]
    rows = [heads + ["top-1 (95 %)"] * (test in facts.accuracy)]
    for scheme in schemes:
        for noise in sorted({p.noise for p in measured.of(name, PLAIN)}):
            point = measured.at(name, scheme, noise)
            if point is not None:
                rows.append([scheme, f"{noise:g}", *outcome(point, test, facts.tests[test])])
    return rows


def outcome(point: Point, test: str, images: int) -> list[str]:
    """Bits, harm, agreement and, with labels, accuracy of a point on `images` images."""
    figures = [f"{point.charged:.2f}", f"{point.harm:.2f}"]
    shares = [point.agreement[test]]
    if test in point.accuracy:
        shares.append(point.accuracy[test])
    for share in shares:
        low, high = wilson(share, images)
        figures.append(f"{share:.1%} ({100 * low:.0f} to {100 * high:.0f})")
    return figures


def wilson(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share that was seen in `count` independent trials."""
    spread = _Z95**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return middle - half, middle + half
