"""Proximal kernels. ``step`` broadcasts against the matrix: a number, (p, 1), (1, C) or (p, C)."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array


def soft_threshold(W: Array, step: Array | float) -> Array:
    """Shrink every entry towards zero by ``step``."""
    return W - np.clip(W, -step, step)


def block_soft_threshold(W: Array, step: Array | float, axis: int = 1) -> Array:
    """Shrink every row (``axis=1``) or column (``axis=0``) towards zero by ``step`` in Euclidean norm."""
    norms = np.linalg.norm(W, axis=axis, keepdims=True)
    # A row of norm zero stays zero whatever it is divided by.
    return W * np.maximum(0.0, 1.0 - step / np.where(norms > 0, norms, 1.0)) * (norms > 0)


def cap_rows(W: Array, step: Array | float) -> Array:
    """Prox of Σ_j max_t |w_jt|: cut every row at the height above which it has a total of ``step``.

    What is cut off is the projection of the row on the L1 ball of radius ``step``; the height comes from sorting.
    """
    heights = -np.sort(-np.abs(W), axis=1)
    rank = np.arange(1, W.shape[1] + 1)
    # The height if exactly the k largest entries are cut, for all k; the right k is the last whose entry sticks out.
    levels = (np.cumsum(heights, axis=1) - step) / rank
    cut = np.maximum((heights > levels).sum(axis=1, keepdims=True), 1)
    height = np.maximum(np.take_along_axis(levels, cut - 1, axis=1), 0.0)
    return np.clip(W, -height, height)
