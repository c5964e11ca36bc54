"""What is stored: the same maps, whichever framework a network comes from."""

import numpy as np
import pytest

from tests.eval.capture.builders import Onnx, TFLite, Torch
from tests.eval.capture.patterns import PATTERNS

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


def onnx_names(onnx, tmp_path, nodes, constants, fuse_adds=False):
    from fmcodec_eval.capture.onnx import OnnxNetwork

    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(op, i, o, o[0], **more) for op, i, o, more in nodes],
        "g",
        [value("x", onnx.TensorProto.FLOAT, [1, 2, 4, 4])],
        [value(nodes[-1][2][0], onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(np.asarray(array), name) for name, array in constants],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.save(model, tmp_path / "net.onnx")
    network = OnnxNetwork(tmp_path / "net.onnx", fuse_adds=fuse_adds)
    sample = np.random.default_rng(2).normal(size=(2, 4, 4)).astype(np.float32)
    return [captured.layer for captured in network.capture(sample)]


@pytest.fixture
def onnx():
    pytest.importorskip("onnxruntime")
    return pytest.importorskip("onnx")


WIDE = ("w", np.ones((2, 2, 1, 1), np.float32))
ONES = [(name, np.ones(4, np.float32)) for name in "sbmv"]


def test_normalisation_behind_a_join_and_resizing(onnx, tmp_path):
    nodes = [
        ("Conv", ["x", "w"], ["left"], {}),
        ("Conv", ["x", "w"], ["right"], {}),
        ("Concat", ["left", "right"], ["joined"], {"axis": 1}),
        ("BatchNormalization", ["joined", *"sbmv"], ["bn"], {}),
        ("Relu", ["bn"], ["dense"], {}),
        ("Resize", ["dense", "", "scales"], ["larger"], {"mode": "nearest"}),
        ("MaxPool", ["larger"], ["pooled"], {"kernel_shape": [2, 2]}),
    ]
    scales = ("scales", np.array([1, 1, 2, 2], np.float32))
    found = onnx_names(onnx, tmp_path, nodes, [WIDE, *ONES, scales])
    assert found == ["left", "right", "dense", "larger", "pooled"]


def test_normalisations_that_read_their_map_twice_are_operators_too(onnx, tmp_path):
    nodes = [
        ("Conv", ["x", "w"], ["c"], {}),
        ("LayerNormalization", ["c", "s"], ["ln"], {}),
        ("Conv", ["ln", "w"], ["d"], {}),
        ("InstanceNormalization", ["d", "two", "two"], ["in"], {}),
        ("Relu", ["in"], ["r"], {}),
    ]
    two = ("two", np.ones(2, np.float32))
    assert onnx_names(onnx, tmp_path, nodes, [WIDE, ONES[0], two]) == ["c", "ln", "d", "r"]


@pytest.mark.parametrize(
    ("fuse_adds", "stored"), [(False, ["r", "c", "out", "y"]), (True, ["r", "out", "y"])]
)
def test_residual_sums_by_option(onnx, tmp_path, fuse_adds, stored):
    nodes = [
        ("Relu", ["first"], ["r"], {}),
        ("Conv", ["r", "w"], ["c"], {}),
        ("Add", ["c", "r"], ["sum"], {}),
        ("Relu", ["sum"], ["out"], {}),
        ("Conv", ["out", "w"], ["y"], {}),
    ]
    nodes.insert(0, ("Conv", ["x", "w"], ["first"], {}))
    assert onnx_names(onnx, tmp_path, nodes, [WIDE], fuse_adds) == stored


def test_a_quantised_tensor_is_stored_once_however_many_read_it(onnx, tmp_path):
    """Exporters write a pair of QuantizeLinear and DequantizeLinear for every reader."""
    scale = [("scale", np.float32(0.1)), ("zero", np.uint8(7))]
    steps = ["scale", "zero"]
    nodes = [
        ("Conv", ["x", "w"], ["c"], {}),
        ("Relu", ["c"], ["r"], {}),
        ("QuantizeLinear", ["r", *steps], ["q1"], {}),
        ("DequantizeLinear", ["q1", *steps], ["d1"], {}),
        ("QuantizeLinear", ["r", *steps], ["q2"], {}),
        ("DequantizeLinear", ["q2", *steps], ["d2"], {}),
        ("Conv", ["d1", "w"], ["e"], {}),
        ("Add", ["e", "d2"], ["y"], {}),
    ]
    assert onnx_names(onnx, tmp_path, nodes, [WIDE, *scale]) == ["q1", "e", "y"]


def test_attention_in_pytorch_never_writes_its_scores():
    torch = pytest.importorskip("torch")
    from fmcodec_eval.capture.pytorch import TorchNetwork

    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    network = TorchNetwork("block", layer, 8)
    found = [m.layer for m in network.capture(np.ones((5, 8), np.float32))]
    notes = {note.operator for note in network.tensors(np.ones((5, 8), np.float32)) if note.stored}
    # in_proj, attention, out_proj, sum, norm; two products, sum, norm
    assert "scaled_dot_product_attention" in notes
    assert len(found) == 9


def test_integers_whose_scale_changes_with_the_image(onnx, tmp_path):
    """What quantize_dynamic makes: integer sums of products get bias and scales first."""
    nodes, before = [], "x"
    for relu in ("r", "out"):
        q, scale, zero, total, biased, real, scales, scaled = (f"{k}_{relu}" for k in range(8))
        nodes += [
            ("DynamicQuantizeLinear", [before], [q, scale, zero], {}),
            ("ConvInteger", [q, "wi", zero], [total], {}),
            ("Add", [total, "bias"], [biased], {}),
            ("Cast", [biased], [real], {"to": onnx.TensorProto.FLOAT}),
            ("Mul", [scale, "step"], [scales], {}),
            ("Mul", [real, scales], [scaled], {}),
            ("Relu", [scaled], [relu], {}),
        ]
        before = relu
    weights = [("wi", np.ones((2, 2, 1, 1), np.int8)), ("bias", np.ones((2, 1, 1), np.int32))]
    found = onnx_names(onnx, tmp_path, nodes, [*weights, ("step", np.float32(0.1))])
    assert found == ["r", "out"]
