"""The scalar equation behind a Euclidean norm plus a quadratic."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array

EPS = float(np.finfo(float).eps)


def norm_plus_quadratic(W: Array, radius: Array | float, curvature: Array) -> Array:
    """argmin_v ½ Σ_i d_i v_i² + radius ‖v‖₂ - w'v for every row w of W, to rounding.

    The minimiser is 0 iff ‖w‖ <= radius. Else n = ‖v‖ > 0 solves v_i = n w_i / (d_i n + radius), that is

        psi(n) = (Σ_i w_i² / (d_i n + radius)²)^-½ = 1,

    and psi is increasing and concave (as in the trust-region problem: Moré and Sorensen, SISSC 4:553-572, 1983), so
    Newton's steps from the left of the root never pass it. They start at (‖w‖ - radius) / max d, the root where all
    d_i are equal. A row without a minimiser (the w_i with d_i = 0 have norm radius or more) must not be given.

    Parameters
    ----------
    W : ndarray of shape (p, T)
    radius : float or ndarray of shape (p, 1), non-negative
    curvature : ndarray that broadcasts to (p, T)
        The d_i, non-negative.
    """
    norms = np.linalg.norm(W, axis=1)
    radius = np.broadcast_to(np.asarray(radius, dtype=float), (len(W), 1))
    curvature = np.broadcast_to(curvature, W.shape)
    result = np.zeros_like(W)
    moves = norms > radius[:, 0]
    if not moves.any():
        return result
    w, c, d = W[moves], radius[moves], curvature[moves]
    # Nothing depends on the common size of w and radius but the solution, which is proportional to it.
    size = norms[moves][:, None]
    w, c = w / size, c / size
    n = (1.0 - c) / d.max(axis=1, keepdims=True)
    # Where radius is within rounding of the norm the root is as small as rounding.
    n = np.maximum(n, np.finfo(float).tiny)
    for _ in range(200):
        inverse = 1.0 / (d * n + c)
        ratio = (w * inverse) ** 2
        total = ratio.sum(axis=1, keepdims=True)
        slope = (ratio * d * inverse).sum(axis=1, keepdims=True)
        # psi = total^-½ and psi' = total^-3/2 slope, so the step (1 - psi) / psi' is this.
        excess = np.sqrt(total) - 1.0
        increase = np.maximum(total * excess / slope, 0.0)
        n = n + increase
        if ((increase <= 4 * EPS * n) | (excess <= 8 * EPS)).all():
            break
    result[moves] = size * n * w / (d * n + c)
    return result


__all__ = ["norm_plus_quadratic"]
