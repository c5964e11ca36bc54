"""The section of the results page on lossy coding: its tables and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fmcodec_eval.drawing import Figure
from fmcodec_eval.energy import MEMORIES, energy
from fmcodec_eval.lossy.points import (
    BATCH,
    BREAKDOWN_NOISE,
    FIXED,
    FMTC,
    FMTC_LONG,
    FMTC_ONE,
    HARM,
    MOBILENET,
    PLAIN,
    SHARED_BATCH,
    STORED,
    SWEPT,
    TITLES,
    Point,
    at_agreement,
    at_harm,
    charged,
    common_noise,
    point_at,
    points_of,
)
from fmcodec_eval.results.markdown import markdown_table, rendered

__all__ = ["budget_rows", "render"]

# bits a value at no loss and at 1 % loss, of the paper's MobileNetV2
PUBLISHED = (3.85, 3.36)


def render(measured: dict[str, Any], drawings: Sequence[Figure]) -> str:
    """The section's text."""
    networks = measured["networks"]
    return rendered(
        "lossy.md",
        harm=HARM,
        batch=SHARED_BATCH,
        published=PUBLISHED,
        rates=_table(_rate_rows(measured)),
        agreement=_table(_agreement_rows(measured)),
        eight=_changed_by_8_bits(measured),
        energies=_table(_energy_rows(measured)),
        costs=_table(_cost_rows(measured)),
        accuracy=_labelled(measured),
        studies=[_table(rows) for name in networks if len(rows := _study_rows(measured, name)) > 1],
        mobilenet=_table(budget_rows(measured, MOBILENET)) if MOBILENET in networks else "",
        top1=networks.get(MOBILENET, {}).get("accuracy", {}).get("held-out"),
        layouts=_table(_layout_rows(measured)),
        breakdown_noise=BREAKDOWN_NOISE,
        breakdowns=_table(_breakdown_rows(measured)),
        drawings=drawings,
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Markdown of rows, the first of which are heads."""
    return markdown_table(rows[0], rows[1:])


def _figure(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _less(value: float | None, base: float | None) -> str:
    return "-" if value is None or base is None else f"{100 * (value / base - 1):+.0f} %"


def _rate_rows(measured: dict[str, Any]) -> list[list[str]]:
    rows = [["network", "harm of 8 bits", *SWEPT, "change, FMTC 64", "change, FMTC 256"]]
    for name in measured["networks"]:
        bits = {scheme: at_harm(points_of(measured, name, scheme), HARM) for scheme in SWEPT}
        changes = [_less(bits[scheme], bits[PLAIN]) for scheme in (FMTC, FMTC_LONG)]
        stored = point_at(measured, name, STORED, 0.0).get("harm")
        title = TITLES.get(name, name)
        rows.append([title, _figure(stored), *map(_figure, bits.values()), *changes])
    return rows


def _agreement_rows(measured: dict[str, Any]) -> list[list[str]]:
    rows = [["network", "images", "agreement", *SWEPT, *FIXED]]
    for name, facts in measured["networks"].items():
        for test, count in facts["tests"].items():
            wanted = {f"{share:.0%}": share for share in (0.99, 0.98, 0.95)}
            share = point_at(measured, name, STORED, 0.0).get("agreement", {}).get(test, 1.0)
            if share < 0.99:  # 99 % is more than 8 bits give
                wanted[f"{share:.1%}, as 8 bits"] = share
            for title, share in wanted.items():
                found = [points_of(measured, name, scheme) for scheme in (*SWEPT, *FIXED)]
                bits = [at_agreement(points, share, test) for points in found]
                images = f"{count} {test}"
                rows.append([TITLES.get(name, name), images, title, *map(_figure, bits)])
    return rows


def _changed_by_8_bits(measured: dict[str, Any]) -> str:
    """In words, the share of decisions that 8-bit maps change in every network."""
    changed = {
        point["network"]: 1 - point["agreement"]["held-out"]
        for point in measured["points"]
        if point["scheme"] == STORED
    }
    shares = [f"{share:.1%} ({TITLES.get(name, name)})" for name, share in changed.items()]
    return ", ".join(shares)


def _energy_rows(measured: dict[str, Any]) -> list[list[str]]:
    """Memory energy of an image at the compared harm, in uJ, contexts included."""
    rows = [
        ["network", "memory", "8 bits, not coded", *FIXED, *SWEPT, "FMTC 64 to Huffman, 8 bits"]
    ]
    for name, facts in measured["networks"].items():
        for memory in MEMORIES:
            energies = {"raw": 1e3 * energy(8 * facts["values"], memory)}
            for scheme in (*FIXED, *SWEPT):
                points = points_of(measured, name, scheme)
                if scheme in FIXED:
                    bits = points[0]["bits"] if points else None
                    contexts = points[0]["context_bits"] if points else None
                else:
                    contexts = at_harm(points, HARM, "context_bits")
                    bits = at_harm(points, HARM)
                    if bits is not None and contexts is not None:
                        bits -= contexts / BATCH.get(scheme, SHARED_BATCH)
                if bits is None or contexts is None:
                    continue
                # maps are written and read, contexts only read
                stored = energy(bits * facts["values"], memory)
                share = contexts * facts["values"] / BATCH.get(scheme, SHARED_BATCH)
                energies[scheme] = 1e3 * (stored + share * memory.read * 1e-9)
            cells = [_figure(energies.get(s), 0) for s in ("raw", *FIXED, *SWEPT)]
            change = _less(energies.get(FMTC), energies.get("Huffman, 8 bits"))
            rows.append([TITLES.get(name, name), memory.name, *cells, change])
    return rows


def _cost_rows(measured: dict[str, Any]) -> list[list[str]]:
    """What the transform costs at the compared harm."""
    rows = [["network", "scheme", "MMAC of the network", "inverse transforms", "contexts, kB"]]
    for name, facts in measured["networks"].items():
        for scheme in (FMTC_ONE, FMTC, FMTC_LONG):
            points = points_of(measured, name, scheme)
            macs = at_harm(points, HARM, "inverse_macs")
            contexts = at_harm(points, HARM, "context_bits")
            if macs is None or contexts is None:
                continue
            rows.append(
                [
                    TITLES.get(name, name),
                    scheme,
                    f"{facts['macs'] / 1e6:.0f}",
                    f"{macs / facts['macs']:.0%}",
                    f"{contexts * facts['values'] / 8e3:.0f}",
                ]
            )
    return rows


def _breakdown_rows(measured: dict[str, Any]) -> list[list[str]]:
    rows = [["network", "scheme", "entropy", "codes", "tiles", "with contexts"]]
    for name, found in measured["breakdowns"].items():
        for scheme, bits in found.items():
            total = bits["tiles"] + bits["contexts"] / BATCH.get(scheme, SHARED_BATCH)
            figures = (bits["entropy"], bits["codes"], bits["tiles"], total)
            rows.append([TITLES.get(name, name), scheme, *(f"{each:.3f}" for each in figures)])
    return rows


def _study_rows(measured: dict[str, Any], name: str) -> list[list[str]]:
    known = {*SWEPT, *FIXED}
    rows = [[TITLES.get(name, name), "bits", "contexts, bits", "harm", "agreement"]]
    rows[0].append("inverse / network MACs")
    points = [p for p in measured["points"] if p["network"] == name and p["scheme"] not in known]
    if points:
        base = (point_at(measured, name, scheme, points[0]["noise"]) for scheme in (PLAIN, FMTC))
        points = [point for point in base if point] + points
    for point in points:
        rows.append(
            [
                point["scheme"],
                _figure(point["bits"], 3),
                _figure(point["context_bits"]),
                _figure(point["harm"], 3),
                f"{100 * point['agreement']['held-out']:.1f} %",
                f"{point['inverse_macs'] / measured['networks'][name]['macs']:.0%}",
            ]
        )
    return rows


def budget_rows(measured: dict[str, Any], name: str, test: str = "held-out") -> list[list[str]]:
    """Bits, harm, agreement and, with labels, accuracy of one network at every budget."""
    labelled = test in measured["networks"][name]["accuracy"]
    what = "bits, harm, agreement" + ", top-1" * labelled
    rows = [["noise budget", *(f"{scheme}: {what}" for scheme in SWEPT)]]
    for noise in sorted({p["noise"] for p in points_of(measured, name, PLAIN)}):
        points = [point_at(measured, name, scheme, noise) for scheme in SWEPT]
        rows.append([f"{noise:g}", *(_outcome(point, test) if point else "-" for point in points)])
    return rows


def _outcome(point: Point, test: str) -> str:
    figures = [f"{charged(point):.2f}", f"{point['harm']:.2f}", f"{point['agreement'][test]:.1%}"]
    if test in point["accuracy"]:
        figures.append(f"{point['accuracy'][test]:.1%}")
    return ", ".join(figures)


def _labelled(measured: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Networks with labels: title, top-1 without coding, outcome of 8 bits, table."""
    found = []
    for name, facts in measured["networks"].items():
        if "test" in facts["accuracy"]:
            stored = point_at(measured, name, STORED, 0.0)
            eight = _outcome(stored, "test") if stored else "-"
            table = _table(budget_rows(measured, name, "test"))
            found.append((TITLES.get(name, name), f"{facts['accuracy']['test']:.1%}", eight, table))
    return found


def _layout_rows(measured: dict[str, Any]) -> list[list[str]]:
    """Share of the values, by what FMTC 64 does with them at the compared budget."""
    rows = [["network", "budget", "values transformed", "their bits, FMTC 64", "without", "layers"]]
    for name in measured["networks"]:
        if not points_of(measured, name, PLAIN) or not points_of(measured, name, FMTC):
            continue
        noise = common_noise(measured, name)
        plain = point_at(measured, name, PLAIN, noise)["layers"]
        coded = point_at(measured, name, FMTC, noise)["layers"]
        chosen = [layer for layer, (_, _, layout) in coded.items() if layout != "none"]
        values = sum(coded[layer][0] for layer in chosen)
        total = sum(count for count, _, _ in coded.values())
        means = [
            sum(layers[layer][0] * layers[layer][1] for layer in chosen) / values
            if values
            else None
            for layers in (coded, plain)
        ]
        rows.append(
            [
                TITLES.get(name, name),
                f"{noise:g}",
                f"{values / total:.0%}",
                *map(_figure, means),
                f"{len(chosen)} of {len(coded)}",
            ]
        )
    return rows
