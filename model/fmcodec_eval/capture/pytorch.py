"""Feature maps and gradient maps of PyTorch modules, by hooks (needs the extra `torch`)."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.images import fit, normalise
from fmcodec_eval.capture.maps import CapturedMap, as_planes

__all__ = ["TorchNetwork", "gradient_maps", "import_module", "prepare_with", "record"]

Prepare = Callable[[np.ndarray], np.ndarray]

_RECTIFIERS = ("ReLU", "ReLU6")
_ACTIVATIONS = (*_RECTIFIERS, "LeakyReLU", "PReLU", "ELU", "SiLU", "GELU", "Hardswish", "Sigmoid")
_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
_LINEAR = ("Linear", "Sum")


def _kind(module: Any) -> str:
    return type(module).__name__


def _is_layer(module: Any) -> bool:
    """Whether a module by itself computes a feature map that an accelerator may store."""
    names = [base.__name__ for base in type(module).__mro__]
    return any(name in (*_ACTIVATIONS, *_NORMS, *_LINEAR, "_ConvNd") for name in names)


@contextmanager
def record(module: Any, layers: str | None = None) -> Iterator[dict[str, tuple[str, Any]]]:
    """Hook a module; every forward pass then fills the dict with layer -> (kind, output tensor).

    Without `layers`, the maps that are stored between layers are kept: a convolution or a
    normalisation whose output goes straight into a normalisation or an activation is fused with
    it in every accelerator, so only the last one's output counts. A module that runs more than
    once gets `#2`, `#3`, ... added to its name.

    Args:
        module: the torch.nn.Module.
        layers: regular expression; all the modules whose names match it in full are kept instead.
    """
    outputs: dict[str, tuple[str, Any]] = {}
    handles = []

    def keep(name: str) -> Callable[[Any, Any, Any], None]:
        def hook(owner: Any, inputs: tuple[Any, ...], output: Any) -> None:
            if not hasattr(output, "dtype"):
                raise InputError(f"module {name!r} must give one tensor to be captured")
            key, turn = name, 1
            while key in outputs:
                turn += 1
                key = f"{name}#{turn}"
            outputs[key] = ("relu" if _kind(owner) in _RECTIFIERS else "linear", output)

        return hook

    def drop_fused(owner: Any, inputs: tuple[Any, ...]) -> None:
        for key in [k for k, (_, tensor) in outputs.items() if tensor is inputs[0]]:
            del outputs[key]

    for name, child in module.named_modules():
        if layers is not None:
            if re.fullmatch(layers, name):
                handles.append(child.register_forward_hook(keep(name)))
        elif _is_layer(child):
            if _kind(child) in (*_ACTIVATIONS, *_NORMS):
                handles.append(child.register_forward_pre_hook(drop_fused))
            handles.append(child.register_forward_hook(keep(name)))
    if not handles:
        if layers is None:
            raise InputError("network must have a layer or an activation, but no module is one")
        raise InputError(f"layers must match a module, but {layers!r} matches none")
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


class TorchNetwork:
    """A module whose feature maps are captured with forward hooks, on one thread.

    Args:
        name: what a report calls the network.
        module: the torch.nn.Module; is put into evaluation mode.
        size: height and width of its input in pixels.
        prepare: RGB pixels uint8 (size, size, 3) -> float32 (3, size, size).
        layers: see `record`.
    """

    def __init__(
        self, name: str, module: Any, size: int, prepare: Prepare, layers: str | None = None
    ) -> None:
        self._torch = require("torch", "torch", "a PyTorch network")
        self.name, self.size = name, size
        self._module, self._prepare, self._layers = module.eval(), prepare, layers

    @property
    def module(self) -> Any:
        """The torch.nn.Module."""
        return self._module

    def capture(self, image: np.ndarray) -> Iterator[CapturedMap]:
        """Run the network on one image and yield its maps."""
        torch = self._torch
        if image.dtype == np.float32:
            values = image
        else:
            values = self._prepare(fit(image, self.size, self.size))
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # sums in one order: the same bits on every worker
        try:
            with torch.inference_mode(), record(self._module, self._layers) as outputs:
                self._module(torch.from_numpy(np.ascontiguousarray(values))[None])
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise InputError(
                f"network {self.name} does not take an input of {values.shape}: {reason}"
            ) from error
        finally:
            torch.set_num_threads(threads)
        for layer, (kind, tensor) in outputs.items():
            values = tensor[0].float().numpy()
            yield CapturedMap(layer, kind, as_planes(values))


def gradient_maps(
    module: Any, loss: Callable[[], Any], layers: str | None = None
) -> Iterator[CapturedMap]:
    """Run the forward and backward pass of one training step and yield its gradient maps.

    The gradient map of a layer is the derivative of the loss with respect to the layer's output:
    back-propagation stores and reads it like a feature map. Each image of the batch has its own.
    The parameters' gradients are left in place for an optimiser's step.

    Args:
        module: the torch.nn.Module, in training mode.
        loss: runs the forward pass of a batch and returns the loss.
        layers: see `record`.
    """
    with record(module, layers) as outputs:
        value = loss()
        for _, tensor in outputs.values():
            tensor.retain_grad()
        value.backward()
    for layer, (_, tensor) in outputs.items():
        for gradient in tensor.grad.float().cpu().numpy():
            yield CapturedMap(layer, "gradient", as_planes(gradient))


def import_module(path: str) -> Any:
    """The torch.nn.Module that `package.module:callable` gives when called.

    Raises:
        InputError: it cannot be imported or gives no module.
    """
    torch = require("torch", "torch", "a PyTorch network")
    place, _, name = path.partition(":")
    try:
        made = getattr(importlib.import_module(place), name)()
    except Exception as error:  # whatever the user's own code raises
        reason = " ".join(str(error).split())
        raise InputError(
            f"network {path!r} must name a callable without arguments: {reason}"
        ) from error
    if not isinstance(made, torch.nn.Module):
        raise InputError(f"network {path!r} must give a torch.nn.Module, not {type(made).__name__}")
    return made


def prepare_with(normalisation: str) -> Prepare:
    """Pixels (H, W, 3) -> float32 (3, H, W), normalised as `images.normalise` says."""

    def prepare(pixels: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(normalise(pixels, normalisation).transpose(2, 0, 1))

    return prepare
