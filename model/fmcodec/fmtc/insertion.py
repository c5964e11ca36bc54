"""Coded activations inside a PyTorch network: what its accuracy is measured with.

PyTorch is imported with this module: import it only where a network is really needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

__all__ = ["Meter", "RoundTrip", "capture", "inserted"]


class RoundTrip(Protocol):
    """What is inserted: maps (N, C, H, W) in, decoded maps and their bits in memory out."""

    def roundtrip(self, maps: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], int]: ...


@dataclass
class Meter:
    """Bits and values that passed every site since `inserted` began."""

    bits: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)

    @property
    def bits_per_value(self) -> float:
        """Bits in memory a value, over all sites."""
        return sum(self.bits.values()) / sum(self.values.values())


def capture(network: nn.Module, inputs: Tensor, sites: list[str]) -> dict[str, npt.NDArray]:
    """Maps at the named sites, before the activation, float32 of shape (N, C, H, W).

    A site is a module: what enters it if it is an activation (ReLU, ReLU6), else what leaves it.
    """
    maps: dict[str, npt.NDArray] = {}

    def keep(name: str, values: Tensor) -> Tensor:
        maps[name] = values.numpy().copy()  # an activation may work in place
        return values

    with _hooked(network, sites, keep), torch.inference_mode():
        network(inputs)
    return maps


@contextmanager
def inserted(network: nn.Module, codecs: Mapping[str, RoundTrip]) -> Iterator[Meter]:
    """Code and decode the maps at the named sites while the context lasts.

    An activation gets decoded maps as its input: those of a codec with the activation fused pass
    it unchanged.

    Args:
        network: in evaluation mode; it is left as it was.
        codecs: what is inserted, by the name of the module.

    Raises:
        ValueError: the network has no module of a name.
    """
    meter = Meter()

    def code(name: str, values: Tensor) -> Tensor:
        maps = np.ascontiguousarray(values.detach().numpy())
        decoded, bits = codecs[name].roundtrip(maps)
        meter.bits[name] = meter.bits.get(name, 0) + bits
        meter.values[name] = meter.values.get(name, 0) + maps.size
        return torch.from_numpy(decoded)

    with _hooked(network, list(codecs), code):
        yield meter


@contextmanager
def _hooked(network: nn.Module, sites: list[str], act: Any) -> Iterator[None]:
    modules = dict(network.named_modules())
    handles: list[Any] = []
    try:
        for name in sites:
            if name not in modules:
                raise ValueError(f"site must be a module of the network, not {name!r}")
            module = modules[name]
            if isinstance(module, nn.ReLU | nn.ReLU6):
                handles.append(
                    module.register_forward_pre_hook(lambda _, args, n=name: (act(n, args[0]),))
                )
            else:
                handles.append(
                    module.register_forward_hook(lambda _, args, out, n=name: act(n, out))
                )
        yield
    finally:
        for handle in handles:
            handle.remove()
