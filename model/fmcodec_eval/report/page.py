"""The report's page: one HTML file with everything in it, and the figures as files beside it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fmcodec
from fmcodec.errors import require
from fmcodec_eval.energy import MEMORIES, energy_text
from fmcodec_eval.report import record
from fmcodec_eval.report.figures import Figure, case_figures, dram_energy, overview_figures
from fmcodec_eval.report.plan import Plan, codec_id
from fmcodec_eval.report.summary import Summary, title_of

__all__ = ["Section", "Table", "sections", "write"]


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        columns: heads of the columns.
        rows: cells, formatted already; a row's cells as many as there are columns.
        strong: (row, column) of cells that are set in bold.
        texts: how many of the first columns are text, not numbers.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    strong: frozenset[tuple[int, int]] = frozenset()
    texts: int = 1


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


def overview_table(summary: Summary) -> Table:
    """The ratios of every case and kind of maps; the best codec of a row in bold."""
    codecs = summary.codecs
    columns = ["network", "format", "order", "maps", "images", "words", "zeros"]
    columns += [title_of(codec) for codec in codecs]
    lines = summary.overview()
    rated = [name for name in lines.columns if name.startswith("words/cycle")]
    columns += rated
    rows, strong = [], set()
    for number, line in enumerate(lines.to_dict("records")):
        ratios = {codec: line[codec] for codec in codecs}
        real = {c: r for c, r in ratios.items() if codec_id(c) != "entropy"}
        if real:
            strong.add((number, 7 + codecs.index(max(real, key=lambda c: real[c]))))
        rates = [line[name] for name in rated]
        rows.append(
            [
                *(line["network"], line["format"], line["order"], line["maps"]),
                *(f"{line['images']:,}", f"{line['words']:,}", f"{line['zeros']:.1%}"),
                *(f"{ratio:.3f}" for ratio in ratios.values()),
                *("" if rate != rate else f"{rate:.3f}" for rate in rates),
            ]
        )
    return Table(columns, rows, frozenset(strong), texts=4)


def energy_table(summary: Summary) -> Table:
    """Millijoules per image in every kind of DRAM, uncompressed and coded."""
    codecs = [c for c in summary.codecs if codec_id(c) != "entropy"]
    columns = ["network", "format", "order", "memory", "uncompressed"]
    columns += [title_of(codec) for codec in codecs]
    rows = []
    for case in summary.cases:
        bits = summary.of(case).groupby("codec", observed=True)[["raw_bits", "bits"]].sum()
        bits /= summary.images(case)
        for memory in MEMORIES:
            moved = [bits.raw_bits.iloc[0], *(bits.bits[codec] for codec in codecs)]
            costs = [energy_text(each, memory) for each in moved]
            rows.append([case.network, case.format, case.order, memory.name, *costs])
    return Table(columns, rows, texts=4)


def sections(summary: Summary, progress: Any = lambda what: None) -> list[Section]:
    """The page's own sections: an overview, then every case."""
    progress("overview")
    memories = "; ".join(
        f"{m.name} {m.write:g} pJ/bit written, {m.read:g} read ({m.source})" for m in MEMORIES
    )
    made = [
        Section(
            "Overview",
            [
                "A ratio is the bits of all words over the bits of all packets, headers and "
                "padding left out. A packet is a whole feature map, or a tile where the order is "
                "one of tiles. The best codec of a row is set in bold; entropy is a bound.",
                "Words/cycle of the cores are computed from their throughput bound, for one "
                "and for two words in a beat of the code port (p1, p2).",
            ],
            overview_table(summary),
            overview_figures(summary),
        ),
        Section(
            "DRAM energy",
            [
                "Millijoules per image for all its feature maps, each written once and read once.",
                f"Parameters: {memories}.",
            ],
            energy_table(summary),
            [dram_energy(summary)],
        ),
    ]
    for case in summary.cases:
        progress(str(case))
        folded = len(summary.cases) > 3
        made.append(Section(str(case), figures=case_figures(summary, case), folded=folded))
    return made


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
