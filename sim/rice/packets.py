"""Rice's packets for the benches: its marks, its damage, its bound."""

from __future__ import annotations

import numpy as np

from fmcodec.rice import Encoded, decode_lenient
from fmcodec_hw.codec import Config
from sim import packets

__all__ = ["Packets"]

_OVERHEAD = 4  # cycles: a packet's way through a core, and its last beats


class Packets(packets.Packets):
    """Packets for Rice cores, runs about those that one code says."""

    block, zero_run = 8, 33

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        flags = (self.params.signed, self.params.delta, self.params.sign_last)
        self.user = sum(flag << bit for bit, flag in enumerate(flags))

    def bound(self, words: np.ndarray) -> int:
        # every cycle moves a word or, where the port is the limit, a beat
        beats = len(self.params.encode(words).code) if self.params.port_words == 1 else 0
        slices = 2 * self.config.register_ports
        return len(words) + beats + _OVERHEAD + slices

    def streams(self, encoded: Encoded) -> dict[str, np.ndarray]:
        return {"code": encoded.code}

    def encoded(self, streams: dict[str, np.ndarray], num_words: int) -> Encoded:
        return Encoded(streams["code"], num_words)

    def decode_lenient(self, encoded: Encoded) -> tuple[np.ndarray, bool]:
        return decode_lenient(self.params, encoded)

    def damaged(self, encoded: Encoded, rng: np.random.Generator) -> Encoded:
        """A bit flipped, the stream cut, lengthened or replaced, or a wrong length."""
        code, num_words, word_bits = encoded.code.copy(), encoded.num_words, self.params.word_bits
        noise = rng.integers(0, 2**word_bits, rng.integers(1, 20)).astype(code.dtype)
        match rng.choice(["flip", "flip", "cut", "more", "replace", "length"]):
            case "flip":
                code[rng.integers(len(code))] ^= code.dtype.type(1 << int(rng.integers(word_bits)))
            case "cut":
                code = code[: rng.integers(1, len(code) + 1)]
            case "more":
                code = np.concatenate([code, noise])
            case "replace":
                code = noise
            case "length":
                num_words = max(1, num_words + int(rng.integers(-20, 21)))
        return Encoded(code, num_words)
