"""Write what others show of the committed figures: `python -m synth.readme`.

The documents' synthesis tables, and the figures of the cores that `fmcodec report` reads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from synth import tables
from synth.common import BASELINE, ENERGY, command_line
from synth.cores import CORES, figures
from synth.figures import Core

__all__ = ["DOCUMENTS", "filled"]

_ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = tuple(
    path
    for path in (_ROOT / "README.md", *sorted((_ROOT / "doc").glob("*.md")))
    if "<!-- synth: " in path.read_text()
)


_MARKER = re.compile(
    r"^(?P<begin><!-- synth: (?P<fields>[^>]*?) -->)\n.*?^(?P<end><!-- end -->)",
    re.DOTALL | re.MULTILINE,
)


def filled(text: str, baseline: Mapping[str, Any], energy: Mapping[str, Any]) -> str:
    """`text` with the tables of `baseline` and `energy` between the markers that name them.

    A marker begins its line. Its fields stand between semicolons: the figures' key;
    configurations, if not all of them; "ports" for the table of port delays, "parts" for that of
    modules and memories, "energy" for that of energies, with clock gating beside it. Two keys with
    " + " between are corners of one library, side by side:

        <!-- synth: cells_typ, async-low; 8/8/16, 16/16/16 -->
        <!-- synth: cells_typ, async-low + cells_slow, async-low; 8/8/16 -->
        <!-- synth: cells_typ, async-low; 8/8/16; ports -->
        <!-- synth: cells_typ, async-low; 8/8/16; parts -->
        <!-- synth: cells_typ, async-low; 8/8/16; energy -->

    Raises:
        ValueError: a marker names figures or configurations that are not there.
    """
    return _MARKER.sub(
        lambda marker: (
            f"{marker['begin']}\n{_table(marker['fields'], baseline, energy)}\n{marker['end']}"
        ),
        text,
    )


def _table(fields: str, baseline: Mapping[str, Any], energy: Mapping[str, Any]) -> str:
    """Markdown of the table that a marker's fields ask for."""
    key, *options = fields.split("; ")
    kinds = {"ports", "parts", "energy"} & set(options)
    chosen = [name for option in options if option not in kinds for name in option.split(", ")]
    if "energy" in kinds:
        names = {"as is": key, "gated": f"{key}, clock gating"}
        if names["gated"] not in energy:
            del names["gated"]
        ways = {way: _kept(name, chosen, energy)["results"] for way, name in names.items()}
        return tables.energy_markdown(ways)
    first, *others = key.split(" + ")
    kept = {first: _kept(first, chosen, baseline)}
    if key == "FPGA":
        return tables.fpga_markdown(kept[key]["results"])
    # another corner may lack some of the first one's
    kept |= {name: _kept(name, (), baseline) for name in others}
    corners = {
        name: (
            {
                config: {core: Core.from_json(found) for core, found in cores.items()}
                for config, cores in one["results"].items()
            },
            one["period"],
        )
        for name, one in kept.items()
    }
    if len(corners) > 1:
        return tables.corners_markdown({name.split(",")[0]: one for name, one in corners.items()})
    results, period = corners[key]
    if "parts" in kinds:
        return tables.parts_markdown(results)
    return (
        tables.ports_markdown(results)
        if "ports" in kinds
        else tables.asic_markdown(results, period)
    )


def _kept(key: str, chosen: Sequence[str], baseline: Mapping[str, Any]) -> Mapping[str, Any]:
    """The figures of a key, of the configurations `chosen` or of all."""
    if key not in baseline:
        raise ValueError(f"a table's figures must be of {', '.join(baseline)}, not {key!r}")
    results = baseline[key]["results"]
    for name in chosen:
        if name not in results:
            raise ValueError(
                f"a table's configurations must be of {', '.join(results)}, not {name!r}"
            )
    return {**baseline[key], "results": {name: results[name] for name in chosen or results}}


@click.command()
@click.option("--check", is_flag=True, help="Only say whether the tables are the figures'.")
def run(check: bool) -> None:
    """Write the documents' tables and cores.json from synth/baseline.json and synth/energy.json."""
    baseline, energy = json.loads(BASELINE.read_text()), json.loads(ENERGY.read_text())
    new = {document: filled(document.read_text(), baseline, energy) for document in DOCUMENTS}
    new[CORES] = json.dumps(figures(baseline, energy), indent=1) + "\n"
    for path, text in new.items():
        if check and (not path.exists() or text != path.read_text()):
            raise click.ClickException(f"{path.name}'s figures are not the committed ones")
        path.write_text(text)


if __name__ == "__main__":
    command_line(run, "synth.readme")
