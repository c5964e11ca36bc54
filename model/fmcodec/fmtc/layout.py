"""How the feature maps of a layer are cut into vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int

__all__ = ["Layout", "require_channels"]


@dataclass(frozen=True)
class Layout:
    """How feature maps are cut into vectors.

    Attributes:
        channels: channels of the layer.
        groups: groups d that the channels are cut into, each with a transform of its own; a
            divisor of `channels`.
        block: side b of a micro-block in pixels: a vector holds b x b pixels of a group.
        shared: all groups share one transform and context; their vectors make one sequence.
    """

    channels: int
    groups: int = 1
    block: int = 1
    shared: bool = False

    def __post_init__(self) -> None:
        for name in ("channels", "groups", "block"):
            require_int(name, getattr(self, name), "a positive int")
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be a positive int, not {getattr(self, name)!r}")
        if self.channels % self.groups:
            raise ValueError(
                f"groups must be a divisor of channels = {self.channels}, not {self.groups!r}"
            )

    @property
    def vector_length(self) -> int:
        """Values of a vector: channels of a group times pixels of a block."""
        return self.channels // self.groups * self.block**2

    @property
    def contexts(self) -> int:
        """Contexts of the layer."""
        return 1 if self.shared else self.groups

    def to_vectors(self, maps: npt.NDArray) -> npt.NDArray:
        """Vectors of every context of maps (N, C, H, W).

        Shape (contexts, vectors, vector_length). Vectors go image by image, where groups share a
        context group by group, then block row by block row; the entries of one are ordered
        (channel, row, column). Where H or W is no multiple of the block, the last row or column is
        repeated.
        """
        images, channels, height, width = maps.shape
        require_channels(maps, self)
        b = self.block
        pads = ((0, 0), (0, 0), (0, -height % b), (0, -width % b))
        padded = np.pad(maps, pads, mode="edge") if height % b or width % b else maps
        rows, columns = -(-height // b), -(-width // b)
        split = padded.reshape(images, self.groups, channels // self.groups, rows, b, columns, b)
        vectors = split.transpose(*((0, 1) if self.shared else (1, 0)), 3, 5, 2, 4, 6)
        return np.ascontiguousarray(vectors).reshape(self.contexts, -1, self.vector_length)

    def from_vectors(self, vectors: npt.NDArray, height: int, width: int) -> npt.NDArray:
        """The maps (N, C, H, W) that `to_vectors` cut."""
        b, group = self.block, self.channels // self.groups
        rows, columns = -(-height // b), -(-width // b)
        sizes = (-1, self.groups) if self.shared else (self.groups, -1)
        split = vectors.reshape(*sizes, rows, columns, group, b, b)
        maps = split.transpose(*((0, 1) if self.shared else (1, 0)), 4, 2, 5, 3, 6)
        padded = maps.reshape(-1, self.channels, rows * b, columns * b)
        return np.ascontiguousarray(padded[:, :, :height, :width])


def require_channels(maps: npt.NDArray, layout: Layout) -> None:
    """Raise ValueError unless maps (N, C, H, W) have the layout's channels."""
    if maps.shape[1] != layout.channels:
        raise ValueError(f"maps must be of {layout.channels} channels, not {maps.shape[1]}")
