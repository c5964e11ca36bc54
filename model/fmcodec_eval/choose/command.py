"""The command `fmcodec choose`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from fmcodec.errors import InputError, require
from fmcodec_eval.cores import load
from fmcodec_eval.energy import memory_of
from fmcodec_eval.export import FORMS, write
from fmcodec_eval.files import written_aside
from fmcodec_eval.report.command import PACKAGES, plan_of, report, show_progress

if TYPE_CHECKING:
    from fmcodec_eval.choose.builds import Build
    from fmcodec_eval.report.answer import System
    from fmcodec_eval.report.summary import Summary

__all__ = ["choose"]

# what `fmcodec report` asks about networks and accelerators is asked here in the same words
_LEFT_OUT = {"networks", "output", "codecs", "targets", "scheduler", "resume"}


@click.command()
@click.argument("network")
@click.option(
    "--gates", type=click.FloatRange(0, min_open=True), help="GE that there are for cores."
)
@click.option(
    "--gbps",
    type=click.FloatRange(0, min_open=True),
    help="Gbit/s of uncompressed maps, each way.  [default: what --fps needs]",
)
@click.option(
    "--export",
    "exports",
    multiple=True,
    type=click.Choice(FORMS),
    help="Also write the choice, layer by layer, as this tool reads it; repeatable.",
)
@click.option(
    "--rewrite",
    metavar="FILE",
    help="scalesim: a DETAILED_ACCESS_REPORT.csv; zigzag: a workload, YAML; with coded maps.",
)
@click.option("-o", "--output", default="choice", show_default=True, help="Folder of the choice.")
def choose(
    network: str,
    gates: float | None,
    gbps: float | None,
    exports: tuple[str, ...],
    rewrite: str | None,
    output: str,
    **options: Any,
) -> int:
    """Say which cores to build for a network: the smallest ones for what they save.

    NETWORK is what `fmcodec report` takes, or the folder of a report. Of several formats the first
    one is looked at, of several orders all.
    """
    for package in PACKAGES:
        require(package, "report", "a choice")
    if rewrite is not None and exports not in (("scalesim",), ("zigzag",)):
        raise InputError("rewrite must come with one export, scalesim or zigzag")
    from fmcodec_eval.choose.builds import best, builds, frontier
    from fmcodec_eval.choose.figure import choice
    from fmcodec_eval.report.answer import System

    system = System(
        int(options["burst"]),
        options["fps"],
        options["batch"],
        round(options["on_chip"] * 1024),
        memory_of(options["memory"]),
        load(options["cores"]),
    )
    summary = _measured(network, Path(output), system, options)
    case = summary.cases[0]
    asked = gbps or _needed(summary, system)
    found = builds(summary, case.network, case.format, system, asked)
    if not found:
        raise InputError(
            f"no cores code {asked:g} Gbit/s of {case.network} in {case.format}: --gbps must be "
            "lower, or --cores have figures for words of that width"
        )
    chosen = best(found, gates) if gates is not None else frontier(found)[-1]
    title = f"{case.network}, {case.format}: cores for {asked:.3g} Gbit/s"
    figure = choice(found, title, gates)
    folder = Path(output)
    for ending, content in (("svg", figure.svg.encode()), ("png", figure.png)):
        with written_aside(folder / f"{figure.name}.{ending}") as aside:
            aside.write_bytes(content)
    with written_aside(folder / "choice.json") as aside:
        aside.write_text(json.dumps(_record(summary, found, chosen, asked, gates), indent=1) + "\n")
    _show(found, chosen, gates, title, system.cores.about)
    if chosen is not None:
        for form in exports:
            files = write(form, summary, chosen, system, folder, rewrite)
            click.echo(files[0] if len(files) == 1 else files[0].parent)
    click.echo(folder / f"{figure.name}.svg")
    return 0


def _measured(network: str, folder: Path, system: System, options: dict[str, Any]) -> Summary:
    """The tables of a report's folder, or of a network that is measured now."""
    from fmcodec_eval.choose.builds import codecs_of
    from fmcodec_eval.formats import parse_format
    from fmcodec_eval.report import about
    from fmcodec_eval.report.engine import LocalRunner, measure
    from fmcodec_eval.report.store import Store
    from fmcodec_eval.report.summary import Summary

    if (Path(network) / "maps.parquet").exists():
        return Summary(network)
    plan = plan_of({**options, "networks": (network,), "codecs": ("rice",)})
    form = plan.formats[0]
    codecs = codecs_of(system.cores, parse_format(form).word_bits)
    if not codecs:
        raise InputError(f"format must be one whose words have cores, not {form!r}")
    plan = plan_of({**options, "networks": (network,), "codecs": codecs, "formats": (form,)})
    # what was measured for the same question is taken, another question is measured anew
    store = Store(folder / "measured", resume=True)
    with show_progress(Console(stderr=True)) as progress:
        store.tables(measure(plan, store, LocalRunner(), progress))
        about.write(store.folder, about.describe(plan))
    return Summary(store.folder)


def _needed(summary: Summary, system: System) -> float:
    """Gbit/s of uncompressed maps at the frame rate."""
    case = summary.cases[0]
    rows = summary.of(case)
    bits = rows[rows.codec == rows.codec.iloc[0]].raw_bits.sum() / summary.images(case)
    return float(bits) * system.frames * 1e-9


def _record(
    summary: Summary, found: list[Build], chosen: Build | None, gbps: float, gates: float | None
) -> dict[str, Any]:
    from fmcodec_eval.choose.builds import frontier

    case, edge = summary.cases[0], frontier(found)
    return {
        "network": case.network,
        "format": case.format,
        "gbps": gbps,
        "gates": gates,
        "chosen": None if chosen is None else chosen.name,
        "builds": [{**asdict(b), "name": b.name, "pareto": b in edge} for b in found],
    }


def _show(
    found: list[Build], chosen: Build | None, gates: float | None, title: str, about: str
) -> None:
    """Print all builds, and the answer in a sentence."""
    from fmcodec_eval.choose.builds import frontier

    edge = frontier(found)
    table = Table(header_style="bold", pad_edge=False, box=SIMPLE_HEAD, title=title)
    for head in ("build", "order"):
        table.add_column(head, no_wrap=True)
    heads = ("n", "z", "port", "lanes", "GE", "MHz", "Gbit/s at most", "ratio", "saved, %")
    for head in (*heads, "pJ/word", "Pareto"):
        table.add_column(head, justify="right")
    for build in found:
        cells = [
            *(build.name, build.order, _or_dash(build.block_words), _or_dash(build.max_zero_run)),
            *(str(build.port_words), str(build.lanes), f"{build.gates:,.0f}"),
            *(f"{build.clock_mhz:.0f}", f"{build.gbps:.2f}", f"{build.ratio:.3f}"),
            *(f"{100 * build.saved:.1f}", _or_dash(build.word_pj, ".1f")),
            "yes" if build in edge else "",
        ]
        table.add_row(*(f"[bold]{c}[/]" if build is chosen else c for c in cells))
    width = Console(width=1000).measure(table).maximum
    console = Console()
    Console(width=max(console.width, width)).print(table)
    if chosen is None:
        least = min(found, key=lambda b: b.gates)
        text = f"Nothing fits {gates:g} GE: the smallest, {least.name}, takes {least.gates:,.0f}."
    else:
        order = f", maps stored {chosen.order}"
        text = (
            f"Build {chosen.name}{order}: {chosen.gates:,.0f} GE at {chosen.clock_mhz:.0f} MHz, "
            f"{100 * chosen.saved:.1f} % of the traffic saved, up to {chosen.gbps:.2f} Gbit/s."
        )
    console.print(text, highlight=False)
    console.print(f"Figures of {about}.", highlight=False, style="dim")


def _or_dash(value: float | None, form: str = "") -> str:
    return "-" if value is None else f"{value:{form}}"


choose.params += [option for option in report.params if option.name not in _LEFT_OUT]
