"""Weights by the layers that read them, counted against what is known of the networks."""

import numpy as np
import pytest

from fmcodec_eval.capture import SourceSpec
from fmcodec_eval.capture.weights import Operator, Weights, attributed, weights_of

NONE = Weights(0, 0)


def test_weights_of_fused_operators_go_to_the_map_that_is_stored():
    operators = [
        Operator(["conv"], ["image"], ["a"], Weights(10, 40)),
        Operator(["norm"], ["a"], ["b"], Weights(2, 8)),
        Operator(["relu"], ["b"], ["c"], NONE),
        Operator(["second"], ["c"], ["d"], Weights(5, 20)),
        Operator(["lost"], ["d"], ["e"], Weights(1, 4)),
    ]
    found = attributed(operators, ["relu", "second"])
    assert found == {"relu": (12, 48), "second": (5, 20), "": (1, 4)}


def test_onnx(tmp_path):
    onnx = pytest.importorskip("onnx")
    h = onnx.helper
    floats, shape = np.zeros((4, 3, 3, 3), np.float32), np.array([1, 4, -1])
    nodes = [
        h.make_node("Conv", ["x", "w", "b"], ["c"], name="conv"),
        h.make_node("Relu", ["c"], ["r"], name="relu"),
        h.make_node("Conv", ["r", "v"], ["d"], name="last"),
        h.make_node("Reshape", ["d", "shape"], ["y"], name="flat"),
    ]
    constants = {"w": floats, "b": floats[:, 0, 0, 0], "v": floats.repeat(2, 1), "shape": shape}
    graph = h.make_graph(
        nodes,
        "g",
        [h.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 8, 8])],
        [h.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    onnx.save(h.make_model(graph), tmp_path / "n.onnx")
    found = weights_of(tmp_path / "n.onnx", ["relu", "last"])
    assert found == {"relu": (112, 448), "last": (216, 864)}


def test_mobilenet_has_its_three_and_a_half_million(data):
    pytest.importorskip("ai_edge_litert")
    path = data / "models" / "mobilenet_v2_1.0_224_quant.tflite"
    layers = [m.layer for m in SourceSpec(str(path), "random:1").open().maps(0)]
    found = weights_of(path, layers)
    # bytes of every 8-bit weight and 4 of every bias: 1000 x 1281 of the classifier among them
    assert found["MobilenetV2/Logits/Conv2d_1c_1x1"] == (1001 * 1281, 1001 * 1284)
    assert found["MobilenetV2/Conv"] == (3 * 3 * 3 * 32 + 32, 3 * 3 * 3 * 32 + 4 * 32)
    assert sum(weights.values for weights in found.values()) == pytest.approx(3.49e6, rel=0.001)
    assert len([name for name in found if name]) == 53


def test_pytorch_modules(data):
    pytest.importorskip("torch")
    spec = SourceSpec(str(data / "models" / "squeezenet_v1_0.npz"), "random:1")
    source = spec.open()
    layers = [m.layer for m in source.maps(0)]
    found = weights_of(spec.network, layers, source.network.module)
    assert found["conv1_relu"] == (96 * (3 * 49 + 1), 4 * 96 * (3 * 49 + 1))
    assert sum(weights.values for weights in found.values()) == 1_248_424
    assert weights_of("maps", ["a"]) == {}
