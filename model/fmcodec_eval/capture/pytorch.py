"""Feature maps and gradient maps of PyTorch modules, by hooks (needs the extra `torch`)."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.graph import Graph, TensorNote
from fmcodec_eval.capture.images import fit, normalise
from fmcodec_eval.capture.inputs import Input, Reading, Sample, feed
from fmcodec_eval.capture.maps import CapturedMap, as_planes, one_sample
from fmcodec_eval.capture.taps import Tap, taps_of

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

    Without `layers`, the modules are kept that compute a map; a convolution or a normalisation
    whose output goes straight into the module of a normalisation or an activation is left out, as
    `fusing.stored` does it. A module that runs more than once gets `#2`, `#3`, ... added.

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
        for key in [k for k, (_, tensor) in outputs.items() if any(tensor is i for i in inputs)]:
            del outputs[key]

    try:
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
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


class TorchNetwork:
    """A module whose stored feature maps are captured while it runs, on one thread.

    Every operator is seen, those that are called as functions, too. A module that takes another
    way through its code for another sample is traced again.

    Args:
        name: what a report calls the network.
        module: the torch.nn.Module; is put into evaluation mode.
        size: height and width of its input in pixels.
        prepare: RGB pixels uint8 (size, size, 3) -> float32 (3, size, size); None where
            `reading` says how.
        layers: regular expression; the outputs of all modules whose names match it in full are
            captured, instead of what is stored.
        reading: how samples become inputs.
        fuse_adds: see `fusing.stored`.
    """

    def __init__(
        self,
        name: str,
        module: Any,
        size: int,
        prepare: Prepare | None = None,
        layers: str | None = None,
        reading: Reading | None = None,
        fuse_adds: bool = False,
    ) -> None:
        self._torch = require("torch", "torch", "a PyTorch network")
        self.name, self.size = name, size
        self.packages = {"torch": self._torch.__version__}
        self.reading = reading or Reading()
        self.inputs = [
            Input(given, shape, np.dtype(np.float32)) for given, shape in self.reading.shapes
        ] or [Input("", (1, 3, size, size), np.dtype(np.float32))]
        self.has_own_normalisation = prepare is not None
        self._module, self._prepare, self._layers = module.eval(), prepare, layers
        self._fuse_adds = fuse_adds
        self._trace: tuple[Graph, list[Tap], list[TensorNote]] | None = None

    @property
    def module(self) -> Any:
        """The torch.nn.Module."""
        return self._module

    def capture(self, sample: Sample) -> Iterator[CapturedMap]:
        """Run the network on one sample and yield its maps."""
        values = self._values(sample)
        with self._running(values):
            maps = list(self._hooked(values) if self._layers else self._stored(values))
        for layer, kind, array in maps:
            yield CapturedMap(layer, kind, as_planes(one_sample(array)))

    def tensors(self, sample: Sample) -> list[TensorNote]:
        """What is captured and what is left out, for the way that a sample takes."""
        values = self._values(sample)
        with self._running(values):
            if not self._layers:
                return self._traced(values)[2]
            return [
                TensorNote(layer, kind, array.shape, str(array.dtype), True, "named by --modules")
                for layer, kind, array in self._hooked(values)
            ]

    def _values(self, sample: Sample) -> list[Any] | dict[str, Any]:
        """A sample as tensors, with the batch axis."""
        from_numpy = self._torch.from_numpy
        if isinstance(sample, Mapping):
            arrays = {name: np.ascontiguousarray(array)[None] for name, array in sample.items()}
            return {name: from_numpy(array) for name, array in arrays.items()}
        if sample.dtype != np.uint8:
            return [from_numpy(np.ascontiguousarray(sample))[None]]
        if self._prepare is not None:
            pixels = self._prepare(fit(sample, self.size, self.size))
            return [from_numpy(np.ascontiguousarray(pixels))[None]]
        return [from_numpy(array) for array in feed(self.inputs, sample, self.reading).values()]

    @contextmanager
    def _running(self, values: list[Any] | dict[str, Any]) -> Iterator[None]:
        torch = self._torch
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # sums in one order: the same bits on every worker
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)  # one operator for a whole block of layers
        try:
            yield
        except (RuntimeError, TypeError) as error:  # TypeError: not the module's arguments
            named = values if isinstance(values, dict) else dict(enumerate(values))
            shapes = ", ".join(str(tuple(tensor.shape[1:])) for tensor in named.values())
            raise InputError(
                f"network {self.name} does not take an input of {shapes}: "
                f"{str(error).splitlines()[0]}"
            ) from error
        finally:
            torch.set_num_threads(threads)
            torch.backends.mha.set_fastpath_enabled(fast)

    def _run(self, values: list[Any] | dict[str, Any]) -> Any:
        return self._module(**values) if isinstance(values, dict) else self._module(*values)

    def _hooked(self, values: list[Any] | dict[str, Any]) -> Iterator[Any]:
        with self._torch.inference_mode(), record(self._module, self._layers) as outputs:
            self._run(values)
        for layer, (kind, tensor) in outputs.items():
            yield layer, kind, tensor.float().numpy()

    def _stored(self, values: list[Any] | dict[str, Any]) -> Iterator[Any]:
        from fmcodec_eval.capture.trace import Changed, kept_outputs

        fresh = self._trace is None
        graph, taps, _ = self._trace or self._traced(values)
        tensors = {tap.tensor for tap in taps}
        try:
            found = kept_outputs(graph, tensors, lambda: self._run(values))
        except Changed:
            if fresh:
                raise InputError(
                    f"network {self.name} must run the same operators for the same input"
                ) from None
            self._trace = None
            yield from self._stored(values)
            return
        for tap in taps:
            yield tap.layer, tap.kind, found[tap.tensor].float().numpy()

    def _traced(self, values: list[Any] | dict[str, Any]) -> tuple[Any, list[Tap], Any]:
        if self._trace is None:
            from fmcodec_eval.capture.trace import traced

            graph = traced(self._module, values, lambda: self._run(values))
            self._trace = (graph, *taps_of(graph, self._fuse_adds))
            if not self._trace[1]:
                raise InputError(
                    "network must have a layer or an activation, but runs no operator that "
                    "computes a map"
                )
        return self._trace


def gradient_maps(
    module: Any, loss: Callable[[], Any], layers: str | None = None
) -> Iterator[CapturedMap]:
    """Run the forward and backward pass of one training step and yield its gradient maps.

    The gradient map of a layer is the derivative of the loss with respect to the layer's output:
    back-propagation stores and reads it like a feature map. Each image of the batch has its own.
    The parameters' gradients are left in place for an optimiser's step. Layers are modules: what
    is called as a function is not seen. A layer that the loss does not depend on, or that nothing
    in front of it is trained for, has no gradient and no map.

    Args:
        module: the torch.nn.Module, in training mode.
        loss: runs the forward pass of a batch and returns the loss.
        layers: see `record`.
    """
    with record(module, layers) as outputs:
        value = loss()
        derived = {layer: t for layer, (_, t) in outputs.items() if t.requires_grad}
        for tensor in derived.values():
            tensor.retain_grad()
        value.backward()
    for layer, tensor in derived.items():
        if tensor.grad is None:
            continue
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
