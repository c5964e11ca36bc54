"""The figures that compare cases, and the histograms of one, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec.errors import require
from fmcodec_eval.drawing import HARDWARE, Figure, colour, drawn, new_canvas, tip
from fmcodec_eval.energy import energy
from fmcodec_eval.report.answer import Candidate
from fmcodec_eval.report.plan import codec_id
from fmcodec_eval.report.storage import BURSTS
from fmcodec_eval.report.summary import Case, Summary, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["dram_energy", "histograms", "orders", "overview", "overview_figures", "tile_sweep"]


@drawn
def overview(summary: Summary) -> tuple[str, str, Canvas]:
    """Ratio of every codec, for every case."""
    cases, codecs = summary.cases, summary.codecs
    canvas, axes = _case_canvas(cases, len(codecs))
    height = 0.84 / len(codecs)
    for number, codec in enumerate(codecs):
        style: dict[str, Any] = {"hatch": "///", "edgecolor": "white"} if codec == "entropy" else {}
        shade, ours = colour(codec, codecs), codec_id(codec) in HARDWARE
        for row, case in enumerate(cases):
            ratio = summary.ratios(summary.of(case)).iloc[0].get(codec)
            if ratio is None or ratio != ratio:
                continue
            place = row - 0.42 + (number + 0.5) * height
            label = None if row else title_of(codec)
            [bar] = axes.barh(place, ratio, height, color=shade, label=label, **style)
            tip(bar, f"{case} · {title_of(codec)} · {ratio:.3f}")
            weight = "bold" if ours else "normal"
            axes.annotate(f" {ratio:.2f}", (ratio, place), va="center", size=7, weight=weight)
    axes.axvline(1, color="#333333", linewidth=0.8)
    axes.set_xlabel("compression ratio")
    axes.set_title("Compression ratio of every codec")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        "Bits of all maps of a network over their coded bits. Below 1 (the line) coding expands. "
        "The order-0 entropy of each packet is a bound for coding words one by one, not a codec."
    )
    return "ratios", caption, canvas


def _case_canvas(cases: Sequence[Case], bars: int) -> tuple[Canvas, Axes]:
    """A canvas with a group of bars for each case, one below the other."""
    canvas, axes = new_canvas(8.6, 1.1 + max(0.16 * bars, 0.4) * len(cases))
    several = len({case.network for case in cases}) > 1
    names = [f"{c.network}\n" * several + f"{c.format}, {c.order}" for c in cases]
    axes.set_yticks(range(len(cases)), names, fontsize=7)
    axes.set_ylim(len(cases) - 0.45, -0.55)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    return canvas, axes


@drawn
def dram_energy(by_case: Mapping[Case, Sequence[Candidate]]) -> tuple[str, str, Canvas]:
    """Energy of moving the coded maps and of the cores, relative to uncompressed ones."""
    cases = list(by_case)
    shown = [c.codec for c in next(iter(by_case.values())) if c.hardware]
    shown = [codec for codec in shown if codec_id(codec) in ("zvc", *HARDWARE)] or shown[:2]
    canvas, axes = _case_canvas(cases, len(shown) + 1)
    axes.barh(range(len(cases)), 100, 0.84, color="#ececec", label="uncompressed")
    height = 0.8 / len(shown)
    system = next(iter(by_case.values()))[0].system
    for row, (case, found) in enumerate(by_case.items()):
        raw = energy(8 * found[0].raw_bytes, system.memory)
        for each in (each for each in found if each.codec in shown):
            place = row - 0.4 + (shown.index(each.codec) + 0.5) * height
            share, spent = 100 / each.ratio, 100 * (each.codec_mj or 0.0) / raw
            label = None if row else title_of(each.codec)
            style: dict[str, Any] = {"color": colour(each.codec, shown), "height": height * 0.88}
            [bar] = axes.barh(place, share, label=label, **style)
            axes.barh(place, spent, left=share, hatch="////", edgecolor="white", **style)
            cores = "" if each.codec_mj is None else f", cores {spent:.1f} %"
            tip(bar, f"{case} · {title_of(each.codec)} · DRAM {share:.1f} %{cores}")
            text = f" {share + spent - 100:+.0f} %"
            axes.annotate(text, (share + spent, place), va="center", size=7)
    axes.set_xlabel(f"{system.memory.name} and cores, % of uncompressed maps' energy")
    axes.set_title("Energy of feature maps")
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    caption = (
        f"Full bars: {system.memory.name}, maps in bursts of {system.burst} bytes. Hatched: what "
        "the cores spend, where they were measured; ZVC has none here."
    )
    return "dram-energy", caption, canvas


@drawn
def tile_sweep(
    summary: Summary, cases: Sequence[Case], sizes: Mapping[tuple[Case, int], Mapping[str, float]]
) -> tuple[str, str, Canvas]:
    """Ratio in memory by order, a panel for each burst; `sizes` are ratios by case and burst."""
    pyplot = require("matplotlib.pyplot", "report", "a report")
    canvas, panels = pyplot.subplots(1, 3, figsize=(9.5, 3.8), layout="constrained", sharey=True)
    for axes, burst in zip(panels, BURSTS, strict=True):
        for codec in sizes[cases[0], burst]:
            ratios = [sizes[case, burst][codec] for case in cases]
            ours = codec_id(codec) in HARDWARE
            axes.plot(
                ratios, marker="o" if ours else ".", linewidth=1.6 if ours else 0.8,
                color=colour(codec, summary.codecs), label=title_of(codec),
            )  # fmt: skip
        axes.axhline(1, color="#333333", linewidth=0.8)
        names = [case.order.removeprefix("tile:") for case in cases]
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axes.set_title(f"bursts of {burst} bytes")
    panels[0].set_ylabel("compression ratio in memory")
    handles, labels = panels[0].get_legend_handles_labels()
    canvas.legend(handles, labels, loc="outside lower center", ncols=5, fontsize=8)
    canvas.suptitle(f"{cases[0].network}, {cases[0].format}", x=0.01, ha="left", fontsize=9)
    caption = (
        "Uncompressed bytes over bytes in memory, index, empty ends of bursts and raw packets "
        "included, by the size of a tile (height x width x channels)."
    )
    first = cases[0]
    return f"tiles-{Case(first.network, first.format, '').slug.rstrip('-')}", caption, canvas


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
        axes.bar_label(bars, fmt="%.2f", fontsize=7, padding=1)
    axes.axhline(1, color="#333333", linewidth=0.8)
    axes.set_xticks(range(len(codecs)), [title_of(c).replace(" (", "\n(") for c in codecs])
    axes.set_ylabel("compression ratio")
    axes.set_title(f"Storage order, {network}, {form}")
    axes.legend(title="order", loc="upper left", bbox_to_anchor=(1, 1))
    caption = "The same words in another order: what looks at neighbours gains or loses with it."
    return f"orders-{Case(network, form, '').slug.rstrip('-')}", caption, canvas


@drawn
def histograms(summary: Summary, case: Case) -> tuple[str, str, Canvas]:
    """How often words and differences occur."""
    pyplot = require("matplotlib.pyplot", "report", "a report")
    canvas, panels = pyplot.subplots(1, 2, figsize=(9.5, 3.2), layout="constrained", sharey=True)
    titles = {"value": "words", "delta": "differences of successive non-zero words"}
    for axes, (fact, title) in zip(panels, titles.items(), strict=True):
        bins, counts = summary.histogram(case, fact)
        shares = 100 * counts / max(counts.sum(), 1)
        # steps, not bars: hundreds of them would make most of the page
        axes.stairs(
            *_steps(bins, shares), fill=True, color="#496a81" if fact == "value" else "#66999b"
        )
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


def _steps(bins: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of all bins from the first to the last, and their edges."""
    if not len(bins):
        return np.zeros(1), np.array([-0.5, 0.5])
    filled = np.zeros(int(bins[-1] - bins[0]) + 1)
    filled[bins - bins[0]] = shares
    return filled, np.arange(len(filled) + 1) + bins[0] - 0.5


def overview_figures(summary: Summary) -> list[Figure]:
    """The figures that compare the cases."""
    figures = [overview(summary)]
    pairs = dict.fromkeys((c.network, c.format) for c in summary.cases)
    for network, form in pairs:
        orders_of = [c for c in summary.cases if (c.network, c.format) == (network, form)]
        if 1 < len(orders_of) < 5:  # a sweep of tiles has a figure of its own
            figures.append(orders(summary, network, form))
    return figures
