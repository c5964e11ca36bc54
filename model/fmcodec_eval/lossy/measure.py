"""Lossy coding inside a network: its schemes, and their points measured one by one.

A point, one scheme at one noise budget in one network, is measured once and kept in a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fmcodec.fmtc import Params
from fmcodec_eval.lossy.points import (
    BREAKDOWN_NOISE,
    DCT,
    DCT_RICE,
    FIXED,
    FMTC,
    FMTC_LONG,
    FMTC_ONE,
    MOBILENET,
    PLAIN,
    PLAIN_END,
    SHARED_BATCH,
    Measured,
)
from fmcodec_eval.report.plan import Progress

if TYPE_CHECKING:
    from fmcodec_eval.lossy.experiment import Experiment, Scheme
    from fmcodec_eval.networks import Network

__all__ = [
    "CALIBRATION_IMAGES",
    "CALIBRATION_PHOTOS",
    "NOISE",
    "break_down",
    "measure_images",
    "missing",
    "run",
    "schemes",
]

NOISE = (0.06, 0.1, 0.17, 0.3)
# noise budgets at which one parameter after another is varied
STUDIES = {"resnet20_cifar10": 0.17, MOBILENET: 0.17}
CALIBRATION_IMAGES = 256
CALIBRATION_PHOTOS = 16


def measure_images(
    network: Network,
    inputs: np.ndarray,
    store: Path,
    noises: Sequence[float] = NOISE,
    progress: Progress = lambda *_: None,
) -> Measured:
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

    measured = Measured.load(store)
    names = {scheme.name for scheme, _ in schemes()}
    tasks = [task for task in missing(measured, network.name, noises) if task[0].name in names]
    if tasks:
        images = torch.from_numpy(inputs)
        # all maps of all calibration images are in memory at once
        most = min(CALIBRATION_IMAGES, 2 * CALIBRATION_PHOTOS * 224**2 // network.size**2)
        tests = [TestSet("held-out", images[1::2])]
        experiment = Experiment(network, images[::2][:most], tests)
        run(experiment, tasks, measured, store, f"{network.name}: FMTC inside", progress)
    return measured


def missing(measured: Measured, name: str, noises: Sequence[float]) -> list[tuple[Scheme, float]]:
    done = {(point.network, point.scheme, point.noise) for point in measured.points}
    return [task for task in _tasks(name, noises) if (name, task[0].name, task[1]) not in done]


def run(
    experiment: Experiment,
    tasks: Sequence[tuple[Scheme, float]],
    measured: Measured,
    store: Path,
    what: str,
    progress: Progress,
) -> None:
    """Measure `tasks`; `store` is whole after every point. `what` is for `progress`."""
    measured.networks[experiment.network.name] = experiment.facts()
    for index, (scheme, noise) in enumerate(tasks):
        progress(what, index, len(tasks))
        # no step is finer than an 8-bit unit: a budget of next to nothing gives 8 bits
        point = experiment.run(scheme, noise or 1e-6)
        point.noise = noise
        measured.points.append(point)
        measured.save(store)
    progress(what, len(tasks), len(tasks))


def break_down(experiment: Experiment, measured: Measured, store: Path) -> None:
    """Take the bits of the schemes apart that follow the noise budget and have code tables."""
    measured.breakdowns[experiment.network.name] = {
        scheme.name: experiment.breakdown(scheme, BREAKDOWN_NOISE)
        for scheme, follows in schemes()
        if follows and "rice" not in scheme.coders
    }
    measured.save(store)


def schemes() -> list[tuple[Scheme, bool]]:
    """The schemes of every network, and whether they follow the noise budget."""
    from fmcodec_eval.lossy.experiment import Scheme

    rice, ebpc, zvc, huffman = FIXED
    blocks = ("eye", "dct4")
    return [
        (Scheme(rice, kind="lossless", codec="rice"), False),
        (Scheme(ebpc, kind="lossless", codec="ebpc"), False),
        (Scheme(zvc, kind="lossless", codec="zvc"), False),
        (Scheme(huffman, kind="plain"), False),
        (Scheme(PLAIN, kind="plain"), True),
        (fmtc(PLAIN_END, variants=("eye",)), True),
        (fmtc(DCT_RICE, variants=blocks, coders=("rice",)), True),
        (fmtc(DCT, variants=blocks), True),
        (fmtc(FMTC_ONE, batch=1), True),
        (fmtc(FMTC), True),
        (fmtc(FMTC_LONG, max_length=256), True),
    ]


def fmtc(name: str, **settings: Any) -> Scheme:
    """A scheme of FMTC as it is compared: batches share contexts, gradients spend the bits."""
    from fmcodec_eval.lossy.experiment import Scheme

    return Scheme(name, **({"batch": SHARED_BATCH, "weighted": True} | settings))


def study(name: str) -> list[Scheme]:
    """One parameter of a network after another, everything else as in FMTC 64."""

    def shaped(*shapes: tuple[int, int]) -> list[Scheme]:
        return [fmtc(f"group {c}, block {b}", layout=(c, b)) for c, b in shapes]

    fitted = fmtc("fitted to maps alone", weighted=False)
    if name == MOBILENET:  # the one with more than 64 channels
        return [fitted, *shaped((16, 1), (64, 1), (128, 1))]

    def build(matrix_bits: int = 10, tables: int = 4) -> Params:
        return Params(matrix_bits=matrix_bits, tables=tables)

    counts = (1, 2, 4, 8)
    return [
        fitted,
        *(fmtc(f"G = {g}", params=build(tables=g)) for g in counts),
        fmtc("TW = 8", params=build(matrix_bits=8)),
        fmtc("no floor", floor=None),
        *shaped((8, 1), (16, 1), (32, 1), (64, 1), (4, 2), (16, 2), (4, 4), (16, 4)),
    ]


def _tasks(name: str, noises: Sequence[float]) -> list[tuple[Scheme, float]]:
    # budget by budget: what is interrupted early has all schemes side by side
    fixed = [(scheme, 0.0) for scheme, follows in schemes() if not follows]
    swept = [(scheme, noise) for noise in noises for scheme, follows in schemes() if follows]
    studied = [(scheme, STUDIES[name]) for scheme in study(name)] if name in STUDIES else []
    return fixed + swept + studied
