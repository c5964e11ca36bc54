"""The stateful encoder and decoder of FMTC, which mirror the cores': two banks of contexts."""

from __future__ import annotations

from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from fmcodec.errors import DamagedStream
from fmcodec.fmtc.context import DecoderContext, EncoderContext
from fmcodec.fmtc.errors import MissingContext, UnsupportedContext
from fmcodec.fmtc.params import WORD_BITS, Params
from fmcodec.fmtc.tile import Encoded, unpack_tile
from fmcodec.lazy import LazyModule

__all__ = ["Decoder", "Encoder"]

codec = LazyModule("fmcodec.fmtc.codec")

Kind = TypeVar("Kind", EncoderContext, DecoderContext)


class _Banks(Generic[Kind]):
    """The context in use, and one that waits until a tile names it.

    Attributes:
        params: what the build holds.
        context: the context in use, None before the first.
        waiting: the one loaded last, None where it is in use.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self.context: Kind | None = None
        self.waiting: Kind | None = None

    def _accept(self, context: Kind) -> None:
        if self.context is None:
            self.context = context
        else:
            self.waiting = context

    def _select(self, tag: int) -> Kind:
        """The context that a tile of this tag is coded with."""
        if self.waiting is not None and self.waiting.tag == tag:
            self.context, self.waiting = self.waiting, None
        if self.context is None:
            raise MissingContext("context must be loaded before a tile is coded")
        return self.context


class Encoder(_Banks[EncoderContext]):
    """An encoder of one build that is given contexts, then tiles: the cores' behaviour.

    Attributes:
        folded: it is given coefficients, and takes folded contexts alone; another takes none.
    """

    def __init__(self, params: Params, folded: bool = False) -> None:
        super().__init__(params)
        self.folded = folded

    def load(self, words: npt.NDArray[np.uint32]) -> None:
        """Read and check a context; a refused one leaves both banks as they were but for `waiting`.

        Raises:
            DamagedStream: see `EncoderContext.from_words`.
        """
        self.waiting = None
        context = EncoderContext.from_words(words, self.params)
        if (context.transform == "folded") != self.folded:
            held = "folded" if self.folded else self.params.transform
            reason = f"transform must be {held} in this build, not {context.transform}"
            raise UnsupportedContext("context", WORD_BITS, reason)
        self._accept(context)

    def encode_tile(
        self, vectors: npt.NDArray[np.signedinteger], tag: int, raw: bool = False
    ) -> Encoded:
        """The tile of `vectors` with the context of this tag, or the one in use if there is none.

        Vectors are int8, or with a folded transform coefficients, int32.

        Raises:
            MissingContext: none was loaded.
            TypeError, ValueError: see `codec.encode`.
        """
        context = self._select(tag)
        code = codec.encode_coefficients if context.transform == "folded" else codec.encode
        return code(context, vectors, max(len(vectors), 1), raw)


class Decoder(_Banks[DecoderContext]):
    """A decoder of one build that is given contexts, then tiles: the cores' behaviour."""

    def load(self, words: npt.NDArray[np.uint32]) -> None:
        """Read and check a context; a refused one leaves the one in use; none waits then.

        Raises:
            DamagedStream: see `DecoderContext.from_words`.
        """
        self.waiting = None
        self._accept(DecoderContext.from_words(words, self.params))

    def decode_tile(
        self, words: npt.NDArray[np.uint32], num_vectors: int | None = None
    ) -> npt.NDArray[np.int8]:
        """The vectors of a tile; raises MissingContext, or what `Context.decode_tile` does."""
        return self._select(unpack_tile(words).tag).decode_tile(words, num_vectors)

    def decode_leniently(
        self, words: npt.NDArray[np.uint32], num_vectors: int
    ) -> tuple[npt.NDArray[np.int8], list[DamagedStream]]:
        """What a core gives for any words: see `codec.decode_leniently`."""
        context = self._select(unpack_tile(words).tag)
        return codec.decode_leniently(context, words, num_vectors)
