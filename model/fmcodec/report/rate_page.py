"""The section of the results page on lossy coding: its tables, its figures, and what they say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec.capture.errors import require
from fmcodec.report.drawing import Figure, drawn, layer_axis, layer_width, new_canvas
from fmcodec.report.energy import MEMORIES, energy

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "at_agreement",
    "at_harm",
    "budget_rows",
    "charged",
    "draw",
    "layer_bars",
    "rate_curves",
    "render",
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
HARM = 0.15  # at which all networks are compared
MOBILENET = "mobilenet_v2"
TITLES = {
    "resnet20_cifar10": "ResNet-20",
    "resnet8_cifar10": "ResNet-8",
    "squeezenet_v1_0": "SqueezeNet 1.0",
    MOBILENET: "MobileNetV2",
}
COLOURS = {PLAIN: "#7a68b3", FMTC_ONE: "#e0a458", FMTC: "#d1495b", FMTC_LONG: "#7d1d2d"}
MARKERS = {"EBPC, 8 bits": "s", "ZVC, 8 bits": "^", "Huffman, 8 bits": "D"}
# bits a value at no loss and at 1 % loss, of the paper's MobileNetV2
PUBLISHED = (3.85, 3.36)

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


def render(measured: dict[str, Any], drawings: Sequence[Figure]) -> str:
    """The section's text."""
    jinja2 = require("jinja2", "report", "the results page")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fmcodec.report"), undefined=jinja2.StrictUndefined
    )
    networks = measured["networks"]
    return environment.get_template("rate_accuracy.md").render(
        harm=HARM,
        batch=SHARED_BATCH,
        published=PUBLISHED,
        rates=_table(_rate_rows(measured)),
        agreement=_table(_agreement_rows(measured)),
        energies=_table(_energy_rows(measured)),
        costs=_table(_cost_rows(measured)),
        accuracy=_table(_accuracy_rows(measured)),
        studies=[_table(rows) for name in networks if len(rows := _study_rows(measured, name)) > 1],
        mobilenet=_table(budget_rows(measured, MOBILENET)) if MOBILENET in networks else "",
        top1=networks.get(MOBILENET, {}).get("accuracy", {}).get("held-out"),
        layouts=_table(_layout_rows(measured)),
        drawings=drawings,
    )


def draw(measured: dict[str, Any]) -> list[Figure]:
    """The section's figures."""
    names = [name for name in measured["networks"] if _swept(measured, name, PLAIN)]
    return [rate_curves(measured, names), *(layer_bits(measured, name) for name in names)]


@drawn
def rate_curves(measured: dict[str, Any], names: list[str]) -> tuple[str, str, Canvas]:
    """Agreement, and harm, against bits a value for every network."""
    pyplot = require("matplotlib.pyplot", "report", "a report")
    canvas, grid = pyplot.subplots(
        2,
        len(names),
        figsize=(max(3.1 * len(names) + 0.6, 6.8), 6.2),
        layout="constrained",
        squeeze=False,
    )
    for column, name in enumerate(names):
        agreement, harm = grid[:, column]
        for scheme in SWEPT:
            points = sorted(_swept(measured, name, scheme), key=charged)
            bits = [charged(point) for point in points]
            style = {"marker": "o", "ms": 3, "color": COLOURS[scheme], "label": scheme}
            agreement.plot(bits, [100 * p["agreement"]["held-out"] for p in points], **style)
            harm.plot(bits, [p["harm"] for p in points], **style)
        for scheme in FIXED:
            for point in _points(measured, name, scheme):
                style = {"marker": MARKERS[scheme], "ms": 5, "color": "#444444", "ls": ""}
                share = 100 * point["agreement"]["held-out"]
                agreement.plot(charged(point), share, label=scheme, **style)
                harm.plot(charged(point), point["harm"], **style)
        agreement.axhline(99, color="#999999", lw=0.8, ls=":")
        harm.axhline(HARM, color="#999999", lw=0.8, ls=":")
        agreement.set_title(TITLES.get(name, name))
        harm.set_yscale("log")
        harm.set_xlabel("bits per value")
    grid[0, 0].set_ylabel("images classified as before, %")
    grid[1, 0].set_ylabel("noise of the decision / its margin")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=4)
    caption = (
        "Rate against accuracy. Contexts are charged to the batch that shares them. Above: images "
        "that are classified as without coding. Below: how much the winner's lead changes, RMS."
    )
    return "results-rate-accuracy", caption, canvas


@drawn
def layer_bits(measured: dict[str, Any], name: str) -> tuple[str, str, Canvas]:
    """Bits a value of every layer with and without the transform, at one noise budget."""
    noise = _common_noise(measured, name)
    schemes = [s for s in (PLAIN, FMTC, FMTC_LONG) if _at(measured, name, s, noise)]
    layers = {s: _at(measured, name, s, noise)["layers"] for s in schemes}
    rates = {s: [rate for _, rate, _ in found.values()] for s, found in layers.items()}
    title = f"{TITLES.get(name, name)}, noise budget {noise:g}"
    canvas = layer_bars(title, list(layers[PLAIN]), rates)
    caption = (
        f"{TITLES.get(name, name)}: bits per value of every stored map at the noise budget "
        f"{noise:g}, contexts left out. Where the bars are alike no transform was worth its cost."
    )
    return f"results-rate-layers-{name.replace('_', '-')}", caption, canvas


def layer_bars(title: str, layers: list[str], rates: dict[str, list[float]]) -> Canvas:
    """Bars of the bits a value of every layer, a colour for each scheme."""
    canvas, axes = new_canvas(layer_width(round(1.3 * len(layers))), 3.6)
    width = 0.84 / len(rates)
    for index, (scheme, heights) in enumerate(rates.items()):
        at = np.arange(len(layers)) + (index - (len(rates) - 1) / 2) * width
        axes.bar(at, heights, 0.96 * width, color=COLOURS[scheme], label=scheme)
    layer_axis(axes, layers)
    # of maps of a few values most bits are headers: they would flatten all others
    axes.set_ylim(top=min(axes.get_ylim()[1], 9))
    axes.set_ylabel("bits per value")
    axes.set_title(title)
    canvas.legend(loc="outside lower center", ncols=len(rates))
    return canvas


def _points(measured: dict[str, Any], name: str, scheme: str) -> list[Point]:
    return [p for p in measured["points"] if (p["network"], p["scheme"]) == (name, scheme)]


_swept = _points


def _at(measured: dict[str, Any], name: str, scheme: str, noise: float) -> Point:
    return next((p for p in _points(measured, name, scheme) if p["noise"] == noise), {})


def _common_noise(measured: dict[str, Any], name: str) -> float:
    """The budget, of those that all schemes have, that is nearest to the harm compared at."""
    budgets = [{p["noise"] for p in _points(measured, name, s)} for s in SWEPT]
    common = set.intersection(*[b for b in budgets if b])
    plain = {p["noise"]: p["harm"] for p in _points(measured, name, PLAIN)}
    return min(common, key=lambda noise: abs(np.log(plain[noise] / HARM)))


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Markdown of rows, the first of which are heads; figures stand to the right."""
    head, *body = rows
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def _figure(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _less(value: float | None, base: float | None) -> str:
    return "-" if value is None or base is None else f"{100 * (value / base - 1):+.0f} %"


def _rate_rows(measured: dict[str, Any]) -> list[list[str]]:
    rows = [["network", "harm of 8 bits", *SWEPT, "change, FMTC 64", "change, FMTC 256"]]
    for name in measured["networks"]:
        bits = {scheme: at_harm(_points(measured, name, scheme), HARM) for scheme in SWEPT}
        changes = [_less(bits[scheme], bits[PLAIN]) for scheme in (FMTC, FMTC_LONG)]
        stored = _at(measured, name, STORED, 0.0).get("harm")
        title = TITLES.get(name, name)
        rows.append([title, _figure(stored), *map(_figure, bits.values()), *changes])
    return rows


def _agreement_rows(measured: dict[str, Any]) -> list[list[str]]:
    rows = [["network", "images", "agreement", *SWEPT, *FIXED]]
    for name, facts in measured["networks"].items():
        wanted = {f"{share:.0%}": share for share in (0.99, 0.98, 0.95)}
        share = _at(measured, name, STORED, 0.0).get("agreement", {}).get("held-out", 1.0)
        if share < 0.99:  # 99 % is more than 8 bits give
            wanted[f"{share:.1%}, as 8 bits"] = share
        for title, share in wanted.items():
            bits = [at_agreement(_points(measured, name, s), share) for s in (*SWEPT, *FIXED)]
            count = str(facts["tests"]["held-out"])
            rows.append([TITLES.get(name, name), count, title, *map(_figure, bits)])
    return rows


def _energy_rows(measured: dict[str, Any]) -> list[list[str]]:
    """Memory energy of an image at the compared harm, in uJ, contexts included."""
    rows = [
        ["network", "memory", "8 bits, not coded", *FIXED, *SWEPT, "FMTC 64 to Huffman, 8 bits"]
    ]
    for name, facts in measured["networks"].items():
        for memory in MEMORIES:
            energies = {"raw": 1e3 * energy(8 * facts["values"], memory)}
            for scheme in (*FIXED, *SWEPT):
                points = _points(measured, name, scheme)
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
            points = _points(measured, name, scheme)
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


def _accuracy_rows(measured: dict[str, Any]) -> list[list[str]]:
    rows = [["network", "scheme", "noise budget", "bits", "agreement", "accuracy", "not coded"]]
    for name, facts in measured["networks"].items():
        if "test" not in facts["tests"]:
            continue
        budgets = {0.0, _common_noise(measured, name)}
        for scheme in (*FIXED, *SWEPT):
            for point in _points(measured, name, scheme):
                if point["noise"] not in budgets:
                    continue
                rows.append(
                    [
                        TITLES.get(name, name),
                        scheme,
                        f"{point['noise']:g}" if point["noise"] else "-",
                        _figure(charged(point)),
                        f"{100 * point['agreement']['test']:.1f} %",
                        f"{100 * point['accuracy']['test']:.1f} %",
                        f"{100 * facts['accuracy']['test']:.1f} %",
                    ]
                )
    return rows


def _study_rows(measured: dict[str, Any], name: str) -> list[list[str]]:
    known = {*SWEPT, *FIXED}
    rows = [[TITLES.get(name, name), "bits", "contexts, bits", "harm", "agreement"]]
    rows[0].append("inverse / network MACs")
    points = [p for p in measured["points"] if p["network"] == name and p["scheme"] not in known]
    if points:
        base = (_at(measured, name, scheme, points[0]["noise"]) for scheme in (PLAIN, FMTC))
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


def budget_rows(measured: dict[str, Any], name: str) -> list[list[str]]:
    """Bits, harm, agreement and, with labels, accuracy of one network at every budget."""
    labelled = "held-out" in measured["networks"][name]["accuracy"]
    what = "bits, harm, agreement" + ", top-1" * labelled
    rows = [["noise budget", *(f"{scheme}: {what}" for scheme in SWEPT)]]
    for noise in sorted({p["noise"] for p in _points(measured, name, PLAIN)}):
        cells = []
        for scheme in SWEPT:
            point = _at(measured, name, scheme, noise)
            if not point:
                cells.append("-")
                continue
            figures = [f"{charged(point):.2f}", f"{point['harm']:.2f}"]
            figures += [f"{point['agreement']['held-out']:.1%}"]
            figures += [f"{point['accuracy']['held-out']:.1%}"] * labelled
            cells.append(", ".join(figures))
        rows.append([f"{noise:g}", *cells])
    return rows


def _layout_rows(measured: dict[str, Any]) -> list[list[str]]:
    """Share of the values, by what FMTC 64 does with them at the compared budget."""
    rows = [["network", "budget", "values transformed", "their bits, FMTC 64", "without", "layers"]]
    for name in measured["networks"]:
        if not _points(measured, name, PLAIN) or not _points(measured, name, FMTC):
            continue
        noise = _common_noise(measured, name)
        plain = _at(measured, name, PLAIN, noise)["layers"]
        coded = _at(measured, name, FMTC, noise)["layers"]
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
