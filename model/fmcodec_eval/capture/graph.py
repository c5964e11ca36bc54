"""A network's graph as the fusing rule sees it, the same for TFLite, ONNX and PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["Graph", "Node", "Role", "Sign", "Table", "TensorNote", "Value"]


class Role(Enum):
    """What an operator does with memory.

    Attributes:
        MACS: multiplies maps with weights or with each other; begins a chain.
        WRITES: anything else whose output is a map of its own: pooling, softmax, a resize.
        POINTWISE: value by value. Of one map (and constants) it is done on the way to memory; of
            two different maps it begins a chain.
        REDUCES: a mean, sum or maximum: a pool, or a statistic of a normalisation written out.
        VIEW: the same values in another shape or number format.
        SELECTS: parts of maps, or maps beside one another; addressing does it.
        STATE: reads what an earlier run left in memory.
        SHAPE: reads a shape, no values.
    """

    MACS = "macs"
    WRITES = "writes"
    POINTWISE = "pointwise"
    REDUCES = "reduces"
    VIEW = "view"
    SELECTS = "selects"
    STATE = "state"
    SHAPE = "shape"


class Sign(Enum):
    """Whether an operator rectifies.

    Attributes:
        RECTIFIES: no value of its output is below zero.
        KEEPS: its output is rectified where all its inputs are: it only moves or rounds them.
        LOSES: neither. Pools are among them: their maps are no rectifier's, and denser.
    """

    RECTIFIES = "rectifies"
    KEEPS = "keeps"
    LOSES = "loses"


@dataclass(frozen=True)
class Value:
    """A tensor: its dtype as NumPy calls it, its shape where that is known.

    `quantised`: integers that stand for real values, with a scale that is known.
    """

    dtype: str
    shape: tuple[int, ...] | None = None
    quantised: bool = False

    @property
    def is_map(self) -> bool:
        """Whether it may be a feature map: real values, not indices."""
        return self.quantised or "float" in self.dtype


@dataclass(frozen=True)
class Node:
    """An operator: `name` is its layer's, `op` what the file or library calls the operator."""

    name: str
    op: str
    role: Role
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    sign: Sign = Sign.LOSES


@dataclass(frozen=True)
class Graph:
    """Operators in the order of execution.

    Attributes:
        nodes: the operators; constants have none.
        values: dtype and shape of what they read and write, by name.
        inputs: names of the network's inputs.
        outputs: names of the network's outputs.
        constants: names of weights and other values that no input changes.
    """

    nodes: list[Node] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)
    constants: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class TensorNote:
    """One line of what a network was captured as: a tensor that counts, or one that does not.

    Attributes:
        name: the layer's name; of a captured one the same as in every table.
        operator: what computes it, as the network's file or library calls it.
        shape: its dimensions, the batch among them; () where they are not known.
        dtype: as NumPy calls it.
        stored: whether it counts as a stored feature map, and is captured.
        reason: why, in words.
    """

    name: str
    operator: str
    shape: tuple[int, ...]
    dtype: str
    stored: bool
    reason: str


class Table:
    """Roles and signs of a framework's operators; one that is not in it WRITES."""

    def __init__(self, roles: dict[Role, str], rectify: str, keep_sign: str) -> None:
        self._roles = {op: role for role, ops in roles.items() for op in ops.split()}
        self._rectify, self._keep = set(rectify.split()), set(keep_sign.split())

    def role(self, op: str) -> Role:
        """What an operator does with memory."""
        return self._roles.get(op, Role.WRITES)

    def sign(self, op: str) -> Sign:
        """Whether it rectifies."""
        if op in self._rectify:
            return Sign.RECTIFIES
        moves = self.role(op) in (Role.VIEW, Role.SELECTS)
        return Sign.KEEPS if moves or op in self._keep else Sign.LOSES

    def computing(self, ops: Iterable[str]) -> list[str]:
        """Those of some operators that compute a map, each once."""
        idle = (Role.VIEW, Role.SELECTS, Role.SHAPE, Role.STATE)
        return list(dict.fromkeys(op for op in ops if self.role(op) not in idle))
