"""FMTC on the feature maps that a report captures: bits a value at a ratio of signal to noise.

Layers are calibrated on every other image and measured on the images between.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fmcodec.errors import InputError
from fmcodec.fmtc import Params
from fmcodec.fmtc.choice import Candidate, candidates, choose
from fmcodec.fmtc.layer import LayerCodec
from fmcodec_eval.capture import CapturedMap, SourceSpec
from fmcodec_eval.files import written_aside
from fmcodec_eval.lossy.coders import MAX_VALUES, Plain, Titled, enough, windows
from fmcodec_eval.lossy.points import FMTC, FMTC_ONE, PLAIN, SHARED_BATCH
from fmcodec_eval.report.plan import Plan, Progress, digest_of, part_key

__all__ = [
    "SCHEMES",
    "LayerRate",
    "Skipped",
    "check",
    "good_images",
    "measure",
    "part_file",
    "snr_db",
]

CALIBRATION_IMAGES = 32  # spread over those that are not measured
SCHEMES = (PLAIN, FMTC_ONE, FMTC)
# PLAIN at other steps, 6 dB up and down: schemes are compared at equal SNR alone
STEPS = f"{PLAIN}, other steps"
STEP_FACTORS = (0.5, 0.7071, 1.4142, 2.0)

Maps = npt.NDArray[np.float32]
Skipped = Sequence[tuple[str, int, str]]  # network, image, reason


@dataclass
class LayerRate:
    """What a scheme took for a layer.

    Attributes:
        network, layer, kind: whose maps.
        scheme: one of `SCHEMES`.
        snr_db: the ratio of signal to noise asked for, in dB.
        images: how many were measured.
        values: of all these images.
        bits: in memory, with headers, padding, bursts and index of tiles, without contexts.
        context_bits: of the layer's contexts, charged once a batch.
        batch: images of a batch.
        signal, noise: sums of squares of the values and of the error.
        layout: channels and block of a vector, or `none`.
        inverse_macs: multiply-accumulates of the inverse transform for each value.
        plain_bits: what `PLAIN` takes for the same images at the SNR that this scheme reached, with
            its share of contexts: interpolated between steps that were measured, on a straight line
            over dB; None where they do not reach so far.
    """

    network: str
    layer: str
    kind: str
    scheme: str
    snr_db: float
    layout: str
    context_bits: int
    batch: int
    inverse_macs: float
    images: int = 0
    values: int = 0
    bits: int = 0
    signal: float = 0.0
    noise: float = 0.0
    plain_bits: float | None = None

    @property
    def snr(self) -> float:
        """The ratio of signal to noise that was reached, in dB; inf without noise."""
        return snr_db([self])

    @property
    def charged_bits(self) -> float:
        """Bits of all images with their share of the contexts."""
        return self.bits + self.images * self.context_bits / self.batch


def check(plan: Plan, targets: Sequence[float], skipped: Skipped = ()) -> None:
    """Refuse what FMTC cannot be measured on; `skipped` images cannot be used.

    Raises:
        InputError: a target is not a number of dB, or a source has fewer than two images.
    """
    for target in targets:
        if not 0 < target <= 60:
            raise InputError(f"fmtc must be a ratio of signal to noise in 0..60 dB, not {target:g}")
    for source in plan.sources if targets else ():
        if len(good_images(plan, source, skipped)) < 2:
            raise InputError(
                f"fmtc needs two images of {source.open().name} at least: "
                "one to calibrate on, one to measure"
            )


def good_images(plan: Plan, source: SourceSpec, skipped: Skipped) -> list[int]:
    """Places of the images of a source that the plan measures, without those skipped."""
    name = source.open().name
    bad = {image for network, image, _ in skipped if network == name}
    return [image for image in range(plan.image_count(source)) if image not in bad]


def measure(
    plan: Plan,
    targets: Sequence[float],
    folder: Path,
    progress: Progress,
    burst: int = 4,
    skipped: Skipped = (),
) -> list[LayerRate]:
    """Measure every scheme on every layer at every target.

    Args:
        plan: networks, images and layers; its codecs, formats and orders do not matter.
        targets: ratios of signal to noise, in dB.
        folder: of the report; what is measured is kept in its `parts`.
        progress: is told (what, done, total).
        burst: bytes of a burst of the memory, which every tile fills.
        skipped: images that cannot be used, with the reason.

    Raises:
        InputError: see `check`.
    """
    check(plan, targets, skipped)
    found = []
    for source in plan.sources:
        for target in targets:
            images = good_images(plan, source, skipped)
            found += _kept(plan, source, images, target, folder, progress, burst)
    return found


def part_file(plan: Plan, source: SourceSpec, images: list[int], step: str, folder: Path) -> Path:
    """Where a report keeps what it measured of a source, whatever its codecs and formats."""
    whose = {"source": asdict(source), "files": digest_of(source)}
    which = {"layers": plan.layers, "kinds": plan.kinds, "images": images}
    return folder / "parts" / f"{part_key(step, whose | which)}.json"


def _kept(
    plan: Plan,
    source: SourceSpec,
    images: list[int],
    target: float,
    folder: Path,
    progress: Progress,
    burst: int,
) -> list[LayerRate]:
    file = part_file(plan, source, images, f"fmtc{target:g}-{burst}", folder)
    if file.exists():
        return [LayerRate(**row) for row in json.loads(file.read_text())]
    rates = _measure(plan, source, images, target, progress, burst)
    with written_aside(file) as aside:
        aside.write_text(json.dumps([asdict(rate) for rate in rates]), encoding="utf-8")
    return rates


def _measure(
    plan: Plan,
    source: SourceSpec,
    images: list[int],
    target: float,
    progress: Progress,
    burst: int,
) -> list[LayerRate]:
    opened = source.open()
    what = f"{opened.name}: FMTC, {target:g} dB"
    seen, fresh = images[::2], images[1::2]
    places = np.linspace(0, len(seen) - 1, min(len(seen), CALIBRATION_IMAGES)).astype(int)
    shapes: dict[str, tuple[int, ...]] = {}
    samples = _samples(plan, source, [seen[place] for place in places], shapes)
    total = len(samples) + len(fresh)
    rates: dict[str, list[tuple[LayerRate, Plain | Titled]]] = {}
    for done, (layer, (kind, maps)) in enumerate(samples.items()):
        progress(what, done, total)
        rates[layer] = [
            (
                LayerRate(
                    *(opened.name, layer, kind, scheme, target, codec.title, codec.context_bits),
                    *(1 if scheme == FMTC_ONE else SHARED_BATCH, codec.inverse_macs),
                ),
                codec,
            )
            for scheme, codec in _codecs(maps, shapes[layer][1:], kind == "relu", target)
        ]
    for done, image in enumerate(fresh, start=len(samples)):
        progress(what, done, total)
        for captured in _maps(plan, source, image, shapes):
            if captured.layer in rates:
                for rate, codec in rates[captured.layer]:
                    _add(rate, codec, captured.real()[None], burst)
    progress(what, total, total)
    return [rate for pairs in rates.values() for rate in _compared([rate for rate, _ in pairs])]


def _compared(rates: list[LayerRate]) -> list[LayerRate]:
    """A layer's schemes, with what `PLAIN` takes at their SNR; its other steps are left out."""
    curve = sorted((r.snr, r.charged_bits) for r in rates if r.scheme in (PLAIN, STEPS) and r.noise)
    kept = [rate for rate in rates if rate.images and rate.scheme != STEPS]
    for rate in kept:
        if rate.scheme == PLAIN:
            rate.plain_bits = rate.charged_bits
        elif curve and curve[0][0] <= rate.snr <= curve[-1][0]:
            reached, bits = np.array(curve).T
            rate.plain_bits = float(np.interp(rate.snr, reached, bits))
    return kept


def _samples(
    plan: Plan, source: SourceSpec, images: list[int], shapes: dict[str, tuple[int, ...]]
) -> dict[str, tuple[str, Maps]]:
    """Kind and calibration maps of every layer that is not the same everywhere."""
    parts: dict[str, tuple[str, list[Maps]]] = {}
    for image in images:
        for captured in _maps(plan, source, image, shapes):
            cut = windows(captured.real()[None], MAX_VALUES // len(images), seed=image)
            parts.setdefault(captured.layer, (captured.kind, []))[1].append(cut)
    joined = {layer: (kind, np.concatenate(cuts)) for layer, (kind, cuts) in parts.items()}
    return {layer: found for layer, found in joined.items() if found[1].min() < found[1].max()}


def _maps(
    plan: Plan, source: SourceSpec, image: int, shapes: dict[str, tuple[int, ...]]
) -> Iterator[CapturedMap]:
    """The maps of an image that the plan selects, finite and of the shapes seen before."""
    for captured in source.open().maps(image):
        if plan.selects(captured.layer, captured.kind):
            captured.maximum()  # refuses NaN
            shape = captured.values.shape
            known = shapes.setdefault(captured.layer, shape)
            if shape != known:
                raise InputError(
                    f"image {image}: layer {captured.layer!r} must be of shape {known}, "
                    f"as in other images, not {shape}"
                )
            yield captured


def _codecs(
    maps: Maps, size: tuple[int, ...], relu: bool, target: float
) -> Iterator[tuple[str, Plain | Titled]]:
    step = _step(maps, target)
    plain = Plain(maps, relu, None, step)
    yield PLAIN, plain
    for factor in STEP_FACTORS:
        with suppress(ValueError):  # 8 bits cannot hold so fine a step
            yield STEPS, Plain(maps, relu, None, factor * step)
    if not enough(maps):
        yield FMTC_ONE, plain
        yield FMTC, plain
        return
    ways = candidates(maps, step, Params(matrix_bits=10), size=size, relu=relu)
    for scheme, batch in ((FMTC_ONE, 1), (FMTC, SHARED_BATCH)):
        share = maps[:, 0].size / math.prod(size) / batch  # of what is read of the contexts

        def cost(codec: Titled, share: float = share) -> float:
            return codec.roundtrip(maps)[1] + share * codec.context_bits

        plain_way = choose([way for way in ways if way.variant == "eye"], batch)
        # noise of a transform reaches the zeros too: only a trial tells what its SNR takes
        tried = {plain_way: None, choose(ways, batch): target}
        yield scheme, min((_coded(maps, way, relu, snr) for way, snr in tried.items()), key=cost)


def _coded(maps: Maps, way: Candidate, relu: bool, target: float | None) -> Titled:
    """A layer's codec, at the SNR `target` or, where 8 bits cannot reach it, the way's own step."""
    found = None
    if target is not None and way.variant != "eye":
        with suppress(ValueError):
            found = LayerCodec.calibrate(
                maps, way.layout, way.params, variant=way.variant, snr_db=target, relu=relu
            )
    found = found or LayerCodec.calibrate(
        maps, way.layout, way.params, variant=way.variant, step=way.step, relu=relu
    )
    return Titled(found, way.variant)


def _step(maps: Maps, target: float) -> float:
    """The quantiser step that leaves a ratio of signal to noise, in dB."""
    values = maps[maps != 0].astype(np.float64)
    allowed = np.square(values).sum() / 10 ** (target / 10)
    fine, coarse = 0.0, 2 * float(np.abs(values).max())
    for _ in range(20):
        step = (fine + coarse) / 2
        noise = np.square(step * np.rint(values / step) - values).sum()
        fine, coarse = (step, coarse) if noise <= allowed else (fine, step)
    return (fine + coarse) / 2


def _add(rate: LayerRate, codec: Plain | Titled, maps: Maps, burst: int) -> None:
    decoded, bits = codec.roundtrip(maps, burst // 4)
    rate.images += 1
    rate.values += maps.size
    rate.bits += bits
    rate.signal += float(np.square(maps, dtype=np.float64).sum())
    rate.noise += float(np.square(decoded - maps, dtype=np.float64).sum())


def snr_db(rates: list[LayerRate]) -> float:
    """Ratio of signal to noise of layers together, in dB: the mean over values of every layer's.

    Layers of different scales cannot share a sum of squares.
    """
    weights = [rate.values for rate in rates]
    ratios = [rate.noise / rate.signal if rate.signal else 0.0 for rate in rates]
    mean = float(np.average(ratios, weights=weights))
    return -10 * math.log10(mean) if mean else math.inf
