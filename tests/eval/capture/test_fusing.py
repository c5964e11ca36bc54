"""What is stored: the same maps, whichever framework a network comes from."""

import numpy as np
import pytest

from tests.eval.capture.patterns import PATTERNS, Onnx, TFLite, Torch

X = np.random.default_rng(9).normal(size=(1, 8)).astype(np.float32)

by_pattern = pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.__name__)


def captured_names(network):
    names = [captured.layer for captured in network.capture(X[0])]
    notes = [note.name for note in network.tensors(X[0]) if note.stored]
    assert names == notes
    return set(names)


@by_pattern
def test_onnx(pattern, tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from fmcodec_eval.capture.onnx import OnnxNetwork

    builder = Onnx(onnx)
    kept = pattern(builder)
    builder.save(tmp_path / "pattern.onnx", kept[-1])
    assert captured_names(OnnxNetwork(tmp_path / "pattern.onnx")) == set(kept)


@by_pattern
def test_tflite(pattern, tmp_path):
    pytest.importorskip("ai_edge_litert")
    from ai_edge_litert import schema_py_generated as schema

    from fmcodec_eval.capture.tflite import TFLiteNetwork

    builder = TFLite(schema)
    kept = pattern(builder)
    builder.save(tmp_path / "pattern.tflite", kept[-1])
    assert captured_names(TFLiteNetwork(tmp_path / "pattern.tflite")) == set(kept)


@by_pattern
def test_pytorch(pattern):
    torch = pytest.importorskip("torch")
    from fmcodec_eval.capture.pytorch import TorchNetwork

    class Pattern(torch.nn.Module):
        def forward(self, x):
            return pattern(Torch(torch, x))[-1]

    network = TorchNetwork("pattern", Pattern(), 8)
    captured_names(network)
    found = [captured.values for captured in network.capture(X[0])]
    with torch.inference_mode():
        kept = pattern(Torch(torch, torch.from_numpy(X)))
    assert len(found) == len(kept)
    for tensor in kept:
        wanted = tensor[0].numpy().reshape(-1)
        assert any(np.array_equal(values.reshape(-1), wanted) for values in found)
