"""The figure of a choice: what builds save against what they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fmcodec.codecs import get_codec
from fmcodec_eval.choose.builds import Build, best, frontier
from fmcodec_eval.drawing import COLOURS, drawn, new_canvas
from fmcodec_eval.report.plan import codec_id

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
            color=COLOURS[codec_id(build.codec)],
            markersize=9 if build is chosen else 6,
            markeredgecolor="#222222" if on_edge else "white",
            markeredgewidth=1.6 if build is chosen else 0.9,
            alpha=1 if on_edge else 0.7,
            zorder=3 if on_edge else 2,
        )
    right = 1.08 * max(*(b.gates for b in found), gates or 0.0)
    axes.set_xlim(0, right)
    axes.set_ylim(min(0.0, *(112 * b.saved for b in found)), 112 * max(b.saved for b in found))
    steps = [(b.gates, 100 * b.saved) for b in edge]
    x, y = np.array([*steps, (right, steps[-1][1])]).T
    axes.step(x, y, where="post", color="#222222", linewidth=1, zorder=1)
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
    axes.set_xlabel("encoders and decoders, gate equivalents")
    axes.set_ylabel("traffic saved, %")
    axes.set_title(title)
    used = dict.fromkeys(codec_id(b.codec) for b in found)
    handles = [
        axes.plot([], [], "o", color=COLOURS[name], label=get_codec(name).title)[0] for name in used
    ]
    if any(b.lanes > 1 for b in found):
        handles.append(axes.plot([], [], "s", color="#999999", label="several lanes")[0])
    handles.append(axes.plot([], [], color="#222222", linewidth=1, label="Pareto set")[0])
    legend = axes.legend(handles=handles, loc="lower left", fontsize=8, frameon=True)
    legend.get_frame().set(edgecolor="none", alpha=0.9)
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
