"""The forward transform folded into a convolution, so that the encoder has none of its own.

PyTorch is imported with this module: import it only where a network is really needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from fmcodec.fmtc.context import Context
from fmcodec.fmtc.layer import LayerCodec
from fmcodec.fmtc.layout import Layout
from fmcodec.fmtc.reference import DCT4_ROWS

__all__ = ["Unfold", "accumulators", "fold", "fold_layer"]

Rows = npt.NDArray[np.floating]


def fold(
    conv: nn.Conv2d,
    norm: nn.BatchNorm2d | None,
    layout: Layout,
    rows: Sequence[Rows],
    means: Sequence[Rows],
    order: Sequence[int] | None = None,
) -> nn.Conv2d:
    """A convolution that gives the coefficients of what `conv` and `norm` give.

    W' = T W and b' = T (b - mean): for each group, the coefficient maps are filters mixed by the
    rows of its transform. With micro-blocks the convolution makes the coefficients of a block at
    once: its stride is `block` times larger, and its kernel covers the windows of all b x b pixels.

    Args:
        conv: a convolution that is not grouped; it may pad in any mode.
        norm: the batch normalisation that follows it, in evaluation mode; None if there is none.
        layout: how the maps are cut. Height and width have to be multiples of its block.
        rows: transform T of each group, shape (K, vector_length).
        means: mean of each group, shape (vector_length,).
        order: the convolution's channels as the groups take them; None for as they are.

    Returns:
        A convolution with a coefficient map for each row of each group, group by group.

    Raises:
        ValueError: `conv` is grouped or depthwise, pads more on one side than on the other, or
            shapes do not fit.
    """
    if conv.groups != 1:
        raise ValueError(
            f"conv must not be grouped or depthwise, but has {conv.groups} groups: "
            "a transform mixes its outputs, so it would become dense"
        )
    padding = _padding(conv)
    if type(conv) is not nn.Conv2d:
        raise ValueError(f"conv must be a plain Conv2d, not {type(conv).__name__}")
    if layout.channels != conv.out_channels:
        raise ValueError(f"layout must be of {conv.out_channels} channels, not {layout.channels}")
    weight, bias = _with_norm(conv, norm)
    if order is not None:
        weight, bias = weight[list(order)], bias[list(order)]
    block = layout.block
    size = [
        (kernel - 1) * dilation + 1 + (block - 1) * stride
        for kernel, dilation, stride in zip(
            conv.kernel_size, conv.dilation, conv.stride, strict=True
        )
    ]
    # one dense kernel a pixel of the block, shifted to where its window lies
    pixels = torch.zeros(conv.out_channels, block, block, conv.in_channels, *size).double()
    for row in range(block):
        for column in range(block):
            top, left = row * conv.stride[0], column * conv.stride[1]
            taps = pixels[:, row, column, :, top:, left:]
            taps = taps[..., :: conv.dilation[0], :: conv.dilation[1]]
            taps[..., : conv.kernel_size[0], : conv.kernel_size[1]] = weight
    biases = bias[:, None, None].expand(-1, block, block)
    length = layout.vector_length
    kernels, shifts = [], []
    for group in range(layout.groups):
        part = slice(
            group * conv.out_channels // layout.groups,
            (group + 1) * conv.out_channels // layout.groups,
        )
        matrix = torch.from_numpy(np.asarray(rows[group], np.float64))
        if matrix.shape[1:] != (length,):
            raise ValueError(f"rows must be of shape (K, {length}), not {tuple(matrix.shape)}")
        mean = torch.from_numpy(np.asarray(means[group], np.float64))
        taps = pixels[part].reshape(length, -1)
        kernels.append((matrix @ taps).reshape(-1, conv.in_channels, *size))
        shifts.append(matrix @ (biases[part].reshape(length) - mean))
    kernel, shift = torch.cat(kernels), torch.cat(shifts)
    folded = nn.Conv2d(
        conv.in_channels,
        len(kernel),
        (size[0], size[1]),
        stride=(conv.stride[0] * block, conv.stride[1] * block),
        padding=padding,
        padding_mode=conv.padding_mode,
    )
    with torch.no_grad():
        folded.weight.copy_(kernel)
        assert folded.bias is not None
        folded.bias.copy_(shift)
    return folded.eval()


def fold_layer(conv: nn.Conv2d, norm: nn.BatchNorm2d | None, codec: LayerCodec) -> nn.Conv2d:
    """`fold` with a calibrated layer's own integers: gives accumulators as `accumulators` takes.

    The folded convolution's output, rounded, is `acc` of doc/format.md.
    """
    rows, means = [], []
    for context in codec.contexts * (codec.layout.groups // codec.layout.contexts):
        weights, bias = _accumulators(context)
        rows.append(weights / codec.scale)
        # the bias has a mean in it, and half a unit of what the quantiser's shift drops
        means.append(np.linalg.pinv(weights) @ bias * codec.scale - codec.origin * codec.scale)
    return fold(conv, norm, codec.layout, rows, means, codec.order.tolist())


def accumulators(coefficients: Tensor, codec: LayerCodec) -> list[npt.NDArray[np.int32]]:
    """The output (N, coefficients, h, w) of `fold_layer` as `acc` of every group's context."""
    if codec.layout.shared:
        images, _, height, width = coefficients.shape
        blocks = coefficients.reshape(images, codec.layout.groups, -1, height, width)
        rows = blocks.movedim(2, -1).reshape(-1, blocks.shape[2])
        return [rows.round().to(torch.int32).numpy()]
    parts = coefficients.split([context.components for context in codec.contexts], dim=1)
    return [
        part.movedim(1, -1).reshape(-1, part.shape[1]).round().to(torch.int32).numpy()
        for part in parts
    ]


class Unfold(nn.Module):
    """The float inverse of `fold`: coefficients (N, K, h, w) to maps (N, C, h b, w b)."""

    def __init__(self, layout: Layout, rows: Sequence[Rows], means: Sequence[Rows]) -> None:
        super().__init__()
        self.layout = layout
        self.sizes = [len(matrix) for matrix in rows]
        self.rows = [torch.from_numpy(np.asarray(matrix, np.float32)) for matrix in rows]
        self.means = [torch.from_numpy(np.asarray(mean, np.float32)) for mean in means]

    def forward(self, coefficients: Tensor) -> Tensor:
        vectors = [
            torch.einsum("nkhw,kc->nchw", part, matrix) + mean[None, :, None, None]
            for part, matrix, mean in zip(
                coefficients.split(self.sizes, dim=1), self.rows, self.means, strict=True
            )
        ]
        # a vector is (channel, row, column): just the order that pixel_shuffle undoes
        return nn.functional.pixel_shuffle(torch.cat(vectors, dim=1), self.layout.block)


def _padding(conv: nn.Conv2d) -> tuple[int, int]:
    """Pixels that a convolution pads with on each side, rows and columns."""
    if conv.padding == "valid":
        return 0, 0
    if not isinstance(conv.padding, str):
        return int(conv.padding[0]), int(conv.padding[1])
    total = [d * (k - 1) for d, k in zip(conv.dilation, conv.kernel_size, strict=True)]
    if any(pixels % 2 for pixels in total):
        raise ValueError(f"conv must pad alike on both sides, not by {total} pixels in all")
    return total[0] // 2, total[1] // 2


def _accumulators(
    context: Context,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Rows and bias that make acc of doc/format.md of a vector."""
    encoder = context.encoder
    if encoder.transform == "none":
        rows = np.eye(context.channels) * 2**encoder.fraction_bits
    elif encoder.transform == "dct4":
        matrix = np.array(DCT4_ROWS, dtype=np.float64)
        rows = np.einsum("vj,ui->vuij", matrix, matrix).reshape(16, 16) * 32
    else:
        rows = encoder.matrix.astype(np.float64)
    return rows, encoder.bias.astype(np.float64)


def _with_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d | None) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution with the batch normalisation in it, float64."""
    weight = conv.weight.detach().double()
    bias = torch.zeros(conv.out_channels).double()
    if conv.bias is not None:
        bias = conv.bias.detach().double()
    if norm is None:
        return weight, bias
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("norm must have running statistics")
    gain = (norm.running_var.double() + norm.eps).rsqrt()
    shift = -norm.running_mean.double() * gain
    if norm.affine:
        gain, shift = gain * norm.weight.detach().double(), shift * norm.weight.detach().double()
        shift = shift + norm.bias.detach().double()
    return weight * gain[:, None, None, None], bias * gain + shift
