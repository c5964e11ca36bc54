"""Lossy coding inside networks: what is measured for the results page, and its section there.

A point, one scheme at one noise budget in one network, is measured once and kept in a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec.fmtc import Params
from fmcodec_eval.files import written_aside
from fmcodec_eval.lossy.points import (
    BREAKDOWN_NOISE,
    FIXED,
    FMTC,
    FMTC_LONG,
    FMTC_ONE,
    MOBILENET,
    PLAIN,
    SHARED_BATCH,
)
from fmcodec_eval.report.plan import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from fmcodec_eval.lossy.experiment import Experiment, Scheme
    from fmcodec_eval.networks import Network

__all__ = ["NETWORKS", "measure", "measure_images", "section"]

NOISE = (0.06, 0.1, 0.17, 0.3)
# noise budgets of each network; 8-bit rounding alone takes 0.06 in the last two
NETWORKS = {
    "resnet20_cifar10": (0.02, 0.035, *NOISE),
    "resnet8_cifar10": (0.02, 0.035, *NOISE),
    "squeezenet_v1_0": NOISE,
    MOBILENET: NOISE,
}
# noise budgets at which one parameter after another is varied
STUDIES = {"resnet20_cifar10": 0.17, MOBILENET: 0.17}
CALIBRATION_IMAGES = 256
CALIBRATION_PHOTOS = 16
HELD_OUT_IMAGES = 1000
LABELLED_IMAGES = 500


def section(data: Path, work: Path, figures: Path, progress: Progress) -> str:
    """Measure what is not measured yet and write the section of the results page.

    Args:
        data: folder of models/*.npz, images/*.JPEG and the CIFAR-10 arrays.
        work: folder where the measurements are kept, in fmtc.json.
        figures: folder of the page's figures.
        progress: called with what is done, how much of it, and how much there is.

    Returns:
        Markdown.
    """
    from fmcodec_eval.lossy.figures import draw
    from fmcodec_eval.results.lossy_page import render

    measured = measure(data, work, progress=progress)
    figures.mkdir(parents=True, exist_ok=True)
    drawings = draw(measured)
    for figure in drawings:
        (figures / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
    return render(measured, drawings)


def measure(
    data: Path,
    work: Path,
    networks: Mapping[str, Sequence[float]] = NETWORKS,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Measure every scheme in every network; what work/fmtc.json has already is left as it is."""
    require("torch", "torch", "running networks with coded activations")
    store = work / "fmtc.json"
    measured = _load(store)
    for name, noises in networks.items():
        tasks = _missing(measured, name, noises)
        if tasks or name not in measured["breakdowns"]:
            experiment = _experiment(data, name)
            if tasks:
                _run(experiment, tasks, measured, store, name, progress)
            progress(f"{name}: entropy", 0, 1)
            _break_down(experiment, measured, store)
            progress(f"{name}: entropy", 1, 1)
    return measured


def measure_images(
    network: Network,
    inputs: np.ndarray,
    store: Path,
    noises: Sequence[float] = NOISE,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Measure every scheme in one network: calibrated on every other image, on those between.

    Args:
        network: what runs with coded activations.
        inputs: of the network, float32 (images, 3, size, size), two images at least.
        store: JSON file of the points; what it has already is left as it is.
        noises: noise budgets.
        progress: called with what is done, how much of it, and how much there is.
    """
    import torch

    from fmcodec_eval.lossy.experiment import Experiment, TestSet

    measured = _load(store)
    names = {scheme.name for scheme, _ in schemes()}
    tasks = [task for task in _missing(measured, network.name, noises) if task[0].name in names]
    if tasks:
        images = torch.from_numpy(inputs)
        # all maps of all calibration images are in memory at once
        most = min(CALIBRATION_IMAGES, 2 * CALIBRATION_PHOTOS * 224**2 // network.size**2)
        tests = [TestSet("held-out", images[1::2])]
        experiment = Experiment(network, images[::2][:most], tests)
        _run(experiment, tasks, measured, store, f"{network.name}: FMTC inside", progress)
    return measured


def _load(store: Path) -> dict[str, Any]:
    empty: dict[str, Any] = {"networks": {}, "points": [], "breakdowns": {}}
    return empty | json.loads(store.read_text()) if store.exists() else empty


def _missing(
    measured: dict[str, Any], name: str, noises: Sequence[float]
) -> list[tuple[Scheme, float]]:
    done = {(point["network"], point["scheme"], point["noise"]) for point in measured["points"]}
    return [task for task in _tasks(name, noises) if (name, task[0].name, task[1]) not in done]


def _run(
    experiment: Experiment,
    tasks: Sequence[tuple[Scheme, float]],
    measured: dict[str, Any],
    store: Path,
    what: str,
    progress: Progress,
) -> None:
    measured["networks"][experiment.network.name] = {
        "values": sum(experiment.values.values()),
        "macs": experiment.network_macs(),
        "tests": {test.name: len(test.inputs) for test in experiment.tests},
        "accuracy": experiment.plain_accuracy(),
    }
    for index, (scheme, noise) in enumerate(tasks):
        progress(what, index, len(tasks))
        # no step is finer than an 8-bit unit: a budget of next to nothing gives 8 bits
        point = experiment.run(scheme, noise or 1e-6)
        point.noise = noise
        measured["points"].append(point.to_json())
        _save(measured, store)
    progress(what, len(tasks), len(tasks))


def _break_down(experiment: Experiment, measured: dict[str, Any], store: Path) -> None:
    measured["breakdowns"][experiment.network.name] = {
        scheme.name: experiment.breakdown(scheme, BREAKDOWN_NOISE)
        for scheme, follows in schemes()
        if follows
    }
    _save(measured, store)


def schemes() -> list[tuple[Scheme, bool]]:
    """The schemes of every network, and whether they follow the noise budget."""
    from fmcodec_eval.lossy.experiment import Scheme

    ebpc, zvc, huffman = FIXED
    return [
        (Scheme(ebpc, kind="lossless", codec="ebpc"), False),
        (Scheme(zvc, kind="lossless", codec="zvc"), False),
        (Scheme(huffman, kind="plain"), False),
        (Scheme(PLAIN, kind="plain"), True),
        (Scheme(FMTC_ONE, batch=1), True),
        (Scheme(FMTC, batch=SHARED_BATCH), True),
        (Scheme(FMTC_LONG, max_length=256, batch=SHARED_BATCH), True),
    ]


def study(name: str) -> list[Scheme]:
    """One parameter of a network after another, everything else as in FMTC 64."""
    from fmcodec_eval.lossy.experiment import Scheme

    def shaped(*shapes: tuple[int, int]) -> list[Scheme]:
        return [Scheme(f"group {c}, block {b}", layout=(c, b)) for c, b in shapes]

    if name == MOBILENET:  # the one with more than 64 channels
        return shaped((16, 1), (64, 1), (128, 1))

    def build(matrix_bits: int = 10, tables: int = 4) -> Params:
        return Params(matrix_bits=matrix_bits, tables=tables)

    counts = (1, 2, 4, 8)
    return [
        *(Scheme(f"G = {g}", batch=SHARED_BATCH, params=build(tables=g)) for g in counts),
        Scheme("TW = 8", batch=SHARED_BATCH, params=build(matrix_bits=8)),
        Scheme("no floor", batch=SHARED_BATCH, floor=None),
        *shaped((8, 1), (16, 1), (32, 1), (64, 1), (4, 2), (16, 2), (4, 4), (16, 4)),
    ]


def _tasks(name: str, noises: Sequence[float]) -> list[tuple[Scheme, float]]:
    # budget by budget: what is interrupted early has all schemes side by side
    fixed = [(scheme, 0.0) for scheme, follows in schemes() if not follows]
    swept = [(scheme, noise) for noise in noises for scheme, follows in schemes() if follows]
    studied = [(scheme, STUDIES[name]) for scheme in study(name)] if name in STUDIES else []
    return fixed + swept + studied


def _save(measured: dict[str, Any], store: Path) -> None:
    with written_aside(store) as aside:
        aside.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


def _inputs(network: Network, pixels: Iterable[np.ndarray]) -> Tensor:
    import torch

    return torch.from_numpy(np.stack([network.prepare(image) for image in pixels]))


def _experiment(data: Path, name: str) -> Experiment:
    from fmcodec_eval.lossy.experiment import Experiment, TestSet
    from fmcodec_eval.networks import load

    network = load(data / "models" / f"{name}.npz")

    if network.size == 32:
        train = np.load(data / "cifar10_train4000_lossless.npz")["images"]
        test = np.load(data / "cifar10_test1000.npz")
        # evenly spread: the file may be sorted by class
        chosen = np.linspace(0, len(test["images"]) - 1, LABELLED_IMAGES).astype(int)
        held_out = TestSet("held-out", _inputs(network, train[-HELD_OUT_IMAGES:]))
        labelled = TestSet("test", _inputs(network, test["images"][chosen]), test["labels"][chosen])
        return Experiment(
            network, _inputs(network, train[:CALIBRATION_IMAGES]), [held_out, labelled]
        )
    files = sorted((data / "images").glob("*.JPEG"))
    if len(files) <= CALIBRATION_PHOTOS:
        raise InputError(f"{data / 'images'} must hold more than {CALIBRATION_PHOTOS} pictures")
    views = [_ten_crop(path, network) for path in files]
    seen = [view for photo in views[:CALIBRATION_PHOTOS] for view in photo[:2]]
    fresh = [view for photo in views[CALIBRATION_PHOTOS:] for view in photo]
    classes = json.loads((data / "images" / "labels.json").read_text())
    labels = [classes[path.name] for path in files[CALIBRATION_PHOTOS:] for _ in views[0]]
    tests = [TestSet("held-out", _inputs(network, fresh), np.array(labels))]
    return Experiment(network, _inputs(network, seen), tests)


def _ten_crop(path: Path, network: Network) -> list[np.ndarray]:
    """The middle and the corners of a photograph and their mirror images, uint8 (s, s, 3)."""
    image = require("PIL.Image", "report", f"reading {path.name}")
    size = network.size
    with image.open(path) as file:
        picture = file.convert("RGB")
    scale = 1.15 * size / min(picture.size)
    pixels = np.asarray(picture.resize([round(side * scale) for side in picture.size]))
    bottom, right = (side - size for side in pixels.shape[:2])
    corners = [(0, 0), (0, right), (bottom, 0), (bottom, right)]
    places = [(bottom // 2, right // 2), *corners]
    crops = [pixels[top : top + size, left : left + size] for top, left in places]
    return [view for crop in crops for view in (crop, crop[:, ::-1])]
