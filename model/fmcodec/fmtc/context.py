"""The contexts of a layer, everything that coding needs to know, and coding with them.

Format: doc/format.md, "FMTC context".
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from fmcodec.bits import BitWriter
from fmcodec.fmtc.context_reader import (
    CODER_CODES,
    HEADER_WORDS,
    MAGIC,
    TRANSFORM_CODES,
    VERSION,
    read_fields,
)
from fmcodec.fmtc.errors import (
    BadCodeLengths,
    BadField,
    Underrun,
    UnsupportedContext,
)
from fmcodec.fmtc.fields import DecoderFields, EncoderFields, FieldError, Shared
from fmcodec.fmtc.params import WORD_BITS, Params
from fmcodec.fmtc.tile import Encoded, require_words
from fmcodec.lazy import LazyModule

__all__ = ["Context", "DecoderContext", "EncoderContext", "read_context"]

codec = LazyModule("fmcodec.fmtc.codec")

Words = npt.NDArray[np.uint32]
# word of the context that holds each checked field, for error messages
_WORD_OF = {
    "kind": 1,
    "transform": 1,
    "coder": 1,
    "matrix_bits": 1,
    "groups": 1,
    "channels": 2,
    "components": 2,
    "q_max": 2,
    "zero_point": 2,
    "end_before": 3,
    "shift": 3,
    "scale": 3,
    "low": 3,
    "high": 3,
    "inverse_shift": 3,
    "inverse_scale": 3,
}


class _Words(Shared):
    """Writing and reading of what both kinds of context share."""

    def to_bytes(self) -> bytes:
        """The words of the context, each with its least significant byte first."""
        return self.to_words().astype("<u4").tobytes()

    def to_words(self) -> Words:
        """The context as 32-bit words, the CRC last (doc/format.md, "FMTC context")."""
        writer = _ContextWriter()
        self._write_header(writer)
        self._write_own(writer)
        for boundary in self.boundaries:
            writer.write(boundary, WORD_BITS)
        self._write_scales(writer)
        for lengths in self.lengths.tolist():
            writer.row(lengths, 4)
        means = self._means().tolist()
        for mean, row in zip(means, self._rows().tolist(), strict=False):
            writer.write(mean, WORD_BITS)
            writer.row(row, self.matrix_bits)
        words = writer.words().astype(np.uint32)
        return np.append(words, np.uint32(zlib.crc32(words.astype("<u4").tobytes())))

    @classmethod
    def from_bytes(cls, data: bytes, build: Params | None = None) -> Self:
        """The context that `to_bytes` wrote; raises what `from_words` does."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"data must be bytes, not {type(data).__name__}")
        if len(data) % 4:
            raise Underrun("context", 8 * len(data), "ends inside a word")
        return cls.from_words(np.frombuffer(data, dtype="<u4").astype(np.uint32), build)

    @classmethod
    def from_words(cls, words: Words, build: Params | None = None) -> Self:
        """Read and check a context.

        Args:
            words: the context, CRC included, nothing after it.
            build: what the core holds; None holds every context.

        Raises:
            BadMagic, BadVersion, Underrun, WordsLeftOver, BadChecksum, BadField, BadCodeLengths,
            BadPadding: the words are no context (doc/format.md names each case).
            UnsupportedContext: they are one of the other kind, or that `build` does not hold.
            TypeError, ValueError: they are no array of uint32 of one dimension.
        """
        context = read_context(words)
        if not isinstance(context, cls):
            reason = f"kind must be {cls._kind()}, not {context._kind()}"
            raise UnsupportedContext("context", WORD_BITS, reason)
        if build is not None:
            context.require_build(build)
        return context

    def require_build(self, build: Params) -> None:
        """Raise UnsupportedContext unless a core of parameters `build` can hold the context."""
        same: tuple[str, ...] = ("coder", "channels")
        if self.transform != "folded":  # an encoder without a transform takes any layer's
            same = ("transform", *same)
        if self.transform == "matrix":
            same = (*same, "matrix_bits")
        checks = [(name, getattr(self, name), getattr(build, name), True) for name in same]
        checks += [
            ("q_max", self.q_max, build.q_max, False),
            ("code_bits", self.code_bits, build.max_code_bits, False),
            ("groups", self.groups, build.tables, False),
        ]
        for name, value, held, exact in checks:
            if value != held if exact else value > held:
                rule = held if exact else f"at most {held}"
                reason = f"{name} must be {rule} in this build, not {value}"
                raise UnsupportedContext("context", WORD_BITS * _WORD_OF.get(name, 1), reason)

    @classmethod
    def _kind(cls) -> str:
        return "decoder" if issubclass(cls, DecoderFields) else "encoder"

    def _write_header(self, writer: _ContextWriter) -> None:
        each = isinstance(self, EncoderFields) and self.each
        for value, bits in (
            (MAGIC, 24),
            (VERSION, 8),
            (self._kind() == "decoder", 1),
            (TRANSFORM_CODES.index(self.transform), 2),
            (CODER_CODES.index(self.coder), 1),
            (self.matrix_bits == 10, 1),
            (each, 1),
            (self.groups - 1, 3),
            (self.tag, 23),
            (self.channels - 1, 8),
            (self.components - 1, 8),
            (self.q_max, 8),
            (self.zero_point, 8),
        ):
            writer.write(int(value), bits)

    def _write_own(self, writer: _ContextWriter) -> None:
        raise NotImplementedError

    def _write_scales(self, writer: _ContextWriter) -> None:
        pass

    def _means(self) -> npt.NDArray[np.int32]:
        raise NotImplementedError

    def _rows(self) -> npt.NDArray[np.int16]:
        raise NotImplementedError


class _ContextWriter(BitWriter):
    """Fields in the order of the words."""

    def __init__(self) -> None:
        super().__init__(WORD_BITS)

    def row(self, entries: list[int], bits: int) -> None:
        """Entries that start on a word, as many whole ones in each as fit."""
        per_word = WORD_BITS // bits
        for index, entry in enumerate(entries):
            self.write(entry, bits)
            if index == len(entries) - 1 or index % per_word == per_word - 1:
                self.write(0, -self.position % WORD_BITS)


class EncoderContext(EncoderFields, _Words):
    """What an encoder is loaded with for a layer; fields: `EncoderFields` and `Shared`."""

    def _write_own(self, writer: _ContextWriter) -> None:
        first = (0, 0) if self.each else (int(self.shift[0]), int(self.scale[0]))
        writer.write(self.end_before, 16)
        writer.write(first[0] << 12 | first[1], 16)
        writer.write(int(self.bias[0]) if self.transform in ("none", "dct4") else 0, WORD_BITS)

    def _write_scales(self, writer: _ContextWriter) -> None:
        places: Iterable[int] = range(self.components) if self.each else ()
        if self.transform == "dct4":
            places = (1, 5)  # one of each further class
        for k in places:
            self._write_pair(writer, int(self.shift[k]), int(self.scale[k]))

    @staticmethod
    def _write_pair(writer: _ContextWriter, shift: int, scale: int) -> None:
        writer.write(shift << 12 | scale, WORD_BITS)

    def _means(self) -> npt.NDArray[np.int32]:
        return self.bias

    def _rows(self) -> npt.NDArray[np.int16]:
        return self.matrix

    def folded(self) -> EncoderContext:
        """The context of an encoder that takes coefficients, the transform being in a network."""
        if self.transform == "folded":
            return self
        return replace(
            self,
            transform="folded",
            matrix_bits=8,
            bias=np.zeros_like(self.bias),
            matrix=np.zeros((0, self.channels), dtype=np.int16),
        )


class DecoderContext(DecoderFields, _Words):
    """What a decoder is loaded with for a layer; fields: `DecoderFields` and `Shared`."""

    def decode(self, encoded: Encoded) -> npt.NDArray[np.int8]:
        """The vectors of all tiles, int8 of shape (vectors, C); raises what `decode_tile` does."""
        return codec.decode(self, encoded)

    def decode_tile(
        self, words: npt.NDArray[np.uint32], num_vectors: int | None = None
    ) -> npt.NDArray[np.int8]:
        """The vectors of one tile; a damaged one raises a `DamagedStream` and gives nothing."""
        return codec.decode_tile(self, words, num_vectors)

    def _write_own(self, writer: _ContextWriter) -> None:
        for value, bits in (
            (self.low, 8),
            (self.high, 8),
            (self.inverse_shift << 4, 8),
            (self.inverse_scale, 8),
            (0 if self.transform == "matrix" else int(self.offset[0]), WORD_BITS),
        ):
            writer.write(value, bits)

    def _means(self) -> npt.NDArray[np.int32]:
        return self.offset

    def _rows(self) -> npt.NDArray[np.int16]:
        return self.matrix


def read_context(words: Words) -> EncoderContext | DecoderContext:
    """The context of either kind; raises what `EncoderContext.from_words` does without a build."""
    require_words(words)
    is_decoder, found = read_fields(np.ascontiguousarray(words))
    try:
        return DecoderContext(**found) if is_decoder else EncoderContext(**found)
    except FieldError as error:
        fault = BadCodeLengths if error.field == "lengths" else BadField
        word = _WORD_OF.get(error.field, HEADER_WORDS)
        raise fault("context", WORD_BITS * word, str(error)) from error


@dataclass(frozen=True, eq=False)
class Context:
    """Both contexts of a calibrated layer; coding with them is the same on every machine.

    Attributes:
        encoder, decoder: the contexts; they share what `Shared` lists, the transform apart where
            that of the encoder is folded into a network.

    Raises:
        ValueError: they do not belong together.
    """

    encoder: EncoderContext
    decoder: DecoderContext

    def __post_init__(self) -> None:
        for field in fields(Shared):
            name = field.name
            if self.encoder.transform == "folded" and name in ("transform", "matrix_bits"):
                continue
            if not np.array_equal(getattr(self.encoder, name), getattr(self.decoder, name)):
                raise ValueError(f"{name} must be the same in encoder and decoder")

    @classmethod
    def of(
        cls, shared: dict[str, Any], encoder: dict[str, Any], decoder: dict[str, Any]
    ) -> Context:
        """Contexts of these fields, with a tag that is made of the decoder's."""
        first = DecoderContext(**shared, **decoder)
        tag = int(first.to_words()[-1]) & 0x7FFF
        return cls(
            EncoderContext(**shared, **encoder, tag=tag),
            DecoderContext(**shared, **decoder, tag=tag),
        )

    @property
    def channels(self) -> int:
        """Values C of a vector."""
        return self.decoder.channels

    @property
    def components(self) -> int:
        """Coefficients K that are kept of a vector, at most C."""
        return self.decoder.components

    @property
    def q_max(self) -> int:
        """Largest quantised coefficient."""
        return self.decoder.q_max

    @property
    def tag(self) -> int:
        """The 15 bits by which a tile names its context."""
        return self.decoder.tag

    @property
    def transform(self) -> str:
        """The transform that the decoder inverts."""
        return self.decoder.transform

    @property
    def step(self) -> float:
        """Width of a quantiser cell in units of an input value, of an orthonormal transform."""
        gain = 120 if self.transform == "dct4" else 1 << self.decoder.fraction_bits
        return self.decoder.inverse_scale / 2.0**self.decoder.inverse_shift * gain

    @property
    def params(self) -> Params:
        """The smallest build that holds these contexts."""
        d = self.decoder
        bits = max(d.code_bits, 8)
        return Params(
            d.channels, d.transform, d.coder, d.matrix_bits, d.q_max, bits, d.groups, None
        )

    @property
    def bits(self) -> int:
        """Bits of the decoder's context, which is what is read with the tiles."""
        return WORD_BITS * len(self.decoder.to_words())

    def encode(
        self,
        vectors: npt.NDArray[np.int8],
        tile_vectors: int = 1024,
        raw: bool | None = None,
    ) -> Encoded:
        """Code `vectors`, int8 of shape (vectors, C), into tiles of `tile_vectors` vectors.

        `raw` makes all tiles raw, or none; None takes what is smaller, tile by tile.
        """
        return codec.encode(self.encoder, vectors, tile_vectors, raw)

    def encode_coefficients(
        self,
        accumulators: npt.NDArray[np.int32],
        tile_vectors: int = 1024,
        raw: bool | None = None,
    ) -> Encoded:
        """Code coefficients that a folded convolution gives: `acc`, int32 of shape (vectors, K)."""
        return codec.encode_coefficients(self.encoder, accumulators, tile_vectors, raw)

    def decode(self, encoded: Encoded) -> npt.NDArray[np.int8]:
        """The vectors of all tiles, int8 of shape (vectors, C); raises what `decode_tile` does."""
        return self.decoder.decode(encoded)

    def decode_tile(self, words: Words, num_vectors: int | None = None) -> npt.NDArray[np.int8]:
        """The vectors of one tile; a damaged one raises a `DamagedStream` and gives nothing."""
        return self.decoder.decode_tile(words, num_vectors)

    def encoded_bits(self, vectors: npt.NDArray[np.int8]) -> int:
        """Exact bits of the codes of `vectors`, as one tile, without header and padding."""
        return codec.encoded_bits(self.encoder, vectors)
