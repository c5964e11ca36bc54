"""From what a user names (a file, a folder, a network) to a source of feature maps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.errors import check_regex, reading_arrays
from fmcodec_eval.capture.graph import TensorNote
from fmcodec_eval.capture.images import (
    Images,
    Noise,
    array_shapes,
    check_normalisation,
    open_images,
)
from fmcodec_eval.capture.inputs import Input, Reading, Sample, parse_shapes
from fmcodec_eval.capture.maps import CapturedMap, Record, Source
from fmcodec_eval.capture.torchvision import NAMES as TORCHVISION
from fmcodec_eval.capture.torchvision import open_torchvision

__all__ = ["NetworkSource", "SourceSpec", "needed_packages"]


class CapturingNetwork(Protocol):
    """A network that yields its maps for one sample.

    `tensors` lists what is captured and what is left out; `inputs` are what it takes, `reading`
    says how samples become that, `packages` are the versions of what runs it.
    """

    name: str
    inputs: list[Input]
    reading: Reading
    packages: dict[str, str]

    def capture(self, sample: Sample) -> Iterator[CapturedMap]: ...

    def tensors(self, sample: Sample) -> list[TensorNote]: ...


@dataclass(frozen=True)
class NetworkSource:
    """A network and the images that it sees."""

    network: CapturingNetwork
    images: Images
    random_weights: bool = False

    @property
    def name(self) -> str:
        return self.network.name

    def __len__(self) -> int:
        return len(self.images)

    def maps(self, index: int) -> Iterator[CapturedMap]:
        return self.network.capture(self.images[index])

    def tensors(self) -> list[TensorNote]:
        """What is captured and what is left out, for the first sample that can be read."""
        return self.network.tensors(self._first())

    def record(self) -> Record:
        """What moves the results: packages, inputs, how pixels become them."""
        network, reading = self.network, self.network.reading
        settings = {"runs in": ", ".join(f"{k} {v}" for k, v in network.packages.items())}
        settings["inputs"] = "; ".join(map(str, network.inputs))
        assumed = []
        first = self._first()
        takes_pixels = isinstance(first, np.ndarray) and first.dtype == np.uint8 and first.ndim == 3
        floats = [each for each in network.inputs if each.pixels and each.dtype.kind == "f"]
        if takes_pixels and getattr(network, "has_own_normalisation", False):
            settings["normalisation"] = "the network's own"
        elif takes_pixels and floats:
            source = "stated by the network's file"
            if reading.normalisation:
                source = "asked for"
            elif not reading.file_normalisation:
                source = "assumed"
                assumed.append(
                    f"{self.name}: pixels were normalised as `{reading.how}`, which nobody asked "
                    "for and the network's file does not state; --normalise sets it."
                )
            settings["normalisation"] = f"{reading.how} ({source})"
        if isinstance(self.images, Noise):
            settings["seeds"] = "noise: the number of the image"
            assumed.append(f"{self.name}: inputs are noise: a dry run, no figure means anything.")
        if self.random_weights:
            settings["weights"] = "random, seed 0"
            assumed.append(f"{self.name}: weights are random: a dry run, no figure means anything.")
        return Record(settings, tuple(assumed))

    def notes(self) -> list[str]:
        """What a reader has to know before any figure, a sentence each."""
        return list(self.record().assumed)

    def _first(self) -> Sample:
        for index in range(len(self.images)):
            try:
                return self.images[index]
            except InputError as error:
                broken = error
        raise broken


@dataclass(frozen=True)
class SourceSpec:
    """How to open a source, small and hashable, so that every worker can open it for itself.

    Paths of what is there are kept absolute: a worker may run in another folder, and a run that
    goes on may be started from one.

    Attributes:
        network: a .tflite or .onnx file; an .npz file of the weights of a known network; .npy and
            .npz files or folders of feature maps; a torchvision name; or `package.module:callable`
            that gives a torch.nn.Module.
        images: see `images.open_images`; None for saved feature maps.
        normalisation: how pixels become floats, see `images.normalise`; None for the network's
            usual way.
        layers: regular expression of PyTorch modules to hook, see `pytorch.record`.
        random_weights: see `torchvision.open_torchvision`.
        channels_last: whether saved feature maps are (H, W, C).
        size: height and width of pictures where the network's file leaves them open; None for
            what its metadata say, or 224.
        shapes: shapes of inputs, `name=1x3x48x320`; see `inputs.parse_shapes`.
        fuse_adds: see `fusing.stored`.
    """

    network: str
    images: str | None = None
    normalisation: str | None = None
    layers: str | None = None
    random_weights: bool = False
    channels_last: bool = False
    size: int | None = None
    shapes: tuple[str, ...] = ()
    fuse_adds: bool = False

    def __post_init__(self) -> None:
        if self.normalisation is not None:
            check_normalisation(self.normalisation)
        parse_shapes(self.shapes)
        check_regex("modules", self.layers)
        for name in ("network", "images"):
            path = getattr(self, name)
            if path is not None and Path(path).exists():
                object.__setattr__(self, name, os.path.abspath(path))

    def open(self) -> Source:
        """Open the source; the same one again for the same spec.

        Raises:
            InputError: it cannot be read, or images are missing.
        """
        return _open(self)


def needed_packages(spec: SourceSpec) -> dict[str, str]:
    """The packages that a source needs, with the extra that brings each."""
    path = Path(spec.network)
    if path.suffix == ".tflite":
        return {"ai_edge_litert": "tflite"}
    if path.suffix == ".onnx":
        return {"onnx": "onnx", "onnxruntime": "onnx"}
    if spec.network in TORCHVISION:
        return {"torch": "torchvision", "torchvision": "torchvision"}
    weights = path.suffix == ".npz" and path.is_file() and _holds_weights(path)
    return {"torch": "torch"} if weights or (":" in spec.network and not path.exists()) else {}


@lru_cache(maxsize=4)
def _open(spec: SourceSpec) -> Source:
    if spec.random_weights and spec.network not in TORCHVISION:
        known = ", ".join(TORCHVISION)
        raise InputError(f"random weights are for {known}, not {spec.network!r}")
    path = Path(spec.network)
    if path.is_dir() or path.suffix in (".npy", ".npz"):
        if not path.exists():
            raise InputError(f"{path} must be a file or a folder, but there is none")
        if path.is_dir() or not _holds_weights(path):
            from fmcodec_eval.capture.arrays import ArraySource

            return ArraySource(path, spec.channels_last)
    images = None if spec.images is None else open_images(spec.images)
    network = _open_network(spec, path, images)
    if images is None:
        raise InputError(f"network {spec.network!r} needs images: a folder, a file or random:COUNT")
    if isinstance(images, Noise) and not (len(network.inputs) == 1 and network.inputs[0].pixels):
        taken = tuple((each.name, each.shape, each.dtype.name) for each in network.inputs)
        images = Noise(images.count, taken)
    return NetworkSource(network, images, spec.random_weights)


def _open_network(spec: SourceSpec, path: Path, images: Images | None) -> CapturingNetwork:
    reading = Reading(spec.normalisation, spec.size, parse_shapes(spec.shapes))
    if images is not None:
        reading = replace(reading, arrays=array_shapes(images))
    if path.suffix == ".tflite":
        from fmcodec_eval.capture.tflite import TFLiteNetwork

        return TFLiteNetwork(path, replace(reading, usual="symmetric"), spec.fuse_adds)
    if path.suffix == ".onnx":
        from fmcodec_eval.capture.onnx import OnnxNetwork

        return OnnxNetwork(path, reading, spec.fuse_adds)
    if path.suffix == ".npz":
        return _published(spec)
    if spec.network in TORCHVISION:
        return open_torchvision(spec.network, spec.random_weights, spec.layers, spec.fuse_adds)
    if ":" in spec.network:
        from fmcodec_eval.capture.pytorch import TorchNetwork, import_module

        module, (size, _) = import_module(spec.network), reading.picture_size
        return TorchNetwork(spec.network, module, size, None, spec.layers, reading, spec.fuse_adds)
    known = ", ".join(TORCHVISION)
    raise InputError(
        f"network must be a .tflite, .onnx, .npy or .npz file, a folder of feature maps, "
        f"package.module:callable or one of {known}, not {spec.network!r}"
    )


def _published(spec: SourceSpec) -> CapturingNetwork:
    require("torch", "torch", "a PyTorch network")
    from fmcodec_eval import networks
    from fmcodec_eval.capture.pytorch import TorchNetwork

    known = networks.load(spec.network)
    return TorchNetwork(
        *(known.name, known.module, known.size, known.prepare, spec.layers),
        fuse_adds=spec.fuse_adds,
    )


def _holds_weights(path: Path) -> bool:
    """Whether an .npz file holds a network's weights, not feature maps."""
    if path.suffix != ".npz":
        return False
    with reading_arrays(path), np.load(path) as file:
        return any(name.endswith(".weight") for name in file.files)
