"""From an ONNX model to the graph that the fusing rule reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fmcodec.errors import InputError
from fmcodec_eval.capture.graph import Graph, Node, Role, Sign, Value
from fmcodec_eval.capture.operators import ONNX

__all__ = ["Quantised", "graph_of", "plain_types", "refuse_control_flow"]

Types = dict[str, tuple[str, "tuple[int, ...] | None"]]

# where an operator's inputs have the scale and the zero point of its output
_STEPS = {
    "QuantizeLinear": (1, 2),
    "QLinearConv": (6, 7),
    "QLinearMatMul": (6, 7),
    "QLinearAdd": (6, 7),
    "QLinearMul": (6, 7),
    "QLinearSigmoid": (3, 4),
    "QLinearLeakyRelu": (3, 4),
    "QLinearSoftmax": (3, 4),
    "QLinearAveragePool": (3, 4),
    "QLinearGlobalAveragePool": (3, 4),
    "QLinearConcat": (0, 1),
}
_TYPES = {"float": "float32", "double": "float64", "string": "str"}


@dataclass(frozen=True)
class Quantised:
    """How integers stand for real values: value = scale * (stored - zero_point)."""

    scale: float
    zero_point: int


def plain_types(outputs: Iterable[Any]) -> Types:
    """Dtype and shape of the outputs of a session; shape None where it is open."""
    found: Types = {}
    for value in outputs:
        name = value.type.removeprefix("tensor(").removesuffix(")")
        shape = tuple(value.shape or ())  # () also where not even the number of axes is known
        known = shape and all(isinstance(size, int) for size in shape)
        found[value.name] = (_TYPES.get(name, name), shape if known else None)
    return found


def refuse_control_flow(model: Any, path: str | Path) -> None:
    """Refuse graphs inside operators (If, Loop, Scan) that compute maps.

    Raises:
        InputError: there is one; its operator and what it computes are named.
    """
    for node in model.graph.node:
        inner = (n.op_type for n in _inner_nodes(node) if n.op_type not in ("Constant", "If"))
        if computing := ONNX.computing(inner):
            name = node.name or node.output[0]
            raise InputError(
                f"{path} must be one graph, but operator {node.op_type} {name!r} has graphs of "
                f"its own, which compute {', '.join(sorted(computing)[:4])}: their maps cannot be "
                "captured; export the network without control flow"
            )


def graph_of(onnx: Any, model: Any, types: Types) -> tuple[Graph, dict[str, Quantised]]:
    """The graph, and the scale and zero point of every quantised tensor."""
    proto = model.graph
    weights = {tensor.name: tensor for tensor in proto.initializer}
    weights |= {
        node.output[0]: node.attribute[0].t
        for node in proto.node
        if node.op_type == "Constant" and node.attribute[0].HasField("t")
    }
    graph = Graph()
    graph.constants.update(weights)
    graph.constants.update(t.values.name for t in proto.sparse_initializer)
    for value in proto.input:
        if value.name not in weights:
            dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
            shape = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
            graph.values[value.name] = Value(np.dtype(dtype).name, shape)
            graph.inputs.add(value.name)
    same: dict[str, str] = {}  # tensors that are another one over again
    quantised: dict[str, Quantised] = {}
    made: dict[tuple[str, ...], str] = {}
    for number, node in enumerate(proto.node):
        inputs = tuple(same.get(name, name) for name in _inputs(node) if name)
        outputs = tuple(name for name in node.output if name)
        if node.op_type == "QuantizeLinear":  # exporters write one for every reader
            first = made.setdefault(inputs, outputs[0])
            if first != outputs[0]:
                same[outputs[0]] = first
                continue
        if node.op_type == "DynamicQuantizeLinear":
            graph.constants.update(outputs[1:])  # its scale; changes with the data, is no map
            outputs = outputs[:1]
        if node.op_type == "Constant":
            graph.constants.update(outputs)
            continue
        step = _step(onnx, node, weights, quantised)
        for name in outputs:
            made_as = types.get(name, ("float32", None))
            if step is not None and made_as[0] in ("int8", "uint8"):
                quantised[name] = step
            graph.values[name] = Value(*made_as, name in quantised)
        layer = node.name or (outputs[0] if outputs else f"{node.op_type}{number}")
        sign = _sign(onnx, node, weights)
        graph.nodes.append(Node(layer, node.op_type, _role(node), inputs, outputs, sign))
    graph.outputs.update(same.get(value.name, value.name) for value in proto.output)
    return graph, quantised


def _inputs(node: Any) -> list[str]:
    """What a node reads, graphs inside it included."""
    inner = list(_inner_nodes(node))
    local = {name for n in inner for name in n.output}
    return [*node.input, *(name for n in inner for name in n.input if name not in local)]


def _inner_nodes(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield inner
                yield from _inner_nodes(inner)


def _role(node: Any) -> Role:
    if node.op_type == "If":  # one whose graphs only move values: others are refused
        return Role.VIEW
    return ONNX.role(node.op_type)


def _sign(onnx: Any, node: Any, weights: dict[str, Any]) -> Sign:
    if node.op_type != "Clip":
        return ONNX.sign(node.op_type)
    low = None
    if len(node.input) > 1 and node.input[1] in weights:
        low = float(onnx.numpy_helper.to_array(weights[node.input[1]]).reshape(-1)[0])
    for attribute in node.attribute:  # until operator set 10
        low = attribute.f if attribute.name == "min" else low
    return Sign.RECTIFIES if low is not None and low >= 0 else Sign.LOSES


def _step(
    onnx: Any, node: Any, weights: dict[str, Any], quantised: dict[str, Quantised]
) -> Quantised | None:
    """Scale and zero point of a node's output; None where it has none or they are not constant."""
    if node.op_type in _STEPS:
        scale_at, zero_at = _STEPS[node.op_type]
        if node.input[scale_at] not in weights:
            return None
        scales = onnx.numpy_helper.to_array(weights[node.input[scale_at]]).reshape(-1)
        zero = 0
        if len(node.input) > zero_at and node.input[zero_at] in weights:
            array = onnx.numpy_helper.to_array(weights[node.input[zero_at]])
            zero = int(array.reshape(-1)[0])
        return Quantised(float(scales[0]), zero)
    # views, pools and resizes keep the scale
    return quantised.get(node.input[0]) if node.input else None
