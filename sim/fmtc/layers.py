"""Embedded maps of real networks, and how they are cut for a build.

`python -m fmcodec_eval.embedded_layers` computes them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc import Context, Params, calibrate
from fmcodec.fmtc.layout import Layout

__all__ = ["Layer", "coded", "load", "of_map"]

FILE = Path(__file__).with_name("layers.npz")
SNR_DB = 17.0
_BLOCKS = {16: (1, 4), 32: (2, 4), 64: (4, 4), 256: (16, 4)}  # C: channels of a vector, block

Maps = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Layer:
    """Maps of a layer.

    Attributes:
        name: of network and layer.
        seen, fresh: int8 maps (1, C, H, W) of one image to calibrate on, of another to code.
        origin: the value that stands for zero.
        low, high: clamp of decoded values; `low` is `origin` behind a ReLU.
    """

    name: str
    seen: Maps
    fresh: Maps
    origin: int
    low: int
    high: int


def load() -> Iterator[Layer]:
    """The embedded layers."""
    with np.load(FILE) as npz:
        for about in json.loads(str(npz["metadata"])):
            network, layer = about.pop("network"), about.pop("layer")
            maps = npz[f"{network}.{layer}"]
            yield Layer(f"{network}/{layer}", maps[:1], maps[1:], **about)


def of_map(name: str, words: npt.NDArray[np.signedinteger]) -> Layer:
    """A user's int8 map of any shape, calibrated on itself; the last two axes are the plane."""
    plane = words.shape[-2:] if words.ndim > 1 else (1, words.size)
    maps = words.astype(np.int8).reshape(1, -1, *plane)
    low = 0 if int(maps.min()) >= 0 else -128
    return Layer(name, maps, maps, 0, low, 127)


def coded(
    layer: Layer, params: Params, vectors: int | None = None
) -> tuple[Context, npt.NDArray[np.int8]] | None:
    """Context and vectors, at most so many, of a layer's fresh map; None where there are too few.

    The layer is calibrated to 17 dB, or to what the build can do, on the map that is not coded.
    """
    group, block = _BLOCKS.get(params.channels, (params.channels, 1))
    channels = layer.fresh.shape[1]
    if channels % group:
        return None
    layout = Layout(channels, channels // group, block, shared=True)
    seen, fresh = (layout.to_vectors(maps)[0] for maps in (layer.seen, layer.fresh))
    variant = {"none": "eye", "dct4": "dct4", "matrix": "pca"}[params.transform]
    if len(seen) < 2 * params.channels:
        return None
    clamp = {"low": layer.low, "high": layer.high, "origin": layer.origin}
    build = replace(params, lanes=None)
    for snr_db in (SNR_DB, 12.0):
        try:
            context = calibrate(
                seen, build, variant=variant, snr_db=snr_db, allow_constant=True, **clamp
            )
        except ValueError:  # few symbols reach no more
            continue
        return context, fresh[:vectors]
    return None
