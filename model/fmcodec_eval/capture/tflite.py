"""Feature maps of TensorFlow Lite models, every tensor kept (needs the extra `tflite`)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.images import as_input
from fmcodec_eval.capture.maps import CapturedMap, as_planes

__all__ = ["TFLiteNetwork", "layer_name"]

# operators that move or rescale data: what they give is stored already, or never
_NO_MAP = {
    *("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "PAD", "PADV2", "MIRROR_PAD", "SHAPE"),
    *("SLICE", "STRIDED_SLICE", "SPLIT", "SPLIT_V", "GATHER", "CONCATENATION", "PACK", "UNPACK"),
    *("QUANTIZE", "DEQUANTIZE", "CAST", "SOFTMAX", "LOG_SOFTMAX", "ARG_MAX", "DELEGATE"),
    *("SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "TILE"),
}

# names of operators that end a tensor's name
_OPERATORS = {
    *("Relu", "Relu6", "BiasAdd", "add_fold", "Conv2D", "FusedBatchNormV3"),
    *("MatMul", "AvgPool"),
}


class TFLiteNetwork:
    """A .tflite model that gives the output of every operator which computes something.

    Pixels go in as the model stores them: 8-bit inputs take 0..255 over their full range, float
    inputs take normalised values. The plain kernels run, without a delegate and on one thread,
    so that two runs give the same bits.
    """

    def __init__(self, path: str | Path, normalisation: str = "symmetric") -> None:
        package = require("ai_edge_litert.interpreter", "tflite", "a .tflite model")
        self.name = Path(path).stem
        self.normalisation = normalisation
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # keeping all tensors is "for debugging": it is meant
            try:
                content = Path(path).read_bytes()
                self._interpreter = package.Interpreter(
                    model_content=content,
                    num_threads=1,
                    experimental_preserve_all_tensors=True,
                    experimental_op_resolver_type=(
                        package.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
                    ),
                )
                self._interpreter.allocate_tensors()
            except (OSError, ValueError, RuntimeError) as error:
                reason = " ".join(str(error).split())
                raise InputError(f"{path} must be a TensorFlow Lite model: {reason}") from error
        inputs = self._interpreter.get_input_details()
        if len(inputs) != 1:
            raise InputError(f"{path} must have one input, not {len(inputs)}")
        self._input = inputs[0]
        self._taps = list(self._find_taps(_fused_activations(content)))
        if not self._taps:
            raise InputError(f"{path} must compute feature maps, but no operator of it does")

    def _find_taps(self, fused: list[bool]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(layer, kind, tensor) of every operator that computes a map."""
        tensors = {d["index"]: d for d in self._interpreter.get_tensor_details()}
        used: set[str] = set()
        for number, operator in enumerate(self._interpreter._get_ops_details()):
            if operator["op_name"] in _NO_MAP or not len(operator["outputs"]):
                continue
            tensor = tensors[operator["outputs"][0]]
            if tensor["dtype"] not in (np.float32, np.uint8, np.int8):
                continue
            layer = layer_name(tensor["name"]) or f"tensor{tensor['index']}"
            if layer in used:
                layer = f"{layer}#{number}"
            used.add(layer)
            rectified = number < len(fused) and fused[number]
            rectified |= operator["op_name"] in ("RELU", "RELU6", "RELU_0_TO_1")
            yield layer, "relu" if rectified else "linear", tensor

    def capture(self, image: np.ndarray) -> Iterator[CapturedMap]:
        """Run the model on one image and yield its maps."""
        shape, dtype = tuple(map(int, self._input["shape"][1:])), np.dtype(self._input["dtype"])
        values = as_input(image, shape, dtype, self.normalisation)
        self._interpreter.set_tensor(self._input["index"], values[None])
        self._interpreter.invoke()
        for layer, kind, tensor in self._taps:
            values = self._interpreter.get_tensor(tensor["index"])
            if values.ndim > 1:
                values = values[0]
            scale, zero_point = tensor["quantization"]
            quantised = values.dtype != np.float32
            yield CapturedMap(
                layer,
                kind,
                as_planes(values, channels_last=True),
                float(scale) if quantised else 1.0,
                int(zero_point) if quantised else None,
            )


def layer_name(tensor: str) -> str:
    """A short name of the layer: what was fused into it, and the operator's own name, left out."""
    # converters join the names of what they fused with semicolons
    parts = tensor.split(";")[0].split("/")
    while len(parts) > 1 and parts[-1] in _OPERATORS:
        parts.pop()
    return "/".join(parts)


def _fused_activations(content: bytes) -> list[bool]:
    """Whether a rectifier is fused into each operator; the interpreter does not tell."""
    schema = require("ai_edge_litert.schema_py_generated", "tflite", "a .tflite model")
    rectifiers = {
        schema.ActivationFunctionType.RELU,
        schema.ActivationFunctionType.RELU6,
    }
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0)).subgraphs[0]
    return [
        getattr(operator.builtinOptions, "fusedActivationFunction", None) in rectifiers
        for operator in graph.operators
    ]
