"""Proximal kernels. ``step`` broadcasts against the matrix: a number, (p, 1) or (p, C)."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array


def soft_threshold(W: Array, step: Array | float) -> Array:
    """Shrink every entry towards zero by ``step``."""
    return W - np.clip(W, -step, step)


def block_soft_threshold(W: Array, step: Array | float) -> Array:
    """Shrink every row towards zero by ``step`` in Euclidean norm."""
    norms = np.linalg.norm(W, axis=1, keepdims=True)
    # A row of norm zero stays zero whatever it is divided by.
    return W * np.maximum(0.0, 1.0 - step / np.where(norms > 0, norms, 1.0)) * (norms > 0)
