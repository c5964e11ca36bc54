"""Bit-plane codecs: BPC of every word, and EBPC, which takes the zeros out first."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fmcodec.bits import signed_dtype, unsigned_dtype
from fmcodec.codecs.base import Codec, Sizes
from fmcodec.ebpc import Params
from fmcodec.ebpc.params import PORT_WORDS
from fmcodec.errors import DamagedStream
from fmcodec.lazy import LazyModule
from fmcodec.words import Words

__all__ = ["Bpc", "Ebpc"]

cycles = LazyModule("fmcodec.ebpc.cycles")
fast = LazyModule("fmcodec.ebpc.fast")
fastbits = LazyModule("fmcodec.fastbits")
kernels = LazyModule("fmcodec.codecs.kernels")


@dataclass(frozen=True)
class Bpc(Codec):
    """Plain bit-plane compression: the BPC stream of EBPC over all words, the zeros too.

    Attributes:
        block_words: words of a block: 4, 8, 16 or 32; None becomes the default of `Params`.
    """

    codec_id = "bpc"
    title = "BPC"

    block_words: int = None  # type: ignore[assignment]  # only until `__post_init__`

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "block_words", self.params.block_words)

    @property
    def params(self) -> Params:
        """The EBPC parameters whose blocks these are."""
        return Params(self.word_bits, self.block_words)

    def _max_words(self, num_bytes: int) -> int:
        # a block has its base and two bits at least
        return 8 * num_bytes // (self.word_bits + 2) * self.block_words

    def _filled(self, words: Words) -> Words:
        return np.concatenate((words, np.zeros(self.block_words, dtype=words.dtype)))

    def _encoded_bits(self, words: Words) -> int:
        return fast.block_stream_bits(self.params, self._filled(words), len(words))

    def _encode(self, words: Words) -> bytes:
        stream, bits = fast.encode_blocks(self.params, self._filled(words), len(words))
        return stream[: -(-bits // 8)].tobytes()

    def _decode(self, payload: memoryview, num_words: int) -> Words:
        size = 8 * len(payload)
        words = np.empty(num_words + self.block_words, signed_dtype(self.word_bits))
        data = kernels.padded(payload)
        end = fast.decode_blocks(self.params, data, size, num_words, words)
        fastbits.check_end("bpc", end, size, 8)
        words.resize(num_words, refcheck=False)
        return words


@dataclass(frozen=True)
class Ebpc(Codec):
    """Extended bit-plane compression (`fmcodec.ebpc`) behind the interface of the others.

    Attributes:
        block_words: non-zero words of a block: 4, 8, 16 or 32; None becomes the default of
            `Params`.
        max_zero_run: longest run of one ZNZ symbol, a power of two, 2..256.
    """

    codec_id = "ebpc"
    title = "EBPC"

    block_words: int = None  # type: ignore[assignment]  # only until `__post_init__`
    max_zero_run: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "block_words", self.params.block_words)

    @property
    def params(self) -> Params:
        """The parameters of the streams."""
        return Params(self.word_bits, self.block_words, self.max_zero_run)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The codec of its own `get_config` dict, or of that of `Params`."""
        # the width of a core's port changes no stream
        return super().from_config({k: v for k, v in config.items() if k != "port_words"})

    def _max_words(self, num_bytes: int) -> int:
        # by the ZNZ stream alone: a symbol for z words, or a bit for one
        return 8 * num_bytes * self.max_zero_run

    def _encoded_bits(self, words: Words) -> int:
        return sum(self._stream_bits(words))

    def _stream_bits(self, words: Words) -> tuple[int, int]:
        """Bits of the BPC and of the ZNZ stream."""
        return fast.stream_bits(self.params, words)

    def _sizes(self, words: Words, bounds: npt.NDArray[np.int64]) -> Sizes:
        facts = fast.packet_facts(self.params, words, bounds)
        cores = (replace(self.params, port_words=port) for port in PORT_WORDS)
        most = {p.port_words: int(cycles.bounds(p, facts).sum()) for p in cores}
        return Sizes(np.stack((facts.bpc_bits, facts.znz_bits), axis=1), most)

    def _encode(self, words: Words) -> bytes:
        encoded = self.params.encode(words)
        streams = [kernels.big_endian(stream) for stream in (encoded.bpc, encoded.znz)]
        return b"".join((struct.pack(">I", len(encoded.bpc)), *streams))

    def _decode(self, payload: memoryview, num_words: int) -> Words:
        dtype = unsigned_dtype(self.word_bits)
        if len(payload) < 4 or (len(payload) - 4) % dtype.itemsize:
            raise DamagedStream("container", 32 + 8 * len(payload), "ends early")
        (num_bpc,) = struct.unpack_from(">I", payload)
        words = np.frombuffer(payload[4:], dtype.newbyteorder(">"))
        if num_bpc > len(words):
            raise DamagedStream("container", 32, f"{num_bpc} words of bpc in {len(words)} words")
        if int(words.max(initial=0)) >> self.word_bits:
            raise DamagedStream("container", 64, f"a word of more than {self.word_bits} bits")
        bpc, znz = words[:num_bpc], words[num_bpc:]
        sizes = self.word_bits * len(bpc), self.word_bits * len(znz)
        data = [fastbits.stream_bytes(stream, self.word_bits) for stream in (bpc, znz)]
        return fast.decode_bytes(self.params, data[0], sizes[0], data[1], sizes[1], num_words)
