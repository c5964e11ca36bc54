"""Rice on the maps of real networks: no map that another codec takes less of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fmcodec.codecs import get_codec
from fmcodec_eval.capture.source import SourceSpec
from fmcodec_eval.formats import Deployed, Fixed, Order

RICE = get_codec("rice")
ZVC = get_codec("zvc")
RIVALS = [get_codec("ebpc"), get_codec("ebpc", block_words=16), ZVC]
NETWORKS = [
    "mobilenet_v2_1.0_224_quant.tflite",
    "vww_mobilenet_v1_int8.tflite",
    "resnet8_cifar10_quant.tflite",
    "kws_dscnn_quant.tflite",
    "resnet20_cifar10.npz",
    "squeezenet_v1_0.npz",
    "mobilenet_v2.npz",
]


@pytest.fixture(scope="module", params=NETWORKS)
def maps(request, data: Path, tmp_path_factory) -> list[tuple[str, np.ndarray]]:
    """(layer, 8-bit words) of every map of a network for one input."""
    folder = tmp_path_factory.mktemp("inputs")
    if "kws" in request.param:
        pytest.importorskip("ai_edge_litert")
        from fmcodec_eval.capture.speech import spoken_words

        np.save(folder / "words.npy", spoken_words()[0][:1])
        inputs = str(folder / "words.npy")
    elif "cifar" in request.param:
        arrays = np.load(data / "cifar10_test1000.npz")
        np.save(folder / "images.npy", arrays[arrays.files[0]][:1])
        inputs = str(folder / "images.npy")
    else:
        photo = sorted((data / "images").glob("*.JPEG"))[0]
        (folder / photo.name).symlink_to(photo)
        inputs = str(folder)
    pytest.importorskip("torch" if request.param.endswith(".npz") else "ai_edge_litert")
    source = SourceSpec(str(data / "models" / request.param), inputs).open()
    captured = list(source.maps(0))
    forms = [Deployed() if m.zero_point is not None else Fixed(8) for m in captured]
    return [(m.layer, m.words(f, m.maximum())) for m, f in zip(captured, forms, strict=True)]


def sizes(coders, words: np.ndarray, order: str) -> list[int]:
    packets = list(Order(order).packets(words))
    return [sum(coder.encoded_bits(packet) for packet in packets) for coder in coders]


@pytest.mark.parametrize("order", ["nchw", "tile:8x8x16"])
def test_no_map_is_smaller_otherwise(maps, order):
    seen = 0
    for layer, words in maps:
        if words.size >= 256:
            rice, *others = sizes([RICE, *RIVALS], words, order)
            assert rice < min(8 * words.size, *others), layer
            seen += 1
    assert seen


def test_pixels_together_take_less_than_with_a_mask(maps):
    for layer, words in maps:
        rice, zvc = sizes([RICE, ZVC], words, "nhwc")
        assert rice < zvc or words.size < 256, layer
