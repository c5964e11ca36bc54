"""Feature maps of TensorFlow Lite models, as the fusing rule finds them (needs `tflite`)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.graph import Graph, Node, Role, Sign, TensorNote, Value
from fmcodec_eval.capture.inputs import Input, Reading, Sample, feed
from fmcodec_eval.capture.maps import CapturedMap, as_planes, one_sample
from fmcodec_eval.capture.operators import TFLITE
from fmcodec_eval.capture.taps import taps_of
from fmcodec_eval.capture.tflite_metadata import normalisation_of

__all__ = ["TFLiteNetwork", "graph_of", "layer_name"]

# names of operators that end a tensor's name
_OPERATORS = {
    *("Relu", "Relu6", "BiasAdd", "add_fold", "Conv2D", "FusedBatchNormV3"),
    *("MatMul", "AvgPool"),
}
_LOOPS = ("IF", "WHILE", "CALL")


class TFLiteNetwork:
    """A .tflite model that gives every feature map which is stored between layers, as deployed.

    8-bit inputs take pixels 0..255 over their full range, float inputs take normalised values.
    The plain kernels run, without a delegate and on one thread, so that two runs give the same
    bits. A sample of a streaming model is one step from its first state: what was run before it, in
    which order and on which worker, changes nothing.

    Args:
        path: the file.
        reading: how samples become inputs.
        fuse_adds: see `fusing.stored`.

    Raises:
        InputError: it is no TensorFlow Lite model, has operators of its own or graphs inside, or
            open sizes that `reading` does not set.
    """

    def __init__(
        self, path: str | Path, reading: Reading | None = None, fuse_adds: bool = False
    ) -> None:
        package = require("ai_edge_litert.interpreter", "tflite", "a .tflite model")
        self._schema = require("ai_edge_litert.schema_py_generated", "tflite", "a .tflite model")
        version = require("ai_edge_litert", "tflite", "a .tflite model")
        self.name = Path(path).stem
        self.packages = {"ai-edge-litert": getattr(version, "__version__", "?")}
        try:
            content = Path(path).read_bytes()
            model = self._schema.ModelT.InitFromObj(self._schema.Model.GetRootAs(content, 0))
            model.subgraphs[0]
        except Exception as error:  # bytes that are no flatbuffer fail in many ways
            raise _wrong(path, error) from error
        self._check(model, path)
        self.reading = (reading or Reading(usual="symmetric")).with_metadata(
            normalisation_of(model)
        )
        self._fresh = lambda: self._open(package, content, path)
        self._interpreter = self._fresh()
        given = self._interpreter.get_input_details()
        self.inputs = [self._shaped(tensor) for tensor in given]
        self._places = {tensor["name"]: tensor["index"] for tensor in given}
        self.reading.check_names([each.name for each in self.inputs])
        self._allocate(path)
        details = {d["index"]: d for d in self._interpreter.get_tensor_details()}
        graph = graph_of(self._schema, model, details)
        self._keeps_state = any(node.role is Role.STATE for node in graph.nodes)
        self._taps, self._notes = taps_of(graph, fuse_adds, set(map(str, details)), by_number=True)
        if not self._taps:
            raise InputError(f"{path} must compute feature maps, but no operator of it does")
        self._quantisation = {str(index): d["quantization"] for index, d in details.items()}

    def _check(self, model: Any, path: str | Path) -> None:
        """Refuse what the interpreter cannot run, by its name."""
        customs = sorted({(c.customCode or b"").decode() for c in model.operatorCodes} - {""})
        if customs:
            raise InputError(
                f"{path} must use TensorFlow Lite's own operators only, not {', '.join(customs)}"
            )
        used = {
            _op_name(self._schema, model, operator) for operator in model.subgraphs[0].operators
        }
        if loops := sorted(used & set(_LOOPS)):
            raise InputError(
                f"{path} must be one graph, but its operator {loops[0]} has graphs of its own, "
                "whose maps cannot be captured; export the network without control flow"
            )

    def _open(self, package: Any, content: bytes, path: str | Path) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # keeping all tensors is "for debugging": it is meant
            try:
                return package.Interpreter(
                    model_content=content,
                    num_threads=1,
                    experimental_preserve_all_tensors=True,
                    experimental_op_resolver_type=(
                        package.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
                    ),
                )
            except (ValueError, RuntimeError) as error:
                raise _wrong(path, error) from error

    def _shaped(self, tensor: dict[str, Any]) -> Input:
        signature = [int(n) for n in tensor["shape_signature"]] or list(map(int, tensor["shape"]))
        known = [n if n > 0 else None for n in signature]
        return self.reading.shaped(tensor["name"], known, np.dtype(tensor["dtype"]))

    def _allocate(self, path: str | Path) -> None:
        """Give the inputs their sizes, and everything behind them memory."""
        try:
            for tensor, taken in zip(
                self._interpreter.get_input_details(), self.inputs, strict=True
            ):
                if tuple(tensor["shape"]) != taken.shape:
                    self._interpreter.resize_tensor_input(tensor["index"], taken.shape)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise _wrong(path, error) from error

    def capture(self, sample: Sample) -> Iterator[CapturedMap]:
        """Run the model on one sample and yield its maps."""
        if self._keeps_state:  # resetting its variables gives zeros, not the first state
            self._interpreter = self._fresh()
            self._allocate(self.name)
        for name, values in feed(self.inputs, sample, self.reading).items():
            self._interpreter.set_tensor(self._places[name], values)
        try:
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"network {self.name} does not run: {_one_line(error)}") from error
        for tap in self._taps:
            values = self._interpreter.get_tensor(int(tap.tensor))
            scale, zero_point = self._quantisation[tap.tensor]
            planes = as_planes(one_sample(values), channels_last=True)
            if values.dtype == np.int16:  # real values: the words of the formats have a scale
                planes = (planes.astype(np.float32) - zero_point) * np.float32(scale)
            if planes.dtype.kind == "f":
                yield CapturedMap(tap.layer, tap.kind, planes.astype(np.float32, copy=False))
            else:
                yield CapturedMap(tap.layer, tap.kind, planes, float(scale), int(zero_point))

    def tensors(self, sample: Sample) -> list[TensorNote]:
        """What is captured and what is left out."""
        return self._notes


def graph_of(schema: Any, model: Any, details: dict[int, dict[str, Any]]) -> Graph:
    """A model's first graph; its tensors are called by their indices.

    Args:
        schema: the module of the file format.
        model: the schema's ModelT.
        details: what the interpreter tells of its tensors.
    """
    graph = model.subgraphs[0]
    found = Graph(inputs=set(map(str, graph.inputs)), outputs=set(map(str, graph.outputs)))
    for index, tensor in enumerate(graph.tensors):
        detail = details.get(index)
        content = model.buffers[tensor.buffer].data
        if (content is not None and len(content)) or tensor.sparsity is not None:
            found.constants.add(str(index))
        if detail is not None:
            dtype, shape = np.dtype(detail["dtype"]).name, tuple(map(int, detail["shape"]))
            quantised = detail["quantization"][0] > 0 and dtype in ("int8", "uint8", "int16")
            found.values[str(index)] = Value(dtype, shape, quantised)
    for number, operator in enumerate(graph.operators):
        op = _op_name(schema, model, operator)
        outputs = tuple(str(i) for i in operator.outputs)
        inputs = tuple(str(i) for i in operator.inputs if i >= 0)
        layer = f"{op}{number}"
        if outputs:
            layer = layer_name(_text(graph.tensors[int(outputs[0])].name)) or layer
        sign = Sign.RECTIFIES if _rectifies(schema, operator) else TFLITE.sign(op)
        found.nodes.append(Node(layer, op, TFLITE.role(op), inputs, outputs, sign))
    return found


def _op_name(schema: Any, model: Any, operator: Any) -> str:
    code = model.operatorCodes[operator.opcodeIndex]
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return _builtin_names(schema).get(number, f"operator {number}")


def _rectifies(schema: Any, operator: Any) -> bool:
    """Whether a rectifier is fused into an operator; the interpreter does not tell."""
    kinds = schema.ActivationFunctionType
    fused = getattr(operator.builtinOptions, "fusedActivationFunction", None)
    return fused in (kinds.RELU, kinds.RELU6)


def _builtin_names(schema: Any) -> dict[int, str]:
    kinds = vars(schema.BuiltinOperator)
    return {number: name for name, number in kinds.items() if isinstance(number, int)}


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name or "")


def layer_name(tensor: str) -> str:
    """A short name of the layer: what was fused into it, and the operator's own name, left out."""
    # converters join the names of what they fused with semicolons
    parts = tensor.split(";")[0].split("/")
    while len(parts) > 1 and parts[-1] in _OPERATORS:
        parts.pop()
    return "/".join(parts)


def _wrong(path: str | Path, error: Exception) -> InputError:
    return InputError(f"{path} must be a TensorFlow Lite model: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
