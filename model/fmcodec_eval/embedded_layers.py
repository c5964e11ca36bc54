"""Compute `sim/fmtc/layers.npz`, maps of real networks as FMTC's cores take them.

Needs the extras tflite and torch and a folder with the networks' weights and the images:

    python -m fmcodec_eval.embedded_layers --data path/to/data --output sim/fmtc/layers.npz

Of every layer the map of one image, to calibrate on, and of another, to code. Float sums depend on
the machine: a value may differ by one.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from fmcodec.fmtc import Params
from fmcodec.fmtc.layer import LayerSamples
from fmcodec_eval.embedded_maps import captured_maps, photo
from fmcodec_eval.files import written_aside

CIFAR = (23, 7)  # images of cifar10_test1000.npz: to calibrate on, to code
PHOTOS = ("n02106550_Rottweiler", "n02088364_beagle")
# network: (file, side of the image, layer -> step between the channels kept)
LAYERS: dict[str, tuple[str, int, dict[str, int]]] = {
    "resnet20": (
        "resnet20_cifar10.npz",
        32,
        {"layer1.0.relu1": 1, "layer2.1.bn2": 1, "layer3.0.relu2": 1},
    ),
    "resnet8": ("resnet8_cifar10_quant.tflite", 32, {"model/activation_4": 1}),
    "squeezenet_v1_0": ("squeezenet_v1_0.npz", 227, {"fire5.squeeze_relu": 4}),
    "mobilenet_v2": ("mobilenet_v2.npz", 224, {"block6.sum": 4}),
}


def images(data: Path, side: int) -> list[np.ndarray]:
    """The two images of a network that takes them with this side."""
    if side > 32:
        return [photo(data / "images" / f"{name}.JPEG", side) for name in PHOTOS]
    with np.load(data / "cifar10_test1000.npz") as npz:
        return [npz["images"][place] for place in CIFAR]


@click.command()
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), required=True)
def main(data: Path, output: Path) -> None:
    """Compute the embedded layers from the networks and images in DATA."""
    metadata, arrays = [], dict[str, np.ndarray]()
    for network, (file, side, layers) in LAYERS.items():
        found = [captured_maps(data / "models" / file, image) for image in images(data, side)]
        for layer, step in layers.items():
            maps = np.stack([one[layer].real()[::step] for one in found]).astype(np.float32)
            relu = found[0][layer].kind == "relu"
            # the first image alone decides what int8 covers
            samples = LayerSamples(maps[:1], Params(), relu, None, None, 0)
            values = np.clip(np.rint(maps / samples.scale) + samples.origin, -128, 127)
            about = {"network": network, "layer": layer, "origin": samples.origin}
            metadata.append(about | {"low": samples.low, "high": samples.high})
            arrays[f"{network}.{layer}"] = values.astype(np.int8)
            click.echo(f"{network:16} {layer:20} {maps.shape!s:20} zero at {samples.origin}")
    arrays["metadata"] = np.array(json.dumps(metadata))
    with written_aside(output) as aside, aside.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)
    click.echo(f"{output}: {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
