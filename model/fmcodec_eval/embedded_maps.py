#!/usr/bin/env python3
"""Compute the embedded feature maps, `fmcodec/data/feature_maps.npz`, from networks and images.

Needs ai-edge-litert, PyTorch, Pillow and a folder with the networks' weights and the images:

    python sim/maps/make_maps.py --data path/to/data --output model/fmcodec/data/feature_maps.npz

MobileNetV2 and ResNet-8 run as deployed, in the TFLite interpreter with every tensor kept;
SqueezeNet, a float network, runs in PyTorch and is quantised by the EBPC paper's protocol. Two runs
on one machine write the same bytes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
from PIL import Image

PHOTO = "n02088364_beagle"
CIFAR_INDEX = 7
SAFETY = 0.75  # the paper scales a layer's maximum over the calibration images to this

# layer -> step between the channels kept
SQUEEZENET = {"conv1": 24, "fire3.expand1x1": 8, "fire4.squeeze": 2, "fire5.expand3x3": 4}
SQUEEZENET |= {"fire7.expand1x1": 6, "fire9.expand3x3": 4}
# layer -> start of the tensor's name, activation function, step between the channels kept
MOBILENET = {
    "stem": ("MobilenetV2/Conv/Relu6", "relu6", 16),
    "block2.expand": ("MobilenetV2/expanded_conv_1/expand/Relu6", "relu6", 48),
    "block3.depthwise": ("MobilenetV2/expanded_conv_2/depthwise/Relu6", "relu6", 18),
    "block6.sum": ("MobilenetV2/expanded_conv_5/add", "linear", 2),
    "block8.expand": ("MobilenetV2/expanded_conv_7/expand/Relu6", "relu6", 4),
    "block13.depthwise": ("MobilenetV2/expanded_conv_12/depthwise/Relu6", "relu6", 6),
    "block14.project": ("MobilenetV2/expanded_conv_13/project/add_fold", "linear", 1),
    "head": ("MobilenetV2/Conv_1/Relu6", "relu6", 4),
}
RESNET = {
    "stack1": ("model/activation_2/Relu", "relu", 1),
    "stack3": ("model/activation_6/Relu", "relu", 1),
}


def photo(path: Path, side: int) -> np.ndarray:
    """The central 7/8 of a photograph's largest square as uint8 RGB (side, side, 3)."""
    image = Image.open(path).convert("RGB")
    cut = 0.875 * min(image.size)
    left, top = (image.width - cut) / 2, (image.height - cut) / 2
    box = (left, top, left + cut, top + cut)
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR, box=box))


def squeezenet_maps(data: Path) -> Iterator[tuple[dict, np.ndarray, int]]:
    """Maps of the photograph by the paper's protocol, maxima taken over all photographs."""
    from fmcodec_eval import networks

    network = networks.load(data / "models" / "squeezenet_v1_0.npz")
    maps: dict[str, np.ndarray] = {}

    def keep(layer: str) -> Callable[..., None]:
        return lambda module, inputs, output: maps.update({layer: output[0].numpy()})

    for layer in SQUEEZENET:
        network.module.get_submodule(f"{layer}_relu").register_forward_hook(keep(layer))
    maxima = dict.fromkeys(SQUEEZENET, 0.0)
    chosen = {}
    for path in sorted((data / "images").glob("*.JPEG")):
        network.classify(photo(path, network.size))
        maxima = {layer: max(top, float(maps[layer].max())) for layer, top in maxima.items()}
        if path.stem == PHOTO:
            chosen = dict(maps)
    for layer, step in SQUEEZENET.items():
        scale = maxima[layer] / (SAFETY * 127)
        words = (chosen[layer] / scale).astype(np.int8)
        about = {
            "kind": "relu",
            "image": PHOTO,
            "protocol": "paper",
            "scale": scale,
            "signed": True,
        }
        yield {"network": "squeezenet_v1_0", "layer": layer, **about}, words, step


def tflite_tensors(model: Path, image: np.ndarray) -> dict[str, tuple[np.ndarray, float, int]]:
    """Every 4-D tensor of a quantised network: name -> (integers, scale, zero point)."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # the default delegates fuse operators and drop the tensors between them
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    network = Interpreter(
        str(model), experimental_preserve_all_tensors=True, experimental_op_resolver_type=resolver
    )
    network.allocate_tensors()
    entry = network.get_input_details()[0]
    offset = 0 if entry["dtype"] == np.uint8 else -128
    network.set_tensor(
        entry["index"], (image.astype(np.int16) + offset).astype(entry["dtype"])[None]
    )
    network.invoke()
    tensors = {}
    for detail in network.get_tensor_details():
        if len(detail["shape"]) == 4:
            with contextlib.suppress(ValueError):  # scratch tensors have no values
                values = network.get_tensor(detail["index"])
                tensors[detail["name"]] = (values, *detail["quantization"])
    return tensors


def tflite_maps(
    model: Path, network: str, image: np.ndarray, image_name: str, layers: dict
) -> Iterator[tuple[dict, np.ndarray, int]]:
    """Maps as deployed: the integers minus their zero point, modulo 2**8."""
    tensors = tflite_tensors(model, image)
    for layer, (start, kind, step) in layers.items():
        [name] = [name for name in tensors if name.startswith(start)]
        values, scale, zero_point = tensors[name]
        words = (values[0].transpose(2, 0, 1).astype(np.int16) - zero_point).astype(np.int8)
        about = {"kind": kind, "image": image_name, "protocol": "deployed", "scale": scale}
        # a ReLU map uses all 8 bits above its zero point
        about["signed"] = kind == "linear"
        yield {"network": network, "layer": layer, **about}, words, step


def all_maps(data: Path) -> Iterator[tuple[dict, np.ndarray, int]]:
    """Metadata, int8 words (C, H, W) and channel step of every embedded layer, in order."""
    yield from squeezenet_maps(data)
    mobilenet = data / "models" / "mobilenet_v2_1.0_224_quant.tflite"
    image = photo(data / "images" / f"{PHOTO}.JPEG", 224)
    yield from tflite_maps(mobilenet, "mobilenet_v2", image, PHOTO, MOBILENET)
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
    output.parent.mkdir(parents=True, exist_ok=True)
    arrays["metadata"] = np.array(json.dumps(metadata))
    np.savez_compressed(output, allow_pickle=False, **arrays)
    click.echo(f"{output}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
