"""The codecs as numcodecs codecs, so that Zarr arrays can hold feature maps coded by them.

numcodecs finds them by itself, as entry points, under `fmcodec_` and the codec's id:
`numcodecs.get_codec({"id": "fmcodec_ebpc", "word_bits": 8})`.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numcodecs.abc import Codec as Adapter
from numcodecs.compat import ensure_contiguous_ndarray, ndarray_copy

from fmcodec import codecs
from fmcodec.bits import signed_dtype

__all__ = ["Bpc", "Csc", "Deflate", "Ebpc", "Rice", "ZeroRle", "Zstd", "Zvc"]


class _Adapter(Adapter):
    """A codec on buffers: an array of words of any shape, or the native bytes of one."""

    codec_class: ClassVar[type[codecs.Codec]]

    def __init__(self, **parameters: Any) -> None:
        self._codec = self.codec_class.from_config(parameters)

    def encode(self, buf: Any) -> bytes:
        """The container of the words in `buf`, in the order of memory.

        Raises ValueError where the bytes of `buf` are no whole, positive number of words, or
        where a word does not fit the codec's width.
        """
        data = ensure_contiguous_ndarray(buf).view(np.uint8)
        dtype = signed_dtype(self._codec.word_bits)
        if data.size % dtype.itemsize:
            raise ValueError(f"buf must be whole words of {dtype.itemsize} bytes, not {data.size}")
        return self._codec.encode(data.view(dtype))

    def decode(self, buf: Any, out: Any = None) -> Any:
        """The words of a container, or `out` with them in it.

        Raises DamagedStream, also where a container claims more words than `out` holds.
        """
        container = ensure_contiguous_ndarray(buf).view(np.uint8).data
        room = None
        if out is not None:
            room = (
                ensure_contiguous_ndarray(out).nbytes
                // signed_dtype(self._codec.word_bits).itemsize
            )
        return ndarray_copy(self._codec.decode(container, room), out)

    def get_config(self) -> dict[str, Any]:
        """The parameters with the id that numcodecs knows."""
        return {**self._codec.get_config(), "id": self.codec_id}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._codec!r})"


class ZeroRle(_Adapter):
    """Zero-RLE for numcodecs."""

    codec_id = "fmcodec_zero_rle"
    codec_class = codecs.ZeroRle


class Zvc(_Adapter):
    """ZVC for numcodecs."""

    codec_id = "fmcodec_zvc"
    codec_class = codecs.Zvc


class Csc(_Adapter):
    """CSC for numcodecs."""

    codec_id = "fmcodec_csc"
    codec_class = codecs.Csc


class Bpc(_Adapter):
    """Plain BPC for numcodecs."""

    codec_id = "fmcodec_bpc"
    codec_class = codecs.Bpc


class Ebpc(_Adapter):
    """EBPC for numcodecs."""

    codec_id = "fmcodec_ebpc"
    codec_class = codecs.Ebpc


class Rice(_Adapter):
    """Rice for numcodecs."""

    codec_id = "fmcodec_rice"
    codec_class = codecs.Rice


class Deflate(_Adapter):
    """DEFLATE for numcodecs."""

    codec_id = "fmcodec_deflate"
    codec_class = codecs.Deflate


class Zstd(_Adapter):
    """Zstandard for numcodecs."""

    codec_id = "fmcodec_zstd"
    codec_class = codecs.Zstd
