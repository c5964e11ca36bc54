"""The figures of a report, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec.errors import require
from fmcodec_eval.drawing import (
    HARDWARE,
    Figure,
    colour,
    drawn,
    layer_axis,
    layer_width,
    log_ratio,
    new_canvas,
    short_names,
)
from fmcodec_eval.report.plan import codec_id
from fmcodec_eval.report.summary import Case, Summary, title_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["Figure", "case_figures", "dram_energy", "layer_ratios", "overview", "overview_figures"]

SYMBOL_COLOURS = ("#2b3a67", "#496a81", "#66999b", "#b3af8f", "#ffc482", "#d1495b")


@drawn
def overview(summary: Summary) -> tuple[str, str, Canvas]:
    """Ratio of every codec, for every case."""
    cases, codecs = summary.cases, summary.codecs
    canvas, axes = new_canvas(float(np.clip(1.5 + 1.5 * len(cases), 7.5, 20)), 4.2)
    width = 0.84 / len(codecs)
    for number, codec in enumerate(codecs):
        heights = [summary.ratios(summary.of(case)).iloc[0].get(codec) for case in cases]
        places = np.arange(len(cases)) - 0.42 + (number + 0.5) * width
        style: dict[str, Any] = {"hatch": "///", "edgecolor": "white"} if codec == "entropy" else {}
        axes.bar(
            places, heights, width, color=colour(codec, codecs), label=title_of(codec), **style
        )
        if codec_id(codec) in HARDWARE:
            for place, height in zip(places, heights, strict=True):
                axes.annotate(f"{height:.2f}", (place, height), ha="center", va="bottom", size=7)
    axes.axhline(1, color="#333333", linewidth=0.8)
    labels = [f"{c.network}\n{c.format}, {c.order}" for c in cases]
    axes.set_xticks(range(len(cases)), labels, fontsize=7.5)
    inches = canvas.get_figwidth() * 0.7 / len(cases)
    if max(len(line) for label in labels for line in label.split("\n")) > 15 * inches:
        axes.tick_params(axis="x", labelrotation=35)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    axes.set_ylabel("compression ratio")
    axes.set_title("Compression ratio of every codec")
    axes.legend(ncols=2, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        "Bits of all maps of a network over their coded bits. Below 1 (the line) coding expands. "
        "The order-0 entropy of each packet is a bound for coding words one by one, not a codec."
    )
    return "ratios", caption, canvas


@drawn
def dram_energy(summary: Summary) -> tuple[str, str, Canvas]:
    """Energy of moving the coded maps, relative to uncompressed ones."""
    cases = summary.cases
    canvas, axes = new_canvas(9.5, 1.3 + 0.42 * len(cases))
    shown = [c for c in ("zvc", "ebpc", "rice") if c in summary.codecs] or summary.codecs[:2]
    axes.barh(range(len(cases)), 100, 0.84, color="#ececec", label="uncompressed")
    height = 0.8 / len(shown)
    for place, codec in enumerate(shown):
        for row, case in enumerate(cases):
            share = 100 / summary.ratios(summary.of(case)).iloc[0][codec]
            y = row - 0.4 + (place + 0.5) * height
            label = title_of(codec) if not row else None
            axes.barh(y, share, height * 0.88, color=colour(codec, summary.codecs), label=label)
            axes.annotate(f" {share - 100:+.0f} %", (share, y), va="center", size=7)
    names = [f"{c.network}, {c.format}, {c.order}" for c in cases]
    axes.set_yticks(range(len(cases)), names, fontsize=7.5)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x")
    axes.set_xlabel("energy of feature-map transfers, % of uncompressed")
    axes.set_title("DRAM energy saved")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        "The saving is the same in every kind of DRAM, because energy goes with the bits moved; "
        "the millijoules are in the table. The codecs' own energy is left out."
    )
    return "dram-energy", caption, canvas


@drawn
def orders(summary: Summary, network: str, form: str) -> tuple[str, str, Canvas]:
    """Ratios of one network and format in every order."""
    cases = [c for c in summary.cases if (c.network, c.format) == (network, form)]
    canvas, axes = new_canvas(7.5, 3.4)
    codecs = summary.codecs
    width = 0.8 / len(cases)
    shades = ("#2e4057", "#66a182", "#edae49", "#8d96a3", "#b3af8f")  # no codec's
    for number, case in enumerate(cases):
        ratios = summary.ratios(summary.of(case)).iloc[0]
        places = np.arange(len(codecs)) - 0.4 + (number + 0.5) * width
        bars = axes.bar(
            places, ratios[codecs], width * 0.95, label=case.order, color=shades[number % 5]
        )
        axes.bar_label(bars, fmt="%.2f", fontsize=6.5, padding=1)
    axes.axhline(1, color="#333333", linewidth=0.8)
    axes.set_xticks(range(len(codecs)), [title_of(c).replace(" (", "\n(") for c in codecs])
    axes.set_ylabel("compression ratio")
    axes.set_title(f"Storage order, {network}, {form}")
    axes.legend(title="order", loc="upper left", bbox_to_anchor=(1, 1))
    caption = "The same words in another order: what looks at neighbours gains or loses with it."
    return f"orders-{Case(network, form, '').slug.rstrip('-')}", caption, canvas


@drawn
def layer_ratios(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """Ratio of every codec, layer by layer."""
    layers = summary.layers(case)
    ratios = summary.ratios(summary.of(case), "layer").loc[layers]
    canvas, axes = new_canvas(layer_width(len(layers)), 4.6)
    for codec in ratios.columns:
        proposed = codec_id(codec) in HARDWARE
        axes.plot(
            range(len(layers)),
            ratios[codec],
            marker="o" if proposed else ".",
            markersize=4.5 if proposed else 4,
            linewidth=1.8 if proposed else 0.9,
            linestyle=":" if codec == "entropy" else "-",
            color=colour(codec, summary.codecs),
            label=title_of(codec),
            zorder=3 if proposed else 2,
        )
    axes.axhline(1, color="#333333", linewidth=0.8)
    log_ratio(axes)
    layer_axis(axes, layers)
    axes.set_ylabel("compression ratio")
    axes.set_title(f"Ratio by layer: {case}")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    caption = "Ratio of each layer over all images, layers in the order of the network."
    return f"layers-{case.slug}", caption, canvas


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
    canvas, axes = new_canvas(layer_width(len(layers) + 1), 4.4)
    drawing = axes.boxplot(
        [*boxes, whole],
        positions=[*range(len(layers)), len(layers) + 0.6],
        widths=0.6,
        whis=(0, 100),
        patch_artist=True,
        medianprops={"color": "#222222"},
        boxprops={"linewidth": 0.7},
        whiskerprops={"linewidth": 0.7},
        capprops={"linewidth": 0.7},
    )
    for number, box in enumerate(drawing["boxes"]):
        last = number == len(layers)
        box.set_facecolor("#edae49" if last else colour(codec, summary.codecs))
        box.set_alpha(0.85)
    log_ratio(axes)
    names = [*short_names(layers), "whole image"]
    axes.set_xticks([*range(len(layers)), len(layers) + 0.6], names, rotation=90, fontsize=7)
    axes.set_ylabel(f"{title_of(codec)} ratio")
    axes.set_title(f"Spread over {summary.images(case)} images: {case}")
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
    shares = summary.sparsity(rows, "layer")
    kinds = dict(zip(rows.layer, rows.kind, strict=True))
    shades = {"relu": "#496a81", "linear": "#edae49", "gradient": "#a23b72"}
    canvas, axes = new_canvas(layer_width(len(layers)), 3.9)
    for kind, shade in shades.items():
        at = [n for n, layer in enumerate(layers) if kinds[layer] == kind]
        if at:
            axes.bar(at, [100 * shares[layers[n]] for n in at], 0.8, color=shade, label=kind)
    layer_axis(axes, layers)
    axes.set_ylim(0, 100)
    axes.set_ylabel("zero words, %")
    axes.set_title(f"Sparsity by layer: {case}")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        f"Zero words of all images: {summary.sparsity(rows, 'network').iloc[0]:.1%} of all words."
    )
    return f"sparsity-{case.slug}", caption, canvas


@drawn
def histograms(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """How often words and differences occur."""
    pyplot = require("matplotlib.pyplot", "report", "a report")
    canvas, panels = pyplot.subplots(1, 2, figsize=(9.5, 3.2), layout="constrained", sharey=True)
    titles = {"value": "words", "delta": "differences of successive non-zero words"}
    for axes, (fact, title) in zip(panels, titles.items(), strict=True):
        bins, counts = summary.histogram(case, fact)
        shares = 100 * counts / max(counts.sum(), 1)
        axes.bar(bins, shares, 1.0, color="#496a81" if fact == "value" else "#66999b")
        axes.set_yscale("log")
        axes.set_title(title)
        axes.set_xlabel("value")
    panels[0].set_ylabel("share, %")
    canvas.suptitle(f"{case}", x=0.01, ha="left", fontsize=9)
    caption = (
        "Shares of all words and deltas, on a logarithmic scale; formats wider than 8 bits are "
        "counted by their upper 8 bits, unsigned words above 127 as negative ones. Where deltas "
        "are small, bit planes are empty."
    )
    return f"histograms-{case.slug}", caption, canvas


@drawn
def symbols(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """Share of each BPC symbol, layer by layer."""
    shares = 100 * summary.symbols(case)
    canvas, axes = new_canvas(layer_width(len(shares)), 4.0)
    bottom = np.zeros(len(shares))
    for number, symbol in enumerate(shares.columns):
        heights = shares[symbol].to_numpy()
        shade = SYMBOL_COLOURS[number % len(SYMBOL_COLOURS)]
        axes.bar(range(len(shares)), heights, 0.86, bottom=bottom, label=symbol, color=shade)
        bottom += heights
    layer_axis(axes, list(shares.index))
    axes.set_ylim(0, 100)
    axes.set_ylabel("share of symbols, %")
    axes.set_title(f"BPC symbols by layer: {case}")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        "How often each plane symbol of the BPC stream occurs (a plane run is one). A raw "
        "plane costs one bit more than it holds; most of the saving is in the plane runs."
    )
    return f"symbols-{case.slug}", caption, canvas


@drawn
def throughput(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """Words per cycle of the cores, layer by layer."""
    rates = summary.words_per_cycle(case, True)
    layers = summary.layers(case)
    canvas, axes = new_canvas(layer_width(len(layers)), 3.7)
    for core in rates.columns:
        codec, _, port = core.rpartition(" p")
        axes.plot(
            range(len(layers)),
            rates[core],
            marker=".",
            linestyle="-" if port == "1" else ":",
            color=colour(codec, summary.codecs),
            label=f"{title_of(codec)}, {port} a beat",
        )
    layer_axis(axes, layers)
    low = float(rates.to_numpy().min())
    axes.set_ylim(min(0.8, np.floor(low * 20) / 20), 1.02)
    axes.set_ylabel("words/cycle")
    axes.set_title(f"Throughput bound of the cores: {case}")
    axes.legend(title="words of the code port", loc="upper left", bbox_to_anchor=(1, 1))
    whole = summary.words_per_cycle(case).items()
    caption = (
        "Computed from the cores' throughput bound, not measured in a simulation; start-up and "
        "flush of every packet are in. Whole network: "
        f"{', '.join(f'{core} {rate:.3f}' for core, rate in whole)} words/cycle."
    )
    return f"throughput-{case.slug}", caption, canvas


def overview_figures(summary: Summary) -> list[Figure]:
    """The figures that compare the cases."""
    figures = [overview(summary)]
    pairs = dict.fromkeys((c.network, c.format) for c in summary.cases)
    for network, form in pairs:
        if sum((c.network, c.format) == (network, form) for c in summary.cases) > 1:
            figures.append(orders(summary, network, form))
    return figures


def case_figures(summary: Summary, case: Case) -> list[Figure]:
    """The figures of one case."""
    figures = [layer_ratios(summary, case)]
    spread = next((c for c in summary.codecs if codec_id(c) in HARDWARE), summary.codecs[0])
    if summary.images(case) > 1:
        figures.append(image_spread(summary, case, spread))
    figures += [sparsity(summary, case), histograms(summary, case)]
    figures.append(symbols(summary, case))
    if not summary.fact(case, "cycles").empty:
        figures.append(throughput(summary, case))
    return figures
