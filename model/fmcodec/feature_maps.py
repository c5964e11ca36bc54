"""Embedded feature maps: int8 activations of real networks that come with the package.

A few tiles of layers of different depth and sparsity, enough to try a codec or a core on real data
without a network at hand: SqueezeNet v1.0, pruned (songhan/SqueezeNet-Deep-Compression, BSD),
MobileNetV2, quantised (google-coral/test_data, Apache-2.0), and MLPerf Tiny's ResNet-8, quantised
(mlcommons/tiny, Apache-2.0). `python -m fmcodec_eval.embedded_maps` computes them from the
networks' weights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import numpy as np

__all__ = ["FeatureMap", "load"]


@dataclass(frozen=True)
class FeatureMap:
    """One feature map, or every `channel_step`-th channel of it.

    Attributes:
        network: name of the network.
        layer: name of the layer whose output this is, after its activation function.
        kind: activation function: "relu", "relu6" or "linear".
        image: name of the input image.
        protocol: "deployed": the integers of the quantised network minus their zero point, modulo
            2**8; "paper": float activations, the layer's maximum over the images scaled to 0.75,
            times 127, truncated.
        scale: real value of one step of the integers.
        signed: whether the words are signed; an unsigned map holds 0..255 as their int8 patterns.
        layer_shape: (channels, height, width) of the whole layer.
        channel_step: the map holds channels 0, channel_step, 2 * channel_step, ...
        words: int8 array of shape (channels, height, width): NCHW order when flattened.
    """

    network: str
    layer: str
    kind: str
    image: str
    protocol: str
    scale: float
    signed: bool
    layer_shape: tuple[int, int, int]
    channel_step: int
    words: np.ndarray = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """`network/layer`, unique among the embedded maps."""
        return f"{self.network}/{self.layer}"

    @property
    def sparsity(self) -> float:
        """Share of zero words, 0..1."""
        return float(np.mean(self.words == 0))


@cache
def load() -> tuple[FeatureMap, ...]:
    """The embedded feature maps, in the order of the networks' layers; their words are read-only.

    Takes some ten milliseconds the first time; nothing is read at import.
    """
    with (files("fmcodec") / "data" / "feature_maps.npz").open("rb") as file, np.load(file) as npz:
        maps = []
        for entry in json.loads(str(npz["metadata"])):
            words = npz[f"{entry['network']}.{entry['layer']}"]
            words.flags.writeable = False
            entry["layer_shape"] = tuple(entry["layer_shape"])
            maps.append(FeatureMap(words=words, **entry))
    return tuple(maps)
