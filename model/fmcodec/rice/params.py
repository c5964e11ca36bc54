"""Parameters of Rice: the stream, the codec and what the cores keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fmcodec.bits import require_int
from fmcodec.lazy import LazyModule
from fmcodec.rice.formats import StreamParams
from fmcodec.rice.stream import Encoded
from fmcodec.words import Words

__all__ = ["PORT_WORDS", "Params"]

PORT_WORDS = (1, 2, 4)  # words in a beat that the cores' code port can have

cycles = LazyModule("fmcodec.rice.cycles")
fast = LazyModule("fmcodec.rice.fast")


@dataclass(frozen=True)
class Params(StreamParams):
    """The one immutable description of a Rice configuration (doc/format.md, "Rice parameters").

    The flags are an encoder's choice for a packet. The stream tells them, so that a decoder needs
    `word_bits` alone.

    Attributes:
        word_bits: bits m of a data word, 4..32.
        signed: words are folded as two's complement, not as unsigned numbers.
        delta: a word is predicted by the one before it, not by 0.
        sign_last: the sign bit is moved below all others first: for floating-point patterns.
        port_words: words in a beat of the cores' code port, 1, 2 or 4; no stream depends on it.

    Raises:
        TypeError: `word_bits` or `port_words` is not an int, or a flag not a bool.
        ValueError: a parameter is out of its range.
    """

    port_words: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require_int("port_words", self.port_words, "1, 2 or 4")
        if self.port_words not in PORT_WORDS:
            raise ValueError(f"port_words must be 1, 2 or 4, not {self.port_words!r}")

    @property
    def guaranteed_words_per_cycle(self) -> float:
        """Words per cycle that the cores keep on any data, start-up and flush left out.

        1 where a beat of the port holds any code; else what a port that is never idle carries of
        packets of the largest size.
        """
        port_bits = self.port_words * self.word_bits
        return 1.0 if port_bits >= self.max_code_bits else 8 / 9 * min(self.port_words, 9 / 8)

    def encode(self, words: Words) -> Encoded:
        """Code the packet `words`, shape (N,), N >= 1.

        A word is an int or uint of the narrowest of 8, 16 and 32 bits that holds m; an unsigned
        one is taken as the bit pattern of a two's complement word, whatever `signed` says.

        Raises:
            TypeError: not a numpy array of one of the two dtypes.
            ValueError: not one-dimensional, empty, or a value that does not fit m bits.
        """
        return fast.encode(self, words)

    def decode(self, encoded: Encoded) -> Words:
        """The words of a packet, shape (num_words,), int8, int16 or int32.

        The flags are those that the stream tells, not those of these parameters.

        Raises:
            TypeError: not an `Encoded` of an unsigned array of m-bit words.
            ValueError: num_words < 1, or a stream word that does not fit m bits.
            DamagedStream: what no encoder writes, and at which bit.
        """
        return fast.decode(self, encoded)

    def encoded_bits(self, words: Words) -> int:
        """Bits of the stream of the packet `words` before padding. Raises as `encode`."""
        return fast.encoded_bits(self, words)

    def max_cycles(self, words: Words) -> int:
        """Bound of the cycles that a core takes for the packet `words`; see `cycles.bound`."""
        return cycles.bound(self, words, self.port_words)

    def get_config(self) -> dict[str, int | str]:
        """The parameters as a JSON-able dict with the codec's `id`."""
        return {"id": "rice", **asdict(self)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Params:
        """The parameters of a `get_config` dict."""
        return cls(**{name: value for name, value in config.items() if name != "id"})
