"""The report's page: one HTML file with everything in it, and the figures as files beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import fmcodec
from fmcodec.errors import require
from fmcodec_eval.drawing import Figure
from fmcodec_eval.report import record
from fmcodec_eval.report.plan import Plan

__all__ = ["Section", "Table", "write"]


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        columns: heads of the columns.
        rows: cells, formatted already; a row's cells as many as there are columns.
        strong: (row, column) of cells that are set in bold.
        texts: how many of the first columns are text, not numbers.
        filtered: whether the reader may filter its rows; sorting any table may be.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: frozenset[tuple[int, int]] = frozenset()
    texts: int = 1
    filtered: bool = False

    def lean(self) -> Table:
        """The table without columns of network, format or order that are the same everywhere."""
        kept = [
            place
            for place, name in enumerate(self.columns)
            if name not in ("network", "format", "order") or len({r[place] for r in self.rows}) > 1
        ]
        moved = {place: number for number, place in enumerate(kept)}
        return replace(
            self,
            columns=[self.columns[place] for place in kept],
            rows=[[row[place] for place in kept] for row in self.rows],
            strong=frozenset((row, moved[at]) for row, at in self.strong if at in moved),
            texts=sum(place < self.texts for place in kept),
        )


@dataclass(frozen=True)
class Section:
    """A section of the page; whatever knows more about a network than ratios adds its own.

    Attributes:
        title: its heading.
        text: paragraphs.
        table: shown before the figures.
        figures: shown below one another, and written as files.
        folded: closed until the reader opens it.
    """

    title: str
    text: Sequence[str] = ()
    table: Table | None = None
    figures: Sequence[Figure] = field(default_factory=list)
    folded: bool = False


def write(folder: str | Path, title: str, parts: Sequence[Section], plan: Plan | None) -> Path:
    """Write `report.html` and the folder `figures`, each put in place when it is complete.

    Args:
        folder: the report's folder.
        title: heading of the page.
        parts: the sections.
        plan: what was measured, stated at the end of the page.

    Returns:
        The page's path.
    """
    jinja2 = require("jinja2", "report", "a report")
    folder = Path(folder)
    aside = folder / ".figures"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for figure in (figure for part in parts for figure in part.figures):
        (aside / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
        (aside / f"{figure.name}.png").write_bytes(figure.png)
    loader = jinja2.PackageLoader("fmcodec_eval.report")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.get_template("report.html")
    text = template.render(
        title=title, sections=parts, settings=_settings(plan), version=fmcodec.__version__
    )
    draft = folder / ".report.html"
    draft.write_text(text, encoding="utf-8")
    shutil.rmtree(folder / "figures", ignore_errors=True)
    os.replace(aside, folder / "figures")
    os.replace(draft, folder / "report.html")
    return folder / "report.html"


def _settings(plan: Plan | None) -> dict[str, str]:
    """What was measured, in words, for the foot of the page."""
    if plan is None:
        return {}
    settings = {
        "networks": ", ".join(Path(source.network).name for source in plan.sources),
        "images": ", ".join(dict.fromkeys(Path(s.images or "-").name for s in plan.sources)),
        "codecs": ", ".join(plan.codecs),
        "formats": ", ".join(plan.formats),
        "orders": ", ".join(plan.orders),
        "layers": plan.layers or "all",
        "kinds": ", ".join(plan.kinds) or "all",
    }
    if any(form.startswith("fixed") for form in plan.formats):
        settings["safety factor"] = f"{plan.safety:g}"
    if any(source.random_weights for source in plan.sources):
        settings["weights"] = "RANDOM: a dry run, the ratios mean nothing"
    return settings | record.settings(plan)
