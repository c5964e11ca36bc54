"""Lossy coding on this project's networks: what is measured, and its section of the results page.

A point, one scheme at one noise budget in one network, is measured once and kept in a file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.files import written_aside
from fmcodec_eval.lossy.measure import (
    CALIBRATION_IMAGES,
    CALIBRATION_PHOTOS,
    NOISE,
    break_down,
    missing,
    run,
)
from fmcodec_eval.lossy.points import MOBILENET, Measured
from fmcodec_eval.report.plan import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from fmcodec_eval.lossy.experiment import Experiment
    from fmcodec_eval.networks import Network

__all__ = ["NETWORKS", "kept", "measure", "renew", "section"]

HEADING = "## Lossy: "  # of the page's last section

# noise budgets of each network; 8-bit rounding alone takes 0.06 in the last two
NETWORKS = {
    "resnet20_cifar10": (0.02, 0.035, *NOISE),
    "resnet8_cifar10": (0.02, 0.035, *NOISE),
    "squeezenet_v1_0": NOISE,
    MOBILENET: NOISE,
}
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


def kept(page: Path) -> str:
    """The section of a page that is there, or nothing."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    return text[text.index(HEADING) :] if HEADING in text else ""


def renew(data: Path, work: Path, page: Path, progress: Progress) -> None:
    """Write the section of a page that is there, and leave the rest; arguments as `section`'s.

    Raises:
        InputError: there is no page with that section.
    """
    old = kept(page)
    if not old:
        raise InputError(f"output must be a page with a section {HEADING!r}, not {page}")
    new = section(data, work, page.parent / "figures", progress)
    text = page.read_text(encoding="utf-8").removesuffix(old) + new
    with written_aside(page) as aside:
        aside.write_text(text, encoding="utf-8")


def measure(
    data: Path,
    work: Path,
    networks: Mapping[str, Sequence[float]] = NETWORKS,
    progress: Progress = lambda *_: None,
) -> Measured:
    """Measure every scheme in every network; what work/fmtc.json has already is left as it is."""
    require("torch", "torch", "running networks with coded activations")
    store = work / "fmtc.json"
    measured = Measured.load(store)
    for name, noises in networks.items():
        tasks = missing(measured, name, noises)
        if tasks or name not in measured.breakdowns:
            experiment = _experiment(data, name)
            if tasks:
                run(experiment, tasks, measured, store, name, progress)
            progress(f"{name}: entropy", 0, 1)
            break_down(experiment, measured, store)
            progress(f"{name}: entropy", 1, 1)
    return measured


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
