"""A PyTorch module's graph, recorded while it runs: every operator, functional ones too.

Imported only where PyTorch is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from fmcodec_eval.capture.graph import Graph, Node, Sign, Value
from fmcodec_eval.capture.operators import PYTORCH

__all__ = ["Changed", "kept_outputs", "traced"]


# PyTorch adds one where somebody else holds what it made: a trace has more of them than other runs
_UNCOUNTED = "detach"


class Changed(Exception):
    """A module ran other operators than when it was traced."""


class _Names:
    """Names of operators: the module that calls them."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, bool]] = []

    @contextmanager
    def following(self, module: torch.nn.Module) -> Iterator[None]:
        handles = []
        try:
            for name, child in module.named_modules():
                leaf = next(child.children(), None) is None and bool(name)
                handles.append(child.register_forward_pre_hook(self._enter(name, leaf)))
                handles.append(child.register_forward_hook(self._leave, always_call=True))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, name: str, leaf: bool) -> Callable[..., None]:
        return lambda *_: self._stack.append((name, leaf))

    def _leave(self, *_: Any) -> None:
        self._stack.pop()

    def of(self, op: str) -> str:
        """The module's name; with the operator's where the module has others inside."""
        name, leaf = self._stack[-1] if self._stack else ("", False)
        return name if leaf else f"{name}.{op}".lstrip(".")


class _Tracer(TorchDispatchMode):
    """Writes down every operator that runs."""

    def __init__(self, names: _Names) -> None:
        super().__init__()
        self.graph, self._names = Graph(), names
        self._number = 0  # of operators that count
        self._known: dict[int, str] = {}
        self._alive: list[torch.Tensor] = []  # an id stands for one tensor as long as that lives

    def give(self, tensor: torch.Tensor) -> None:
        """Name an input of the network."""
        self.graph.inputs.add(self._name(tensor, f"input{len(self.graph.inputs)}"))

    def take(self, output: Any) -> None:
        """Name the outputs of the network."""
        self.graph.outputs.update(
            self._known[id(t)] for t in _tensors(output) if id(t) in self._known
        )

    def _name(self, tensor: torch.Tensor, name: str) -> str:
        self._known[id(tensor)] = name
        self._alive.append(tensor)
        dtype = str(tensor.dtype).removeprefix("torch.")
        self.graph.values[name] = Value(dtype, tuple(tensor.shape))
        return name

    def _read(self, tensor: torch.Tensor) -> str:
        if id(tensor) not in self._known:  # a weight, or a constant of the module's own
            self.graph.constants.add(self._name(tensor, f"constant{len(self._known)}"))
        return self._known[id(tensor)]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        op = _op(func)
        read = list(_tensors((args, kwargs)))
        inputs = tuple(dict.fromkeys(self._read(tensor) for tensor in read))
        result = func(*args, **kwargs)
        idle = not func._schema.is_mutable and any(result is tensor for tensor in read)
        made = [] if idle else list(_tensors(result))
        place = f"{op}{len(self.graph.nodes)}" if op == _UNCOUNTED else str(self._number)
        self._number += op != _UNCOUNTED
        outputs = tuple(self._name(t, f"{place}.{n}") for n, t in enumerate(made))
        sign = PYTORCH.sign(op)
        if op in ("hardtanh", "clamp", "clamp_min") and _low(args, kwargs) >= 0:
            sign = Sign.RECTIFIES
        self.graph.nodes.append(
            Node(self._names.of(op), op, PYTORCH.role(op), inputs, outputs, sign)
        )
        return result


class _Keeper(TorchDispatchMode):
    """Keeps a copy of some operators' outputs: later ones may overwrite them."""

    def __init__(self, ops: list[str], kept: set[str]) -> None:
        super().__init__()
        self._ops, self._kept, self._number = ops, kept, 0
        self.found: dict[str, torch.Tensor] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if _op(func) == _UNCOUNTED:
            return func(*args, **(kwargs or {}))
        number = self._number
        self._number += 1
        if number >= len(self._ops) or self._ops[number] != _op(func):
            raise Changed
        result = func(*args, **(kwargs or {}))
        for place, tensor in enumerate(_tensors(result)):
            if f"{number}.{place}" in self._kept:
                self.found[f"{number}.{place}"] = tensor.clone()
        return result


def traced(module: torch.nn.Module, inputs: Any, run: Callable[[], Any]) -> Graph:
    """The operators of a forward pass.

    Args:
        module: the network.
        inputs: its input tensors.
        run: runs the forward pass on them.
    """
    names = _Names()
    tracer = _Tracer(names)
    for tensor in _tensors(inputs):
        tracer.give(tensor)
    with torch.inference_mode(), names.following(module), tracer:
        output = run()
    tracer.take(output)
    return tracer.graph


def kept_outputs(graph: Graph, tensors: set[str], run: Callable[[], Any]) -> dict[str, Any]:
    """The values of some tensors of a traced graph in another forward pass.

    Raises:
        Changed: the operators are not those of the graph.
    """
    keeper = _Keeper([n.op for n in graph.nodes if n.op != _UNCOUNTED], tensors)
    with torch.inference_mode(), keeper:
        run()
    return keeper.found


def _op(func: Any) -> str:
    """An operator's name without its overload and the mark of one that works in place."""
    name = func._schema.name.rpartition("::")[2]
    return name.rstrip("_") if not name.startswith("__") else name.strip("_")


def _low(args: Any, kwargs: Any) -> float:
    """The lower bound of a clamp; negative where there is none."""
    low = args[1] if len(args) > 1 else kwargs.get("min", kwargs.get("min_val", -1))
    return float(low) if isinstance(low, (int, float)) else -1.0


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _tensors(each)
