"""What a capture yields: one layer's feature map for one image, and the sources of such maps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from fmcodec.errors import InputError
from fmcodec_eval.capture.graph import TensorNote
from fmcodec_eval.formats import Bits, Deployed, Format

__all__ = ["CapturedMap", "Record", "Source", "as_planes", "one_sample"]


@dataclass(frozen=True)
class CapturedMap:
    """A feature map as a network computes it.

    Attributes:
        layer: name of the layer.
        kind: `relu` (no value below zero by construction), `linear` or `gradient`.
        values: (channels, height, width): float32, or uint8 / int8 as a quantised network stores
            them, when `zero_point` is given.
        scale: real value of one step of quantised values.
        zero_point: stored value of real zero; None for float values.
    """

    layer: str
    kind: str
    values: np.ndarray = field(repr=False)
    scale: float = 1.0
    zero_point: int | None = None

    def real(self) -> np.ndarray:
        """The values as real numbers, float32."""
        if self.zero_point is None:
            return self.values.astype(np.float32, copy=False)
        return (self.values.astype(np.float32) - np.float32(self.zero_point)) * np.float32(
            self.scale
        )

    def maximum(self) -> float:
        """The largest magnitude.

        Raises:
            InputError: a value is NaN or infinite.
        """
        largest = float(np.abs(self.real()).max(initial=0.0))
        if not np.isfinite(largest):
            raise InputError(f"layer {self.layer!r} must be finite, but has a NaN or an infinity")
        return largest

    def words(self, form: Format, maximum: float | None = None) -> np.ndarray:
        """The map in a number format: int8, int16 or int32 (channels, height, width).

        Args:
            form: the number format.
            maximum: largest magnitude of the layer over all images; formats of one scale per
                layer need it.

        Raises:
            InputError: `deployed` words of a map that is not quantised.
        """
        if isinstance(form, Deployed):
            if self.zero_point is None:
                raise InputError(f"layer {self.layer!r} is not quantised: it has no deployed words")
            return form.words(self.values, self.zero_point)
        if isinstance(form, Bits):
            return form.words(self.real())
        if maximum is None:
            raise ValueError(f"maximum must be given for {form.name}")
        return form.words(self.real(), maximum)


class Source(Protocol):
    """What gives feature maps: `maps(i)` are those of image i (or of training step i), in the
    order in which a network computes them; `len()` is the number of images; `name` is what a
    report calls the source. `tensors()` lists what is captured and what is left out, `record()`
    says what moves the results, `notes()` what a reader has to know before any figure.
    """

    @property
    def name(self) -> str: ...

    def __len__(self) -> int: ...

    def maps(self, index: int) -> Iterator[CapturedMap]: ...

    def tensors(self) -> list[TensorNote]: ...

    def notes(self) -> list[str]: ...

    def record(self) -> Record: ...


@dataclass(frozen=True)
class Record:
    """What moves a source's results, in words.

    Attributes:
        settings: name -> value: packages, inputs, normalisation, digests.
        assumed: sentences on what nobody asked for and no file states.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()


def one_sample(values: np.ndarray) -> np.ndarray:
    """A tensor of a run on one sample without its batch axis.

    That is the first axis where it has one entry. Other tensors have the batch elsewhere, or none:
    all of them belongs to the sample.
    """
    return values[0] if values.ndim > 1 and values.shape[0] == 1 else values


def as_planes(values: np.ndarray, channels_last: bool = False) -> np.ndarray:
    """One sample of any rank as (channels, height, width), without copying.

    Args:
        values: (C,), (T, C), (H, W, C) or, channels first, (C,), (C, T), (C, H, W); further
            spatial axes are joined to the height.
        channels_last: which of the two it is.
    """
    if channels_last:
        values = np.moveaxis(values, -1, 0) if values.ndim else values
    if values.ndim < 3:
        return values.reshape(values.size if values.ndim < 2 else values.shape[0], -1, 1)
    return values if values.ndim == 3 else values.reshape(values.shape[0], -1, values.shape[-1])
