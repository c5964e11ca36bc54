"""Write the README's synthesis tables from the committed figures: `python -m synth.readme`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from synth import tables
from synth.common import BASELINE, command_line

__all__ = ["README", "filled"]

README = Path(__file__).resolve().parent.parent / "README.md"


def filled(text: str, baseline: dict) -> str:
    """`text` with the tables of `baseline` between the markers that name them.

    Raises:
        ValueError: a marker names figures that `baseline` lacks.
    """

    def table(marker: re.Match) -> str:
        key = marker["key"]
        if key not in baseline:
            raise ValueError(f"README's figures must be of {', '.join(baseline)}, not {key!r}")
        kept = baseline[key]
        if key == "FPGA":
            made = tables.fpga_markdown(kept["results"])
        else:
            made = tables.asic_markdown(kept["results"], kept["period"])
        return f"{marker['begin']}\n{made}\n{marker['end']}"

    pattern = r"(?P<begin><!-- synth: (?P<key>.*?) -->)\n.*?(?P<end><!-- end -->)"
    return re.sub(pattern, table, text, flags=re.DOTALL)


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the tables are the figures'.")
def run(check: bool) -> None:
    """Write the README's synthesis tables from synth/baseline.json."""
    text = README.read_text()
    new = filled(text, json.loads(BASELINE.read_text()))
    if check and new != text:
        raise click.ClickException("README's tables are not those of synth/baseline.json")
    README.write_text(new)


if __name__ == "__main__":
    command_line(run, "synth.readme")
