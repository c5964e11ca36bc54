"""Inputs of networks: their sizes where the file leaves them open, and samples as such inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fmcodec.errors import InputError
from fmcodec_eval.capture.images import DEFAULT_SIZE, as_input, is_picture

__all__ = ["Input", "Reading", "Sample", "feed", "parse_shapes"]

Sample = np.ndarray | Mapping[str, np.ndarray]  # one array, or one for every input by name


@dataclass(frozen=True)
class Input:
    """An input of a network.

    Attributes:
        name: as the network calls it.
        shape: with the batch, which is one sample.
        dtype: of its values.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def is_planar(self) -> bool:
        """Whether it is a picture with the channels in front: (1, 3, H, W) or (1, 1, H, W)."""
        return len(self.shape) == 4 and self.shape[0] == 1 and self.shape[1] in (1, 3)

    @property
    def pixels(self) -> tuple[int, int, int] | None:
        """Height, width and channels where pictures go in, or None."""
        if len(self.shape) != 4 or self.shape[0] != 1:
            return None
        shape = (*self.shape[2:], self.shape[1]) if self.is_planar else self.shape[1:]
        return shape if is_picture(shape) else None

    def __str__(self) -> str:
        return f"{self.name} {self.dtype} {'x'.join(map(str, self.shape))}"


@dataclass(frozen=True)
class Reading:
    """How samples become inputs, and where each setting comes from.

    Attributes:
        normalisation: see `images.normalise`; None for the file's or the network's usual way.
        size: height and width of pictures whose size the file leaves open; None as above.
        shapes: shapes that somebody asked for, by input; under "" that of the only input.
        usual: the normalisation that is assumed where nothing states one.
        file_normalisation: what the file states.
        file_size: what the file states.
        arrays: shapes of the samples where they are arrays, by input, as in `shapes`; they set what
            the file and nobody else sets.
    """

    normalisation: str | None = None
    size: int | None = None
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()
    usual: str = "imagenet"
    file_normalisation: str | None = None
    file_size: tuple[int, int] | None = None
    arrays: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def with_metadata(
        self, normalisation: str | None, size: tuple[int, int] | None = None
    ) -> Reading:
        """The same with what the network's file states."""
        return replace(self, file_normalisation=normalisation, file_size=size)

    @property
    def how(self) -> str:
        """The normalisation that counts."""
        return self.normalisation or self.file_normalisation or self.usual

    @property
    def picture_size(self) -> tuple[int, int]:
        """Height and width of pictures whose size is open."""
        if self.size is not None:
            return self.size, self.size
        return self.file_size or (DEFAULT_SIZE, DEFAULT_SIZE)

    def check_names(self, names: Sequence[str]) -> None:
        """Refuse a shape of an input that the network does not have."""
        for name, _ in self.shapes:
            if name not in names and (name or len(names) != 1):
                known = ", ".join(names)
                raise InputError(f"shape must name an input of the network, {known}, not {name!r}")

    def asked(self, name: str) -> tuple[int, ...] | None:
        """The shape that somebody asked for, or None."""
        shapes = dict(self.shapes)
        return shapes.get(name, shapes.get(""))

    def shaped(self, name: str, known: Sequence[int | None] | None, dtype: np.dtype[Any]) -> Input:
        """An input with all its sizes.

        Args:
            name: the input's.
            known: its sizes, None where the file leaves them open; None if even their number is.
            dtype: of its values.

        Raises:
            InputError: a size is open and nobody set it, or the shape asked for does not fit.
        """
        asked = self.asked(name)
        text = "x".join("?" if n is None else str(n) for n in known or ()) or "no sizes"
        if asked is not None:
            if known is not None and not _fits(known, asked):
                raise InputError(
                    f"shape of input {name!r} must fit the network's {text}, "
                    f"not {'x'.join(map(str, asked))}"
                )
            return Input(name, asked, np.dtype(dtype))
        sizes = list(known or ())
        if known is None or None in sizes:
            given = self._of_arrays(name, known)
            if given is not None:
                return Input(name, given, np.dtype(dtype))
        if sizes and sizes[0] is None:
            sizes[0] = 1  # the batch: one sample; an open size elsewhere is not guessed
        height, width = self.picture_size
        if len(sizes) == 4 and sizes[1] in (1, 3) and sizes[3] not in (1, 3):
            sizes[2:] = [sizes[2] or height, sizes[3] or width]
        elif len(sizes) == 4 and sizes[3] in (1, 3):
            sizes[1:3] = [sizes[1] or height, sizes[2] or width]
        if known is None or None in sizes:
            raise InputError(
                f"shape of input {name!r} must be given, its file leaves {text} open: "
                f"--shape {name}=1x..."
            )
        return Input(name, tuple(n for n in sizes if n is not None), np.dtype(dtype))

    def _of_arrays(self, name: str, known: Sequence[int | None] | None) -> tuple[int, ...] | None:
        """The shape of the samples as an input, with the batch, or None where they do not fit."""
        shapes = dict(self.arrays)
        sample = shapes.get(name, shapes.get(""))
        if sample is None or self.size is not None:
            return None
        for shape in ((1, *sample), sample):
            if known is None or _fits(known, shape):
                return shape
        return None


def _fits(known: Sequence[int | None], shape: Sequence[int]) -> bool:
    """Whether a shape has the sizes that are known."""
    pairs = zip(known, shape, strict=False)
    return len(known) == len(shape) and all(n in (None, size) for n, size in pairs)


def parse_shapes(texts: Iterable[str]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """`name=1x3x48x320` or, for the only input, `1x3x48x320`.

    Raises:
        InputError: it is no such text.
    """
    found = []
    for text in texts:
        name, _, sizes = text.rpartition("=")
        if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*)*", sizes):
            raise InputError(f"shape must be NAME=1x3x48x320 or 1x3x48x320, not {text!r}")
        found.append((name, tuple(int(size) for size in sizes.split("x"))))
    return tuple(found)


def feed(inputs: Sequence[Input], sample: Sample, reading: Reading) -> dict[str, np.ndarray]:
    """A sample as a network's inputs, by name.

    Raises:
        InputError: the sample does not fit them.
    """
    if not isinstance(sample, Mapping):
        if len(inputs) != 1:
            takes = "; ".join(map(str, inputs))
            raise InputError(
                f"images must be an .npz file with an array for every input ({takes}), not pictures"
            )
        return {inputs[0].name: _as_input(inputs[0], sample, reading)}
    missing = [each.name for each in inputs if each.name not in sample]
    if missing:
        given = ", ".join(sample)
        raise InputError(f"images must have an array {missing[0]!r} for that input, not {given}")
    return {each.name: _as_input(each, sample[each.name], reading) for each in inputs}


def _as_input(taken: Input, sample: np.ndarray, reading: Reading) -> np.ndarray:
    array = np.asarray(sample)
    pixels = taken.pixels
    is_input = array.shape == taken.shape or (1, *array.shape) == taken.shape
    is_input |= not taken.shape and array.size == 1
    raw = pixels is not None and array.dtype == np.uint8 and taken.dtype != np.uint8
    if is_input and not raw and _holds(array, taken.dtype):
        return array.astype(taken.dtype, copy=False).reshape(taken.shape)
    if pixels is None:
        raise InputError(
            f"input {taken.name!r} must be {taken.dtype} "
            f"{taken.shape[1:] if taken.shape[:1] == (1,) else taken.shape}, "
            f"not {array.dtype} {array.shape}"
        )
    values = as_input(array, pixels, taken.dtype, reading.how)
    return np.ascontiguousarray(values.transpose(2, 0, 1) if taken.is_planar else values)[None]


def _holds(array: np.ndarray, dtype: np.dtype[Any]) -> bool:
    """Whether an array's values can be an input's: the same kind, nothing cut off."""
    if array.dtype == dtype:
        return True
    if array.dtype.kind in "iub" and dtype.kind in "iu" and dtype.itemsize > 1:
        limits = np.iinfo(dtype)
        return bool(array.min(initial=0) >= limits.min and array.max(initial=0) <= limits.max)
    return array.dtype.kind == "f" and dtype.kind == "f"
