"""The command `fmcodec report`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table as RichTable

from fmcodec.codecs import codec_ids
from fmcodec.errors import MissingPackage
from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.capture.images import NORMALISATIONS
from fmcodec_eval.capture.source import needed_packages
from fmcodec_eval.cores import load
from fmcodec_eval.energy import memory_of
from fmcodec_eval.report.progress import show_progress

if TYPE_CHECKING:
    from fmcodec_eval.report.answer import System
    from fmcodec_eval.report.page import Section
    from fmcodec_eval.report.plan import Plan, Progress

__all__ = ["PACKAGES", "plan_of", "report", "show_progress"]

TILES = (
    "tile:4x4x16",
    "tile:8x8x8",
    "tile:8x8x16",
    "tile:8x8x64",
    "tile:16x16x16",
    "tile:32x32x16",
)
PACKAGES = ("pyarrow", "pandas", "matplotlib", "jinja2", "numcodecs", "PIL")


@click.command()
@click.argument("networks", nargs=-1, required=True, metavar="NETWORK...")
@click.option("-i", "--images", metavar="PATH", help="Folder of pictures, array, or random:COUNT.")
@click.option("-o", "--output", default="report", show_default=True, help="Folder of the report.")
@click.option(
    "-c",
    "--codec",
    "codecs",
    multiple=True,
    metavar="ID[:NAME=VALUE,...]",
    help=f"Codec, repeatable: {', '.join(codec_ids())}.  [default: all]",
)
@click.option(
    "-f",
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT",
    help="Number format, repeatable: deployed, fixed4..fixed16, float8, float16, bfloat16, "
    "float32.  [default: deployed for quantised networks, fixed8 for all]",
)
@click.option(
    "--order",
    "orders",
    multiple=True,
    metavar="ORDER",
    default=("nchw",),
    show_default=True,
    help="Storage order, repeatable: nchw, nhwc, tile:HxWxC.",
)
@click.option(
    "--tiles",
    is_flag=True,
    help=f"Also in tiles of {', '.join(order.removeprefix('tile:') for order in TILES)}.",
)
@click.option("--layers", metavar="REGEX", help="Only layers whose names match.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(["relu", "linear", "gradient"]),
    help="Only maps of this kind, repeatable.",
)
@click.option("--modules", metavar="REGEX", help="PyTorch modules to capture the outputs of.")
@click.option("--safety", default=0.75, show_default=True, help="Full scale share of a maximum.")
@click.option("--max-images", type=click.IntRange(1), help="Images of each network at most.")
@click.option(
    "--normalise",
    metavar="HOW",
    help=f"How pixels become floats: {', '.join(NORMALISATIONS)}, or MEAN/DEVIATION in 0..255.  "
    "[default: what the network's file states]",
)
@click.option(
    "--size",
    type=click.IntRange(1),
    help="Height and width of pictures that the network leaves open.  "
    "[default: what its file states, or 224]",
)
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="[INPUT=]1x3x48x320",
    help="Shape of an input that the network leaves open, repeatable.",
)
@click.option("--fuse-adds", is_flag=True, help="Residual sums are done in their operands' pass.")
@click.option("--skip-bad", is_flag=True, help="Leave out images that cannot be used; list them.")
@click.option("--channels-last", is_flag=True, help="Saved feature maps are (H, W, C).")
@click.option("--random-weights", is_flag=True, help="Torchvision network without its weights.")
@click.option(
    "--fmtc",
    "targets",
    multiple=True,
    type=float,
    metavar="DB",
    help="Also code the maps with FMTC, lossily, at this SNR; repeatable.",
)
@click.option(
    "--burst",
    type=click.Choice(["32", "64", "128"]),
    default="64",
    show_default=True,
    help="Bytes of a burst of the memory.",
)
@click.option("--fps", default=30.0, show_default=True, help="Frames a second.")
@click.option("--batch", default=1, show_default=True, help="Frames for one reading of weights.")
@click.option("--on-chip", default=512.0, show_default=True, help="KiB of the buffer for maps.")
@click.option(
    "--memory",
    default="LPDDR4",
    show_default=True,
    metavar="NAME[:WRITE:READ]",
    help="DRAM: DDR3, LPDDR2, LPDDR4, or one of so many pJ/bit.",
)
@click.option("--cores", metavar="FILE", help="Area and energy of the cores in another node.")
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Run on this dask cluster.")
@click.option("--batch-images", type=click.IntRange(1), help="Images in a task.")
@click.option("--batch-layers", type=click.IntRange(1), help="Layers in a task.  [default: all]")
@click.option("--resume", is_flag=True, help="Go on with what the output folder keeps.")
def report(
    output: str,
    scheduler: str | None,
    resume: bool,
    targets: tuple[float, ...],
    burst: str,
    fps: float,
    batch: int,
    on_chip: float,
    memory: str,
    cores: str | None,
    **options: Any,
) -> int:
    """Measure codecs on the feature maps of networks and write tables, figures and a page.

    NETWORK is a .tflite or .onnx model, an .npz file of weights of a known network, feature maps
    as .npy or .npz files or a folder of them, a torchvision network (alexnet, vgg16, resnet34,
    squeezenet, mobilenetv2) or package.module:callable that makes a PyTorch module.
    """
    from fmcodec_eval.lossy import maps, section
    from fmcodec_eval.report import about, record
    from fmcodec_eval.report.answer import System
    from fmcodec_eval.report.engine import DaskRunner, LocalRunner, measure
    from fmcodec_eval.report.store import Store

    sources = _sources(options)
    _check_packages(sources, scheduler)
    kept_on_chip = round(on_chip * 1024)
    system = System(int(burst), fps, batch, kept_on_chip, memory_of(memory), load(cores))
    store = Store(output, resume)
    key = record.key_of(sources, click.get_current_context().params, system.cores)
    if resume and (done := record.finished(Path(output), key)):
        click.echo(done)
        return 0
    plan = plan_of(options)
    maps.check(plan, targets)
    runner = DaskRunner(scheduler) if scheduler else LocalRunner()
    try:
        with show_progress(Console(stderr=True)) as progress:
            finished = measure(plan, store, runner, progress)
            progress("tables", 0, 1)
            store.tables(finished)
            skipped = store.skipped(finished)
            about.write(Path(output), about.describe(plan, skipped))
            record.write(Path(output), plan, skipped)
            progress("tables", 1, 1)
            lossy = section.sections(plan, targets, Path(output), progress, system.burst, skipped)
            first, page = _write(plan, system, Path(output), progress, lossy)
    except KeyboardInterrupt:
        click.echo(f"fmcodec: interrupted; {_kept(store, output)}", err=True)
        return 130
    except ValueError as error:
        if store.count():
            raise click.ClickException(f"{error} ({_kept(store, output)})") from error
        raise
    finally:
        if isinstance(runner, DaskRunner):
            runner.close()
    record.finish(Path(output), key)
    _show(first)
    for network, image, reason in skipped:
        click.echo(f"fmcodec: {network}, image {image} was skipped: {reason}", err=True)
    click.echo(page)
    return 0


def _kept(store: Any, output: str) -> str:
    return f"{store.count()} finished tasks are kept in {output}: go on with --resume"


def _check_packages(sources: tuple[SourceSpec, ...], scheduler: str | None) -> None:
    """Name all missing packages at once: what is missing at the end of a run is missing now."""
    needed = dict.fromkeys(PACKAGES, "report") | ({"distributed": "dask"} if scheduler else {})
    for source in sources:
        needed |= needed_packages(source)
    missing = {name: extra for name, extra in needed.items() if not _is_installed(name)}
    if missing:
        # every extra of a kind of network brings those of a report
        extras = sorted(set(missing.values()) - {"report"}) or ["report"]
        names = ", ".join("pillow" if name == "PIL" else name for name in missing)
        hint = f"pip install 'fmcodec[{','.join(extras)}]'"
        raise MissingPackage(f"a report needs {names}: {hint}")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # ValueError: imported, and without a specification
        return False


def _sources(options: dict[str, Any]) -> tuple[SourceSpec, ...]:
    return tuple(
        SourceSpec(
            network,
            options["images"],
            options["normalise"],
            options["modules"],
            options["random_weights"],
            options["channels_last"],
            options["size"],
            options["shapes"],
            options["fuse_adds"],
        )
        for network in options["networks"]
    )


def plan_of(options: dict[str, Any]) -> Plan:
    """The plan of the command line's options."""
    from fmcodec_eval.report.engine import is_quantised
    from fmcodec_eval.report.plan import CODECS, Plan

    sources = _sources(options)
    formats = options["formats"]
    if not formats:
        quantised = any(is_quantised(source) for source in sources)
        formats = ("deployed", "fixed8") if quantised else ("fixed8",)
    return Plan(
        sources,
        options["codecs"] or CODECS,
        formats,
        tuple(dict.fromkeys((*options["orders"], *(TILES if options.get("tiles") else ())))),
        options["layers"],
        options["kinds"],
        options["safety"],
        options["max_images"],
        options["batch_images"],
        options["batch_layers"],
        options["skip_bad"],
    )


def _write(
    plan: Plan, system: System, folder: Path, progress: Progress, lossy: list[Section]
) -> tuple[Section, Path]:
    """Write the page; gives its first section and its path."""
    from fmcodec_eval.report import page
    from fmcodec_eval.report.sections import sections
    from fmcodec_eval.report.summary import Summary

    summary = Summary(folder)
    total, done = len(summary.cases) + 1, iter(range(len(summary.cases) + 1))
    parts = sections(summary, system, lambda what: progress("figures", next(done), total))
    title = "Feature-map compression: " + ", ".join(dict.fromkeys(c.network for c in summary.cases))
    written = page.write(folder, title, parts + lossy, plan)
    progress("figures", total, total)
    return parts[0], written


def _show(first: Section) -> None:
    """Print the conclusion: its sentences, and the columns that a terminal has room for."""
    from fmcodec_eval.report.conclusion import TERMINAL

    table = first.table
    assert table is not None
    places = [place for place, name in enumerate(table.columns) if name in TERMINAL]
    shown = RichTable(header_style="bold", pad_edge=False, box=SIMPLE_HEAD)
    for place in places:
        justify: Literal["left", "right"] = "left" if place < table.texts else "right"
        shown.add_column(table.columns[place], justify=justify, no_wrap=place < table.texts)
    for number, row in enumerate(table.rows):
        shown.add_row(
            *(
                f"[bold]{row[place]}[/]" if (number, place) in table.strong else row[place]
                for place in places
            )
        )
    console = Console()
    for text in first.text[:-1]:  # the last one says what every page says
        console.print(text, highlight=False, markup=False)
    # figures that are cut off are worth less than lines that wrap
    width = Console(width=1000).measure(shown).maximum
    Console(width=max(console.width, width)).print(shown)
