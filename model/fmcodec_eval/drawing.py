"""What the figures of a report share: style, colours, canvases and axes of matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec.errors import require
from fmcodec_eval.report.plan import codec_id

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "HARDWARE",
    "Figure",
    "colour",
    "drawn",
    "layer_axis",
    "layer_width",
    "log_ratio",
    "new_canvas",
    "short_names",
]

STYLE = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "fmcodec",
    "font.family": ["DejaVu Sans"],
}
# one colour for a codec in every figure; those that have cores stand out, bounds are grey
HARDWARE = ("rice", "ebpc")
COLOURS = {
    "rice": "#e08a00",
    "zero_rle": "#c9bfe6",
    "zvc": "#7a68b3",
    "csc": "#d9c08c",
    "bpc": "#8fc1dd",
    "ebpc": "#d1495b",
    "deflate": "#7fb77e",
    "zstd": "#3f8f5f",
    "entropy": "#8c8c8c",
}


@dataclass(frozen=True)
class Figure:
    """A drawn figure.

    Attributes:
        name: of its files, without an ending.
        caption: what it shows, one or two sentences.
        svg: the drawing as an <svg> element.
        png: the drawing as a PNG file of 144 dots per inch.
    """

    name: str
    caption: str
    svg: str
    png: bytes


def drawn(draw: Callable[..., tuple[str, str, Canvas]]) -> Callable[..., Figure]:
    """Make a function that draws on a canvas give a `Figure`, in the report's style."""

    @wraps(draw)
    def figure(*args: Any) -> Figure:
        matplotlib = require("matplotlib", "report", "a report")
        matplotlib.use("agg")
        with matplotlib.rc_context(STYLE):
            name, caption, canvas = draw(*args)
            svg, png = io.StringIO(), io.BytesIO()
            canvas.savefig(svg, format="svg", metadata={"Date": None})
            canvas.savefig(png, format="png", dpi=144)
            matplotlib.pyplot.close(canvas)
        text = svg.getvalue()
        return Figure(name, caption, text[text.index("<svg") :], png.getvalue())

    return figure


def colour(codec: str, codecs: list[str]) -> str:
    """The colour of a codec; one with other parameters takes the next of a reserve."""
    base = codec_id(codec)
    if codec == base or base not in [c for c in codecs if c != codec]:
        return COLOURS.get(base, "#555555")
    reserve = ("#e08e45", "#4f86c6", "#a23b72", "#1b998b")
    return reserve[codecs.index(codec) % len(reserve)]


def new_canvas(width: float, height: float) -> tuple[Canvas, Axes]:
    pyplot = require("matplotlib.pyplot", "report", "a report")
    return pyplot.subplots(figsize=(width, height), layout="constrained")


def layer_width(layers: int) -> float:
    return float(np.clip(2.4 + 0.165 * layers, 7.5, 18))


def layer_axis(axes: Axes, layers: list[str]) -> None:
    axes.set_xticks(range(len(layers)), short_names(layers), rotation=90, fontsize=7)
    axes.set_xlim(-0.7, len(layers) - 0.3)


def short_names(layers: list[str]) -> list[str]:
    """Layer names without what all of them start with, at most 30 characters long."""
    parts = [layer.split("/") for layer in layers]
    while len(parts) > 1 and all(len(p) > 1 and p[0] == parts[0][0] for p in parts):
        parts = [p[1:] for p in parts]
    names = ["/".join(p) for p in parts]
    return [name if len(name) <= 30 else f"…{name[-29:]}" for name in names]


def log_ratio(axes: Axes) -> None:
    """A ratio's axis: logarithmic, so that half and double look alike, with plain numbers."""
    ticker = require("matplotlib.ticker", "report", "a report")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 1.5, 2, 3, 5, 7), numticks=12))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(ticker.NullLocator())
