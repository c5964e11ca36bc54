"""The stateful decoder of FMTC, which mirrors the hardware's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc.context import Context
from fmcodec.fmtc.errors import MissingContext
from fmcodec.fmtc.params import Params

__all__ = ["Decoder"]


class Decoder:
    """A decoder of one build that is first given a context, then tiles: the cores' behaviour.

    Attributes:
        params: what the build holds.
        context: the context loaded last, None before the first; a refused one leaves it as it was.
    """

    def __init__(self, params: Params) -> None:
        self.params = params
        self.context: Context | None = None

    def load(self, words: npt.NDArray[np.uint32]) -> None:
        """Read and check a context; raises what `Context.from_words` does."""
        self.context = Context.from_words(words, self.params)

    def decode_tile(self, words: npt.NDArray[np.uint32]) -> npt.NDArray[np.int8]:
        """The vectors of a tile; raises MissingContext, or what `Context.decode_tile` does."""
        if self.context is None:
            raise MissingContext("context must be loaded before a tile is decoded")
        return self.context.decode_tile(words)
