"""What a core knows of a context in registers, and what a build does not need of it."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from fmcodec.fmtc import Params

__all__ = [
    "MEAN_BITS",
    "PAIR",
    "SIDES",
    "Build",
    "entry_layout",
    "length_layout",
    "mean_layout",
    "pair_write",
]

MEAN_BITS = 24
SIDES = ("encoder", "folded", "decoder")
# M without its top bit, which is 1, and s
PAIR = data.StructLayout({"scale": 7, "shift": 4})


@dataclass(frozen=True)
class Build:
    """A core of some parameters, on one side.

    Attributes:
        params: the parameters; the transform of a folded encoder does not count.
        side: "encoder", "folded" (an encoder that is given coefficients) or "decoder".

    Raises:
        ValueError: `side` is another.
    """

    params: Params
    side: str

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise ValueError(f"side must be one of {', '.join(SIDES)}, not {self.side!r}")

    @property
    def is_decoder(self) -> bool:
        """Its contexts are those of a decoder."""
        return self.side == "decoder"

    @property
    def transform(self) -> str:
        """Transform of its contexts: `none`, `matrix`, `dct4` or `folded`."""
        return "folded" if self.side == "folded" else self.params.transform

    @property
    def has_matrix(self) -> bool:
        """Contexts have rows of a matrix."""
        return self.transform == "matrix"

    @property
    def has_huffman(self) -> bool:
        """Contexts have tables of code lengths."""
        return self.params.coder == "huffman"

    @property
    def cuts_components(self) -> bool:
        """A context may have fewer components than channels."""
        return self.transform in ("matrix", "folded")

    @property
    def pairs(self) -> int:
        """Pairs s, M in registers."""
        return 0 if self.is_decoder else 3 if self.transform == "dct4" else 1

    @property
    def has_each(self) -> bool:
        """A context may have a pair s, M for each component, in a memory."""
        return self.pairs == 1

    @property
    def has_uniform(self) -> bool:
        """Bias or offset is one number, in a register."""
        return self.transform in ("none", "dct4")

    @property
    def index_bits(self) -> int:
        """Bits of the number of a component or channel."""
        return max((self.params.channels - 1).bit_length(), 1)

    @property
    def layout(self) -> data.StructLayout:
        """The registers of a context, fields as `fmcodec.fmtc` names them.

        `last_component` is K - 1, where it is not C - 1 always. `boundaries` are the last one
        first, zero where there is none. `pairs` are those of the classes with dct4. `span`, of an
        encoder, is q_max - zp. `mean` is the bias or the offset.
        """
        boundary = unsigned(self.index_bits)
        fields: dict = {"tag": 15, "zero_point": 8}
        if self.is_decoder:
            fields["q_max"] = 8
        else:
            fields["span"] = 8 if self.has_huffman else 7
        if self.cuts_components:
            fields["last_component"] = unsigned(self.index_bits)
        if self.params.tables > 1:
            fields["boundaries"] = data.ArrayLayout(boundary, self.params.tables - 1)
        if self.is_decoder:
            fields |= {"low": signed(8), "high": signed(8)}
            fields |= {"inverse_shift": 4, "inverse_scale": 8}
        else:
            fields["pairs"] = data.ArrayLayout(PAIR, self.pairs)
        if self.has_each:
            fields["each"] = 1
        if self.has_huffman and not self.is_decoder:
            fields["end_before"] = unsigned(self.params.channels.bit_length())
        if self.has_uniform:
            fields["mean"] = signed(24)
        return data.StructLayout(fields)


def pair_write(build: Build) -> data.StructLayout:
    """A pair s, M on its way into a memory: valid, component, pair."""
    return data.StructLayout({"valid": 1, "index": build.index_bits, "pair": PAIR})


def length_layout() -> data.StructLayout:
    """A code length on its way to a builder: valid, table, symbol, and whether it is the last."""
    return data.StructLayout({"valid": 1, "table": 3, "symbol": 8, "length": 4, "last": 1})


def entry_layout(build: Build) -> data.StructLayout:
    """An entry of the matrix on its way into a memory, and whether it is the last of its row."""
    fields: dict = {name: build.index_bits for name in ("row", "column")}
    return data.StructLayout({"valid": 1, **fields, "ends": 1, "value": build.params.matrix_bits})


def mean_layout(build: Build) -> data.StructLayout:
    """The bias or offset of a row on its way into a memory: valid, row, value."""
    return data.StructLayout({"valid": 1, "row": build.index_bits, "value": MEAN_BITS})
