"""Packets of words for the benches of a lossless codec, and what the model says of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np

from fmcodec_hw.codec import Config
from sim import words

__all__ = ["Packets"]


class Packets(ABC):
    """The packets that a configuration's cores are tried with.

    A codec's room derives `Packets` from it in its `packets.py`.

    Attributes:
        config, params: the configuration and its codec's parameters.
        block: words that the codec treats together, about.
        zero_run: length of the zero runs that matter to it.
        user: tuser of every word at the encoder's `s_axis`, where it has one.
    """

    block: int
    zero_run: int
    user: int = 0

    def __init__(self, config: Config) -> None:
        self.config, self.params = config, config.params

    @abstractmethod
    def bound(self, words: np.ndarray) -> int:
        """Cycles that either core may take for the packet where nothing pauses."""

    @abstractmethod
    def streams(self, encoded: Any) -> dict[str, np.ndarray]:
        """The words of a packet's streams, unsigned, by the name that ends their ports'."""

    @abstractmethod
    def encoded(self, streams: dict[str, np.ndarray], num_words: int) -> Any:
        """The packet of these `streams`, the other way round."""

    @abstractmethod
    def decode_lenient(self, encoded: Any) -> tuple[np.ndarray, bool]:
        """What the decoder makes of streams that may be damaged: the words, and `tuser`."""

    @abstractmethod
    def damaged(self, encoded: Any, rng: np.random.Generator) -> Any:
        """`encoded` with something wrong in it, though not always so that it shows."""

    def pins(self) -> dict[str, int]:
        """Values of the encoder's inputs that are no streams; none by default."""
        return {}

    def vectors(self, step: int = 1) -> Iterator[tuple[str, np.ndarray, Any]]:
        """Name, words and streams of every `step`-th vector on file; none by default."""
        return iter(())

    def sizes(self) -> list[int]:
        """Sizes around one word, a block, a stream word and a zero run, and twice, thrice those."""
        marks = (self.block, self.params.word_bits, self.zero_run)
        around = {k * mark + d for mark in marks for k in (1, 2, 3) for d in (-1, 0, 1)}
        return sorted(around | {1, 2, 3, 4, 5})

    def make(self, kind: str, size: int, rng: np.random.Generator) -> np.ndarray:
        """A packet of `size` signed words, one of `words.KINDS`."""
        return words.make(
            self.params.word_bits, kind, size, rng, zero_run=self.zero_run, block=self.block
        )

    def every_size(self, kinds: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Packets of every size in random order, each in `kinds` randomly chosen kinds."""
        chosen = rng.choice(words.KINDS, kinds, replace=False)
        batch = [self.make(kind, size, rng) for size in self.sizes() for kind in chosen]
        rng.shuffle(batch)
        return batch

    def every_kind(self, rng: np.random.Generator) -> list[np.ndarray]:
        """A packet of every kind, a dozen blocks long."""
        return [self.make(kind, 12 * self.block + 3, rng) for kind in words.KINDS]

    def every_density(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Random packets of none to nine tenths of zeros, forty blocks long."""
        batch = []
        for tenths in range(10):
            packet = self.make("dense", 40 * self.block, rng)
            packet[rng.random(len(packet)) < tenths / 10] = 0
            batch.append(packet)
        return batch
