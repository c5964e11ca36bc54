"""The measurements behind doc/results.md, each a plan with a folder of its own."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path

import numpy as np

from fmcodec.errors import InputError
from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.report.engine import LocalRunner, measure
from fmcodec_eval.report.plan import Plan, Progress
from fmcodec_eval.report.store import Store
from fmcodec_eval.report.summary import Summary

__all__ = ["BPC8", "EBPC8", "EBPC16", "NAMES", "deployed_sources", "measure_all", "require_data"]

# blocks of 8 and of 16 words stand side by side in every table, whatever the width of the words
BPC8 = "bpc:block_words=8"
EBPC8, EBPC16 = "ebpc:block_words=8", "ebpc:block_words=16"
CODECS = (
    *("zero_rle", "zvc", "csc", BPC8, EBPC8, EBPC16),
    *("rice", "deflate", "zstd", "entropy"),
)

# what the networks are called on the page
NAMES = {
    "mobilenet_v2_1.0_224_quant": "MobileNetV2, uint8",
    "resnet8_cifar10_quant": "ResNet-8, int8",
    "vww_mobilenet_v1_int8": "visual wake words, int8",
    "kws_dscnn_quant": "keyword spotting, int8",
    "squeezenet_v1_0": "SqueezeNet 1.0, float",
    "mobilenet_v2": "MobileNetV2, float",
    "resnet8_cifar10": "ResNet-8, float",
    "resnet20_cifar10": "ResNet-20, float",
    "gradient_maps": "ResNet-8 in training, gradients",
}

DEPLOYED = ("mobilenet_v2_1.0_224_quant", "vww_mobilenet_v1_int8", "resnet8_cifar10_quant")
FLOAT = ("squeezenet_v1_0", "mobilenet_v2", "resnet8_cifar10", "resnet20_cifar10")


def plans(data: Path, folder: Path) -> dict[str, Plan]:
    """The plans by name.

    Args:
        data: folder with `models`, `images` and the CIFAR-10 arrays.
        folder: of the measurements; the gradients lie in it.
    """
    deployed = deployed_sources(data)
    floating = tuple(_network(data, name) for name in FLOAT)
    gradients = SourceSpec(str(folder / "gradient_maps"))
    wide = ("fixed8", "fixed12", "fixed16", "float16", "bfloat16", "float32")
    return {
        "deployed": Plan(deployed, CODECS, ("deployed", "fixed8"), max_images=200),
        "float": Plan(floating, CODECS, max_images=200),
        "orders": Plan(
            (deployed[0], floating[0]),
            CODECS,
            formats=("deployed", "fixed8"),
            orders=("nchw", "nhwc", "tile:8x8x16"),
            max_images=8,
        ),
        "formats": Plan(
            (floating[0], floating[3]),
            ("zero_rle", "zvc", BPC8, EBPC8, EBPC16, "rice", "zstd", "entropy"),
            wide,
            max_images=8,
        ),
        "gradients": Plan((gradients,), CODECS, ("fixed8", "fixed16", "float16", "bfloat16")),
    }


def deployed_sources(data: Path) -> tuple[SourceSpec, ...]:
    """The quantised networks with their inputs."""
    words = SourceSpec(
        str(data / "models" / "kws_dscnn_quant.tflite"),
        str(files("fmcodec_eval") / "data" / "spoken_words.npz"),
    )
    return (*(_network(data, name) for name in DEPLOYED), words)


def _network(data: Path, name: str) -> SourceSpec:
    ending = ".npz" if name in FLOAT else ".tflite"
    images = "cifar10_test1000.npz" if "cifar10" in name else "images"
    return SourceSpec(str(data / "models" / f"{name}{ending}"), str(data / images))


def require_data(data: Path) -> None:
    """Raise InputError where the data are not there."""
    for needed in (data / "models", data / "images", data / "cifar10_test1000.npz"):
        if not needed.exists():
            raise InputError(f"data must be a folder with {needed.name}, but {data} has none")


def measure_all(data: Path, folder: Path, progress: Progress) -> dict[str, Summary]:
    """Run every plan, going on where an earlier run stopped.

    Returns:
        The summaries by the plans' names.
    """
    _train(data, folder, progress)
    summaries = {}
    for name, plan in plans(data, folder).items():
        store = Store(folder / name, resume=True)
        finished = measure(
            plan, store, LocalRunner(), lambda what, done, total: progress(what, done, total)
        )
        store.tables(finished)
        summaries[name] = Summary(folder / name)
    return summaries


def _train(data: Path, folder: Path, progress: Progress) -> None:
    """Capture gradient maps of a training run, unless an earlier run has done so."""
    from fmcodec_eval.capture.training import train

    log = folder / "training.json"
    if log.exists():
        return
    with np.load(data / "cifar10_train4000_lossless.npz") as file:
        images, labels = file["images"], file["labels"]
    steps = train(
        images,
        labels,
        folder / "gradient_maps",
        progress=lambda done, total: progress("training", done, total),
    )
    log.write_text(json.dumps([asdict(step) for step in steps], indent=1))
