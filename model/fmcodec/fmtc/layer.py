"""The codec of a whole layer, a context for each group of channels, and how it is chosen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc import fast
from fmcodec.fmtc.calibrate import (
    TRIAL_VECTORS,
    Calibrator,
    Trial,
    bisect_step,
)
from fmcodec.fmtc.context import Context
from fmcodec.fmtc.layout import Layout, require_channels
from fmcodec.fmtc.params import WORD_BITS, Params
from fmcodec.fmtc.sensitivity import importances, unit_gradients
from fmcodec.fmtc.tables import count_symbols
from fmcodec.fmtc.tile import FRAME_WORDS, MAX_TILE_VECTORS, Encoded
from fmcodec.fmtc.transform import fit

__all__ = ["LayerCodec", "LayerSamples", "tile_vectors"]

ORDER_PIXELS = 1 << 13  # of a channel, from which the order of channels is found
TILE_VALUES = 1 << 15  # of a tile: its header and index are then below 0.4 % of a coded byte
LEVELS = 254  # of the 8-bit input, no more than q_max can tell apart
HEADROOM = 1.125  # of the largest calibrated value, in the range of the 8-bit input
FLOOR = 0.125  # of the range below zero, before a ReLU: what is lower saturates

Maps = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LayerCodec:
    """Codes the real-valued maps of a layer, a context for every group of channels or one for all.

    Attributes:
        layout: how maps become vectors.
        scale: what an int8 unit of the contexts stands for.
        origin: the int8 value that stands for zero.
        contexts: one a group, or one for all where the layout shares it.
        order: the layer's channels as the groups take them; the convolutions before and after
            can be stored in this order, so that it costs nothing.
    """

    layout: Layout
    scale: float
    origin: int
    contexts: tuple[Context, ...]
    order: npt.NDArray[np.intp]

    @classmethod
    def calibrate(
        cls,
        maps: Maps,
        layout: Layout,
        params: Params | None = None,
        *,
        variant: str = "pca_t",
        snr_db: float | None = None,
        step: float | None = None,
        relu: bool = False,
        ceiling: float | None = None,
        floor: float | None = None,
        gradients: Maps | None = None,
        seed: int = 0,
    ) -> LayerCodec:
        """Calibrate a layer; all groups share one step, as one distortion everywhere asks.

        Args:
            maps: calibration maps before the activation, float, shape (N, C, H, W).
            layout: how to cut them.
            params: build to aim at; its `channels` are replaced by the layout's.
            variant: of the transform.
            snr_db: ratio of signal to noise to keep after the activation.
            step: instead, the quantiser step as a real value; where `q_max` cannot hold the range
                with it, the finest that it can. Without a transform a step is an odd
                number of units of the 8-bit input: rounding twice is then rounding once.
            relu: a ReLU follows and is fused into the decoder.
            ceiling: it clamps to this value, as ReLU6 does to 6.
            floor: before a ReLU, values below -floor saturate: they end as zero anyway, and cost
                less. A folded transform sees them all. Default an eighth of the range.
            gradients: of what errors do harm to, by each value of `maps`, of the same shape; zero
                where errors do none. A learned transform then spends bits on the components that
                matter; `step` is that of values whose gradients are the RMS of all.
            seed: of the choice of vectors that make the code tables.

        Raises:
            ValueError: maps are not finite, all the same, too few or of another layout, or a
                target is out of reach.
        """
        if (snr_db is None) == (step is None):
            raise ValueError("snr_db or step must be given, and not both")
        whole = step if variant == "eye" else None
        task = LayerSamples(maps, params or Params(), relu, ceiling, floor, seed, whole, gradients)
        order = task.order(layout, variant)
        parts = task.parts(layout, variant, order)
        trials = [trial for trial, _ in parts]
        if snr_db is not None:
            units = bisect_step(trials, snr_db)
        else:
            finest = max(trial.finest_step for trial in trials)
            units = max(float(step or 0) / task.scale, finest)
        contexts = [
            trial.context(units, calibrator.sample(), task.params.q_max, headroom=True)
            for trial, calibrator in parts
        ]
        return cls(layout, task.scale, task.origin, tuple(contexts), order)

    @property
    def step(self) -> float:
        """Quantiser step as a real value."""
        return self.contexts[0].step * self.scale

    @property
    def context_bits(self) -> int:
        """Bits of all decoder contexts, which are read once a layer."""
        return sum(context.bits for context in self.contexts)

    @property
    def inverse_macs(self) -> float:
        """Multiply-accumulates of the inverse transform for each value."""
        kept = [c.components if c.transform == "matrix" else 0 for c in self.contexts]
        return sum(kept) / len(kept)

    def encode(self, maps: Maps) -> list[Encoded]:
        """Code maps of shape (N, C, H, W), float: the tiles of every group.

        Raises:
            ValueError: a value is not finite, or the shape is not the layout's.
        """
        groups = self._groups(maps)
        starts = self._starts(len(maps), groups.shape[1]).tolist()
        coded = []
        for vectors, context in zip(groups, self.contexts, strict=True):
            tiles = [
                context.encode(vectors[first:last], last - first)
                for first, last in pairwise(starts)
            ]
            clips = [int(tile.clips[0]) for tile in tiles]
            coded.append(Encoded.from_tiles([tile[0] for tile in tiles], clips))
        return coded

    def decode(self, encoded: list[Encoded], height: int, width: int) -> Maps:
        """The maps after the activation, float32 of shape (N, C, H, W)."""
        groups = [
            context.decode(tiles) for context, tiles in zip(self.contexts, encoded, strict=True)
        ]
        return self._real(np.stack(groups), height, width)

    def roundtrip(self, maps: Maps, burst_words: int = 1) -> tuple[Maps, int]:
        """The decoded maps and the bits in memory, headers, padding and tile index included.

        What `encode` and `decode` give, but symbols are only counted, not packed and unpacked.

        Args:
            maps: what `encode` takes.
            burst_words: 32-bit words of a burst of the memory; every tile takes whole bursts.
        """
        groups = self._groups(maps)
        starts = self._starts(len(maps), groups.shape[1])
        words, decoded = 0, np.empty_like(groups)
        for vectors, context, result in zip(groups, self.contexts, decoded, strict=True):
            symbols = self._symbols(context, vectors)
            bits = fast.tile_bits(context.encoder, symbols, starts)
            raw = 8 * context.components * np.diff(starts)
            tiles = -(-np.minimum(bits, raw) // WORD_BITS) + FRAME_WORDS
            # a word of index a tile, one behind the other
            words += int((-(-tiles // burst_words) * burst_words).sum()) + len(tiles)
            levels = symbols.astype(np.int16) - np.int16(context.decoder.zero_point)
            result[:] = fast.inverse(context.decoder, levels)
        return self._real(decoded, *maps.shape[2:]), WORD_BITS * words

    def count_symbols(self, maps: Maps) -> list[npt.NDArray[np.int64]]:
        """How often every code table codes every symbol: (tables, q_max + 2) for each context."""
        counts = []
        for vectors, context in zip(self._groups(maps), self.contexts, strict=True):
            encoder = context.encoder
            found = count_symbols(
                self._symbols(context, vectors),
                encoder.zero_point,
                encoder.q_max + 1,
                encoder.end_before,
            )
            edges = (0, *context.decoder.boundaries)
            counts.append(np.add.reduceat(found, edges, axis=0))
        return counts

    @staticmethod
    def _symbols(context: Context, vectors: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
        return fast.quantise(context.encoder, fast.forward(context.encoder, vectors))[0]

    def _groups(self, maps: Maps) -> npt.NDArray[np.int8]:
        _require_finite(maps)
        require_channels(maps, self.layout)
        values = _to_int8(maps, self.scale, self.origin)
        return self.layout.to_vectors(values[:, self.order])

    def _starts(self, images: int, vectors: int) -> npt.NDArray[np.int64]:
        """First vector of every tile, and the end: tiles end with their image."""
        first = np.arange(0, vectors // images, tile_vectors(self.layout))
        starts = np.arange(images)[:, None] * (vectors // images) + first
        return np.append(starts.ravel(), vectors)

    def _real(self, vectors: npt.NDArray[np.int8], height: int, width: int) -> Maps:
        ordered = self.layout.from_vectors(vectors, height, width)
        maps = np.empty(ordered.shape, dtype=np.float32)
        maps[:, self.order] = ordered
        maps -= np.float32(self.origin)
        maps *= np.float32(self.scale)
        return maps


class LayerSamples:
    """Calibration maps with what all layouts that are tried on them share."""

    def __init__(
        self,
        maps: Maps,
        params: Params,
        relu: bool,
        ceiling: float | None,
        floor: float | None,
        seed: int,
        step: float | None = None,
        gradients: Maps | None = None,
    ) -> None:
        self.params = params
        self.seed = seed
        self._gradients = None if gradients is None else unit_gradients(gradients, maps)
        self.scale, self.origin = _int8_range(maps, relu, ceiling, floor, step)
        self.low = self.origin if relu else -128
        self.high = 127
        if ceiling is not None:
            self.high = min(round(ceiling / self.scale) + self.origin, 127)
        self._values = _to_int8(maps, self.scale, self.origin)

    def order(self, layout: Layout, variant: str) -> npt.NDArray[np.intp]:
        """An order of the channels that brings together what belongs together.

        Without a transform: by falling variance, so that neighbours share a code table. With
        more than one group: a group is the channel of largest variance that is left, and those
        most correlated with it.
        """
        require_channels(self._values, layout)
        if layout.shared or (variant != "eye" and layout.groups == 1):
            return np.arange(layout.channels)
        pixels = np.maximum(self._values, self.low).transpose(1, 0, 2, 3)
        rows = pixels.reshape(layout.channels, -1)
        rows = rows[:, :: max(rows.shape[1] // ORDER_PIXELS, 1)].astype(np.float32)
        rows -= rows.mean(axis=1, keepdims=True)
        power = np.square(rows).mean(axis=1)
        falling = np.argsort(-power, kind="stable")
        if variant == "eye":
            return falling
        rows /= np.sqrt(np.maximum(power, 1e-9))[:, None]
        likeness = np.abs(rows @ rows.T)
        left, order = falling, []
        while len(left):
            closest = np.argsort(-likeness[left[0], left], kind="stable")
            chosen = closest[: layout.channels // layout.groups]
            order.append(left[chosen])
            left = np.delete(left, chosen)
        return np.concatenate(order)

    def parts(
        self,
        layout: Layout,
        variant: str,
        order: npt.NDArray[np.intp],
        params: Params | None = None,
        split: bool = False,
    ) -> list[tuple[Trial, Calibrator]]:
        """A trial and the samples of every context; `split` fits to one half, tries the other."""
        kind = {"eye": "none", "dct4": "dct4"}.get(variant, "matrix")
        length = layout.vector_length
        if kind == "dct4" and length != 16:
            raise ValueError(f"layout must be of vectors of 16 values with dct4, not {length}")
        params = replace(params or self.params, channels=length, transform=kind, lanes=None)
        split = split and len(self._values) > 1
        parts = []
        values = self._values[:, order]
        others = layout.to_vectors(values[1::2]) if split else [None] * layout.contexts
        seen = values[::2] if split else values
        weights: list[npt.NDArray[np.float64] | None] = [None] * layout.contexts
        if kind == "matrix" and self._gradients is not None:
            weights = [*importances(self._gradients[:, order], layout)]
        for vectors, other, weight in zip(layout.to_vectors(seen), others, weights, strict=True):
            calibrator = Calibrator(params, seed=self.seed)
            calibrator.update(vectors)
            if (vectors == vectors[0]).all():  # a group of dead channels: any code will do
                calibrator.update(vectors[:1] ^ np.eye(layout.vector_length, dtype=np.int8))
            calibrator.require_enough(allow_constant=True)
            transform = fit(
                calibrator.moments, params, variant, origin=self.origin, importance=weight
            )
            count = max(TRIAL_VECTORS // layout.contexts, 1024)
            sample = calibrator.sample(count)
            if other is not None:
                sample = np.random.default_rng(self.seed).permutation(other)[:count]
            trial = Trial(transform, sample, params, self.low, self.high, self.origin)
            parts.append((trial, calibrator))
        return parts


def tile_vectors(layout: Layout) -> int:
    """Vectors of a tile, the last one of an image apart."""
    return min(max(TILE_VALUES // layout.vector_length, 1), MAX_TILE_VECTORS)


def _int8_range(
    maps: Maps, relu: bool, ceiling: float | None, floor: float | None, step: float | None
) -> tuple[float, int]:
    """Scale and origin with which int8 covers the values that matter, headroom on top.

    A `step` is an odd number of units then, if it is one at all.
    """
    _require_finite(maps)
    top, bottom = float(maps.max()), float(maps.min())
    if top == bottom:
        raise ValueError("maps must vary, all values are the same")
    if not relu:
        return _whole(HEADROOM * max(top, -bottom) / (LEVELS // 2), step), 0
    top = HEADROOM * (max(top, -bottom) if top <= 0 else top)
    if ceiling is not None:
        top = min(top, ceiling)
    floor = min(FLOOR * top if floor is None else floor, max(-bottom, 0.0))
    scale = _whole((top + floor) / LEVELS, step)
    return scale, round(floor / scale) - 128


def _whole(unit: float, step: float | None) -> float:
    """The least unit, not below `unit`, of which `step` is an odd number."""
    count = 0 if step is None else int(step / unit)
    return unit if step is None or not count else step / (count - 1 + count % 2)


def _to_int8(maps: Maps, scale: float, origin: int) -> npt.NDArray[np.int8]:
    levels = maps * np.float32(1 / scale)
    np.rint(levels, out=levels)
    levels += np.float32(origin)
    return np.clip(levels, -128, 127, out=levels).astype(np.int8)


def _require_finite(maps: Maps) -> None:
    if maps.ndim != 4 or maps.size == 0:
        raise ValueError(f"maps must be of shape (images, channels, h, w), not {maps.shape}")
    if not math.isfinite(float(maps.sum(dtype=np.float64))) and not np.isfinite(maps).all():
        raise ValueError("maps must be finite")
