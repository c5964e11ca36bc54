"""Feature maps that somebody has saved already: .npy and .npz files, or folders of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fmcodec.errors import InputError
from fmcodec_eval.capture.errors import reading_arrays
from fmcodec_eval.capture.graph import TensorNote
from fmcodec_eval.capture.maps import CapturedMap, Record, as_planes

__all__ = ["ArraySource", "save_maps"]


class ArraySource:
    """Saved feature maps.

    - A folder of .npz files: a file is an image, each array (C, H, W) in it is a layer's map.
    - A folder of .npy files: a file is a layer, its array (N, C, H, W) has the images along the
      first axis; three axes are one image.
    - One .npz or .npy file: its arrays are layers, as in a folder of .npy files.

    A layer called `NAME.relu` or `NAME.grad` holds rectified maps or gradients. float16, float32
    and float64 are real values; int8 and uint8 are quantised ones with zero point 0. Non-finite
    values are refused when a map is used.

    Args:
        path: the folder or file.
        channels_last: whether the arrays are (..., H, W, C).
    """

    def __init__(self, path: str | Path, channels_last: bool = False) -> None:
        self.name, self._channels_last = Path(path).stem, channels_last
        place = Path(path)
        self._images = sorted(place.glob("*.npz")) if place.is_dir() else []
        self._layers: dict[str, np.ndarray] = {}
        if self._images:
            return
        files = sorted(place.glob("*.npy")) if place.is_dir() else [place]
        if not files:
            raise InputError(f"{path} must be a folder with .npy or .npz files, but it has none")
        for file in files:
            self._layers.update(_open(file))
        counts = {len(array) for array in self._layers.values()}
        if len(counts) != 1:
            raise InputError(
                f"{path} must have as many images in every layer, not {sorted(counts)}"
            )

    def __len__(self) -> int:
        return len(self._images) or len(next(iter(self._layers.values())))

    def maps(self, index: int) -> Iterator[CapturedMap]:
        """The maps of image `index`."""
        if self._images:
            for layer, array in _load(self._images[index]).items():
                yield from self._captured(layer, array)
        for layer, array in self._layers.items():
            yield from self._captured(layer, np.asarray(array[index])[None])

    def tensors(self) -> list[TensorNote]:
        """Every saved layer: all are captured."""
        shapes: dict[str, np.ndarray] = {}
        for captured in self.maps(0):
            shapes.setdefault(captured.layer, captured.values)
        return [
            TensorNote(layer, "saved", array.shape, str(array.dtype), True, "a saved map")
            for layer, array in shapes.items()
        ]

    def notes(self) -> list[str]:
        """Nothing was assumed."""
        return []

    def record(self) -> Record:
        """Saved maps depend on nothing but their files."""
        order = "channels last" if self._channels_last else "channels first"
        return Record({"saved maps": f"{len(self)} images, {order}"})

    def _captured(self, layer: str, array: np.ndarray) -> Iterator[CapturedMap]:
        name, dot, ending = layer.rpartition(".")
        kind = {"relu": "relu", "grad": "gradient"}.get(ending, "linear")
        quantised = array.dtype.kind in "iu"
        # four axes in an image's file are the batch of a training step
        batch = array if array.ndim == 4 else array[None]
        for sample in batch:
            yield CapturedMap(
                name if dot and kind != "linear" else layer,
                kind,
                as_planes(np.asarray(sample), self._channels_last),
                1.0,
                0 if quantised else None,
            )


def save_maps(path: str | Path, maps: Iterator[CapturedMap]) -> None:
    """Save one image's maps, or the maps of one batch, as a file that `ArraySource` reads."""
    endings = {"relu": ".relu", "gradient": ".grad", "linear": ""}
    layers: dict[str, list[np.ndarray]] = {}
    for captured in maps:
        layers.setdefault(captured.layer + endings[captured.kind], []).append(captured.real())
    np.savez(path, allow_pickle=False, **{name: np.stack(batch) for name, batch in layers.items()})


def _open(file: Path) -> dict[str, np.ndarray]:
    """The layers of one file, with the images along the first axis."""
    arrays = _load(file) if file.suffix == ".npz" else {file.stem: _load(file)[""]}
    return {name: array if array.ndim == 4 else array[None] for name, array in arrays.items()}


def _load(file: Path) -> dict[str, np.ndarray]:
    with reading_arrays(file):
        loaded = np.load(file, mmap_mode="r")
        if isinstance(loaded, np.ndarray):
            arrays = {"": loaded}
        else:
            with loaded:
                arrays = {name: loaded[name] for name in loaded.files}
    for name, array in arrays.items():
        where = f"{file}" + (f", array {name!r}," if name else "")
        if array.dtype.kind != "f" and array.dtype not in (np.int8, np.uint8):
            raise InputError(f"{where} must be float, int8 or uint8, not {array.dtype}")
        if not 1 <= array.ndim <= 4 or not array.size:
            raise InputError(f"{where} must have 1 to 4 axes and a value, not shape {array.shape}")
    if not arrays:
        raise InputError(f"{file} must hold an array, but it is empty")
    return arrays
