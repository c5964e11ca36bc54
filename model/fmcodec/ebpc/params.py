"""Parameters of EBPC: the streams, the codec and the cores' ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fmcodec.ebpc.formats import StreamParams
from fmcodec.ebpc.reference import BlockCost, Symbol
from fmcodec.ebpc.stream import Encoded
from fmcodec.lazy import LazyModule
from fmcodec.words import Words

__all__ = ["PORT_WORDS", "Params"]

PORT_WORDS = (1, 2)  # words in a beat that the cores' BPC port can have

fast = LazyModule("fmcodec.ebpc.fast")


@dataclass(frozen=True)
class Params(StreamParams):
    """The one immutable description of an EBPC configuration (doc/format.md, "Parameters").

    Attributes:
        word_bits: bits m of a data word, two's complement, 4..32.
        block_words: non-zero words n of a BPC block: 4, 8, 16 or 32; None, the default, becomes
            8 for words of up to 8 bits and 16 for wider ones.
        max_zero_run: longest run z of zeros that one ZNZ symbol codes, a power of two, 2..256.
        port_words: words in a beat of the cores' BPC port, 1 or 2; the streams do not depend on it.

    Raises:
        TypeError: a parameter is not an int.
        ValueError: a parameter is out of its range.
    """

    port_words: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require("port_words", "1 or 2", PORT_WORDS)

    def encode(self, words: Words) -> Encoded:
        """Code the packet `words`, shape (N,), N >= 1.

        A word is an int or uint of the narrowest of 8, 16 and 32 bits that holds m; an unsigned
        one is taken as the bit pattern of a two's complement word.

        Raises:
            TypeError: not a numpy array of one of the two dtypes.
            ValueError: not one-dimensional, empty, or a value that does not fit m bits.
        """
        return fast.encode(self, words)

    def decode(self, encoded: Encoded) -> Words:
        """The words of a packet, shape (num_words,), int8, int16 or int32.

        Raises:
            TypeError: not an `Encoded` of two unsigned arrays of m-bit words.
            ValueError: num_words < 1, or a stream word that does not fit m bits.
            DamagedStream: what no encoder writes, and at which bit of which stream.
        """
        return fast.decode(self, encoded)

    def encoded_bits(self, words: Words) -> int:
        """Bits of both streams of the packet `words` before padding. Raises as `encode`."""
        return fast.encoded_bits(self, words)

    def block_costs(self, words: Words) -> list[BlockCost]:
        """Input words and BPC bits of every block of a packet, in order.

        Zeros count to the block of the next non-zero word, those after the last one to the last
        block. A packet without a non-zero word counts as one block of its N words and m bits.
        """
        return fast.block_costs(self, words)

    def symbol_counts(self, words: Words) -> dict[Symbol, int]:
        """How often each field occurs in the BPC stream of a packet."""
        return fast.symbol_counts(self, words)

    def get_config(self) -> dict[str, int | str]:
        """The parameters as a JSON-able dict with the codec's `id`."""
        return {"id": "ebpc", **asdict(self)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Params:
        """The parameters of a `get_config` dict."""
        return cls(**{name: value for name, value in config.items() if name != "id"})
