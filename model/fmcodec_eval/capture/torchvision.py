"""Torchvision's networks by name, with the weights that torchvision itself loads."""

from __future__ import annotations

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.pytorch import TorchNetwork, prepare_with

__all__ = ["NAMES", "open_torchvision"]

NAMES = {
    "alexnet": "alexnet",
    "vgg16": "vgg16",
    "resnet34": "resnet34",
    "squeezenet": "squeezenet1_0",
    "mobilenetv2": "mobilenet_v2",
}


def open_torchvision(
    name: str,
    random_weights: bool = False,
    layers: str | None = None,
    fuse_adds: bool = False,
) -> TorchNetwork:
    """One of torchvision's networks, 224x224, inputs normalised as it was trained.

    Args:
        name: a key of `NAMES`.
        random_weights: use freshly initialised weights: a dry run whose ratios mean nothing.
        layers: see `pytorch.TorchNetwork`.
        fuse_adds: see `fusing.stored`.

    Raises:
        InputError: torchvision is missing, or its weights are neither cached nor to be had.
    """
    models = require("torchvision.models", "torchvision", f"network {name!r}")
    torch = require("torch", "torch", f"network {name!r}")
    if random_weights:
        torch.manual_seed(0)
        module = models.get_model(NAMES[name], weights=None)
    else:
        try:
            module = models.get_model(NAMES[name], weights="DEFAULT")
        except (OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"weights of {name!r} cannot be loaded ({reason}); "
                "--random-weights makes a dry run without them"
            ) from error
    label = f"{name}-random" if random_weights else name
    prepare = prepare_with("imagenet")
    return TorchNetwork(label, module, 224, prepare, layers, fuse_adds=fuse_adds)
