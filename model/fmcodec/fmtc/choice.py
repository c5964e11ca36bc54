"""How a layer is best coded: the layouts that there are, and what they are estimated to cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fmcodec.fmtc.layer import LayerSamples, Maps, tile_vectors
from fmcodec.fmtc.layout import Layout
from fmcodec.fmtc.params import WORD_BITS, Params
from fmcodec.fmtc.tile import FRAME_WORDS

__all__ = ["Candidate", "candidates", "choose", "fewest_groups"]


@dataclass(frozen=True)
class Candidate:
    """A way to code a layer, and what it is estimated to cost.

    Attributes:
        layout, variant, params, step: for `LayerCodec.calibrate`.
        bits: of the tiles of an image.
        context_bits: of all contexts.
    """

    layout: Layout
    variant: str
    params: Params
    step: float
    bits: float
    context_bits: int

    def charged(self, batch: int) -> float:
        """Bits of an image when a context is read once for `batch` of them."""
        return self.bits + self.context_bits / batch


def candidates(
    maps: Maps,
    step: float,
    params: Params | None = None,
    *,
    max_length: int = 64,
    coders: Sequence[str] = ("huffman",),
    variants: Sequence[str] | None = None,
    size: Sequence[int] | None = None,
    relu: bool = False,
    ceiling: float | None = None,
    floor: float | None = None,
    gradients: Maps | None = None,
) -> list[Candidate]:
    """Ways to code a layer with the same noise.

    They are, with 1, 2, ... code tables, vectors of up to 16, 64 and 256 values in blocks of 1, 2
    and 4 pixels with a trimmed transform (`pca_t`); 4x4 blocks of single channels under one
    context, with the DCT (`dct4`), a learned transform or none (`eye`); and pixels without a
    transform. What cannot hold the range with its step is none, unless nothing can: then it is
    pixels with the finest step that does. They are fitted to every other map and tried on those
    between.

    Args:
        maps, params, relu, ceiling, floor, gradients: see `LayerCodec.calibrate`; params.tables
            is the most that are used.
        step: noise allowed, as the step of a quantiser by itself. That of a transform is finer
            than that, to make up for 8-bit rounding before and after it.
        max_length: longest vector, which is what the cores' matrix memory holds.
        coders: entropy coders to try.
        variants: transforms to try; None is all. What none of them fits has no transform.
        size: height and width of a whole map, where `maps` are windows.

    Raises:
        ValueError: see `LayerCodec.calibrate`.
    """
    params = params or Params()
    channels = maps.shape[1]
    plain = LayerSamples(maps, params, relu, ceiling, 0.0, 0, step)
    full = LayerSamples(maps, params, relu, ceiling, floor, 0, gradients=gradients)
    finer = math.sqrt(max(step**2 - 2 * full.scale**2, 0.0))
    found: list[Candidate] = []
    coarse: list[Candidate] = []
    for layout, variant, coder in _ways(channels, maps.shape[2:], max_length, coders):
        if variants is not None and variant not in {"eye", *variants}:
            continue
        vectors = _vectors(maps.shape[2:], layout)
        if variant == "pca_t" and len(maps) * vectors < 8 * layout.vector_length:
            continue  # too few to know their correlation
        if -(-len(maps) // 2) * vectors < 2 * layout.vector_length:
            continue  # too few in the half that is fitted to
        task, exact = (plain, step) if variant == "eye" else (full, finer)
        order = task.order(layout, variant)
        build = replace(params, coder=coder)
        parts = task.parts(layout, variant, order, build, split=True)
        trials = [trial for trial, _ in parts]
        finest = max(trial.finest_step for trial in trials)
        holds = finest <= exact / task.scale
        if not holds and variant != "eye":
            continue
        units = max(exact / task.scale, finest)
        counted = zip(*(trial.bits(units) for trial in trials), strict=False)
        for tables, groups in enumerate(counted, start=1):
            rates, contexts = zip(*groups, strict=True)
            few = build if coder == "rice" else replace(build, tables=tables)
            # headers and index count where maps are small and groups many; half a word is padding
            vectors = _vectors(size or maps.shape[2:], layout)
            tiles = layout.contexts * -(-vectors // tile_vectors(layout))
            total = sum(rates) * vectors + tiles * WORD_BITS * (FRAME_WORDS + 1.5)
            way = Candidate(layout, variant, few, exact, total, sum(contexts))
            (found if holds or coder == "huffman" else coarse).append(way)
    found = found or coarse
    return [way for way in found if variants is None or way.variant in variants] or found


def choose(ways: Iterable[Candidate], batch: int, max_length: int = 256) -> Candidate:
    """The one that takes the fewest bits, no transform longer than `max_length`.

    Args:
        ways: see `candidates`.
        batch: images for which a context is read once; it is charged to them.
        max_length: of a vector with a transform.
    """
    allowed = (w for w in ways if w.variant != "pca_t" or w.layout.vector_length <= max_length)
    return min(allowed, key=lambda way: way.charged(batch))


def _ways(
    channels: int, size: Sequence[int], max_length: int, coders: Sequence[str]
) -> Iterator[tuple[Layout, str, str]]:
    """Layouts, transforms and coders to try."""
    grouped = [
        Layout(channels, fewest_groups(channels, length // block**2), block)
        for length in (16, 64, 256)
        for block in (1, 2, 4)
        if length <= max_length and min(size) >= 2 * block
    ]
    ways = [(Layout(channels, fewest_groups(channels, 256)), "eye")]
    if min(size) >= 4:
        blocks = Layout(channels, channels, 4, shared=True)
        ways += [(blocks, variant) for variant in ("eye", "dct4", "pca_t")]
    ways += [(layout, "pca_t") for layout in dict.fromkeys(grouped)]
    for coder in coders:
        for layout, variant in ways:
            yield layout, variant, coder


def _vectors(size: Sequence[int], layout: Layout) -> int:
    """Vectors of a context in a map of this height and width."""
    blocks = math.prod(-(-side // layout.block) for side in size)
    return blocks * layout.groups // layout.contexts


def fewest_groups(channels: int, most: int) -> int:
    """The fewest groups of equal size that hold at most `most` channels each."""
    return next(d for d in range(1, channels + 1) if channels % d == 0 and channels // d <= most)
