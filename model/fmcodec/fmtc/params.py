"""Parameters of FMTC: what a build of the codec holds, and every size that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fmcodec.bits import require_int

__all__ = ["CODERS", "TRANSFORMS", "WORD_BITS", "Params"]

WORD_BITS = 32  # of the words that contexts and tiles are made of
TRANSFORMS = ("none", "matrix", "dct4")
CODERS = ("huffman", "rice")


@dataclass(frozen=True)
class Params:
    """The one immutable description of an FMTC configuration (doc/format.md, "FMTC parameters").

    Attributes:
        channels: values C of a vector, 1..256; 16 with dct4.
        transform: `matrix`, `dct4` or `none`.
        coder: entropy coder, `huffman` or `rice`.
        matrix_bits: bits TW of a matrix entry, two's complement, 8 or 10; all but the sign bit are
            fraction bits.
        q_max: largest quantised coefficient, 1..254.
        max_code_bits: longest Huffman code in bits, 8..15.
        tables: most code tables, or groups of components of the Rice coder, of a context, 1..8.
        lanes: multiply-accumulate lanes P of the cores, a divisor of `channels`; None is all. The
            formats do not depend on it.

    Raises:
        TypeError: a parameter is not an int or a str.
        ValueError: a parameter is out of its range, or does not go with another.
    """

    channels: int = 64
    transform: str = "matrix"
    coder: str = "huffman"
    matrix_bits: int = 8
    q_max: int = 254
    max_code_bits: int = 12
    tables: int = 4
    lanes: int | None = None

    def __post_init__(self) -> None:
        for name, choices in (("transform", TRANSFORMS), ("coder", CODERS)):
            value = getattr(self, name)
            rule = f"one of {', '.join(choices)}"
            if not isinstance(value, str):
                raise TypeError(f"{name} must be {rule}, not {value!r}")
            if value not in choices:
                raise ValueError(f"{name} must be {rule}, not {value!r}")
        rules = {
            "channels": ("an int in 1..256", range(1, 257)),
            "matrix_bits": ("8 or 10", (8, 10)),
            "q_max": ("an int in 1..254", range(1, 255)),
            "max_code_bits": ("an int in 8..15", range(8, 16)),
            "tables": ("an int in 1..8", range(1, 9)),
        }
        for name, (rule, allowed) in rules.items():
            value = getattr(self, name)
            require_int(name, value, rule)
            if value not in allowed:
                raise ValueError(f"{name} must be {rule}, not {value!r}")
        if self.transform == "dct4" and self.channels != 16:
            raise ValueError(f"channels must be 16 with dct4, not {self.channels!r}")
        rule = f"None or a divisor of channels = {self.channels}"
        if self.lanes is not None:
            require_int("lanes", self.lanes, rule)
            if self.lanes < 1 or self.channels % self.lanes:
                raise ValueError(f"lanes must be {rule}, not {self.lanes!r}")

    @property
    def fraction_bits(self) -> int:
        """Fraction bits F of a matrix entry: TW - 1."""
        return self.matrix_bits - 1

    @property
    def mac_lanes(self) -> int:
        """Multiply-accumulate lanes of the cores, `lanes` with its default filled in."""
        return self.channels if self.lanes is None else self.lanes

    @property
    def coefficients_per_cycle(self) -> float:
        """Coefficients per cycle of the cores: with a matrix, C / P cycles a component."""
        return self.mac_lanes / self.channels if self.transform == "matrix" else 1.0

    def max_payload_words(self, num_vectors: int, components: int | None = None) -> int:
        """Words of the payload of a raw tile, one byte a coefficient."""
        count = num_vectors * (self.channels if components is None else components)
        return -(-8 * count // WORD_BITS)

    def get_config(self) -> dict[str, int | str | None]:
        """The parameters as a JSON-able dict with the codec's `id`."""
        return {"id": "fmtc", **asdict(self)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Params:
        """The parameters that `get_config` gave."""
        return cls(**{name: value for name, value in config.items() if name != "id"})
