"""The table of a network's noise budgets, for a report and for the results page."""

from __future__ import annotations

from fmcodec_eval.lossy.points import PLAIN, SWEPT, Measured, Point

__all__ = ["budget_rows", "outcome"]


def budget_rows(measured: Measured, name: str, test: str = "held-out") -> list[list[str]]:
    """Bits, harm, agreement and, with labels, accuracy of one network at every budget."""
    labelled = test in measured.networks[name].accuracy
    what = "bits, harm, agreement" + ", top-1" * labelled
    rows = [["noise budget", *(f"{scheme}: {what}" for scheme in SWEPT)]]
    for noise in sorted({p.noise for p in measured.of(name, PLAIN)}):
        points = [measured.at(name, scheme, noise) for scheme in SWEPT]
        rows.append([f"{noise:g}", *(outcome(point, test) if point else "-" for point in points)])
    return rows


def outcome(point: Point, test: str) -> str:
    """Bits, harm, agreement and, with labels, accuracy of a point."""
    figures = [f"{point.charged:.2f}", f"{point.harm:.2f}", f"{point.agreement[test]:.1%}"]
    if test in point.accuracy:
        figures.append(f"{point.accuracy[test]:.1%}")
    return ", ".join(figures)
