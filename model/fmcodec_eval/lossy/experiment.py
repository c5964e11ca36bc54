"""Rate against accuracy of lossy codecs inside networks: what FMTC is judged by.

Every scheme codes every stored map of a network while it runs on images that no calibration saw.
All of them get the same quantiser steps, those that the noise budget of a layer allows, so that
they differ in how many bits they take for the same harm.

PyTorch is imported with this module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fmcodec.fmtc import Params
from fmcodec.fmtc.choice import Candidate, candidates, choose, fewest_groups
from fmcodec.fmtc.insertion import capture, inserted
from fmcodec.fmtc.layer import LayerCodec
from fmcodec.fmtc.layout import Layout
from fmcodec_eval.lossy.coders import MAX_VALUES, Counted, Lossless, Plain, Titled, enough, windows
from fmcodec_eval.lossy.points import Breakdown, NetworkFacts, Point
from fmcodec_eval.networks import Network, Sum

__all__ = ["Experiment", "Scheme", "TestSet", "sites_of"]

Maps = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scheme:
    """One way to code all maps of a network.

    Attributes:
        name: how tables and figures call it.
        kind: `fmtc`; `plain`, one quantiser and Huffman table a layer after the ReLU; or
            `lossless`, 8-bit maps under a codec of `fmcodec.codecs`.
        max_length: longest vector of `fmtc`; each layer takes the layout that is estimated best.
        layout: instead, (most channels of a group, block) in every layer.
        floor: steps below zero at which inputs saturate; None leaves them, as folding does.
        params: build of `fmtc`.
        batch: images that share the reading of a context, when layouts are chosen.
        coders: entropy coders of `fmtc` to choose among.
        variants: transforms of `fmtc` to choose among; None is all.
        codec: of `lossless`.
        weighted: learned transforms are fitted to the gradients too, not to the maps alone.
    """

    name: str
    kind: str = "fmtc"
    max_length: int = 64
    layout: tuple[int, int] | None = None
    floor: float | None = 1.0
    params: Params = field(default_factory=lambda: Params(matrix_bits=10, tables=4))
    batch: int = 16
    coders: tuple[str, ...] = ("huffman",)
    variants: tuple[str, ...] | None = None
    codec: str = ""
    weighted: bool = False


@dataclass(frozen=True)
class TestSet:
    """Inputs that no calibration saw, (images, 3, size, size), and labels where they are honest."""

    name: str
    inputs: Tensor
    labels: npt.NDArray[np.integer] | None = None


def sites_of(module: nn.Module) -> list[str]:
    """Modules whose output a network stores: activations, and linear maps that none follows.

    A bottleneck's projection is stored itself where no sum takes it.
    """
    names = dict(module.named_modules())

    def stored(name: str, part: nn.Module) -> bool:
        parent = names.get(name.rpartition(".")[0])
        if isinstance(part, Sum):
            return not any(hasattr(parent, after) for after in ("relu", "relu2"))
        projection = name.endswith("project") and getattr(parent, "sum", None) is None
        return projection or isinstance(part, nn.ReLU | nn.ReLU6)

    return [name for name, part in names.items() if stored(name, part)]


class Experiment:
    """A network with its calibration and what follows from it alone."""

    def __init__(
        self,
        network: Network,
        calibration: Tensor,
        tests: list[TestSet],
        max_values: int = MAX_VALUES,
    ) -> None:
        self.network = network
        self.tests = tests
        self.module = network.module
        names = dict(self.module.named_modules())
        self.sites = sites_of(self.module)
        self.relu = {s: isinstance(names[s], nn.ReLU | nn.ReLU6) for s in self.sites}
        self.ceiling = {s: 6.0 if isinstance(names[s], nn.ReLU6) else None for s in self.sites}
        self.maps = capture(self.module, calibration, self.sites)
        self.shapes = {site: self.maps[site].shape[1:] for site in self.sites}
        self.values = {site: math.prod(shape) for site, shape in self.shapes.items()}
        self.gain, self.margin = self._sensitivity(calibration)
        for site, maps in self.maps.items():
            self.maps[site] = windows(maps, max_values)
            self.gradients[site] = windows(self.gradients[site], max_values)
        self._ways: dict[tuple, list[Candidate]] = {}
        self.plain = {test.name: self._scores(test.inputs) for test in tests}

    def _sensitivity(self, inputs: Tensor) -> tuple[dict[str, float], float]:
        """RMS gradient of the margin by a non-zero value of each site, and the mean margin.

        `gradients` are those by every value, zero where a ReLU lets nothing through. The margin is
        how far the likeliest class is ahead of the second.
        """
        stored: dict[str, Tensor] = {}
        parts: dict[str, list[Maps]] = {site: [] for site in self.sites}
        names = dict(self.module.named_modules())
        handles = [
            names[site].register_forward_hook(lambda _, __, out, s=site: _retain(stored, s, out))
            for site in self.sites
        ]
        power: dict[str, float] = dict.fromkeys(self.sites, 0.0)
        count: dict[str, int] = dict.fromkeys(self.sites, 0)
        margins = 0.0
        for part in inputs.split(8):
            best = self.module(part.clone().requires_grad_()).topk(2, dim=1).values
            margin = best[:, 0] - best[:, 1]
            margin.sum().backward()
            margins += float(margin.detach().sum())
            for site, values in stored.items():
                alive = values.detach() != 0
                assert values.grad is not None
                power[site] += float(values.grad[alive].double().square().sum())
                count[site] += int(alive.sum())
                dead = ~alive if self.relu[site] else torch.zeros_like(alive)
                parts[site].append(values.grad.masked_fill(dead, 0.0).numpy())
        self.gradients = {site: np.concatenate(found) for site, found in parts.items()}
        for handle in handles:
            handle.remove()
        self.module.zero_grad(set_to_none=True)
        self.alive = {site: count[site] / len(inputs) for site in self.sites}
        gain = {s: math.sqrt(max(power[s] / max(count[s], 1), 1e-20)) for s in self.sites}
        return gain, margins / len(inputs)

    def step(self, site: str, noise: float) -> float:
        """Quantiser step of a layer with which all of them together make this much noise.

        Uniform noise of step^2 / 12 on the living values of every layer reaches the margin by the
        gradient; equal noise a value is what the least bits ask.
        """
        values = sum(self.alive.values())
        return noise * self.margin * math.sqrt(12 / values) / self.gain[site]

    def run(self, scheme: Scheme, noise: float = 0.0) -> Point:
        """Calibrate a scheme for a noise budget and measure it on the test sets."""
        codecs = {site: self._codec(scheme, site, noise) for site in self.sites}
        agreement, accuracy, squares = {}, {}, []
        bits = dict.fromkeys(self.sites, 0)
        images = 0
        for test in self.tests:
            with inserted(self.module, codecs) as meter:
                scores = self._scores(test.inputs)
            images += len(test.inputs)
            for site in self.sites:
                bits[site] += meter.bits[site]
            plain = self.plain[test.name]
            squares.append(_margin_change(plain, scores) ** 2)
            agreement[test.name] = float((scores.argmax(1) == plain.argmax(1)).mean())
            if test.labels is not None:
                accuracy[test.name] = self._accuracy(scores, test.labels)
        values = sum(self.values.values())
        layers = {
            site: (
                self.values[site],
                bits[site] / images / self.values[site],
                getattr(codecs[site], "title", ""),
            )
            for site in self.sites
        }
        return Point(
            self.network.name,
            scheme.name,
            noise,
            sum(bits.values()) / images / values,
            sum(getattr(codec, "context_bits", 0) for codec in codecs.values()) / values,
            float(np.sqrt(np.concatenate(squares).mean())) / self.margin,
            agreement,
            accuracy,
            values,
            sum(self.values[s] * getattr(codecs[s], "inverse_macs", 0) for s in self.sites),
            layers,
        )

    def breakdown(self, scheme: Scheme, noise: float) -> Breakdown:
        """Bits a value of the first test set, taken apart."""
        coders = {}
        for site in self.sites:
            codec = self._codec(scheme, site, noise)
            assert not isinstance(codec, Lossless)  # its words have no symbols
            coders[site] = Counted(codec)
        with inserted(self.module, coders) as meter:
            self._scores(self.tests[0].inputs)
        values = sum(meter.values.values())
        contexts = sum(coder.coder.context_bits for coder in coders.values())
        return Breakdown(
            sum(coder.entropy_bits for coder in coders.values()) / values,
            sum(coder.code_bits for coder in coders.values()) / values,
            meter.bits_per_value,
            contexts / sum(self.values.values()),
        )

    def facts(self) -> NetworkFacts:
        """What is known of the network without any coding."""
        return NetworkFacts(
            sum(self.values.values()),
            self.network_macs(),
            {test.name: len(test.inputs) for test in self.tests},
            self.plain_accuracy(),
        )

    def plain_accuracy(self) -> dict[str, float]:
        """Accuracy without coding, for the sets with labels."""
        return {
            test.name: self._accuracy(self.plain[test.name], test.labels)
            for test in self.tests
            if test.labels is not None
        }

    def network_macs(self) -> int:
        """Multiply-accumulates of the network itself for one image."""
        macs = 0

        def add(layer: nn.Module, _: tuple, out: Tensor) -> None:
            nonlocal macs
            weight = layer.weight
            assert isinstance(weight, Tensor)
            macs += out[0].numel() * weight[0].numel()

        handles = [
            part.register_forward_hook(add)
            for part in self.module.modules()
            if isinstance(part, nn.Conv2d | nn.Linear)
        ]
        with torch.inference_mode():
            self.module(self.tests[0].inputs[:1])
        for handle in handles:
            handle.remove()
        return macs

    def _scores(self, inputs: Tensor) -> Maps:
        with torch.inference_mode():
            return torch.cat([self.module(part).flatten(1) for part in inputs.split(16)]).numpy()

    def _accuracy(self, scores: Maps, labels: npt.NDArray[np.integer]) -> float:
        return float((scores.argmax(1) - self.network.label_offset == labels).mean())

    def _codec(self, scheme: Scheme, site: str, noise: float) -> Titled | Plain | Lossless:
        maps, relu, ceiling = self.maps[site], self.relu[site], self.ceiling[site]
        if scheme.kind == "lossless":
            return Lossless(maps, relu, ceiling, scheme.codec)
        step = self.step(site, noise)
        if scheme.kind == "plain" or not enough(maps):
            return Plain(maps, relu, ceiling, step)
        floor = math.inf if scheme.floor is None else scheme.floor * step
        if scheme.layout is None:
            way = self._choose(scheme, site, step, floor)
            layout, variant, params, step = way.layout, way.variant, way.params, way.step
        else:
            group, block = scheme.layout
            channels = maps.shape[1]
            layout = Layout(channels, fewest_groups(channels, group), block)
            variant, params = "pca_t", scheme.params
        floor = 0.0 if variant == "eye" else floor
        codec = LayerCodec.calibrate(
            maps,
            layout,
            params,
            variant=variant,
            step=step,
            relu=relu,
            ceiling=ceiling,
            floor=floor,
            gradients=self.gradients[site] if scheme.weighted else None,
        )
        return Titled(codec, variant)

    def _choose(self, scheme: Scheme, site: str, step: float, floor: float) -> Candidate:
        """How a layer is coded; schemes that differ in batch or length share the estimates."""
        which = (scheme.params, scheme.coders, scheme.variants, scheme.weighted)
        key = (site, step, floor, *which)
        if key not in self._ways:
            self._ways[key] = candidates(
                self.maps[site],
                step,
                scheme.params,
                max_length=256,
                coders=scheme.coders,
                variants=scheme.variants,
                size=self.shapes[site][1:],
                relu=self.relu[site],
                ceiling=self.ceiling[site],
                floor=floor,
                gradients=self.gradients[site] if scheme.weighted else None,
            )
        return choose(self._ways[key], scheme.batch, scheme.max_length)


def _margin_change(plain: Maps, scores: Maps) -> Maps:
    """How much further, or less far, the plain winner is ahead of the plain second, by image."""
    second, first = np.argsort(plain, axis=1)[:, -2:].T
    rows = np.arange(len(plain))
    before = plain[rows, first] - plain[rows, second]
    return scores[rows, first] - scores[rows, second] - before


def _retain(stored: dict[str, Tensor], site: str, out: Tensor) -> None:
    out.retain_grad()
    stored[site] = out
