"""The transforms of FMTC: none, the DCT of a 4x4 block, or fitted to calibration vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fmcodec.bits import require_int
from fmcodec.fmtc.fields import DCT4_CLASS
from fmcodec.fmtc.params import Params
from fmcodec.fmtc.reference import DCT4_ROWS

__all__ = ["VARIANTS", "Moments", "Transform", "fit"]

VARIANTS = ("eye", "dct4", "pca", "pca_q", "pca_t")

Floats = npt.NDArray[np.float64]


class Moments:
    """Sums of vectors and of their outer products, exact whatever the order they arrive in.

    Both are integers below 2^53, which float64 holds exactly, for up to 2^39 vectors.
    """

    def __init__(self, channels: int) -> None:
        self.count = 0
        self._sum = np.zeros(channels)
        self._products = np.zeros((channels, channels))

    def update(self, vectors: npt.NDArray[np.int8]) -> None:
        """Add `vectors`, int8 of shape (vectors, channels)."""
        values = vectors.astype(np.float64)
        self.count += len(values)
        self._sum += values.sum(axis=0)
        self._products += values.T @ values

    @property
    def mean(self) -> Floats:
        """Mean of every channel."""
        return self._sum / self.count

    @property
    def covariance(self) -> Floats:
        """Covariance of the channels, symmetric."""
        return self._products / self.count - np.outer(self.mean, self.mean)

    @property
    def constant(self) -> npt.NDArray[np.intp]:
        """Channels that had one value only."""
        return np.flatnonzero(self.count * np.diag(self._products) == self._sum**2)


@dataclass(frozen=True, eq=False)
class Transform:
    """A transform before its quantiser is chosen.

    Attributes:
        kind: `none`, `dct4` or `matrix`.
        mean: value taken off every channel, shape (C,); without a matrix the origin, so that zero
            is exact.
        matrix: integer rows T by falling variance, int16, shape (K, C); no rows without a matrix.
        fraction_bits: fraction bits F of `matrix`.
        rows: what `matrix` rounds, real, each of unit length, shape (K, C).
        inverse: columns that turn coefficients back into values, shape (C, K).
        units: accumulator units of a coefficient's unit, shape (K,).
        trim: drop components that are not worth their bits once the step is known.
    """

    kind: str
    mean: Floats
    matrix: npt.NDArray[np.int16]
    fraction_bits: int
    rows: Floats
    inverse: Floats
    units: Floats
    trim: bool = False
    orthonormal: bool = True

    @property
    def weights(self) -> npt.NDArray[np.float32]:
        """The transform as it will act, shape (K, C)."""
        if self.kind != "matrix":
            return self.rows.astype(np.float32)
        return (self.matrix / self.units[:, None]).astype(np.float32)


def fit(
    moments: Moments,
    params: Params,
    variant: str = "pca",
    entry_bits: int | None = None,
    variance_ratio: float | None = None,
    origin: int = 0,
    importance: Floats | None = None,
) -> Transform:
    """Fit a transform.

    Args:
        moments: of the calibration vectors.
        params: what the build holds.
        variant: `eye`, no transform; `dct4`, the DCT of 4x4 blocks; `pca`, the eigenvectors of
            the covariance by falling variance, rounded to `params.matrix_bits`; `pca_q`, rounded
            further, to `entry_bits`; `pca_t`, leading components only.
        entry_bits: bits of an entry of `pca_q`, 2..matrix_bits, for multipliers that are smaller;
            default matrix_bits - 2.
        variance_ratio: `pca_t` keeps components up to and including the one with which they hold
            this share of the variance, 0 < ratio <= 1. None chooses by rate and distortion: a last
            component goes when its bits cost more than the distortion that they save.
        origin: input that stands for zero; eye keeps it exact.
        importance: W, positive definite, shape (C, C): an error e harms by e W e, and the same step
            everywhere is to be the best for that. The rows are then those of U W^1/2, U the
            eigenvectors of the covariance of W^1/2 x. Without a matrix it does nothing.

    Raises:
        ValueError: an argument is out of its range, or dct4 is to have other than 16 values.
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant must be one of {', '.join(VARIANTS)}, not {variant!r}")
    if variance_ratio is not None and not 0 < variance_ratio <= 1:
        raise ValueError(f"variance_ratio must be in 0 < ratio <= 1, not {variance_ratio!r}")
    fraction_bits = params.fraction_bits
    if variant in ("eye", "dct4"):
        kind, rows = ("none", np.eye(params.channels)) if variant == "eye" else ("dct4", _dct4())
        if rows.shape[1] != params.channels:
            raise ValueError(f"channels must be 16 with dct4, not {params.channels!r}")
        empty = np.zeros((0, params.channels), dtype=np.int16)
        mean, units = np.full(params.channels, float(origin)), np.full(params.channels, 128.0)
        if variant == "dct4":
            units = 32 * np.array([4.0, math.sqrt(40), 10.0])[DCT4_CLASS]
        return Transform(kind, mean, empty, 7, rows, rows.T, units)
    root = None if importance is None else _root(importance)
    covariance = moments.covariance if root is None else root @ moments.covariance @ root
    variances, vectors = np.linalg.eigh(covariance)
    rotation = vectors.T[::-1].copy()
    # an eigenvector's sign is arbitrary: make its largest entry positive
    largest = np.abs(rotation).argmax(axis=1)
    rotation *= np.sign(rotation[np.arange(len(rotation)), largest])[:, None]
    if variant == "pca_t" and variance_ratio is not None:
        shares = np.cumsum(np.maximum(variances[::-1], 0))
        keep = int(np.searchsorted(shares, variance_ratio * shares[-1] * (1 - 1e-12))) + 1
        rotation = rotation[:keep]
    dropped = 0
    if variant == "pca_q":
        rule = f"an int in 2..{params.matrix_bits}"
        bits = params.matrix_bits - 2 if entry_bits is None else entry_bits
        require_int("entry_bits", bits, rule)
        if not 2 <= bits <= params.matrix_bits:
            raise ValueError(f"entry_bits must be {rule}, not {bits!r}")
        dropped = params.matrix_bits - bits
    limit = 1 << fraction_bits - dropped
    lengths = np.ones(len(rotation))
    if root is not None:
        rotation = rotation @ root
        lengths = np.linalg.norm(rotation, axis=1)
        rotation /= lengths[:, None]
    entries = np.clip(np.rint(rotation * limit), -limit, limit - 1).astype(np.int16) << dropped
    units = (1 << fraction_bits) / lengths
    inverse = entries.T / (1 << fraction_bits)
    if root is not None:
        inverse = np.linalg.solve(root @ root, rotation.T * lengths)
    trim = variant == "pca_t" and variance_ratio is None
    return Transform(
        "matrix", moments.mean, entries, fraction_bits, rotation, inverse, units, trim, root is None
    )


def _root(matrix: Floats) -> Floats:
    """The symmetric square root of a positive definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values)) @ vectors.T


def _dct4() -> Floats:
    """Orthonormal rows of the 4x4 transform, component 4 v + u."""
    rows = np.array(DCT4_ROWS, dtype=np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return np.einsum("vj,ui->vuij", rows, rows).reshape(16, 16)
