"""Figures of lossy coding: rate against accuracy, and bits of every layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fmcodec.errors import require
from fmcodec_eval.drawing import Figure, drawn, head, layer_axis, layer_canvas, log_ratio, worth
from fmcodec_eval.lossy.points import (
    DCT,
    DCT_RICE,
    FIXED,
    FMTC,
    FMTC_LONG,
    FMTC_ONE,
    HARM,
    PLAIN,
    PLAIN_END,
    SWEPT,
    TITLES,
    Measured,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["draw", "layer_bars", "layer_bits", "rate_curves"]

COLOURS = {
    PLAIN: "#7a68b3",
    PLAIN_END: "#4c8bb5",
    DCT_RICE: "#9aa61f",
    DCT: "#2f7d4f",
    FMTC_ONE: "#e0a458",
    FMTC: "#d1495b",
    FMTC_LONG: "#7d1d2d",
}
MARKERS = {"Rice, 8 bits": "o", "EBPC, 8 bits": "s", "ZVC, 8 bits": "^", "Huffman, 8 bits": "D"}


def draw(measured: Measured) -> list[Figure]:
    """The section's figures."""
    names = [name for name in measured.networks if measured.of(name, PLAIN)]
    return [rate_curves(measured, names), *(layer_bits(measured, name) for name in names)]


@drawn
def rate_curves(measured: Measured, names: list[str]) -> tuple[str, str, Canvas]:
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
            points = sorted(measured.of(name, scheme), key=lambda point: point.charged)
            bits = [point.charged for point in points]
            style = {"marker": "o", "ms": 3, "color": COLOURS[scheme], "label": scheme}
            agreement.plot(bits, [100 * p.agreement["held-out"] for p in points], **style)
            harm.plot(bits, [p.harm for p in points], **style)
        for scheme in FIXED:
            for point in measured.of(name, scheme):
                style = {"marker": MARKERS[scheme], "ms": 5, "color": "#444444", "ls": ""}
                share = 100 * point.agreement["held-out"]
                agreement.plot(point.charged, share, label=scheme, **style)
                harm.plot(point.charged, point.harm, **style)
        agreement.axhline(99, color="#999999", lw=0.8, ls=":")
        harm.axhline(HARM, color="#999999", lw=0.8, ls=":")
        agreement.set_title(TITLES.get(name, name))
        log_ratio(harm)
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
def layer_bits(measured: Measured, name: str) -> tuple[str, str, Canvas]:
    """Bits a value of every layer with and without the transform, at one noise budget."""
    noise = measured.common_noise(name)
    found = {s: measured.at(name, s, noise) for s in (PLAIN, PLAIN_END, DCT, FMTC)}
    layers = {s: point.layers for s, point in found.items() if point}
    rates = {s: [rate for _, rate, _ in found.values()] for s, found in layers.items()}
    title = f"{TITLES.get(name, name)}, noise budget {noise:g}"
    values = [count for count, _, _ in layers[PLAIN].values()]
    canvas = layer_bars(title, list(layers[PLAIN]), rates, values)
    caption = (
        f"{TITLES.get(name, name)}: bits per value of every stored map at the noise budget "
        f"{noise:g}, contexts left out. Where the bars are alike no transform was worth its cost."
    )
    return f"results-rate-layers-{name.replace('_', '-')}", caption, canvas


def layer_bars(
    title: str, layers: list[str], rates: dict[str, list[float]], values: list[int]
) -> Canvas:
    """Bars of the bits a value of every layer, a colour for each scheme; `values` of each layer."""
    canvas, axes = layer_canvas(1.8 * len(layers))
    height = 0.84 / len(rates)
    for index, (scheme, widths) in enumerate(rates.items()):
        at = np.arange(len(layers)) + (index - (len(rates) - 1) / 2) * height
        axes.barh(at, widths, 0.96 * height, color=COLOURS[scheme], label=scheme)
    layer_axis(axes, layers)
    # of maps of a few values most bits are headers: they would flatten all others
    seen = np.nan_to_num(np.array(list(rates.values()), float)[:, worth(values)])
    axes.set_xlim(right=1.05 * min(seen.max(), 9))
    axes.set_xlabel("bits per value")
    head(canvas, title)
    return canvas
