"""What the figures of a report share: style, colours, canvases and axes of matplotlib.

Layers run from top to bottom, so that a figure of two hundred of them, or one on a phone, scrolls
as the page does.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fmcodec.errors import require
from fmcodec_eval.report.plan import codec_id

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "COLOURS",
    "HARDWARE",
    "Figure",
    "colour",
    "drawn",
    "head",
    "layer_axis",
    "layer_canvas",
    "log_ratio",
    "new_canvas",
    "row_tips",
    "short_names",
    "tip",
    "worth",
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
# one colour for a codec in every figure; those that have cores are warm, software is green
HARDWARE = ("rice", "ebpc")
COLOURS = {
    "rice": "#f08c00",
    "ebpc": "#d1495b",
    "ebpc:block_words=16": "#6d1530",
    "zvc": "#5b3fa8",
    "zero_rle": "#b79ae8",
    "csc": "#7a5c3a",
    "bpc": "#4aa3df",
    "deflate": "#7fc97f",
    "zstd": "#1b7837",
    "entropy": "#8c8c8c",
}
RESERVE = ("#e377c2", "#17becf", "#bcbd22", "#1f3b73")
_TIP = "tip: "


@dataclass(frozen=True)
class Figure:
    """A drawn figure.

    Attributes:
        name: of its files, without an ending.
        caption: what it shows, one or two sentences.
        svg: the drawing as an <svg> element; what has a `tip` has it as its title.
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
        text = re.sub(f'<g id="{_TIP}([^"]*)">', r'<g data-tip="\1"><title>\1</title>', text)
        return Figure(name, caption, text[text.index("<svg") :], png.getvalue())

    return figure


def tip(artist: Artist, text: str) -> None:
    """What a page shows when the reader points at an artist."""
    artist.set_gid(f"{_TIP}{text}")


def row_tips(axes: Axes, texts: Sequence[str]) -> None:
    """A tip for every layer of a `layer_axis`, wherever in its row the reader points."""
    for row, text in enumerate(texts):
        tip(axes.axhspan(row - 0.5, row + 0.5, alpha=0, zorder=9), text)


def colour(codec: str, codecs: list[str]) -> str:
    """The colour of a codec; one with other parameters takes the next of a reserve."""
    if codec == "ebpc:block_words=8" and "ebpc" not in codecs:
        codec = "ebpc"
    if codec in COLOURS:
        return COLOURS[codec]
    base = codec_id(codec)
    if not any(codec_id(c) == base for c in codecs if c != codec):
        return COLOURS.get(base, "#555555")
    others = [c for c in codecs if c not in COLOURS]
    return RESERVE[others.index(codec) % len(RESERVE)]


def new_canvas(width: float, height: float) -> tuple[Canvas, Axes]:
    pyplot = require("matplotlib.pyplot", "report", "a report")
    return pyplot.subplots(figsize=(width, height), layout="constrained")


def layer_canvas(rows: float) -> tuple[Canvas, Axes]:
    """A canvas for so many layers, one below the other."""
    canvas, axes = new_canvas(7.6, 1.1 + 0.165 * max(rows, 6))
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    # the axis is in sight at both ends of a long figure
    axes.tick_params(axis="x", top=rows > 40, labeltop=rows > 40)
    return canvas, axes


def head(canvas: Canvas, title: str, columns: int = 4) -> None:
    """A title, and the legend above the axes, where it is in sight whatever their length."""
    legend = canvas.legend(
        loc="outside upper left", fontsize=8, ncols=columns, title=title, alignment="left"
    )
    legend.get_title().set_fontweight("bold")


def layer_axis(axes: Axes, layers: list[str]) -> None:
    """The names of layers at the rows 0, 1, ... from the top."""
    axes.set_yticks(range(len(layers)), short_names(layers), fontsize=7)
    axes.set_ylim(len(layers) - 0.4, -0.6)


def short_names(layers: list[str]) -> list[str]:
    """Layer names without what all of them start with, at most 30 characters long."""
    parts = [layer.split("/") for layer in layers]
    while len(parts) > 1 and all(len(p) > 1 and p[0] == parts[0][0] for p in parts):
        parts = [p[1:] for p in parts]
    names = ["/".join(p) for p in parts]
    return [name if len(name) <= 30 else f"…{name[-29:]}" for name in names]


def worth(words: npt.ArrayLike, share: float = 0.005) -> npt.NDArray[np.bool_]:
    """Which layers an axis is scaled for: all but the smallest, `share` of the words together.

    A map of a few values may have any ratio, and must not flatten the others.
    """
    sizes = np.asarray(words, np.float64)
    order = np.argsort(sizes, kind="stable")
    small = np.cumsum(sizes[order]) < share * sizes.sum()
    kept = np.ones(len(sizes), bool)
    kept[order[small]] = False
    return kept


def log_ratio(axes: Axes, axis: str = "y") -> None:
    """A ratio's axis: logarithmic, so that half and double look alike, with plain numbers."""
    ticker = require("matplotlib.ticker", "report", "a report")
    getattr(axes, f"set_{axis}scale")("log")
    scale = getattr(axes, f"{axis}axis")
    scale.set_major_locator(ticker.LogLocator(subs=(1, 1.5, 2, 3, 5, 7), numticks=12))
    scale.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    scale.set_minor_locator(ticker.NullLocator())
