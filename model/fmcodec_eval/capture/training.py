"""Gradient maps of a real training run: a small network learns CIFAR-10 on the CPU.

    python -m fmcodec_eval.capture.training images.npz folder

saves the gradient maps of a few images every few steps, a file for each of those steps, as
`fmcodec report folder` reads them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from fmcodec_eval.capture.arrays import save_maps
from fmcodec_eval.capture.pytorch import gradient_maps
from fmcodec_eval.networks import ResNet8

__all__ = ["Step", "train"]


@dataclass(frozen=True)
class Step:
    """A training step whose maps were saved.

    Attributes:
        number: steps taken before it.
        loss: of its batch.
        accuracy: share of its batch that the network classified right.
    """

    number: int
    loss: float
    accuracy: float


def train(
    images: np.ndarray,
    labels: np.ndarray,
    folder: str | Path,
    epochs: int = 10,
    captures: int = 7,
    kept_images: int = 8,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Step]:
    """Train ResNet-8 from random weights and save gradient maps on the way.

    Batches of 32, stochastic gradient descent with momentum 0.9, the rate falling from 0.05 to 0
    along a cosine. The gradients are those of the mean loss of the batch with respect to the
    output of every normalisation and every rectifier: the first are what flows behind the ReLU's
    mask, the second what arrives in front of it.

    Args:
        images: uint8 (N, 32, 32, 3).
        labels: (N,), classes 0..9.
        folder: gets a file `step00000.npz` for each capture.
        epochs: passes over the images.
        captures: how many steps are captured, evenly spread, the first and the last among them.
        kept_images: images of the batch whose maps are kept.
        seed: of the weights and of the order of the images.
        progress: is told (steps done, all steps).

    Returns:
        The captured steps.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    network = ResNet8().train()
    pixels = torch.from_numpy(images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)
    classes = torch.from_numpy(labels.astype(np.int64))
    batches = list(_batches(len(images), 32, epochs, seed))
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, len(batches))
    chosen = set(np.linspace(0, len(batches) - 1, captures).round().astype(int).tolist())
    Path(folder).mkdir(parents=True, exist_ok=True)
    steps: list[Step] = []
    scores: list[torch.Tensor] = []
    for number, batch in enumerate(batches):
        chosen_pixels, chosen_classes = pixels[batch], classes[batch]
        if torch.rand(()) < 0.5:
            chosen_pixels = chosen_pixels.flip(3)

        def loss(x: torch.Tensor = chosen_pixels, y: torch.Tensor = chosen_classes) -> torch.Tensor:
            scores[:] = [network(x)]
            return functional.cross_entropy(scores[0], y)

        optimiser.zero_grad()
        if number in chosen:
            maps = list(gradient_maps(network, loss, r".*(_bn|relu)"))
            keep = (m for i, m in enumerate(maps) if i % len(batch) < kept_images)
            save_maps(Path(folder) / f"step{number:05d}.npz", keep)
            right = (scores[0].argmax(1) == chosen_classes).float().mean()
            value = functional.cross_entropy(scores[0].detach(), chosen_classes)
            steps.append(Step(number, float(value), float(right)))
        else:
            loss().backward()
        optimiser.step()
        schedule.step()
        progress(number + 1, len(batches))
    return steps


def _batches(count: int, size: int, epochs: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        order = generator.permutation(count)
        yield from (order[start : start + size] for start in range(0, count, size))


def main() -> None:
    """Train on the arrays `images` and `labels` of an .npz file."""
    with np.load(sys.argv[1]) as file:
        images, labels = file["images"], file["labels"]
    for step in train(images, labels, sys.argv[2]):
        print(f"step {step.number}: loss {step.loss:.3f}, accuracy {step.accuracy:.2f}")


if __name__ == "__main__":
    main()
