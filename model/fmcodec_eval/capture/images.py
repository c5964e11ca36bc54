"""Inputs of a network: folders of pictures, arrays, or noise for a dry run; read one at a time."""

from __future__ import annotations

import re
import warnings
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.errors import reading_arrays

__all__ = [
    "DEFAULT_SIZE",
    "NORMALISATIONS",
    "Images",
    "Noise",
    "array_shapes",
    "as_input",
    "check_normalisation",
    "files_in",
    "fit",
    "is_picture",
    "normalise",
    "open_images",
]

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm", ".gif", ".tif", ".tiff"}
NORMALISATIONS = ("imagenet", "symmetric", "unit", "raw")
DEFAULT_SIZE = 224  # height and width of pictures where nothing states them


class Images(Protocol):
    """A sequence of samples: RGB pixels uint8 (H, W, 3), an array just as a network takes it, or
    such arrays by the names of the network's inputs.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray | Mapping[str, np.ndarray]: ...


@dataclass(frozen=True)
class PictureFiles:
    """Picture files, decoded only when asked for."""

    paths: Sequence[Path]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> np.ndarray:
        pillow = require("PIL.Image", "report", f"reading {self.paths[index].name}")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", pillow.DecompressionBombWarning)
                with pillow.open(self.paths[index]) as picture:
                    return np.asarray(picture.convert("RGB"))
        except pillow.DecompressionBombError as error:
            raise InputError(
                f"{self.paths[index]} must be a picture of {2 * pillow.MAX_IMAGE_PIXELS:,} pixels "
                "at most"
            ) from error
        except (OSError, ValueError, SyntaxError) as error:  # Pillow's word for a broken PNG
            raise InputError(f"{self.paths[index]} must be a picture: {error}") from error


@dataclass(frozen=True)
class ArrayImages:
    """The first axis of an array."""

    array: np.ndarray

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: int) -> np.ndarray:
        return np.asarray(self.array[index])


@dataclass(frozen=True)
class NamedArrays:
    """The first axes of several arrays, one for every input of a network."""

    arrays: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, index: int) -> Mapping[str, np.ndarray]:
        return {name: np.asarray(array[index]) for name, array in self.arrays.items()}


@dataclass(frozen=True)
class Noise:
    """Random samples, the same for an index every time: for dry runs, not for figures.

    Uniform pixels; for networks that take no picture, see `inputs`, normal values, and integers
    that are 0 or 1, which are in every table and mask.

    Attributes:
        count: of samples.
        inputs: name, shape and dtype of every input; empty for pixels.
    """

    count: int
    inputs: tuple[tuple[str, tuple[int, ...], str], ...] = ()

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> np.ndarray | Mapping[str, np.ndarray]:
        generator = np.random.default_rng(index)
        if not self.inputs:
            return generator.integers(0, 256, (DEFAULT_SIZE, DEFAULT_SIZE, 3), np.uint8)
        found = {}
        for name, shape, dtype in self.inputs:
            real = np.dtype(dtype).kind == "f"
            values = generator.normal(size=shape) if real else generator.integers(0, 2, shape)
            found[name] = np.asarray(values).astype(dtype)
        return found


def open_images(path: str) -> Images:
    """Open inputs: a folder of pictures, a picture, an .npy or .npz array, or `random:COUNT`.

    A folder without pictures may have them in folders of its own, one for each class.

    An .npz file gives its array `images` or its only array; other arrays are named as a network's
    inputs. All have the samples along their first axis.

    Raises:
        InputError: there is nothing there that can be read.
    """
    if match := re.fullmatch(r"random:([1-9]\d*)", path):
        return Noise(int(match[1]))
    file = Path(path)
    if file.is_dir():
        paths = files_in(file, SUFFIXES)
        if not paths:
            raise InputError(f"images {path!r} must be a folder with pictures, but it has none")
        return PictureFiles(paths)
    if not file.is_file():
        raise InputError(f"images {path!r} must be a folder, a file or random:COUNT")
    if file.suffix in (".npy", ".npz"):
        arrays = _read_arrays(file)
        return ArrayImages(arrays[""]) if "" in arrays else NamedArrays(arrays)
    images = PictureFiles([file])
    images[0]  # a file that is no picture is refused here, not in the middle of a run
    return images


def array_shapes(images: Images) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Shapes of a sample by the inputs' names, "" for the only one; nothing for pictures."""
    if isinstance(images, NamedArrays):
        return tuple((name, array.shape[1:]) for name, array in images.arrays.items())
    return (("", images.array.shape[1:]),) if isinstance(images, ArrayImages) else ()


def files_in(folder: Path, suffixes: Container[str] | None = None) -> list[Path]:
    """Sorted files of a folder or, where it has none, of the folders in it."""
    for pattern in ("*", "*/*"):
        found = sorted(
            path
            for path in folder.glob(pattern)
            if path.is_file() and (suffixes is None or path.suffix.lower() in suffixes)
        )
        if found:
            return found
    return []


def _read_arrays(file: Path) -> dict[str, np.ndarray]:
    """The array of pictures, under "", or arrays by the names of a network's inputs."""
    with reading_arrays(file):
        # a memory map: ten thousand images need not fit into memory
        loaded: Any = np.load(file, mmap_mode="r")
        if isinstance(loaded, np.ndarray):
            arrays = {"": loaded}
        else:
            with loaded:
                names = ["images"] if "images" in loaded.files else loaded.files
                arrays = {name: loaded[name] for name in names}
                if len(arrays) == 1:
                    arrays = {"": arrays[names[0]]}
    for array in arrays.values():
        if array.dtype.kind not in "iufb" or array.ndim < 1 or not len(array):
            raise InputError(
                f"{file} must hold numbers with images along the first axis, "
                f"not {array.dtype} {array.shape}"
            )
    counts = sorted({len(array) for array in arrays.values()})
    if len(counts) != 1:
        raise InputError(f"{file} must hold as many samples of every input, not {counts}")
    return arrays


def fit(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """RGB pixels uint8 (H, W, 3) -> (height, width, 3): centre crop to the shape, then bicubic.

    Raises:
        InputError: not an RGB picture.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise InputError(
            f"image must be uint8 pixels (height, width, 3), not {pixels.dtype} {pixels.shape}"
        )
    if pixels.shape[:2] == (height, width):
        return pixels
    pillow = require("PIL.Image", "report", "resizing images")
    picture = pillow.fromarray(pixels)
    shrink = min(picture.width / width, picture.height / height)
    cut_width, cut_height = round(width * shrink), round(height * shrink)
    left, top = (picture.width - cut_width) // 2, (picture.height - cut_height) // 2
    # cropped apart: with a box, resizing would let pixels outside of it in
    cut = picture.crop((left, top, left + cut_width, top + cut_height))
    return np.asarray(cut.resize((width, height), pillow.Resampling.BICUBIC))


def as_input(
    image: np.ndarray, shape: tuple[int, ...], dtype: np.dtype[Any], normalisation: str
) -> np.ndarray:
    """An image as a network's input (height, width, channels), colour or grey.

    Args:
        image: pixels, or an array that is the input already.
        shape: of the input.
        dtype: of the input; uint8 takes pixels as they are, int8 minus 128, floats normalised.
        normalisation: see `normalise`.

    Raises:
        InputError: the image cannot become such an input.
    """
    if image.dtype == dtype and image.shape == shape:
        return image
    if not is_picture(shape):
        raise InputError(f"input must be {dtype} {shape}, not {image.dtype} {image.shape}")
    pixels = image
    if image.dtype != np.uint8 or image.shape != shape:
        pixels = fit(image, shape[0], shape[1])
    if pixels.shape[2] > shape[2]:  # luma of ITU-R BT.601
        luma = pixels @ np.array([0.299, 0.587, 0.114])
        pixels = np.rint(luma).astype(np.uint8)[:, :, None]
    if dtype == np.uint8:
        return pixels
    if dtype == np.int8:
        return (pixels.astype(np.int16) - 128).astype(np.int8)
    return normalise(pixels, normalisation).astype(dtype)


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether an input (height, width, channels) takes a picture, colour or grey."""
    if len(shape) != 3 or shape[2] not in (1, 3):
        return False
    # a spectrogram has one channel, too, and is long
    return shape[2] == 3 or max(shape[:2]) <= 2 * min(shape[:2])


def check_normalisation(how: str) -> str:
    """Refuse what `normalise` does not know.

    Raises:
        InputError: neither a name nor `MEAN/DEVIATION`.
    """
    if how not in NORMALISATIONS and _mean_and_deviation(how) is None:
        known = ", ".join(NORMALISATIONS)
        raise InputError(f"normalisation must be one of {known} or MEAN/DEVIATION, not {how!r}")
    return how


def _mean_and_deviation(how: str) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        parts = [np.array(part.split(","), np.float32) for part in how.split("/")]
    except ValueError:
        return None
    good = len(parts) == 2 and all(len(part) in (1, 3) for part in parts) and parts[1].all()
    return (parts[0], parts[1]) if good else None


def normalise(pixels: np.ndarray, how: str) -> np.ndarray:
    """Pixels uint8 (H, W, 3) or (H, W, 1) -> float32 of the same shape.

    Args:
        pixels: the picture.
        how: `imagenet` (0..1, ImageNet's mean and deviation taken off), `symmetric` (-1..1),
            `unit` (0..1), `raw` (0..255), or `MEAN/DEVIATION`, each one number or three with
            commas between: both in 0..255, (pixel - mean) / deviation.
    """
    values = pixels.astype(np.float32)
    if (given := _mean_and_deviation(how)) is not None:
        mean, deviation = given
        if values.shape[-1] == 1:
            mean, deviation = mean.mean(), deviation.mean()
        return (values - mean) / deviation
    if how == "raw":
        return values
    if how == "symmetric":
        return values / np.float32(127.5) - np.float32(1)
    values /= np.float32(255)
    if how == "unit":
        return values
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    if values.shape[-1] == 1:
        mean, deviation = mean.mean(), deviation.mean()
    return (values - mean) / deviation
