"""What a layer is coded with where FMTC is compared with others, and what it is calibrated on."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fmcodec.codecs import get_codec
from fmcodec.fmtc import Params
from fmcodec.fmtc.layer import LayerCodec
from fmcodec.fmtc.layout import Layout
from fmcodec.fmtc.params import WORD_BITS

__all__ = ["MAX_VALUES", "Counted", "Lossless", "Plain", "Titled", "enough", "windows"]

MAX_VALUES = 4 << 20  # of a layer's calibration maps, whatever the number of images

Maps = npt.NDArray[np.float32]


class Titled:
    """A layer's codec with its layout in words."""

    def __init__(self, codec: LayerCodec, variant: str) -> None:
        self.codec = codec
        layout = codec.layout
        group = layout.channels // layout.groups
        shape = f"{group}x{layout.block}x{layout.block}"
        self.title = {"eye": "none", "dct4": "dct4"}.get(variant, shape)
        if layout.shared and variant == "pca_t":
            self.title += " shared"
        self.context_bits = codec.context_bits
        self.inverse_macs = codec.inverse_macs
        self.roundtrip = codec.roundtrip
        self.count_symbols = codec.count_symbols


class Plain:
    """The fair baseline: one quantiser step and one Huffman table, after the ReLU."""

    title = "none"
    inverse_macs = 0.0

    def __init__(self, maps: Maps, relu: bool, ceiling: float | None, step: float) -> None:
        self.relu = relu
        self.codec = LayerCodec.calibrate(
            self._scalars(maps),
            Layout(1),
            Params(tables=1),
            variant="eye",
            step=step,
            relu=relu,
            ceiling=ceiling,
            floor=0.0,
        )
        self.context_bits = self.codec.context_bits

    def _scalars(self, maps: Maps) -> Maps:
        maps = np.maximum(maps, 0) if self.relu else maps
        # an image's values in one row: its tiles are then as large as those of a transform
        return maps.reshape(len(maps), 1, 1, -1)

    def roundtrip(self, maps: Maps, burst_words: int = 1) -> tuple[Maps, int]:
        """Coded and decoded maps, and their bits in memory, as `LayerCodec.roundtrip`."""
        decoded, bits = self.codec.roundtrip(self._scalars(maps), burst_words)
        return decoded.reshape(maps.shape), bits

    def count_symbols(self, maps: Maps) -> list[npt.NDArray[np.int64]]:
        """As `LayerCodec.count_symbols`."""
        return self.codec.count_symbols(self._scalars(maps))


class Counted:
    """Counts the symbols of what passes a codec."""

    def __init__(self, coder: Titled | Plain) -> None:
        self.coder = coder
        self.lengths = [context.decoder.lengths for context in coder.codec.contexts]
        self.counts = [np.zeros_like(lengths, dtype=np.int64) for lengths in self.lengths]

    def roundtrip(self, maps: Maps) -> tuple[Maps, int]:
        """As the codec's."""
        for total, found in zip(self.counts, self.coder.count_symbols(maps), strict=True):
            total += found
        return self.coder.roundtrip(maps)

    @property
    def code_bits(self) -> int:
        """Bits of the codes of all that passed."""
        pairs = zip(self.counts, self.lengths, strict=True)
        return sum(int((counts * lengths.astype(int)).sum()) for counts, lengths in pairs)

    @property
    def entropy_bits(self) -> float:
        """Order-0 entropy of all that passed, table by table: no code of symbols takes less."""
        total = 0.0
        for row in (row for counts in self.counts for row in counts):
            seen = row[row > 0]
            total += float((seen * np.log2(row.sum() / seen)).sum())
        return total


class Lossless:
    """8-bit maps after the ReLU, each image a packet of a lossless codec in NCHW order.

    `index_words` are charged for each image, which say where its streams begin.
    """

    title = "none"

    def __init__(self, maps: Maps, relu: bool, ceiling: float | None, codec: str) -> None:
        self.relu = relu
        self.index_words = 2 if codec == "ebpc" else 1
        top = float(maps.max() if relu else np.abs(maps).max())
        if ceiling is not None:
            top = min(top, ceiling)
        self.most = 255 if relu else 127
        self.scale = max(top, 1e-9) / self.most
        self.codec = get_codec(codec)

    def roundtrip(self, maps: Maps) -> tuple[Maps, int]:
        """Quantised maps, and the bits of their packets in whole words of 32 bits and an index."""
        least = 0 if self.relu else -128
        levels = np.clip(np.rint(maps / np.float32(self.scale)), least, self.most)
        # unsigned levels as the words of the same bits
        words = levels.astype(np.int16).astype(np.uint8).view(np.int8)
        packets = (self.codec.encoded_bits(image.reshape(-1)) for image in words)
        bits = sum(WORD_BITS * (-(-bits // WORD_BITS) + self.index_words) for bits in packets)
        return levels * np.float32(self.scale), bits


def windows(maps: Maps, max_values: int, seed: int = 0) -> Maps:
    """A window of every map, so that all images count and at most `max_values` are kept.

    Its sides are multiples of 4, the largest micro-block, and its place is random.
    """
    images, channels, height, width = maps.shape
    side = math.isqrt(max_values // (images * channels)) // 4 * 4
    if side >= min(height, width):
        return maps[: max(max_values // maps[0].size, 4)].copy()
    side = max(side, 8)
    random = np.random.default_rng(seed)
    corners = random.integers(0, (height - side + 1, width - side + 1), (images, 2))
    cut = [
        image[:, top : top + side, left : left + side]
        for image, (top, left) in zip(maps, corners.tolist(), strict=True)
    ]
    return np.stack(cut)


def enough(maps: Maps) -> bool:
    """Whether calibration maps are enough for more than a code of single values.

    Estimates are made from half of them, which has to have two vectors a channel.
    """
    return maps[:, 0].size >= 4 * min(maps.shape[1], 256)
