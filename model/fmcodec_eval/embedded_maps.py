"""Compute the embedded feature maps, `fmcodec/data/feature_maps.npz`, from networks and images.

Needs the extras tflite and torch and a folder with the networks' weights and the images:

    python -m fmcodec_eval.embedded_maps --data path/to/data \\
        --output model/fmcodec/data/feature_maps.npz

MobileNetV2 and ResNet-8 are captured as deployed; SqueezeNet, a float network, is quantised by the
EBPC paper's protocol. Float sums depend on the machine: a word of SqueezeNet may differ by one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from PIL import Image

from fmcodec_eval.capture import CapturedMap, SourceSpec
from fmcodec_eval.capture.source import NetworkSource
from fmcodec_eval.files import written_aside
from fmcodec_eval.formats import Deployed, Fixed

PHOTO = "n02088364_beagle"
CIFAR_INDEX = 7
SAFETY = 0.75  # the paper scales a layer's maximum over the calibration images to this

# layer -> step between the channels kept
SQUEEZENET = {"conv1": 24, "fire3.expand1x1": 8, "fire4.squeeze": 2, "fire5.expand3x3": 4}
SQUEEZENET |= {"fire7.expand1x1": 6, "fire9.expand3x3": 4}
# layer -> captured layer, activation function, step between the channels kept
MOBILENET = {
    "stem": ("MobilenetV2/Conv", "relu6", 16),
    "block2.expand": ("MobilenetV2/expanded_conv_1/expand", "relu6", 48),
    "block3.depthwise": ("MobilenetV2/expanded_conv_2/depthwise", "relu6", 18),
    "block6.sum": ("MobilenetV2/expanded_conv_5/add", "linear", 2),
    "block8.expand": ("MobilenetV2/expanded_conv_7/expand", "relu6", 4),
    "block13.depthwise": ("MobilenetV2/expanded_conv_12/depthwise", "relu6", 6),
    "block14.project": ("MobilenetV2/expanded_conv_13/project", "linear", 1),
    "head": ("MobilenetV2/Conv_1", "relu6", 4),
}
RESNET = {
    "stack1": ("model/activation_2", "relu", 1),
    "stack3": ("model/activation_6", "relu", 1),
}


def photo(path: Path, side: int) -> np.ndarray:
    """The central 7/8 of a photograph's largest square as uint8 RGB (side, side, 3)."""
    image = Image.open(path).convert("RGB")
    cut = 0.875 * min(image.size)
    left, top = (image.width - cut) / 2, (image.height - cut) / 2
    box = (left, top, left + cut, top + cut)
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box=box))


def captured_maps(network: Path, image: np.ndarray) -> dict[str, CapturedMap]:
    """Every map of a network for one image, by layer."""
    source = SourceSpec(str(network), "random:1").open()
    assert isinstance(source, NetworkSource)
    return {captured.layer: captured for captured in source.network.capture(image)}


def squeezenet_maps(data: Path) -> Iterator[tuple[dict, np.ndarray, int]]:
    """Maps of the photograph by the paper's protocol, maxima taken over all photographs."""
    network = data / "models" / "squeezenet_v1_0.npz"
    form = Fixed(8, SAFETY)
    maxima = dict.fromkeys(SQUEEZENET, 0.0)
    chosen: dict[str, CapturedMap] = {}
    for path in sorted((data / "images").glob("*.JPEG")):
        found = captured_maps(network, photo(path, 227))
        for layer in SQUEEZENET:
            maxima[layer] = max(maxima[layer], found[f"{layer}_relu"].maximum())
        if path.stem == PHOTO:
            chosen = found
    for layer, step in SQUEEZENET.items():
        about: dict[str, object] = {"kind": "relu", "image": PHOTO, "protocol": "paper"}
        about |= {"scale": maxima[layer] / (SAFETY * 127), "signed": True}
        words = chosen[f"{layer}_relu"].words(form, maxima[layer])
        yield {"network": "squeezenet_v1_0", "layer": layer, **about}, words, step


def tflite_maps(
    model: Path, network: str, image: np.ndarray, image_name: str, layers: dict
) -> Iterator[tuple[dict, np.ndarray, int]]:
    """Maps as deployed: the integers minus their zero point, modulo 2**8."""
    found = captured_maps(model, image)
    for layer, (name, kind, step) in layers.items():
        captured = found[name]
        about: dict[str, object] = {"kind": kind, "image": image_name, "protocol": "deployed"}
        # a ReLU map uses all 8 bits above its zero point
        about |= {"scale": captured.scale, "signed": kind == "linear"}
        words = captured.words(Deployed())
        yield {"network": network, "layer": layer, **about}, words, step


def mobilenet_maps(data: Path) -> Iterator[tuple[dict, np.ndarray, int]]:
    """Maps of the photograph."""
    model = data / "models" / "mobilenet_v2_1.0_224_quant.tflite"
    image = photo(data / "images" / f"{PHOTO}.JPEG", 224)
    yield from tflite_maps(model, "mobilenet_v2", image, PHOTO, MOBILENET)


def all_maps(data: Path) -> Iterator[tuple[dict, np.ndarray, int]]:
    """Metadata, int8 words (C, H, W) and channel step of every embedded layer, in order."""
    yield from squeezenet_maps(data)
    yield from mobilenet_maps(data)
    with np.load(data / "cifar10_test1000.npz") as npz:
        image, index = npz["images"][CIFAR_INDEX], int(npz["index"][CIFAR_INDEX])
    resnet = data / "models" / "resnet8_cifar10_quant.tflite"
    yield from tflite_maps(resnet, "resnet8", image, f"cifar10_test_{index}", RESNET)


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(data: Path, output: Path) -> None:
    """Compute the embedded feature maps from the networks and images in DATA."""
    metadata, arrays = [], dict[str, np.ndarray]()
    for about, layer, step in all_maps(data):
        words = layer[::step]
        metadata.append({**about, "layer_shape": layer.shape, "channel_step": step})
        arrays[f"{about['network']}.{about['layer']}"] = words
        zeros = np.mean(words == 0)
        click.echo(
            f"{about['network']:16} {about['layer']:28} {words.shape!s:16} {zeros:6.1%} zeros"
        )
    arrays["metadata"] = np.array(json.dumps(metadata))
    with written_aside(output) as aside, aside.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    click.echo(f"{output}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
