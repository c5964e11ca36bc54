"""EBPC's packets for the benches: its marks, its damage, its published vectors, its bound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fmcodec.ebpc import Encoded, cycles, decode_lenient
from fmcodec_hw.codec import Config
from sim import packets

__all__ = ["VECTORS", "Packets"]

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"


class Packets(packets.Packets):
    """Packets for EBPC cores, sizes and runs about its blocks and its zero runs."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.block, self.zero_run = self.params.block_words, self.params.max_zero_run

    def bound(self, words: np.ndarray) -> int:
        compact = bool(self.config.options.get("compact", False))
        slices = 2 * self.config.register_ports  # a beat's cycle at either end
        return cycles.bound(self.params, words, compact=compact) + slices

    def streams(self, encoded: Encoded) -> dict[str, np.ndarray]:
        return {"bpc": encoded.bpc, "znz": encoded.znz}

    def encoded(self, streams: dict[str, np.ndarray], num_words: int) -> Encoded:
        return Encoded(streams["bpc"], streams["znz"], num_words)

    def decode_lenient(self, encoded: Encoded) -> tuple[np.ndarray, bool]:
        return decode_lenient(self.params, encoded)

    def vectors(self, step: int = 1) -> Iterator[tuple[str, np.ndarray, Encoded]]:
        p = self.params
        path = VECTORS / f"m{p.word_bits}_n{p.block_words}_z{p.max_zero_run}.npz"
        if not path.exists():
            return
        with np.load(path) as npz:
            names = sorted({name.rpartition(".")[0] for name in npz.files})
            for name in names[::step]:
                words = npz[f"{name}.words"]
                yield name, words, Encoded(npz[f"{name}.bpc"], npz[f"{name}.znz"], len(words))

    def damaged(self, encoded: Encoded, rng: np.random.Generator) -> Encoded:
        """A bit flipped, a stream cut, lengthened or replaced, or a wrong length."""
        streams = {"bpc": encoded.bpc.copy(), "znz": encoded.znz.copy()}
        num_words = encoded.num_words
        name = rng.choice(["bpc", "znz"])
        stream, word_bits = streams[name], self.params.word_bits
        noise = rng.integers(0, 2**word_bits, rng.integers(1, 20)).astype(stream.dtype)
        match rng.choice(["flip", "flip", "cut", "more", "replace", "length"]):
            case "flip":
                flipped = 1 << int(rng.integers(word_bits))
                stream[rng.integers(len(stream))] ^= stream.dtype.type(flipped)
            case "cut":
                streams[name] = stream[: rng.integers(1, len(stream) + 1)]
            case "more":
                streams[name] = np.concatenate([stream, noise])
            case "replace":
                streams[name] = noise
            case "length":
                num_words = max(1, num_words + int(rng.integers(-20, 21)))
        return Encoded(streams["bpc"], streams["znz"], num_words)
