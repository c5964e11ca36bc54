"""How much of weights a network has, and which layers read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fmcodec.errors import require
from fmcodec_eval.capture.tflite import layer_name

__all__ = ["Operator", "Weights", "attributed", "weights_of"]


class Weights(NamedTuple):
    """Constants of a layer: how many values, and bytes as the model has them."""

    values: int
    bytes: int

    def __add__(self, other: object) -> Weights:
        assert isinstance(other, tuple)
        return Weights(self.values + other[0], self.bytes + other[1])


@dataclass(frozen=True)
class Operator:
    """An operator of a graph.

    Attributes:
        names: what the layer of its output may be called.
        reads, writes: names of tensors.
        weights: constants that it reads, and no operator before it.
    """

    names: Sequence[str]
    reads: Sequence[str]
    writes: Sequence[str]
    weights: Weights


def attributed(operators: Sequence[Operator], layers: Sequence[str]) -> dict[str, Weights]:
    """Weights by layer: those of an operator belong to the map which its output ends up in.

    An operator whose output is fused into the next one hands its weights on to it. What ends in no
    map is under "".

    Args:
        operators: in the order of their execution.
        layers: names of the captured maps.
    """
    known = set(layers)
    readers: dict[str, list[Operator]] = {}
    for operator in operators:
        for name in operator.reads:
            readers.setdefault(name, []).append(operator)

    def layer_of(start: Operator) -> str:
        waiting, seen = [start], {id(start)}
        while waiting:
            operator = waiting.pop(0)
            if found := next((name for name in operator.names if name in known), None):
                return found
            for reader in (r for tensor in operator.writes for r in readers.get(tensor, [])):
                if id(reader) not in seen:
                    seen.add(id(reader))
                    waiting.append(reader)
        return ""

    found: dict[str, Weights] = {}
    for operator in operators:
        if operator.weights.values:
            layer = layer_of(operator)
            found[layer] = found.get(layer, Weights(0, 0)) + operator.weights
    return found


def weights_of(path: str | Path, layers: Sequence[str], module: Any = None) -> dict[str, Weights]:
    """Weights of a network by the layers that read them; "" for what belongs to no layer.

    Args:
        path: a .tflite or .onnx file, or anything else for a network that is a `module`.
        layers: names of the captured maps, in their order.
        module: the torch.nn.Module, where it is one.
    """
    ending = Path(path).suffix
    if module is not None:
        operators = _torch_operators(module)
    elif ending == ".tflite":
        operators = _tflite_operators(path)
    elif ending == ".onnx":
        operators = _onnx_operators(path)
    else:
        return {}
    return attributed(list(operators), layers)


def _tflite_operators(path: str | Path) -> Iterator[Operator]:
    """The operators of a .tflite model."""
    schema = require("ai_edge_litert.schema_py_generated", "tflite", "a .tflite model")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(Path(path).read_bytes(), 0))
    graph, counted = model.subgraphs[0], set()
    for number, operator in enumerate(graph.operators):
        weights = Weights(0, 0)
        inputs = [index for index in operator.inputs if index >= 0]
        for index in inputs:
            tensor = graph.tensors[index]
            data = model.buffers[tensor.buffer].data
            if data is None or not len(data) or tensor.buffer in counted:
                continue
            integers = (schema.TensorType.INT32, schema.TensorType.INT64)
            scales = tensor.quantization.scale if tensor.quantization else None
            if tensor.type in integers and (scales is None or not len(scales)):
                continue  # shapes and axes; biases have a scale
            counted.add(tensor.buffer)
            weights += Weights(int(np.prod(tensor.shape)), len(data))
        outputs = [graph.tensors[index].name.decode() for index in operator.outputs]
        called = [layer_name(name) or name for name in outputs]
        yield Operator(
            [f"{name}#{number}" for name in called] + called,
            [graph.tensors[index].name.decode() for index in inputs],
            outputs,
            weights,
        )


def _onnx_operators(path: str | Path) -> Iterator[Operator]:
    """The operators of an .onnx model."""
    onnx = require("onnx", "onnx", "an .onnx model")
    graph = onnx.load(str(path)).graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            for attribute in node.attribute:
                if attribute.name == "value":
                    constants[node.output[0]] = attribute.t
    for node in graph.node:
        weights = Weights(0, 0)
        for tensor in filter(None, (constants.pop(name, None) for name in node.input)):
            values = int(np.prod(tensor.dims, dtype=np.int64))
            width = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
            if tensor.data_type != onnx.TensorProto.INT64:  # shapes and axes
                weights += Weights(values, values * width)
        yield Operator([node.name, *node.output], list(node.input), list(node.output), weights)


def _torch_operators(module: Any) -> Iterator[Operator]:
    """The modules of a PyTorch network, each read by the next one in their order."""
    before = ""
    for name, part in module.named_modules():
        own = list(part.parameters(recurse=False))
        sizes = [(p.numel(), p.numel() * p.element_size()) for p in own]
        weights = Weights(sum(n for n, _ in sizes), sum(size for _, size in sizes))
        yield Operator([name], [before], [f"after {name}"], weights)
        before = f"after {name}"
