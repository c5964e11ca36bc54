"""The codecs as codecs of Zarr's format 3, where chunks are bytes that pass from codec to codec.

zarr finds them by itself, as entry points, under `fmcodec.` and the codec's id:
`zarr.create_array(..., compressors=Rice())`. Format 2 takes `fmcodec.codecs.numcodecs`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from zarr.abc.codec import BytesBytesCodec
from zarr.registry import register_codec

from fmcodec import codecs
from fmcodec.bits import signed_dtype

__all__ = ["Bpc", "Csc", "Deflate", "Ebpc", "Rice", "ZeroRle", "Zstd", "Zvc"]


class _Adapter(BytesBytesCodec):
    """A codec of the words that a chunk's bytes are, in the order that the codec before it gave.

    Args:
        parameters: the codec's. `word_bits` is the width of the array's type where it is not given,
            so that floating-point values are coded by their bit patterns.
    """

    codec_class: ClassVar[type[codecs.Codec]]
    is_fixed_size = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # what is imported is known, even from a folder that pip has not installed
        register_codec(cls.name(), cls)

    def __init__(self, **parameters: Any) -> None:
        # refuses what is wrong at once, not at the first chunk
        self.codec_class.from_config(parameters)
        self.parameters = parameters

    @property
    def _codec(self) -> codecs.Codec:
        return self.codec_class.from_config(self.parameters)

    @classmethod
    def name(cls) -> str:
        """What an array's metadata call the codec."""
        return f"fmcodec.{cls.codec_class.codec_id}"

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The codec of an array's metadata."""
        return cls(**data.get("configuration", {}))

    def to_dict(self) -> dict[str, Any]:
        """The codec as metadata, every parameter named."""
        configuration = self._codec.get_config()
        del configuration["id"]
        return {"name": self.name(), "configuration": configuration}

    def evolve_from_array_spec(self, array_spec: Any) -> Self:
        """The codec with the word width of an array."""
        if "word_bits" in self.parameters:
            return self
        word_bits = 8 * array_spec.dtype.to_native_dtype().itemsize
        return type(self)(**self.parameters, word_bits=word_bits)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        """Not known beforehand."""
        raise NotImplementedError

    def _encode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        codec = self._codec
        dtype = signed_dtype(codec.word_bits)
        data = chunk.as_numpy_array().view(np.uint8)
        if data.size % dtype.itemsize:
            raise ValueError(
                f"chunk must be whole words of {dtype.itemsize} bytes, not {data.size}"
            )
        words = data.view(dtype.newbyteorder("<")).astype(dtype, copy=False)
        return chunk_spec.prototype.buffer.from_bytes(codec.encode(words))

    def _decode_sync(self, chunk: Any, chunk_spec: Any) -> Any:
        words = self._codec.decode(chunk.as_numpy_array().data)
        data = words.astype(words.dtype.newbyteorder("<"), copy=False).view(np.uint8)
        return chunk_spec.prototype.buffer.from_array_like(data)

    async def _encode_single(self, chunk: Any, chunk_spec: Any) -> Any:
        return await asyncio.to_thread(self._encode_sync, chunk, chunk_spec)

    async def _decode_single(self, chunk: Any, chunk_spec: Any) -> Any:
        return await asyncio.to_thread(self._decode_sync, chunk, chunk_spec)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(self._codec)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._codec!r})"


class ZeroRle(_Adapter):
    """Zero-RLE for Zarr."""

    codec_class = codecs.ZeroRle


class Zvc(_Adapter):
    """ZVC for Zarr."""

    codec_class = codecs.Zvc


class Csc(_Adapter):
    """CSC for Zarr."""

    codec_class = codecs.Csc


class Bpc(_Adapter):
    """Plain BPC for Zarr."""

    codec_class = codecs.Bpc


class Ebpc(_Adapter):
    """EBPC for Zarr."""

    codec_class = codecs.Ebpc


class Rice(_Adapter):
    """Rice for Zarr."""

    codec_class = codecs.Rice


class Deflate(_Adapter):
    """DEFLATE for Zarr."""

    codec_class = codecs.Deflate


class Zstd(_Adapter):
    """Zstandard for Zarr."""

    codec_class = codecs.Zstd
