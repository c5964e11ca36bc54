"""Parameters of EBPC and every size that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fmcodec.bits import require_int
from fmcodec.ebpc.stream import Encoded
from fmcodec.words import Words

if TYPE_CHECKING:
    from fmcodec.ebpc.reference import BlockCost, Symbol

__all__ = ["Params"]


def _fast() -> ModuleType:
    # numba takes a second to import: only for who codes something
    from fmcodec.ebpc import fast

    return fast


@dataclass(frozen=True)
class Params:
    """The one immutable description of an EBPC configuration (doc/format.md, "Parameters").

    Attributes:
        word_bits: bits m of a data word, two's complement, 4..32.
        block_words: non-zero words n of a BPC block: 4, 8, 16 or 32.
        max_zero_run: longest run z of zeros that one ZNZ symbol codes, a power of two, 2..256.
        port_words: words in a beat of the cores' BPC port, 1 or 2; the streams do not depend on it.

    Raises:
        TypeError: a parameter is not an int.
        ValueError: a parameter is out of its range.
    """

    word_bits: int = 8
    block_words: int = 8
    max_zero_run: int = 16
    port_words: int = 1

    def __post_init__(self) -> None:
        rules = {
            "word_bits": ("an int in 4..32", range(4, 33)),
            "block_words": ("4, 8, 16 or 32", (4, 8, 16, 32)),
            "max_zero_run": ("a power of two in 2..256", [2**k for k in range(1, 9)]),
            "port_words": ("1 or 2", (1, 2)),
        }
        for name, (rule, allowed) in rules.items():
            value = getattr(self, name)
            require_int(name, value, rule)
            if value not in allowed:
                raise ValueError(f"{name} must be {rule}, not {value!r}")

    @property
    def planes(self) -> int:
        """Bit planes of a block: m + 1, the sign plane included."""
        return self.word_bits + 1

    @property
    def plane_bits(self) -> int:
        """Bits of a plane, one per delta: n - 1."""
        return self.block_words - 1

    @property
    def run_bits(self) -> int:
        """Bits of the length field of a run of two or more zero planes: ceil(log2 m)."""
        return (self.word_bits - 1).bit_length()

    @property
    def position_bits(self) -> int:
        """Bits of the position field of a one-bit or two-bit plane: ceil(log2 n)."""
        return (self.block_words - 1).bit_length()

    @property
    def zero_run_bits(self) -> int:
        """Bits of the length field of a zero run in the ZNZ stream: log2 z."""
        return self.max_zero_run.bit_length() - 1

    @property
    def max_symbol_bits(self) -> int:
        """Bits of the longest plane symbol."""
        return max(self.block_words, 5 + self.position_bits, 3 + self.run_bits)

    @property
    def max_block_bits(self) -> int:
        """BPC bits of the worst block: the base and m + 1 of the longest non-run symbols."""
        return self.word_bits + self.planes * max(self.block_words, 5 + self.position_bits)

    def max_encoded_bits(self, num_words: int) -> int:
        """Upper bound of the bits of both streams, padding included, of a packet of `num_words`.

        No word costs more than a non-zero one's share of the worst block, or a lone zero.
        """
        blocks = -(-num_words // self.block_words)
        padding = 2 * (self.word_bits - 1)
        znz = num_words * (1 + self.zero_run_bits)
        return max(blocks * self.max_block_bits, self.word_bits) + znz + padding

    @property
    def drain_cycles(self) -> int:
        """Cycles of every block in which the cores move a plane and no word: m - n, if positive."""
        return max(self.word_bits - self.block_words, 0)

    @property
    def guaranteed_words_per_cycle(self) -> float:
        """Words per cycle that the cores keep on any data, start-up and flush left out.

        A block takes as many steps as it has words or, where that is more, planes without the
        sign plane; the BPC port moves `port_words * word_bits` bits a cycle.
        """
        port_bits = self.port_words * self.word_bits
        steps = self.block_words + self.drain_cycles
        return self.block_words / max(steps, self.max_block_bits / port_bits)

    def encode(self, words: Words) -> Encoded:
        """Code the packet `words`, shape (N,), N >= 1.

        A word is an int or uint of the narrowest of 8, 16 and 32 bits that holds m; an unsigned
        one is taken as the bit pattern of a two's complement word.

        Raises:
            TypeError: not a numpy array of one of the two dtypes.
            ValueError: not one-dimensional, empty, or a value that does not fit m bits.
        """
        return _fast().encode(self, words)

    def decode(self, encoded: Encoded) -> Words:
        """The words of a packet, shape (num_words,), int8, int16 or int32.

        Raises:
            TypeError: not an `Encoded` of two unsigned arrays of m-bit words.
            ValueError: num_words < 1, or a stream word that does not fit m bits.
            DamagedStream: what no encoder writes, and at which bit of which stream.
        """
        return _fast().decode(self, encoded)

    def encoded_bits(self, words: Words) -> int:
        """Bits of both streams of the packet `words` before padding. Raises as `encode`."""
        return _fast().encoded_bits(self, words)

    def max_cycles(self, words: Words) -> float:
        """Bound of the cycles that a core takes for the packet `words`, start-up left out.

        The sum over the blocks of the words a block spans plus `drain_cycles` or, where that is
        more, the beats of the BPC port that its bits fill: for n >= m one word per cycle unless
        the port is too narrow.
        """
        return _fast().max_cycles(self, words)

    def block_costs(self, words: Words) -> list[BlockCost]:
        """Input words and BPC bits of every block of a packet, in order.

        Zeros count to the block of the next non-zero word, those after the last one to the last
        block. A packet without a non-zero word counts as one block of its N words and m bits.
        """
        return _fast().block_costs(self, words)

    def symbol_counts(self, words: Words) -> dict[Symbol, int]:
        """How often each field occurs in the BPC stream of a packet."""
        return _fast().symbol_counts(self, words)

    def get_config(self) -> dict[str, int | str]:
        """The parameters as a JSON-able dict with the codec's `id`."""
        return {"id": "ebpc", **asdict(self)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Params:
        """The parameters of a `get_config` dict."""
        return cls(**{name: value for name, value in config.items() if name != "id"})
