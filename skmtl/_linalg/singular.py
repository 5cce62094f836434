"""Functions of the singular values of a matrix, at the price of the smaller side.

For a tall W = U diag(σ) V' every result here is W V diag(factor) V', so the left singular vectors are never formed;
a wide W is transposed. V comes from the triangular factor of W, or from the Gram matrix W'W.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skmtl._typing import Array

# Rounding moves W'W by eps σ₁², and with it the result by eps σ₁² / threshold. Against an SVD in 50 digits the error
# was 1.3e-13 σ₁ at σ₁ = 1e4 threshold and 1.2e-12 σ₁ at 1e5; from here on W itself is factorised, at twice the price.
GRAM_LIMIT = 1e4


def singular_values(W: Array) -> Array:
    """Singular values, descending."""
    return np.asarray(np.linalg.svd(W, compute_uv=False), dtype=np.float64)


def threshold_singular_values(W: Array, threshold: float) -> Array:
    """Shrink every singular value towards zero by ``threshold``."""
    tall, size = _tall(W)
    if threshold == 0 or not 0 < size < np.inf:
        return _trivial(W, size)
    threshold = threshold / size
    norm = float(np.linalg.norm(tall))
    if threshold >= norm:
        return np.zeros_like(W)
    if norm <= GRAM_LIMIT * threshold:
        # All vectors: to ask for some of them costs more than it spares.
        squares, vectors = np.linalg.eigh(tall.T @ tall)
        vectors = vectors[:, squares > threshold * threshold]
    else:
        values, vectors = _right_vectors(tall)
        vectors = vectors[:, values > threshold]
    turned = tall @ vectors
    # The lengths are the singular values, closer than the roots of the eigenvalues are.
    lengths = np.linalg.norm(turned, axis=0)
    turned *= size * np.maximum(1.0 - threshold / lengths, 0.0)
    result = turned @ vectors.T
    return result if W.shape[0] >= W.shape[1] else result.T


def scale_singular_values(W: Array, rule: Callable[[Array], Array]) -> Array:
    """Multiply every singular value by a factor; ``rule`` gives the factors of the values, descending."""
    tall, size = _tall(W)
    if not 0 < size < np.inf:
        return _trivial(W, size)
    values, vectors = _right_vectors(tall)
    result = size * (((tall @ vectors) * rule(size * values)) @ vectors.T)
    return result if W.shape[0] >= W.shape[1] else result.T


def _tall(W: Array) -> tuple[Array, float]:
    """W, tall and with a largest entry of 1, so that squares stay in range; and what that entry was."""
    size = float(np.abs(W).max(initial=0.0))
    tall = W if W.shape[0] >= W.shape[1] else W.T
    return (tall / size if 0 < size < np.inf else tall), size


def _trivial(W: Array, size: float) -> Array:
    """A copy; NaN everywhere where singular values do not exist, as in a solver that diverges."""
    return W.copy() if np.isfinite(size) else np.full_like(W, np.nan)


def _right_vectors(tall: Array) -> tuple[Array, Array]:
    """Singular values and right singular vectors, as accurate as those of a full SVD."""
    _, values, vectors = np.linalg.svd(np.linalg.qr(tall, mode="r"))
    return values, vectors.T
