"""Feature maps of ONNX models, as the fusing rule finds them (needs the extra `onnx`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from fmcodec.errors import InputError, require
from fmcodec_eval.capture.graph import TensorNote
from fmcodec_eval.capture.inputs import Input, Reading, Sample, feed
from fmcodec_eval.capture.maps import CapturedMap, as_planes, one_sample
from fmcodec_eval.capture.onnx_graph import Quantised, graph_of, plain_types, refuse_control_flow
from fmcodec_eval.capture.taps import Tap, taps_of

__all__ = ["OnnxNetwork"]

_DTYPES = (np.float32, np.float16, np.float64, np.int8, np.uint8)
# pixel ranges that the ONNX metadata properties of images name
_RANGES = {
    "NominalRange_0_255": "raw",
    "Normalized_0_1": "unit",
    "Normalized_1_1": "symmetric",
}


class OnnxNetwork:
    """An .onnx model that gives every feature map which is stored between layers.

    Quantised models (QDQ or QLinear operators) give integer maps.

    Args:
        path: the file.
        reading: how samples become inputs.
        fuse_adds: see `fusing.stored`.

    Raises:
        InputError: it is no ONNX model, has graphs of its own inside, or open sizes that
            `reading` does not set.
    """

    def __init__(
        self, path: str | Path, reading: Reading | None = None, fuse_adds: bool = False
    ) -> None:
        self._onnx = require("onnx", "onnx", "an .onnx model")
        self._runtime = require("onnxruntime", "onnx", "an .onnx model")
        self.name = Path(path).stem
        self.packages = {"onnx": self._onnx.__version__, "onnxruntime": self._runtime.__version__}
        try:
            model = self._onnx.load(str(path))
            if model.functions:
                model = self._onnx.inliner.inline_local_functions(model)
        except Exception as error:  # the package raises errors of many unrelated types
            raise InputError(f"{path} must be an ONNX model: {_one_line(error)}") from error
        refuse_control_flow(model, path)
        self.reading = (reading or Reading()).with_metadata(*_metadata(model))
        self.inputs = self._fix_inputs(model, path)
        graph, quantised = graph_of(self._onnx, model, self._types(model, path))
        self._taps, self._notes = taps_of(graph, fuse_adds, set(quantised))
        if not self._taps:
            raise InputError(f"{path} must compute feature maps, but no operator of it does")
        self._quantised = {tap.tensor: quantised.get(tap.tensor) for tap in self._taps}
        self._session = self._open(model, [tap.tensor for tap in self._taps], path)

    def _fix_inputs(self, model: Any, path: str | Path) -> list[Input]:
        """Give every input of the model its sizes, and return them."""
        weights = {tensor.name for tensor in model.graph.initializer}
        found = []
        for value in model.graph.input:
            if value.name in weights:
                continue
            kind = value.type.tensor_type
            if not value.type.HasField("tensor_type"):
                raise InputError(f"{path} must take tensors, but input {value.name!r} is none")
            dtype = self._onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type)
            sizes = [d.dim_value if d.dim_value > 0 else None for d in kind.shape.dim]
            known = tuple(sizes) if kind.HasField("shape") else None
            taken = self.reading.shaped(value.name, known, dtype)
            kind.shape.Clear()
            for size in taken.shape:
                kind.shape.dim.add().dim_value = size
            found.append(taken)
        self.reading.check_names([each.name for each in found])
        return found

    def _types(self, model: Any, path: str | Path) -> dict[str, tuple[str, tuple[int, ...] | None]]:
        """Dtype and shape of every tensor, as the runtime infers them."""
        made = [name for node in model.graph.node for name in node.output if name]
        session = self._open(model, made, path, optimise=False)
        types = plain_types(session.get_outputs())
        names = [name for name, (_, shape) in types.items() if shape is None and name in made]
        if not names:
            return types
        # shapes that the model computes: it has to run
        session = self._open(model, names, path, optimise=False)
        zeros = {each.name: np.zeros(each.shape, each.dtype) for each in self.inputs}
        with suppress(Exception):  # zeros may be no input that the model can take
            for name, array in zip(names, session.run(names, zeros), strict=True):
                types[name] = (types[name][0], np.shape(array))
        return types

    def _open(self, model: Any, names: list[str], path: str | Path, optimise: bool = True) -> Any:
        """A session that gives the tensors `names` besides the model's own outputs."""
        runtime = self._runtime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        if not optimise:
            options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        asked = self._onnx.ModelProto()
        asked.CopyFrom(model)
        known = {value.name for value in model.graph.output}
        more = [name for name in dict.fromkeys(names) if name not in known]
        asked.graph.output.extend(self._onnx.ValueInfoProto(name=name) for name in more)
        for value in asked.graph.output:  # sizes that the file states may be those of open inputs
            if value.type.HasField("tensor_type"):
                value.type.tensor_type.ClearField("shape")
        del asked.graph.value_info[:]
        try:
            return runtime.InferenceSession(
                asked.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise InputError(f"{path} must run in ONNX Runtime: {_one_line(error)}") from error

    def capture(self, sample: Sample) -> Iterator[CapturedMap]:
        """Run the model on one sample and yield its maps."""
        values = feed(self.inputs, sample, self.reading)
        names = [tap.tensor for tap in self._taps]
        try:
            results = self._session.run(names, values)
        except Exception as error:
            raise InputError(f"network {self.name} does not run: {_one_line(error)}") from error
        for tap, array in zip(self._taps, results, strict=True):
            captured = self._captured(tap, np.asarray(array))
            if captured is not None:
                yield captured

    def _captured(self, tap: Tap, array: np.ndarray) -> CapturedMap | None:
        step: Quantised | None = self._quantised[tap.tensor]
        if array.dtype not in _DTYPES or not array.size:
            return None
        planes = as_planes(one_sample(array))
        if step is None:
            return CapturedMap(tap.layer, tap.kind, planes.astype(np.float32, copy=False))
        return CapturedMap(tap.layer, tap.kind, planes, step.scale, step.zero_point)

    def tensors(self, sample: Sample) -> list[TensorNote]:
        """What is captured and what is left out; shapes are those of the inputs' sizes."""
        return self._notes


def _metadata(model: Any) -> tuple[str | None, tuple[int, int] | None]:
    """Normalisation and size (height, width) of pictures, where the file states them."""
    found = {entry.key: entry.value for entry in model.metadata_props}
    normalisation = _RANGES.get(found.get("Image.NominalPixelRange", ""))
    size = None
    if {"imgsz", "stride", "task"} <= set(found):  # Ultralytics' exporter: RGB in 0..1
        normalisation = normalisation or "unit"
        sizes = [int(n) for n in found["imgsz"].strip("[]").split(",") if n.strip().isdigit()]
        size = (sizes[0], sizes[1]) if len(sizes) == 2 else None
    return normalisation, size


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
