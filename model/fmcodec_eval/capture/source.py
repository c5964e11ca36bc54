"""From what a user names (a file, a folder, a network) to a source of feature maps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.errors import check_regex, reading_arrays
from fmcodec_eval.capture.images import NORMALISATIONS, Images, open_images
from fmcodec_eval.capture.maps import CapturedMap, Source
from fmcodec_eval.capture.torchvision import NAMES as TORCHVISION
from fmcodec_eval.capture.torchvision import open_torchvision

__all__ = ["NetworkSource", "SourceSpec"]


class CapturingNetwork(Protocol):
    """A network that yields its maps for one image."""

    name: str

    def capture(self, image: np.ndarray) -> Iterator[CapturedMap]: ...


@dataclass(frozen=True)
class NetworkSource:
    """A network and the images that it sees."""

    network: CapturingNetwork
    images: Images

    @property
    def name(self) -> str:
        return self.network.name

    def __len__(self) -> int:
        return len(self.images)

    def maps(self, index: int) -> Iterator[CapturedMap]:
        return self.network.capture(self.images[index])


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
        size: input size of networks that take any, in pixels.
    """

    network: str
    images: str | None = None
    normalisation: str | None = None
    layers: str | None = None
    random_weights: bool = False
    channels_last: bool = False
    size: int = 224

    def __post_init__(self) -> None:
        if self.normalisation is not None and self.normalisation not in NORMALISATIONS:
            known = ", ".join(NORMALISATIONS)
            raise InputError(f"normalisation must be one of {known}, not {self.normalisation!r}")
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
    network = _open_network(spec, path)
    if spec.images is None:
        raise InputError(f"network {spec.network!r} needs images: a folder, a file or random:COUNT")
    return NetworkSource(network, open_images(spec.images))


def _open_network(spec: SourceSpec, path: Path) -> CapturingNetwork:
    if path.suffix == ".tflite":
        from fmcodec_eval.capture.tflite import TFLiteNetwork

        return TFLiteNetwork(path, spec.normalisation or "symmetric")
    if path.suffix == ".onnx":
        from fmcodec_eval.capture.onnx import OnnxNetwork

        return OnnxNetwork(path, spec.normalisation or "imagenet", spec.size)
    if path.suffix == ".npz":
        return _published(spec)
    if spec.network in TORCHVISION:
        return open_torchvision(spec.network, spec.random_weights, spec.layers)
    if ":" in spec.network:
        from fmcodec_eval.capture.pytorch import TorchNetwork, import_module, prepare_with

        prepare = prepare_with(spec.normalisation or "imagenet")
        module = import_module(spec.network)
        return TorchNetwork(spec.network, module, spec.size, prepare, spec.layers)
    known = ", ".join(TORCHVISION)
    raise InputError(
        f"network must be a .tflite, .onnx, .npy or .npz file, a folder of feature maps, "
        f"package.module:callable or one of {known}, not {spec.network!r}"
    )


def _published(spec: SourceSpec) -> CapturingNetwork:
    require("torch", "torch", "a PyTorch network")
    from fmcodec_eval import networks
    from fmcodec_eval.capture.pytorch import TorchNetwork

    network = networks.load(spec.network)
    return TorchNetwork(network.name, network.module, network.size, network.prepare, spec.layers)


def _holds_weights(path: Path) -> bool:
    """Whether an .npz file holds a network's weights, not feature maps."""
    if path.suffix != ".npz":
        return False
    with reading_arrays(path), np.load(path) as file:
        return any(name.endswith(".weight") for name in file.files)
