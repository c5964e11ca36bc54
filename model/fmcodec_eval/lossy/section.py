"""What `fmcodec report --fmtc` adds to a report: FMTC on the captured maps, and inside networks."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec_eval.capture import NetworkSource, SourceSpec
from fmcodec_eval.capture.images import fit
from fmcodec_eval.drawing import drawn
from fmcodec_eval.files import file_name, written_aside
from fmcodec_eval.lossy.figures import layer_bars, layer_bits, rate_curves
from fmcodec_eval.lossy.maps import (
    LayerRate,
    Skipped,
    good_images,
    measure,
    part_file,
    snr_db,
)
from fmcodec_eval.lossy.points import FMTC, FMTC_ONE, PLAIN
from fmcodec_eval.lossy.tables import budget_rows
from fmcodec_eval.report.page import Section, Table
from fmcodec_eval.report.plan import Plan, Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = ["sections"]


def sections(
    plan: Plan,
    targets: Sequence[float],
    folder: Path,
    progress: Progress,
    burst: int = 4,
    skipped: Skipped = (),
) -> list[Section]:
    """Measure FMTC as `maps.measure` does, write `fmtc.csv`, and give sections of the page.

    One of the networks of `fmcodec_eval.networks` gets rates against accuracy besides.
    """
    if not targets:
        return []
    rates = measure(plan, targets, folder, progress, burst, skipped)
    _write(rates, folder / "fmtc.csv")
    cases = [list(group) for _, group in groupby(rates, lambda r: (r.network, r.snr_db))]
    made = [
        Section(
            "FMTC",
            [
                "Lossy: bits per value at a ratio of signal to noise, of captured maps, which are "
                "those after the activation. Calibrated on every other image (32 at most), "
                "measured on those between. Bits are those in memory: codes, padding, headers, "
                "bursts, index, raw where larger, and contexts, which are read once in 256 images, "
                "or for every one (batch 1).",
                f"{PLAIN} is the same without a transform, one code table a layer. They are "
                "compared at equal SNR in every layer: its bits are interpolated over dB between "
                "five steps, 6 dB up and down, all measured. SNR is that of the mean layer; a "
                "layer that 8 bits cannot hold at the SNR that was asked for has less. Tiles fill "
                f"bursts of {burst} bytes.",
            ],
            _table(cases),
            [layer_rates(case) for case in cases],
        )
    ]
    for source in plan.sources:
        made += _inside(plan, source, good_images(plan, source, skipped), folder, progress)
    return made


def _write(rates: list[LayerRate], file: Path) -> None:
    with (
        written_aside(file) as aside,
        aside.open("w", newline="", encoding="utf-8") as out,
    ):
        writer = csv.DictWriter(out, [field.name for field in fields(LayerRate)])
        writer.writeheader()
        writer.writerows(asdict(rate) for rate in rates)


def _table(cases: list[list[LayerRate]]) -> Table:
    columns = ["network", "SNR asked for, dB", "layers", "images"]
    for scheme in (FMTC_ONE, FMTC):
        columns += [f"{scheme}, bits", "its SNR, dB", f"{PLAIN} at that SNR, bits", "change"]
    columns += ["values compared", "values transformed", "inverse MAC per value"]
    rows, strong = [], set()
    for number, case in enumerate(cases):
        coded = [rate for rate in case if rate.scheme == FMTC]
        values = sum(rate.values for rate in coded)
        row = [case[0].network, f"{case[0].snr_db:g}", str(len(coded)), str(coded[0].images)]
        for scheme in (FMTC_ONE, FMTC):
            row += _at_equal_snr([rate for rate in case if rate.scheme == scheme])
            strong.add((number, len(row) - 1))
        compared = sum(rate.values for rate in coded if rate.plain_bits is not None)
        transformed = sum(rate.values for rate in coded if rate.layout != "none")
        macs = sum(rate.values * rate.inverse_macs for rate in coded)
        row += [f"{compared / values:.0%}", f"{transformed / values:.0%}", f"{macs / values:.1f}"]
        rows.append(row)
    return Table(columns, rows, frozenset(strong))


def _at_equal_snr(rates: list[LayerRate]) -> list[str]:
    """Bits a value, SNR, `PLAIN`'s bits at the same SNR in every layer, and the change from those.

    Layers whose SNR `PLAIN` did not reach in 8 bits are in neither.
    """
    known = [rate for rate in rates if rate.plain_bits is not None]
    if not known:
        return ["–"] * 4
    values = sum(rate.values for rate in known)
    bits = sum(rate.charged_bits for rate in known) / values
    plain = sum(rate.plain_bits or 0.0 for rate in known) / values
    return [f"{bits:.3f}", f"{snr_db(known):.1f}", f"{plain:.3f}", f"{bits / plain - 1:+.1%}"]


@drawn
def layer_rates(case: list[LayerRate]) -> tuple[str, str, Canvas]:
    """Bits a value of every layer of one network at the SNR that FMTC reached in it."""
    network, target = case[0].network, case[0].snr_db
    coded = [rate for rate in case if rate.scheme == FMTC]
    plain = [math.nan if r.plain_bits is None else r.plain_bits / r.values for r in coded]
    rates = {PLAIN: plain, FMTC: [rate.charged_bits / rate.values for rate in coded]}
    layers, values = [rate.layer for rate in coded], [rate.values for rate in coded]
    canvas = layer_bars(f"{network}, {target:g} dB", layers, rates, values)
    caption = (
        "Bits per value of every layer, contexts included, at the SNR that FMTC reached in it. The "
        "axis ends where the layers do that hold 99.5 % of the values; of maps of a few values "
        "most bits are headers. Where bars are alike no transform was worth its cost."
    )
    return f"fmtc-layers-{file_name(network)}-{target:g}", caption, canvas


def _inside(
    plan: Plan, source: SourceSpec, images: list[int], folder: Path, progress: Progress
) -> list[Section]:
    """Rates against accuracy where a network of `fmcodec_eval.networks` runs with coded maps."""
    opened = source.open()
    if not isinstance(opened, NetworkSource) or Path(source.network).suffix != ".npz":
        return []
    from fmcodec_eval import networks
    from fmcodec_eval.lossy.measure import measure_images

    network = networks.load(source.network)

    def prepared(image: Any) -> np.ndarray:
        if image.dtype == np.float32:
            return image
        return network.prepare(fit(image, network.size, network.size))

    inputs = np.stack([prepared(opened.images[index]) for index in images])
    store = part_file(plan, source, images, "fmtc-inside", folder)
    measured = measure_images(network, inputs, store, progress=progress)
    head, *rows = budget_rows(measured, network.name)
    safe = file_name(network.name)
    drawings = [
        replace(rate_curves(measured, [network.name]), name=f"fmtc-accuracy-{safe}"),
        replace(layer_bits(measured, network.name), name=f"fmtc-inside-{safe}"),
    ]
    return [
        Section(
            f"FMTC inside {network.name}",
            [
                "The network runs with every stored map coded and decoded, before the activation, "
                "on every other image; calibrated on those between. Harm is the RMS change of the "
                "winner's lead over the second in units of its mean, agreement the share of "
                "images that are classified as without coding. All layers share a noise budget "
                "by the gradient of the decision; doc/results.md says more.",
            ],
            Table(head, rows),
            drawings,
        )
    ]
