"""PyTorch modules of four published networks, built from arrays of weights in an .npz file.

Every stored feature map is the output of a module of its own (a ReLU, a linear convolution or a
residual sum), so that forward hooks and code inserted into the network find each one by name.
PyTorch is imported with this module: import it only where a network is really needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fmcodec.errors import InputError

__all__ = ["Network", "Sum", "load"]

Prepare = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Network:
    """A module in evaluation mode with what its input must be.

    Attributes:
        name: the network's name, as `load` knows it.
        module: the PyTorch module; takes float32 (1, 3, size, size), gives (1, classes).
        size: height and width of the input in pixels.
        prepare: RGB pixels uint8 (size, size, 3) -> float32 (3, size, size).
        label_offset: what the first class of the data set is called in the network's output.
    """

    name: str
    module: nn.Module
    size: int
    prepare: Prepare
    label_offset: int = 0

    def classify(self, pixels: np.ndarray) -> int:
        """The index of the most likely class of RGB pixels uint8 (size, size, 3)."""
        with torch.inference_mode():
            scores = self.module(torch.from_numpy(self.prepare(pixels))[None])
        return int(scores.flatten().argmax()) - self.label_offset


class Sum(nn.Module):
    """A residual sum as a module, so that it has a name and an output to hook."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return left + right


class SameConv2d(nn.Conv2d):
    """Convolution with TensorFlow's "same" padding: the odd row and column go right and bottom."""

    def forward(self, x: Tensor) -> Tensor:
        pads = []
        for size, kernel, stride in zip(
            (x.shape[3], x.shape[2]),
            (self.kernel_size[1], self.kernel_size[0]),
            (self.stride[1], self.stride[0]),
            strict=True,
        ):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(x, pads))


class Fire(nn.Module):
    """SqueezeNet's module: a 1x1 convolution, then 1x1 and 3x3 side by side."""

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.squeeze_relu = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand1x1_relu = nn.ReLU()
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.expand3x3_relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_relu(self.squeeze(x))
        return torch.cat(
            [self.expand1x1_relu(self.expand1x1(x)), self.expand3x3_relu(self.expand3x3(x))], 1
        )


class SqueezeNet(nn.Module):
    """SqueezeNet v1.0."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 96, 7, stride=2)
        self.conv1_relu = nn.ReLU()
        channels = 96
        widths = (16, 16, 32, 32, 48, 48, 64, 64)
        for index, squeeze in enumerate(widths, start=2):
            self.add_module(f"fire{index}", Fire(channels, squeeze, 4 * squeeze))
            channels = 8 * squeeze
        self.conv_final = nn.Conv2d(512, 1000, 1, padding=1)
        self.conv_final_relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1_relu(self.conv1(x))
        for index in range(2, 10):
            if index in (2, 5, 9):
                x = functional.max_pool2d(x, 3, stride=2, ceil_mode=True)
            x = self.get_submodule(f"fire{index}")(x)
        return self.conv_final_relu(self.conv_final(x)).mean((2, 3))


class InvertedResidual(nn.Module):
    """MobileNetV2's block: expand, depthwise, linear projection and, where it fits, a skip."""

    def __init__(self, channels: int, out: int, expand: int, stride: int) -> None:
        super().__init__()
        width = channels * expand
        if expand > 1:
            self.expand = nn.Conv2d(channels, width, 1)
            self.expand_relu = nn.ReLU6()
        self.depthwise = SameConv2d(width, width, 3, stride=stride, groups=width)
        self.depthwise_relu = nn.ReLU6()
        self.project = nn.Conv2d(width, out, 1)
        self.sum = Sum() if stride == 1 and channels == out else None

    def forward(self, x: Tensor) -> Tensor:
        y = self.expand_relu(self.expand(x)) if hasattr(self, "expand") else x
        y = self.project(self.depthwise_relu(self.depthwise(y)))
        return y if self.sum is None else self.sum(x, y)


class MobileNetV2(nn.Module):
    """MobileNetV2 1.0 with batch normalisation folded into the convolutions."""

    # expansion, output channels, blocks, stride of the first block
    STAGES = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, 32, 3, stride=2)
        self.stem_relu = nn.ReLU6()
        channels, index = 32, 0
        for expand, out, blocks, first_stride in self.STAGES:
            for block in range(blocks):
                index += 1
                stride = first_stride if block == 0 else 1
                self.add_module(f"block{index}", InvertedResidual(channels, out, expand, stride))
                channels = out
        self.blocks = index
        self.head = nn.Conv2d(320, 1280, 1)
        self.head_relu = nn.ReLU6()
        self.classifier = nn.Conv2d(1280, 1001, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem_relu(self.stem(x))
        for index in range(1, self.blocks + 1):
            x = self.get_submodule(f"block{index}")(x)
        x = self.head_relu(self.head(x)).mean((2, 3), keepdim=True)
        return self.classifier(x).flatten(1)


class KerasBlock(nn.Module):
    """ResNet-8's stack: two convolutions and a skip, with a 1x1 convolution where sizes change."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = SameConv2d(channels, out, 3, stride=stride)
        self.conv1_bn = nn.BatchNorm2d(out, eps=1e-3)
        self.conv1_relu = nn.ReLU()
        self.conv2 = SameConv2d(out, out, 3)
        self.conv2_bn = nn.BatchNorm2d(out, eps=1e-3)
        self.skip = SameConv2d(channels, out, 1, stride=stride) if stride > 1 else None
        self.sum = Sum()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1_relu(self.conv1_bn(self.conv1(x)))
        y = self.conv2_bn(self.conv2(y))
        return self.relu(self.sum(x if self.skip is None else self.skip(x), y))


class ResNet8(nn.Module):
    """MLPerf Tiny's ResNet-8 for CIFAR-10."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = SameConv2d(3, 16, 3)
        self.conv1_bn = nn.BatchNorm2d(16, eps=1e-3)
        self.conv1_relu = nn.ReLU()
        self.stack1 = KerasBlock(16, 16, 1)
        self.stack2 = KerasBlock(16, 32, 2)
        self.stack3 = KerasBlock(32, 64, 2)
        self.fc = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1_relu(self.conv1_bn(self.conv1(x)))
        return self.fc(self.stack3(self.stack2(self.stack1(x))).mean((2, 3)))


class BasicBlock(nn.Module):
    """ResNet-20's block; the short cut drops pixels and fills channels with zeros (option A)."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.sum = Sum()
        self.relu2 = nn.ReLU()
        self.stride, self.fill = stride, (out - channels) // 2

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        skip = x[:, :, :: self.stride, :: self.stride]
        if self.fill:
            skip = functional.pad(skip, (0, 0, 0, 0, self.fill, self.fill))
        return self.relu2(self.sum(skip, y))


class ResNet20(nn.Module):
    """ResNet-20 for CIFAR-10."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu1 = nn.ReLU()
        channels = 16
        for index, out in enumerate((16, 32, 64), start=1):
            stride = 1 if out == 16 else 2
            blocks = [BasicBlock(channels, out, stride)]
            blocks += [BasicBlock(out, out, 1) for _ in range(2)]
            self.add_module(f"layer{index}", nn.Sequential(*blocks))
            channels = out
        self.linear = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.bn1(self.conv1(x)))
        for index in (1, 2, 3):
            x = self.get_submodule(f"layer{index}")(x)
        return self.linear(x.mean((2, 3)))


def _planar(pixels: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1), dtype=np.float32)


def _bgr_minus_mean(pixels: np.ndarray) -> np.ndarray:
    mean = np.array([104, 117, 123], np.float32)
    return _planar(pixels[:, :, ::-1] - mean)


def _unit_range(pixels: np.ndarray) -> np.ndarray:
    return _planar(pixels) / np.float32(127.5) - np.float32(1)


def _imagenet_normalised(pixels: np.ndarray) -> np.ndarray:
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    return _planar((pixels / np.float32(255) - mean) / deviation)


@dataclass(frozen=True)
class _Published:
    build: Callable[[], nn.Module]
    marks: frozenset[str]  # names of arrays that only this network has
    size: int
    prepare: Prepare
    label_offset: int = 0


_PUBLISHED = {
    "squeezenet_v1_0": _Published(
        SqueezeNet, frozenset({"fire9.squeeze.weight"}), 227, _bgr_minus_mean
    ),
    "mobilenet_v2": _Published(
        MobileNetV2, frozenset({"block17.project.weight"}), 224, _unit_range, label_offset=1
    ),
    "resnet8_cifar10": _Published(ResNet8, frozenset({"stack3.skip.weight"}), 32, _planar),
    "resnet20_cifar10": _Published(
        ResNet20, frozenset({"layer3.2.conv2.weight", "linear.weight"}), 32, _imagenet_normalised
    ),
}


def load(path: str | Path) -> Network:
    """Build the network whose weights an .npz file holds; it is recognised by its array names.

    Raises:
        InputError: no such file, no .npz file, or weights of none of the known networks.
    """
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError) as error:
        raise InputError(f"{path} must be an .npz file of weights: {error}") from error
    name = next((name for name, known in _PUBLISHED.items() if known.marks <= set(arrays)), None)
    if name is None:
        known = ", ".join(_PUBLISHED)
        raise InputError(f"{path} must hold the weights of one of {known}")
    published = _PUBLISHED[name]
    arrays.pop("bn_eps", None)
    state = {
        key.replace(".bn.", "_bn."): torch.from_numpy(np.asarray(array, np.float32))
        for key, array in arrays.items()
    }
    module = published.build()
    # num_batches_tracked is PyTorch's own bookkeeping and in no published file
    wrong = module.load_state_dict(state, strict=False)
    missing = [key for key in wrong.missing_keys if not key.endswith("num_batches_tracked")]
    if missing or wrong.unexpected_keys:
        odd = (missing + wrong.unexpected_keys)[0]
        raise InputError(f"{path} must hold the weights of {name}: {odd!r} does not match")
    return Network(name, module.eval(), published.size, published.prepare, published.label_offset)
