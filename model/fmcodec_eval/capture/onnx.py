"""Feature maps of ONNX models, every intermediate output kept (needs the extra `onnx`)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.images import as_input
from fmcodec_eval.capture.maps import CapturedMap, as_planes

__all__ = ["OnnxNetwork"]

_RECTIFIERS = {"Relu", "Clip"}
_POINTWISE = {*_RECTIFIERS, "BatchNormalization", "LeakyRelu", "PRelu", "Elu", "HardSwish", "Gelu"}
_COMPUTING = {
    *_POINTWISE,
    *("Conv", "ConvTranspose", "Gemm", "MatMul", "Add", "Sub", "Mul", "Sum"),
    *("MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean"),
}
# output scale and zero point among the inputs of the quantised operators
_QUANTISED = {"QuantizeLinear": (1, 2), "QLinearConv": (6, 7), "QLinearMatMul": (6, 7)}


class OnnxNetwork:
    """An .onnx model that gives every feature map which is stored between layers.

    The output of a convolution or normalisation that only a pointwise activation reads is fused
    with it, and not counted. Quantised models (QDQ or QLinear operators) give integer maps.
    """

    def __init__(self, path: str | Path, normalisation: str = "imagenet", size: int = 224) -> None:
        onnx = require("onnx", "onnx", "an .onnx model")
        runtime = require("onnxruntime", "onnx", "an .onnx model")
        self.name = Path(path).stem
        self.normalisation = normalisation
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            model = onnx.load(str(path))
            self._taps = list(_find_taps(model.graph, onnx.numpy_helper.to_array))
            known = {value.name for value in model.graph.output}
            model.graph.output.extend(
                onnx.ValueInfoProto(name=name)
                for name in dict.fromkeys(tap[0] for tap in self._taps)
                if name not in known
            )
            self._session = runtime.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # both packages raise errors of many unrelated types
            if isinstance(error, InputError):
                raise
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"{path} must be an ONNX model: {reason}") from error
        if not self._taps:
            raise InputError(f"{path} must compute feature maps, but no operator of it does")
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise InputError(f"{path} must have one input, not {len(inputs)}")
        self._input = inputs[0].name
        types = {"tensor(uint8)": np.uint8, "tensor(int8)": np.int8, "tensor(float16)": np.float16}
        self._dtype: np.dtype[Any] = np.dtype(types.get(inputs[0].type, np.float32))
        # symbolic sizes are strings: the batch becomes 1, height and width the size asked for
        shape = list(inputs[0].shape)[1:]
        self._shape = tuple(n if isinstance(n, int) else size for n in shape)

    def capture(self, image: np.ndarray) -> Iterator[CapturedMap]:
        """Run the model on one image and yield its maps."""
        names = list(dict.fromkeys(tap[0] for tap in self._taps))
        try:
            results = self._session.run(names, {self._input: self._prepare(image)[None]})
        except Exception as error:
            if isinstance(error, InputError):
                raise
            reason = " ".join(str(error).split())[:200]
            raise InputError(f"network {self.name} does not run: {reason}") from error
        outputs = dict(zip(names, results, strict=True))
        for tensor, layer, kind, scale, zero_point in self._taps:
            values = np.asarray(outputs.pop(tensor))
            if values.dtype not in (np.float32, np.float16, np.int8, np.uint8) or not values.ndim:
                continue
            values = values[0] if values.ndim > 1 else values
            yield CapturedMap(layer, kind, as_planes(values), scale, zero_point)

    def _prepare(self, image: np.ndarray) -> np.ndarray:
        if image.dtype == self._dtype and image.shape == self._shape:
            return image
        planar = len(self._shape) == 3 and self._shape[0] in (1, 3)
        shape = (*self._shape[1:], self._shape[0]) if planar else self._shape
        values = as_input(image, shape, self._dtype, self.normalisation)
        return np.ascontiguousarray(values.transpose(2, 0, 1)) if planar else values


Tap = tuple[str, str, str, float, "int | None"]


def _find_taps(graph: Any, to_array: Any) -> Iterator[Tap]:
    """(tensor, layer, kind, scale, zero point) of every stored feature map of a graph."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    readers: dict[str, list[Any]] = {}
    for node in graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    rectified: set[str] = set()
    quantised = any(node.op_type in _QUANTISED for node in graph.node)
    for node in graph.node:
        if not node.output:
            continue
        tensor, layer = node.output[0], node.name or node.output[0]
        if node.op_type in _RECTIFIERS:
            rectified.add(tensor)
        if node.op_type in _QUANTISED:
            scale_at, zero_at = _QUANTISED[node.op_type]
            if node.input[0] in constants or node.input[scale_at] not in constants:
                continue  # quantised weights, or a scale that changes with the data
            scale = float(to_array(constants[node.input[scale_at]]).reshape(-1)[0])
            zero = 0
            if len(node.input) > zero_at and node.input[zero_at] in constants:
                zero = int(to_array(constants[node.input[zero_at]]).reshape(-1)[0])
            kind = "relu" if node.input[0] in rectified else "linear"
            yield tensor, layer, kind, scale, zero
        elif node.op_type in _COMPUTING and not quantised:
            users = readers.get(tensor, [])
            if len(users) == 1 and users[0].op_type in _POINTWISE and tensor == users[0].input[0]:
                continue
            yield tensor, layer, "relu" if node.op_type in _RECTIFIERS else "linear", 1.0, None
