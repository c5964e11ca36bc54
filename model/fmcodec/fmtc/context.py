"""The layer context of FMTC: everything that a tile's decoder needs to know, and coding with it.

Format: doc/format.md, "FMTC context".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc.context_reader import HEADER_WORDS, read_fields
from fmcodec.fmtc.errors import BadCodeLengths, BadField, Underrun, UnsupportedContext
from fmcodec.fmtc.fields import ContextFields, FieldError
from fmcodec.fmtc.params import WORD_BITS, Params
from fmcodec.fmtc.tile import Encoded, require_words
from fmcodec.lazy import LazyModule

__all__ = ["Context"]

codec = LazyModule("fmcodec.fmtc.codec")

# Word of the context that holds each checked field, for error messages.
_WORD_OF = {
    "tables": 1,
    "max_code_bits": 1,
    "channels": 2,
    "components": 2,
    "matrix_bits": 3,
    "q_max": 3,
    "zero_point": 3,
    "scale": 4,
    "shift": 4,
    "inverse_scale": 5,
    "inverse_shift": 5,
    "low": 6,
    "high": 6,
}


@dataclass(frozen=True, eq=False)
class Context(ContextFields):
    """The integers of one calibrated layer; coding with it is the same on every machine.

    Attributes:
        matrix: entries T of the transform, int16, shape (components K, channels C), values of
            `matrix_bits` bits with `matrix_bits` - 1 fraction bits. With `bypass` it is not used.
        bias: the transformed mean, subtracted from every accumulator, int32, shape (K,).
        offset: the mean in units of 2^-inverse_shift, int32, shape (C,).
        lengths: Huffman code length of each symbol, uint8, shape (tables G, q_max + 1).
        boundaries: first component of each table but the first, ascending, G - 1 ints.
        scale, shift: requantiser M, 1..65535, and S, 1..63: q = (acc M + 2^(S-1) >> S) + zp.
        inverse_scale, inverse_shift: dequantiser Md, 1..65535, and Sd, 1..31.
        zero_point: symbol of the coefficient 0, 0..q_max.
        low, high: clamp of a decoded value, -128..127; 0 as `low` fuses a ReLU.
        matrix_bits: bits of a matrix entry, 8 or 10.
        max_code_bits: longest code allowed, 8..15.
        bypass: the identity instead of the matrix (exact, where T = I in F bits is not).

    Raises:
        TypeError: an array is not of the dtype above.
        ValueError: a field is out of its range or shape.
    """

    def encode(self, vectors: npt.NDArray[np.int8], tile_vectors: int = 1024) -> Encoded:
        """Code `vectors`, int8 of shape (vectors, C), into tiles of `tile_vectors` vectors."""
        return codec.encode(self, vectors, tile_vectors)

    def encode_coefficients(
        self, accumulators: npt.NDArray[np.int32], tile_vectors: int = 1024
    ) -> Encoded:
        """Code coefficients that a folded convolution gives: `acc`, int32 of shape (vectors, K)."""
        return codec.encode_coefficients(self, accumulators, tile_vectors)

    def decode(self, encoded: Encoded) -> npt.NDArray[np.int8]:
        """The vectors of all tiles, int8 of shape (vectors, C); raises what `decode_tile` does."""
        return codec.decode(self, encoded)

    def decode_tile(self, words: npt.NDArray[np.uint32]) -> npt.NDArray[np.int8]:
        """The vectors of one tile; a damaged one raises a `DamagedStream` and gives nothing."""
        return codec.decode_tile(self, words)

    def encoded_bits(self, vectors: npt.NDArray[np.int8]) -> int:
        """Exact bits of the codes of `vectors`, before headers, padding and raw escapes."""
        return codec.encoded_bits(self, vectors)

    @classmethod
    def from_bytes(cls, data: bytes, build: Params | None = None) -> Context:
        """The context that `to_bytes` wrote; raises what `from_words` does."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data must be bytes, not {type(data).__name__}")
        if len(data) % 4:
            raise Underrun("context", 8 * len(data), "ends inside a word")
        return cls.from_words(np.frombuffer(data, dtype="<u4").astype(np.uint32), build)

    @classmethod
    def from_words(cls, words: npt.NDArray[np.uint32], build: Params | None = None) -> Context:
        """Read and check a context.

        Args:
            words: the context, CRC included, nothing after it.
            build: what the decoder holds; None holds every context.

        Raises:
            BadMagic, BadVersion, Underrun, WordsLeftOver, BadChecksum, BadField, BadCodeLengths,
            BadPadding: the words are no context (doc/format.md names each case).
            UnsupportedContext: they are one that `build` does not hold.
            TypeError, ValueError: they are no array of uint32 of one dimension.
        """
        require_words(words)
        words = np.ascontiguousarray(words)
        fields = read_fields(words)
        try:
            context = cls(**fields)
        except FieldError as error:
            kind = BadCodeLengths if error.field == "lengths" else BadField
            word = _WORD_OF.get(error.field, HEADER_WORDS)
            raise kind("context", WORD_BITS * word, str(error)) from error
        if build is not None:
            context.require_build(build)
        return context

    def require_build(self, build: Params) -> None:
        """Raise UnsupportedContext unless a core of parameters `build` can hold the context."""
        for name, fits, rule in (
            ("channels", self.channels == build.channels, f"{build.channels}"),
            ("matrix_bits", self.matrix_bits == build.matrix_bits, f"{build.matrix_bits}"),
            ("q_max", self.q_max <= build.q_max, f"at most {build.q_max}"),
            (
                "max_code_bits",
                self.max_code_bits <= build.max_code_bits,
                f"at most {build.max_code_bits}",
            ),
            ("tables", self.tables <= build.tables, f"at most {build.tables}"),
        ):
            if not fits:
                reason = f"{name} must be {rule} in this build, not {getattr(self, name)}"
                raise UnsupportedContext("context", WORD_BITS * _WORD_OF[name], reason)
