"""Markdown of the results page: tables, and templates filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fmcodec.errors import require

__all__ = ["markdown_table", "rendered"]


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """A table; the first `texts` columns to the left, numbers to the right."""
    lines = [columns, ["---" if n < texts else "---:" for n in range(len(columns))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def rendered(template: str, **values: Any) -> str:
    """A template of the package with its values; one that is missing is an error."""
    jinja2 = require("jinja2", "report", "the results page")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fmcodec_eval.results"), undefined=jinja2.StrictUndefined
    )
    return environment.get_template(template).render(**values)
