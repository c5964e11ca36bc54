"""What errors harm in a vector, from gradients: the weights that a transform is fitted to.

An orthonormal transform with equal steps is the best there is for a sum of squared errors. What the
output of a network loses is a sum of squares too, but of errors times gradients, and gradients
of channels and pixels hang together. Their second moments say which components matter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fmcodec.fmtc.layout import Layout

__all__ = ["importances", "unit_gradients"]

PRIOR_IMAGES = 16.0  # on which all values matter alike, as if they had been seen too
PRIOR_ALIVE = 1e-3  # share of a value's gradients that are not zero, at least
LEAST = 0.01  # weight of any direction, of the largest: a decoder's matrix holds all their steps

Maps = npt.NDArray[np.float32]


def unit_gradients(gradients: Maps, maps: Maps) -> Maps:
    """Gradients with a mean square of 1 where they are not zero.

    Args:
        gradients: see `LayerCodec.calibrate`.
        maps: of a layer, shape (N, C, H, W).

    Raises:
        ValueError: gradients are of another shape than the maps, not finite, or all zero.
    """
    if gradients.shape != maps.shape:
        raise ValueError(f"gradients must be of shape {maps.shape}, not {gradients.shape}")
    squares = float(np.square(gradients, dtype=np.float64).sum())
    if not 0 < squares < np.inf:
        raise ValueError("gradients must be finite, and not all zero")
    return gradients * np.float32((np.count_nonzero(gradients) / squares) ** 0.5)


def importances(gradients: Maps, layout: Layout) -> list[npt.NDArray[np.float64]]:
    """What `transform.fit` takes as `importance`, for each context of a layout.

    Second moments of the gradients, divided by how often they are not zero: a dead value costs
    next to nothing, so that it does not make its channel matter less. The identity is added as
    if some images more had been seen, for few say little of many values.

    Args:
        gradients: of `unit_gradients`, channels in the order of the groups.
        layout: how maps become vectors.
    """
    share = len(gradients) / (len(gradients) + PRIOR_IMAGES)
    return [_moments(vectors, share) for vectors in layout.to_vectors(gradients)]


def _moments(vectors: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.float64]:
    products = (vectors.T @ vectors).astype(np.float64) / len(vectors)
    root = np.sqrt(np.count_nonzero(vectors, axis=0) / len(vectors) + PRIOR_ALIVE)
    weights = share * products / np.outer(root, root) + (1 - share) * np.eye(len(products))
    values, directions = np.linalg.eigh(weights)
    return (directions * np.maximum(values, LEAST * values[-1])) @ directions.T
