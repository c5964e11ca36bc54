"""Counts of networks that come with packages, derived again from their published architecture.

Nothing of the capture is used to derive them: each function below writes down what the network's
authors describe, and which of its maps an accelerator stores. The packages are

    pip install --no-deps nudenet rapidocr-onnxruntime pymicro-wakeword
"""

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fmcodec_eval.capture import InputError, SourceSpec

pytest.importorskip("onnxruntime")
pytest.importorskip("ai_edge_litert")


def package_file(package, *parts):
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    file = Path(spec.submodule_search_locations[0], *parts)
    if not file.exists():
        pytest.skip(f"this version of {package} has no {file.name}")
    return file


def captured(file, images="random:1", **settings):
    return list(SourceSpec(str(file), images, **settings).open().maps(0))


def shapes(maps):
    return Counter(m.values.shape for m in maps)


def yolov8n(size, classes):
    """Stored maps of YOLOv8n (width 0.25, depth 0.33), as (channels, height, width)."""
    maps = []

    def conv(channels, stride):  # convolution, batch normalisation, SiLU in one pass
        maps.append((channels, size // stride, size // stride))

    def c2f(channels, stride, repeats, shortcut):
        conv(channels, stride)  # its two halves are a view
        for _ in range(repeats):
            conv(channels // 2, stride)
            conv(channels // 2, stride)
            if shortcut:  # the residual sum
                conv(channels // 2, stride)
        conv(channels, stride)  # reads all of them, joined

    conv(16, 2)
    for channels, stride, repeats in ((32, 4, 1), (64, 8, 2), (128, 16, 2), (256, 32, 1)):
        conv(channels, stride)
        c2f(channels, stride, repeats, shortcut=True)
    for channels in (128, 128, 128, 128, 256):  # SPPF: a convolution, three pools, another one
        conv(channels, 32)
    conv(256, 16)  # up
    c2f(128, 16, 1, shortcut=False)
    conv(128, 8)  # up
    c2f(64, 8, 1, shortcut=False)
    conv(64, 16)  # down
    c2f(128, 16, 1, shortcut=False)
    conv(128, 32)  # down
    c2f(256, 32, 1, shortcut=False)
    for stride in (8, 16, 32):  # heads: boxes as 4 distributions of 16 bins, and classes
        for channels in (64, 64, 64, 64, 64, classes):
            conv(channels, stride)
    anchors = sum((size // stride) ** 2 for stride in (8, 16, 32))
    maps.append((classes, anchors, 1))  # sigmoid of what the heads joined
    maps.append((16, 4, anchors))  # softmax over the bins
    maps.append((1, 4, anchors))  # their mean, a convolution
    # corners: two; centre and extent of them: two; the boxes, times the stride
    maps += [(2, anchors, 1)] * 4 + [(4, anchors, 1)]
    return maps


def test_yolov8n():
    file = package_file("nudenet", "320n.onnx")
    found = captured(file)
    wanted = yolov8n(320, classes=18)
    assert shapes(found) == Counter(wanted)
    assert len(found) == 82
    assert sum(m.values.size for m in found) == 4_397_200


def test_yolov8n_has_the_values_of_a_run_of_its_own():
    """The activations, as ONNX Runtime gives them when it is asked for them by name."""
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    file = package_file("nudenet", "320n.onnx")
    pixels = np.random.default_rng(3).integers(0, 256, (320, 320, 3), np.uint8)
    model = onnx.load(file)
    names = [n.output[0] for n in model.graph.node if n.name.endswith("/act/Mul")]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = runtime.InferenceSession(model.SerializeToString())
    planes = (pixels.astype(np.float32) / 255).transpose(2, 0, 1)[None]  # the exporter's own scale
    values = session.run(names, {"images": planes})
    network = SourceSpec(str(file), "random:1").open().network
    found = {m.layer: m.values for m in network.capture(pixels)}
    assert len(names) == 57
    for name, array in zip(names, values, strict=True):
        layer = name.removesuffix("_output_0")
        assert np.allclose(found[layer], array[0], atol=1e-4), layer


def pp_ocr_det(size):
    """Stored maps of PP-OCRv4's text detector: PP-LCNetV3 x 0.75, RSE-FPN, DB head."""
    maps = []

    def put(channels, stride):
        maps.append((channels, size // stride, size // stride))

    def gates(channels, squeezed):  # squeeze and excite: mean, ReLU, hard-sigmoid
        maps.extend([(channels, 1, 1), (squeezed, 1, 1), (channels, 1, 1)])

    def block(before, after, stride, down=False, excite=False):
        stride_of_depthwise = stride * 2 if down else stride
        put(before, stride_of_depthwise)
        if excite:
            gates(before, before // 4)
            put(before, stride_of_depthwise)
        put(after, stride_of_depthwise)

    put(16, 2)
    block(16, 32, 2)
    block(32, 48, 2, down=True)
    block(48, 48, 4)
    block(48, 96, 4, down=True)
    block(96, 96, 8)
    block(96, 192, 8, down=True)
    for _ in range(4):
        block(192, 192, 16)
    block(192, 384, 16, down=True, excite=True)
    block(384, 384, 32, excite=True)
    block(384, 384, 32)
    block(384, 384, 32)
    for channels, stride in ((12, 4), (18, 8), (42, 16), (360, 32)):  # to the neck
        put(channels, stride)

    def residual_excite(channels, stride):  # x + x * gate: x, gates, the sum in one pass
        put(channels, stride)
        gates(channels, channels // 4)
        put(channels, stride)

    for stride in (32, 16, 8, 4):
        residual_excite(96, stride)
    for stride in (16, 8, 4):  # from coarse to fine: twice as large, then a sum
        put(96, stride)
        put(96, stride)
    for stride in (32, 16, 8, 4):
        residual_excite(24, stride)
    for _ in range(3):  # the three coarse ones as large as the fine one; then joined, a view
        put(24, 4)
    put(24, 4)
    put(24, 2)
    put(1, 1)
    return maps


@pytest.mark.parametrize("size", [224, 320])
def test_pp_ocr_detector(size):
    file = package_file("rapidocr_onnxruntime", "models", "ch_PP-OCRv4_det_infer.onnx")
    found = captured(file, size=size)
    assert shapes(found) == Counter(pp_ocr_det(size))
    assert len(found) == 93
    if size == 224:
        assert sum(m.values.size for m in found) == 4_667_176


def test_pp_ocr_recogniser_has_inputs_that_are_not_square():
    file = package_file("rapidocr_onnxruntime", "models", "ch_PP-OCRv4_rec_infer.onnx")
    source = SourceSpec(str(file), "random:1", shapes=("x=1x3x48x320",)).open()
    assert next(source.maps(0)).values.shape == (16, 24, 160)
    # softmax over 6625 characters at 40 places, the batch first: (1, 40, 6625)
    assert list(source.maps(0))[-1].values.shape == (40, 6625, 1)


def streaming_keywords():
    """Stored maps of one step of pymicro-wakeword's `alexa`: depthwise and pointwise in turn.

    What the stream keeps (5, 9, 13, 21 and 5 steps of it) is in memory from earlier steps; one
    step adds one column to it.
    """
    maps = [(32, 1, 1)]
    for before, after in ((32, 64), (64, 64), (64, 64), (64, 64)):
        maps += [(before, 1, 1), (after, 1, 1)]
    return [*maps, (1, 1, 1)]  # dense, sigmoid, requantised


def test_streaming_keywords():
    file = package_file("pymicro_wakeword", "models", "alexa.tflite")
    assert shapes(captured(file)) == Counter(streaming_keywords())


def test_a_step_of_a_stream_depends_on_its_sample_alone():
    file = package_file("pymicro_wakeword", "models", "alexa.tflite")
    source = SourceSpec(str(file), "random:2").open()
    first, _, again = (list(source.maps(index)) for index in (0, 1, 0))
    assert len(first) == 10
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.values, other.values), one.layer


def test_networks_of_sound_and_bytes():
    silero = package_file("silero_vad", "data", "silero_vad.onnx")
    with pytest.raises(InputError, match=r"operator If 'If_0' has graphs of its own.*LSTM"):
        SourceSpec(str(silero), "random:1").open()
    sequence = silero.with_name("silero_vad_16k_sequence.onnx")
    sizes = ("input=4x576", "h=1x1x128", "c=1x1x128")
    with pytest.raises(InputError, match="shape must name an input of the network, input, h, c"):
        SourceSpec(str(sequence), "random:1", shapes=("x=1x2",)).open()
    source = SourceSpec(str(sequence), "random:1", shapes=sizes).open()
    # the batch of four is all one sample's: nothing is taken for a batch axis and dropped
    assert next(source.maps(0)).values.shape == (4, 258, 5)


def test_tokens():
    file = package_file("magika", "models", "standard_v3_3", "model.onnx")
    found = captured(file)
    # embedding and GELU; a layer norm; convolution and GELU; the maximum; another norm; scores;
    # their softmax. Twice a norm, and the softmax, are written out in 20 operators.
    sizes = [m.values.size for m in found]
    assert sizes == [2048 * 64, 512 * 256, 512 * 508, 512, 512, 214, 214]
