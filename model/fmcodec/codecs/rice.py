"""Rice behind the interface of the others: the flags are chosen packet by packet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fmcodec.bits import unsigned_dtype
from fmcodec.codecs.base import Codec, Sizes
from fmcodec.errors import DamagedStream
from fmcodec.lazy import LazyModule
from fmcodec.rice import Params
from fmcodec.rice.choice import flag_sets
from fmcodec.rice.formats import LONGEST_RUN
from fmcodec.rice.params import PORT_WORDS
from fmcodec.words import Words

__all__ = ["Rice"]

fast = LazyModule("fmcodec.rice.fast")
fastbits = LazyModule("fmcodec.fastbits")
kernels = LazyModule("fmcodec.codecs.kernels")


@dataclass(frozen=True)
class Rice(Codec):
    """Adaptive Golomb-Rice codes of words or their differences (`fmcodec.rice`).

    A flag that is None is chosen for each packet so that it takes the fewest bits; the stream tells
    which it was.

    Attributes:
        signed: words are folded as two's complement, or as unsigned numbers.
        delta: a word is predicted by the one before it, or by 0.
        sign_last: the sign is moved to the lowest bit: for floating-point patterns.
    """

    codec_id = "rice"
    title = "Rice"

    signed: bool | None = None
    delta: bool | None = None
    sign_last: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("signed", "delta", "sign_last"):
            value = getattr(self, name)
            # the report's options are integers
            if value in (0, 1):
                object.__setattr__(self, name, bool(value))
            elif value is not None:
                raise TypeError(f"{name} must be a bool or None, not {value!r}")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The codec of its own `get_config` dict, or of that of `Params`."""
        # the width of a core's port changes no stream
        return super().from_config({k: v for k, v in config.items() if k != "port_words"})

    def _max_words(self, num_bytes: int) -> int:
        return 8 * num_bytes * (1 + LONGEST_RUN)  # a zero and its run take two bits at least

    def _choices(self) -> list[Params]:
        flags = flag_sets(self.signed, self.delta, self.sign_last)
        return [Params(self.word_bits, **choice) for choice in flags]

    def _encoded_bits(self, words: Words) -> int:
        return min(params.encoded_bits(words) for params in self._choices())

    def _best(self, words: Words) -> Params:
        choices = self._choices()
        if len(choices) == 1:
            return choices[0]
        return min(choices, key=lambda params: params.encoded_bits(words))

    def _sizes(self, words: Words, bounds: npt.NDArray[np.int64]) -> Sizes:
        choices = self._choices()
        bits = np.stack([fast.packet_bits(params, words, bounds) for params in choices])
        chosen, most = bits.argmin(axis=0), np.zeros(len(PORT_WORDS), np.int64)
        for number, params in enumerate(choices):
            packets = np.flatnonzero(chosen == number)
            most += fast.packet_cycles(params, words, bounds, packets, PORT_WORDS)
        least = bits.min(axis=0)[:, None]
        return Sizes(least, dict(zip(PORT_WORDS, most.tolist(), strict=True)))

    def _encode(self, words: Words) -> bytes:
        return bytes(kernels.big_endian(self._best(words).encode(words).code))

    def _decode(self, payload: memoryview, num_words: int) -> Words:
        dtype = unsigned_dtype(self.word_bits)
        if len(payload) % dtype.itemsize:
            raise DamagedStream("container", 32 + 8 * len(payload), "ends early")
        code = np.frombuffer(payload, dtype.newbyteorder(">"))
        if int(code.max(initial=0)) >> self.word_bits:
            raise DamagedStream("container", 32, f"a word of more than {self.word_bits} bits")
        data = fastbits.stream_bytes(code, self.word_bits)
        size = self.word_bits * len(code)
        return fast.decode_bytes(Params(self.word_bits), data, size, num_words)
