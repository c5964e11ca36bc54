import re

import numpy as np
import pytest

from fmcodec.errors import require
from fmcodec_eval.capture import InputError, MissingPackage, SourceSpec
from fmcodec_eval.capture.images import as_input, fit, normalise, open_images


def maps(source, index=0):
    return {captured.layer: captured for captured in source.maps(index)}


# --- saved feature maps ---------------------------------------------------------------------------


def test_a_folder_of_npz_files_has_an_image_in_each(maps_folder):
    source = SourceSpec(str(maps_folder)).open()
    assert len(source) == 6
    found = maps(source, 3)
    assert {name: m.kind for name, m in found.items()} == {"conv1": "relu", "project": "linear"}
    assert found["conv1"].values.shape == (4, 6, 10)
    with np.load(maps_folder / "image3.npz") as file:
        assert np.array_equal(found["project"].values, file["project"])


def test_npy_files_are_layers_with_images_first(tmp_path):
    layers = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    np.save(tmp_path / "layer.npy", layers)
    source = SourceSpec(str(tmp_path / "layer.npy")).open()
    assert len(source) == 2
    assert np.array_equal(maps(source, 1)["layer"].values, layers[1])
    last = SourceSpec(str(tmp_path / "layer.npy"), channels_last=True).open()
    assert np.array_equal(maps(last, 1)["layer"].values, layers[1].transpose(2, 0, 1))


def test_integers_are_quantised_maps(tmp_path):
    np.savez(tmp_path / "maps.npz", layer=np.array([[[-3, 4]]], np.int8))
    captured = maps(SourceSpec(str(tmp_path / "maps.npz")).open())["layer"]
    assert captured.zero_point == 0
    assert captured.maximum() == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (np.zeros((2, 2), np.int32), "must be float, int8 or uint8, not int32"),
        (np.zeros((1, 1, 1, 1, 1)), "must have 1 to 4 axes and a value"),
        (np.zeros((0, 4)), "must have 1 to 4 axes and a value"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path, content, message):
    np.save(tmp_path / "layer.npy", content)
    with pytest.raises(InputError, match=message):
        SourceSpec(str(tmp_path)).open()


def test_what_is_no_network_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"must be a folder with \.npy or \.npz files"):
        SourceSpec(str(tmp_path / "empty")).open()
    (tmp_path / "broken.npz").write_bytes(b"no archive")
    with pytest.raises(InputError, match="must be an array of numbers"):
        SourceSpec(str(tmp_path / "broken.npz")).open()
    with pytest.raises(InputError, match="must be a file or a folder, but there is none"):
        SourceSpec(str(tmp_path / "absent.npz")).open()
    with pytest.raises(InputError, match=r"network must be a \.tflite"):
        SourceSpec("vgg17").open()


def test_damaged_arrays_are_refused_as_maps_and_as_images(tmp_path):
    np.savez_compressed(tmp_path / "whole.npz", a=np.random.default_rng(0).normal(size=(3, 4, 4)))
    content = bytearray((tmp_path / "whole.npz").read_bytes())
    content[60:90] = bytes(30)
    damaged = {
        "empty.npy": b"",
        "text.npy": b"garbage" * 100,
        "zip.npz": b"PK\3\4garbage",
        "crc.npz": content,
    }
    for name, data in damaged.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=f"{name} must be an array of numbers"):
            SourceSpec(str(tmp_path / name)).open()
        with pytest.raises(InputError, match=f"{name} must be an array of numbers"):
            open_images(str(tmp_path / name))


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(MissingPackage) as missing:
        require("no_such_package.part", "tflite", "a .tflite model")
    assert str(missing.value) == (
        "a .tflite model needs no_such_package: pip install 'fmcodec[tflite]'"
    )


# --- images ---------------------------------------------------------------------------------------


def test_images_of_arrays_and_noise(tmp_path):
    np.savez(tmp_path / "set.npz", images=np.zeros((3, 4, 4, 3), np.uint8), labels=np.arange(3))
    assert len(open_images(str(tmp_path / "set.npz"))) == 3
    noise = open_images("random:5")
    assert len(noise) == 5
    assert np.array_equal(noise[2], noise[2])
    assert not np.array_equal(noise[2], noise[3])


def test_pictures_are_cut_in_the_centre():
    pixels = np.zeros((4, 10, 3), np.uint8)
    pixels[:, 3:7] = 200  # the middle square
    assert (fit(pixels, 2, 2) == 200).all()
    assert fit(pixels, 4, 10) is pixels
    for height, width in ((227, 227), (224, 224), (33, 17)):
        assert fit(np.zeros((375, 500, 3), np.uint8), height, width).shape == (height, width, 3)
    with pytest.raises(InputError, match="image must be uint8 pixels"):
        fit(np.zeros((4, 4)), 2, 2)


def test_images_become_the_input_of_a_network():
    pytest.importorskip("PIL")
    colour = np.zeros((4, 6, 3), np.uint8)
    colour[..., 1] = 200
    luma = round(0.587 * 200)
    grey = as_input(colour, (2, 3, 1), np.dtype(np.uint8), "unit")
    assert grey.shape == (2, 3, 1)
    assert (grey == luma).all()
    # an array that is grey already is neither cropped nor converted
    digits = np.arange(784, dtype=np.uint8).reshape(28, 28, 1)
    assert as_input(digits, (28, 28, 1), np.dtype(np.uint8), "unit") is digits
    signed = as_input(digits, (28, 28, 1), np.dtype(np.int8), "unit")
    assert np.array_equal(signed.astype(int), digits.astype(int) - 128)
    real = as_input(digits, (28, 28, 1), np.dtype(np.float32), "imagenet")
    assert real.shape == (28, 28, 1)
    assert real[0, 0, 0] == pytest.approx(-0.449 / 0.226, rel=1e-3)
    speech = np.zeros((49, 10, 1), np.int8)
    assert as_input(speech, (49, 10, 1), np.dtype(np.int8), "unit") is speech
    for shape in ((9, 9), (49, 10, 1), (8, 8, 4)):
        line = re.escape(f"input must be float32 {shape}, not uint8 (4, 6, 3)")
        with pytest.raises(InputError, match=line):
            as_input(colour, shape, np.dtype(np.float32), "unit")


def test_normalisations():
    white = np.full((1, 1, 3), 255, np.uint8)
    assert normalise(white, "raw").max() == 255
    assert normalise(white, "unit").max() == 1
    assert normalise(np.zeros_like(white), "symmetric").min() == -1
    assert normalise(white, "imagenet")[0, 0, 0] == pytest.approx((1 - 0.485) / 0.229)


def test_wrong_images_are_refused(tmp_path):
    pytest.importorskip("PIL")
    with pytest.raises(InputError, match="must be a folder, a file or random:COUNT"):
        open_images(str(tmp_path / "absent"))
    with pytest.raises(InputError, match="must be a folder with pictures, but it has none"):
        open_images(str(tmp_path))
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"bad\.png must be a picture"):
        open_images(str(tmp_path))[0]
    (tmp_path / "classes" / "cat").mkdir(parents=True)
    (tmp_path / "classes" / "cat" / "1.JPEG").write_bytes(b"no picture")
    assert len(open_images(str(tmp_path / "classes"))) == 1
    np.savez(tmp_path / "two.npz", a=np.zeros((2, 2)), b=np.zeros((3, 2)))
    with pytest.raises(InputError, match="must hold as many samples of every input"):
        open_images(str(tmp_path / "two.npz"))


# --- ONNX -----------------------------------------------------------------------------------------


@pytest.fixture
def onnx_file(tmp_path):
    """Conv -> BatchNormalization -> Relu -> Conv, with a batch of any size."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, rng = onnx.helper, np.random.default_rng(1)

    def constant(name, *shape):
        array = rng.normal(size=shape).astype(np.float32)
        return onnx.numpy_helper.from_array(np.abs(array) if name in "gv" else array, name)

    nodes = [
        helper.make_node("Conv", ["x", "w1"], ["c1"], "conv1"),
        helper.make_node("BatchNormalization", ["c1", "g", "b", "m", "v"], ["n1"], "bn1"),
        helper.make_node("Relu", ["n1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2"], ["y"], "conv2"),
    ]
    constants = [constant("w1", 4, 3, 3, 3), constant("w2", 2, 4, 1, 1)]
    constants += [constant(name, 4) for name in "gbmv"]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "small",
        [value("x", onnx.TensorProto.FLOAT, ["batch", 3, 8, 8])],
        [value("y", onnx.TensorProto.FLOAT, ["batch", 2, 6, 6])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "small.onnx")
    return tmp_path / "small.onnx"


def test_onnx_gives_what_is_stored_between_layers(onnx_file):
    source = SourceSpec(str(onnx_file), "random:2").open()
    found = maps(source)
    # the convolution and its normalisation are fused with the rectifier
    assert {name: m.kind for name, m in found.items()} == {"relu1": "relu", "conv2": "linear"}
    assert found["relu1"].values.shape == (4, 6, 6)
    assert found["relu1"].values.min() == 0
    again = maps(source)
    assert np.array_equal(found["conv2"].values, again["conv2"].values)


def test_quantised_onnx_gives_integers(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, tensor = onnx.helper, onnx.numpy_helper.from_array
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], "conv"),
        helper.make_node("Relu", ["c"], ["r"], "relu"),
        helper.make_node("QuantizeLinear", ["r", "s", "z"], ["q"], "quantise"),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"], "back"),
    ]
    constants = [
        tensor(np.array([0.5, -0.25, 0.125], np.float32).reshape(1, 3, 1, 1), "w"),
        tensor(np.float32(0.01), "s"),
        tensor(np.uint8(3), "z"),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "quantised",
        [value("x", onnx.TensorProto.FLOAT, [1, 3, 4, 4])],
        [value("y", onnx.TensorProto.FLOAT, [1, 1, 4, 4])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "quantised.onnx")
    source = SourceSpec(str(tmp_path / "quantised.onnx"), "random:1", normalisation="unit").open()
    (captured,) = source.maps(0)
    assert (captured.layer, captured.kind, captured.zero_point) == ("quantise", "relu", 3)
    assert captured.values.dtype == np.uint8
    assert captured.values.min() >= 3
    assert captured.scale == pytest.approx(0.01)


def test_a_wrong_onnx_model_is_refused(tmp_path):
    pytest.importorskip("onnxruntime")
    (tmp_path / "bad.onnx").write_bytes(b"\x00 not a model")
    with pytest.raises(InputError, match=r"bad\.onnx must be an ONNX model"):
        SourceSpec(str(tmp_path / "bad.onnx"), "random:1").open()


def test_a_network_needs_images(onnx_file):
    with pytest.raises(InputError, match="needs images: a folder, a file or random:COUNT"):
        SourceSpec(str(onnx_file)).open()


# --- TFLite ---------------------------------------------------------------------------------------


def test_tflite_gives_every_map_as_deployed(data):
    pytest.importorskip("ai_edge_litert")
    model = data / "models" / "resnet8_cifar10_quant.tflite"
    found = maps(SourceSpec(str(model), str(data / "cifar10_test1000.npz")).open())
    assert [m.kind for m in found.values()].count("relu") == 7
    for captured in found.values():
        assert captured.values.dtype == np.int8
        assert captured.zero_point is not None
        if captured.kind == "relu":
            assert captured.real().min() >= 0
    assert found["model/activation"].values.shape == (16, 32, 32)


def test_a_wrong_tflite_model_is_refused(tmp_path):
    pytest.importorskip("ai_edge_litert")
    (tmp_path / "bad.tflite").write_bytes(bytes(64))
    with pytest.raises(InputError, match=r"bad\.tflite must be a TensorFlow Lite model"):
        SourceSpec(str(tmp_path / "bad.tflite"), "random:1").open()


def test_spoken_words_are_what_the_network_was_trained_on(data):
    """The features are right if the network understands synthetic speech."""
    pytest.importorskip("ai_edge_litert")
    from fmcodec_eval.capture.speech import WORDS, spoken_words
    from fmcodec_eval.capture.tflite import TFLiteNetwork

    network = TFLiteNetwork(data / "models" / "kws_dscnn_quant.tflite")
    inputs, labels = spoken_words()
    right = 0
    for features, label in zip(inputs, labels, strict=True):
        *_, scores = network.capture(features)
        right += int(scores.values.argmax()) == label
    assert len(labels) == 8 * len(WORDS)
    assert right / len(labels) > 0.7  # by chance: 1 in 12
