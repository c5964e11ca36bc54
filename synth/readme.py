"""Write the documents' synthesis tables from committed figures: `python -m synth.readme`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from synth import tables
from synth.common import BASELINE, command_line

__all__ = ["DOCUMENTS", "filled"]

_ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (_ROOT / "README.md", _ROOT / "doc" / "synthesis.md")


def filled(text: str, baseline: dict) -> str:
    """`text` with the tables of `baseline` between the markers that name them.

    A marker names the figures and, behind a semicolon, configurations if not all of them.

    Raises:
        ValueError: a marker names figures that `baseline` lacks.
    """

    def table(marker: re.Match) -> str:
        key = marker["key"]
        if key not in baseline:
            raise ValueError(f"a table's figures must be of {', '.join(baseline)}, not {key!r}")
        kept = baseline[key]
        results = kept["results"]
        if marker["configs"]:
            results = {name: results[name] for name in marker["configs"].split(", ")}
        if key == "FPGA":
            made = tables.fpga_markdown(results)
        else:
            made = tables.asic_markdown(results, kept["period"])
        return f"{marker['begin']}\n{made}\n{marker['end']}"

    pattern = (
        r"(?P<begin><!-- synth: (?P<key>[^;>]*?)(?:; (?P<configs>[^>]*?))? -->)\n"
        r".*?(?P<end><!-- end -->)"
    )
    return re.sub(pattern, table, text, flags=re.DOTALL)


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the tables are the figures'.")
def run(check: bool) -> None:
    """Write the synthesis tables of README and doc/synthesis.md from synth/baseline.json."""
    baseline = json.loads(BASELINE.read_text())
    for document in DOCUMENTS:
        text = document.read_text()
        new = filled(text, baseline)
        if check and new != text:
            raise click.ClickException(f"{document.name}'s tables are not synth/baseline.json's")
        document.write_text(new)


if __name__ == "__main__":
    command_line(run, "synth.readme")
