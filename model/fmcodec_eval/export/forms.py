"""The forms: Timeloop, AccelForge, SCALE-Sim, ZigZag."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fmcodec.errors import InputError, require
from fmcodec_eval.export.scales import LayerScale, fitting, scales
from fmcodec_eval.files import file_name, written_aside

if TYPE_CHECKING:
    from fmcodec_eval.choose.builds import Build
    from fmcodec_eval.report.answer import System
    from fmcodec_eval.report.summary import Summary

__all__ = ["FORMS", "accelforge", "scalesim", "timeloop", "write", "zigzag"]

Files = dict[str, str]  # a file's name and its text


def write(
    form: str,
    summary: Summary,
    build: Build,
    system: System,
    folder: Path,
    rewrite: str | None = None,
) -> list[Path]:
    """Write a build's figures in one of `FORMS`; the paths of the files.

    Args:
        form: which.
        summary: of the report that the build was chosen from.
        build: the choice.
        system: the accelerator.
        folder: the files go into one of the form's name in it.
        rewrite: a file of the tool's own that is written again with coded maps.

    Raises:
        InputError: the file to rewrite has another form, or other layers.
    """
    case = next(c for c in summary.cases if c.order == build.order)
    layers = scales(summary, case, build.codec, system.burst)
    what = f"{case}, coded by {build.name}; memory in bursts of {system.burst} bytes"
    paths = []
    for name, text in _MAKERS[form](layers, what, rewrite).items():
        path = folder / form / name
        with written_aside(path) as aside:
            aside.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def timeloop(layers: Sequence[LayerScale], what: str, rewrite: str | None = None) -> Files:
    """A file of variables a layer, for Timeloop 0.4, which maps a layer at a time."""
    files = {}
    for number, layer in enumerate(layers):
        files[f"{number:03}-{file_name(layer.name)}.yaml"] = (
            f"# {what}: {layer.name}\n"
            "# Give this file with the others, and let the attributes of the DRAM say\n"
            "#   per_dataspace_bandwidth_consumption_scale:\n"
            "#     {Inputs: DRAM_INPUTS_SCALE, Outputs: DRAM_OUTPUTS_SCALE}\n"
            "# Timeloop scales bandwidth by it, not energy: multiply the DRAM's energy of both\n"
            "# dataspaces by the same figures.\n"
            "variables:\n"
            '  version: "0.4"\n'
            f"  DRAM_INPUTS_SCALE: {layer.input:.6f}\n"
            f"  DRAM_OUTPUTS_SCALE: {layer.output:.6f}\n"
        )
    return files


def accelforge(layers: Sequence[LayerScale], what: str, rewrite: str | None = None) -> Files:
    """`bits_per_value` of the off-chip memory, where alone maps are coded; tensors by layer."""
    lines = [
        f"# {what}",
        "# For the !Memory node of the DRAM. Tensors have the names of the layers that write them,",
        "# other characters than letters, digits and _ as _; what is not named here is not coded.",
        "bits_per_value:",
    ]
    lines += [f"  {_identifier(layer.name)}: {layer.output_bits:.4f}" for layer in layers]
    return {"memory.yaml": "\n".join(lines) + "\n"}


def _identifier(name: str) -> str:
    text = re.sub(r"\W", "_", name, flags=re.ASCII)
    return text if not text[:1].isdigit() else f"_{text}"


_IFMAP, _OFMAP = "DRAM IFMAP Reads", "DRAM OFMAP Writes"


def scalesim(layers: Sequence[LayerScale], what: str, rewrite: str | None = None) -> Files:
    """Coded words of every layer; and an access report of SCALE-Sim in coded words, rounded up.

    SCALE-Sim itself knows no coded maps: what it simulated is counted again.
    """
    table = io.StringIO()
    lines = csv.writer(table, lineterminator="\n")
    lines.writerow(["Layer", "IFMAP scale", "OFMAP scale", "OFMAP words", "OFMAP coded words"])
    for layer in layers:
        coded = math.ceil(layer.words * layer.output)
        shares = f"{layer.input:.6f}", f"{layer.output:.6f}"
        lines.writerow([layer.name, *shares, f"{layer.words:.0f}", coded])
    files = {"coded_words.csv": table.getvalue()}
    if rewrite is not None:
        files[Path(rewrite).name] = _access_report(layers, rewrite)
    return files


def _access_report(layers: Sequence[LayerScale], path: str) -> str:
    text = Path(path).read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if row]
    if not rows or not {"LayerID", _IFMAP, _OFMAP} <= set(rows[0]):
        raise InputError(f"rewrite must be a DETAILED_ACCESS_REPORT.csv of SCALE-Sim, not {path!r}")
    columns = rows[0].index(_IFMAP), rows[0].index(_OFMAP)
    places = fitting(layers, [None] * (len(rows) - 1), path)
    for row, place in zip(rows[1:], places, strict=True):
        layer = layers[place]
        for column, share in zip(columns, (layer.input, layer.output), strict=True):
            row[column] = str(math.ceil(float(row[column]) * share))
    return "".join(", ".join(row).rstrip() + "\n" for row in rows)


def zigzag(layers: Sequence[LayerScale], what: str, rewrite: str | None = None) -> Files:
    """`operand_precision` of every layer; and a workload of ZigZag with it.

    ZigZag's precisions are integers, and hold for every memory of an operand: bits of a value are
    rounded up, and its on-chip memories are taken to hold coded maps too.
    """
    lines = [
        f"# {what}",
        "# Bits of a value in memory, rounded up: ZigZag takes integers, for all memories alike.",
    ]
    for layer in layers:
        bits = _whole(layer.input_bits), _whole(layer.output_bits)
        lines.append(f"- name: {layer.name!r}")
        lines.append(f"  operand_precision: {{I: {bits[0]}, O_final: {bits[1]}}}")
    files = {"operand_precision.yaml": "\n".join(lines) + "\n"}
    if rewrite is not None:
        files[Path(rewrite).name] = _workload(layers, what, rewrite)
    return files


def _whole(bits: float) -> int:
    # what is a whole number but for the last digit of a float stays it
    return max(math.ceil(round(bits, 6)), 1)


def _workload(layers: Sequence[LayerScale], what: str, path: str) -> str:
    yaml = require("yaml", "export", "a workload of ZigZag")
    try:
        workload = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        precisions = [entry["operand_precision"] for entry in workload]
        names = [entry.get("name") for entry in workload]
    except (yaml.YAMLError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"rewrite must be a workload of ZigZag, not {path!r}") from error
    for place, precision in zip(fitting(layers, names, path), precisions, strict=True):
        if place >= 0:
            layer = layers[place]
            # a second input, of an addition, say, is called W
            precision["I"] = _whole(layer.input_bits)
            precision["O_final"] = _whole(layer.output_bits)
    return f"# {what}\n" + yaml.safe_dump(workload, sort_keys=False, default_flow_style=None)


_MAKERS: dict[str, Callable[[Sequence[LayerScale], str, str | None], Files]] = {
    "timeloop": timeloop,
    "accelforge": accelforge,
    "scalesim": scalesim,
    "zigzag": zigzag,
}
FORMS = tuple(_MAKERS)
