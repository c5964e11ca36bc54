"""The figure of a choice: what builds save against what they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fmcodec_eval.choose.builds import Build, best, frontier
from fmcodec_eval.drawing import COLOURS, drawn, new_canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["choice"]

LABELLED = 20  # builds whose names find room beside the axes


@drawn
def choice(found: Sequence[Build], title: str, gates: float | None) -> tuple[str, str, Canvas]:
    """Traffic saved against gate equivalents: builds of one lane and of more, the Pareto set."""
    canvas, axes = new_canvas(9.5, 4.8)
    edge = frontier(found)
    chosen = None if gates is None else best(found, gates)
    for build in found:
        on_edge = build in edge
        axes.plot(
            build.gates,
            100 * build.saved,
            "o" if build.lanes == 1 else "s",
            color=COLOURS[build.codec.partition(":")[0]],
            markersize=9 if build is chosen else 6,
            markeredgecolor="#222222" if on_edge else "white",
            markeredgewidth=1.6 if build is chosen else 0.9,
            alpha=1 if on_edge else 0.7,
            zorder=3 if on_edge else 2,
        )
    steps = [(b.gates, 100 * b.saved) for b in edge]
    axes.set_xscale("log")
    low, high = min(b.gates for b in found), max(b.gates for b in found)
    axes.set_xlim(low / 1.15, high * 1.15)
    if steps:
        x, y = np.array([*steps, (high * 1.15, steps[-1][1])]).T
        axes.step(x, y, where="post", color="#222222", linewidth=1, zorder=1, label="Pareto set")
    if gates is not None:
        axes.axvline(gates, color="#777777", linestyle="--", linewidth=1)
        axes.annotate(
            f" {gates:g} GE",
            (gates, 0.02),
            xycoords=("data", "axes fraction"),
            color="#555555",
            size=8,
        )
    others = sorted((b for b in found if b not in edge), key=lambda b: -b.saved)
    _label(axes, [*edge, *others][:LABELLED])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    ticks = [
        t
        for k in (1, 2, 3, 5, 7)
        for e in range(2, 6)
        if low / 1.15 <= (t := k * 10**e) <= high * 1.15
    ]
    axes.set_xticks(ticks)
    axes.set_xlabel("encoders and decoders, gate equivalents")
    axes.set_ylabel("traffic saved, %")
    axes.set_title(title)
    handles = [
        axes.plot([], [], "o", color=COLOURS[name], label=label)[0]
        for name, label in (("rice", "Rice"), ("ebpc", "EBPC"))
    ]
    handles.append(axes.plot([], [], "s", color="#999999", label="several lanes")[0])
    handles.append(axes.plot([], [], color="#222222", linewidth=1, label="Pareto set")[0])
    axes.legend(handles=handles, loc="lower right", fontsize=8)
    caption = (
        "Share of the network's traffic that cores save, against their gates, each at the clock at "
        "which it codes what is asked for. On the black line nothing smaller saves as much."
    )
    return "choice", caption, canvas


def _label(axes: Axes, named: Sequence[Build]) -> None:
    """Names in a column beside the axes, joined to their points; equal gaps, no overlap."""
    ordered = sorted(named, key=lambda b: (b.saved, -b.gates))
    low, high = axes.get_ylim()
    gap = (high - low) / max(LABELLED, len(ordered))
    places: list[float] = []
    for build in ordered:
        places.append(max(100 * build.saved, places[-1] + gap if places else low))
    # pushed back down where they left the axes
    top = high
    for index in reversed(range(len(places))):
        places[index] = min(places[index], top)
        top = places[index] - gap
    for build, place in zip(ordered, places, strict=True):
        axes.annotate(
            build.name if build.order == "nchw" else f"{build.name}, {build.order}",
            (build.gates, 100 * build.saved),
            xytext=(1.02, (place - low) / (high - low)),
            textcoords="axes fraction",
            arrowprops={
                "arrowstyle": "-",
                "color": "#bbbbbb",
                "linewidth": 0.6,
                "relpos": (0, 0.5),
            },
            va="center",
            size=7.5,
        )
    axes.set_ylim(low, high)
