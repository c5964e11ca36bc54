"""The figures of one case, layer by layer from top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec_eval.drawing import (
    HARDWARE,
    Figure,
    colour,
    drawn,
    head,
    layer_axis,
    layer_canvas,
    log_ratio,
    row_tips,
    short_names,
    worth,
)
from fmcodec_eval.report.answer import Layers
from fmcodec_eval.report.plan import codec_id
from fmcodec_eval.report.summary import Case, Summary, title_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["case_figures", "layer_ratios"]

SYMBOL_COLOURS = ("#2b3a67", "#496a81", "#66999b", "#b3af8f", "#ffc482", "#d1495b")
KIND_COLOURS = {"relu": "#496a81", "linear": "#edae49", "gradient": "#a23b72"}
MARKERS = "osD^vPX*ph"


@drawn
def layer_ratios(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """Ratio of every codec, layer by layer."""
    layers = summary.layers(case)
    ratios = summary.ratios(summary.of(case), "layer").loc[layers]
    seen = worth(summary.words(summary.of(case), "layer").loc[layers])
    low, high = _limits(ratios.to_numpy(), seen)
    canvas, axes = layer_canvas(len(layers))
    rows = np.arange(len(layers))
    for number, codec in enumerate(ratios.columns):
        ours = codec_id(codec) in HARDWARE
        values = ratios[codec].to_numpy()
        axes.plot(
            np.clip(values, low, high),
            rows,
            marker=MARKERS[number % len(MARKERS)] if ours else ".",
            markersize=4.5 if ours else 4,
            linewidth=1.6 if ours else 0.7,
            linestyle=":" if codec == "entropy" else "-",
            color=colour(codec, summary.codecs),
            label=title_of(codec),
            zorder=3 if ours else 2,
        )
    _mark_outside(axes, ratios.to_numpy(), low, high)
    axes.axvline(1, color="#333333", linewidth=0.8)
    log_ratio(axes, "x")
    layer_axis(axes, layers)
    axes.set_xlim(low / 1.03, high * 1.03)
    axes.set_xlabel("compression ratio")
    head(canvas, f"Compression ratio by layer: {case}")
    row_tips(axes, [_named(layer, ratios.loc[layer]) for layer in layers])
    caption = (
        "Bits of a layer's maps over their coded bits. The axis is scaled for the layers that hold "
        "99.5 % of the words; a triangle at its end marks a small layer beyond it."
    )
    return f"layers-{case.slug}", caption, canvas


def _named(layer: str, ratios: pd.Series) -> str:
    parts = [f"{title_of(codec)} {ratio:.3f}" for codec, ratio in ratios.items()]
    return f"{layer} · {' · '.join(parts)}"


def _limits(values: np.ndarray, seen: np.ndarray) -> tuple[float, float]:
    """Least and largest value of the rows that an axis is scaled for, 1 in any case."""
    return min(float(values[seen].min()), 1.0), max(float(values[seen].max()), 1.0)


def _mark_outside(axes: Axes, values: np.ndarray, low: float, high: float) -> None:
    for end, rows, marker in (
        (low, np.flatnonzero(values.min(axis=1) < low), "<"),
        (high, np.flatnonzero(values.max(axis=1) > high), ">"),
    ):
        if len(rows):  # the layout makes room even for no points
            style: dict[str, Any] = {"color": "#333333", "fillstyle": "none", "clip_on": False}
            axes.plot(np.full(len(rows), end), rows, marker, markersize=5, **style)


@drawn
def layer_bytes(
    summary: Summary, case: Case, layers: Layers, codec: str
) -> tuple[str, str, Canvas]:
    """Bytes of every layer's map, raw and coded, and of its weights."""
    names, unit = list(layers.stored.index), 1024
    raw, coded = layers.first.raw_bytes / unit, layers.stored[codec] / unit
    weights = np.array([layers.weights.get(name, 0.0) for name in names]) / unit
    canvas, axes = layer_canvas(1.5 * len(names))
    rows, shade = np.arange(len(names)), colour(codec, summary.codecs)
    axes.barh(rows - 0.16, raw, 0.46, color="#d9dde3", label="map, uncompressed")
    axes.barh(rows - 0.16, coded, 0.46, color=shade, label=f"map, {title_of(codec)}")
    if layers.weights:
        axes.barh(rows + 0.24, weights, 0.26, color="#2e4057", label="weights")
    layer_axis(axes, names)
    axes.set_xlabel("KiB in memory")
    head(canvas, f"Bytes by layer: {case}")
    row_tips(
        axes,
        [
            f"{name} · {layers.first['shape'].iloc[row]} · map {raw.iloc[row]:,.1f} KiB, coded "
            f"{coded.iloc[row]:,.1f} · weights {weights[row]:,.1f} KiB"
            for row, name in enumerate(names)
        ],
    )
    caption = (
        f"A frame's maps in bursts of memory, uncompressed (grey) and with {title_of(codec)}, and "
        "the weights that the layer reads, which no codec here codes."
    )
    return f"bytes-{case.slug}", caption, canvas


@drawn
def image_spread(summary: Summary, case: Case, codec: str) -> tuple[str, str, Canvas]:
    """Spread of a codec's ratio over the images, layer by layer and for whole images."""
    rows = summary.of(case)
    rows = rows[rows.codec == codec]
    layers = summary.layers(case)
    ratio = rows.raw_bits / rows.bits
    boxes = [ratio[rows.layer == layer].to_numpy() for layer in layers]
    sums = rows.groupby("image", observed=True)[["raw_bits", "bits"]].sum()
    whole = (sums.raw_bits / sums.bits).to_numpy()
    canvas, axes = layer_canvas(len(layers) + 1)
    places = [*range(len(layers)), len(layers) + 0.6]
    drawing = axes.boxplot(
        [*boxes, whole],
        positions=places,
        widths=0.6,
        whis=(0, 100),
        patch_artist=True,
        orientation="horizontal",
        medianprops={"color": "#222222"},
        boxprops={"linewidth": 0.7},
        whiskerprops={"linewidth": 0.7},
        capprops={"linewidth": 0.7},
    )
    for number, box in enumerate(drawing["boxes"]):
        last = number == len(layers)
        box.set_facecolor("#edae49" if last else colour(codec, summary.codecs))
        box.set_alpha(0.85)
    log_ratio(axes, "x")
    seen = worth(summary.words(rows, "layer").loc[layers])
    ends = np.concatenate([box for box, kept in zip(boxes, seen, strict=True) if kept] + [whole])
    axes.set_xlim(ends.min() / 1.03, ends.max() * 1.03)
    axes.set_yticks(places, [*short_names(layers), "whole image"], fontsize=7)
    axes.set_ylim(len(layers) + 1.2, -0.6)
    axes.set_xlabel(f"{title_of(codec)} ratio")
    axes.set_title(f"Spread over {summary.images(case)} images: {case}")
    row_tips(
        axes,
        [
            f"{layer} · median {np.median(box):.3f}, {box.min():.3f} to {box.max():.3f}"
            for layer, box in zip(layers, boxes, strict=True)
        ],
    )
    deviation = whole.std(ddof=1) / whole.mean()
    caption = (
        "Boxes hold the middle half of the images, whiskers reach the extremes. Whole images: "
        f"mean {whole.mean():.2f}, standard deviation {deviation:.1%} of it, "
        f"worst {whole.min():.2f}."
    )
    return f"images-{case.slug}", caption, canvas


@drawn
def sparsity(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """Share of zero words, layer by layer."""
    layers = summary.layers(case)
    rows = summary.of(case)
    shares = 100 * summary.sparsity(rows, "layer")
    kinds = dict(zip(rows.layer, rows.kind, strict=True))
    canvas, axes = layer_canvas(len(layers))
    for kind, shade in KIND_COLOURS.items():
        at = [n for n, layer in enumerate(layers) if kinds[layer] == kind]
        if at:
            axes.barh(at, [shares[layers[n]] for n in at], 0.8, color=shade, label=kind)
    layer_axis(axes, layers)
    axes.set_xlim(0, 100)
    axes.set_xlabel("zero words, %")
    head(canvas, f"Sparsity by layer: {case}")
    row_tips(axes, [f"{n} · {kinds[n]} · {shares[n]:.1f} % zeros" for n in layers])
    caption = (
        f"Zero words of all images: {summary.sparsity(rows, 'network').iloc[0]:.1%} of all words."
    )
    return f"sparsity-{case.slug}", caption, canvas


@drawn
def symbols(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """Share of each BPC symbol, layer by layer."""
    shares = 100 * summary.symbols(case)
    canvas, axes = layer_canvas(len(shares))
    left = np.zeros(len(shares))
    for number, symbol in enumerate(shares.columns):
        widths = shares[symbol].to_numpy()
        shade = SYMBOL_COLOURS[number % len(SYMBOL_COLOURS)]
        axes.barh(range(len(shares)), widths, 0.86, left=left, label=symbol, color=shade)
        left += widths
    layer_axis(axes, list(shares.index))
    axes.set_xlim(0, 100)
    axes.set_xlabel("share of symbols, %")
    head(canvas, f"BPC symbols by layer: {case}")
    row_tips(
        axes,
        [
            f"{layer} · " + " · ".join(f"{name} {share:.1f} %" for name, share in row.items())
            for layer, row in shares.iterrows()
        ],
    )
    caption = (
        "How often each plane symbol of EBPC's BPC stream occurs (a plane run is one). A raw "
        "plane costs one bit more than it holds; most of the saving is in the plane runs."
    )
    return f"symbols-{case.slug}", caption, canvas


@drawn
def throughput(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """Words per cycle of the cores, layer by layer."""
    layers = summary.layers(case)
    rates = summary.words_per_cycle(case, True)
    canvas, axes = layer_canvas(len(layers))
    seen = worth(summary.words(summary.of(case), "layer").loc[layers])
    low = min(0.8, float(np.floor(rates.to_numpy()[seen].min() * 20) / 20))
    for core in rates.columns:
        codec, _, port = core.rpartition(" p")
        axes.plot(
            np.maximum(rates[core].to_numpy(), low),
            range(len(layers)),
            marker=".",
            linestyle=":" if port == "1" else "-",
            color=colour(codec, summary.codecs),
            label=f"{title_of(codec)}, {port} a beat",
        )
    _mark_outside(axes, rates.to_numpy(), low, 2.0)
    layer_axis(axes, layers)
    axes.set_xlim(low - 0.005, 1.01)
    axes.set_xlabel("words/cycle")
    head(canvas, f"Throughput bound of the cores: {case}", columns=3)
    row_tips(
        axes,
        [
            f"{layer} · "
            + " · ".join(f"{core} {rate:.3f}" for core, rate in rates.loc[layer].items())
            for layer in layers
        ],
    )
    whole = summary.words_per_cycle(case).items()
    caption = (
        "Computed from the cores' throughput bound, not measured in a simulation; start-up and "
        "flush of every packet are in. Whole network, words/cycle by codec and words in a beat of "
        f"the code port: {', '.join(f'{core} {rate:.3f}' for core, rate in whole)}."
    )
    return f"throughput-{case.slug}", caption, canvas


def case_figures(summary: Summary, case: Case, layers: Layers, codec: str | None) -> list[Figure]:
    """The figures of one case, layer by layer; those of one codec are of `codec`, if given."""
    codec = codec or summary.codecs[0]
    figures = [layer_ratios(summary, case), layer_bytes(summary, case, layers, codec)]
    if summary.images(case) > 1:
        figures.append(image_spread(summary, case, codec))
    figures.append(sparsity(summary, case))
    figures.append(symbols(summary, case))
    if not summary.fact(case, "cycles").empty:
        figures.append(throughput(summary, case))
    return figures
