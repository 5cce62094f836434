"""Grids of strengths that hang from the problem."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array
from skmtl.problem._problem import Problem


def alpha_grid(problem: Problem, n_alphas: int, eps: float) -> Array:
    """Geometric grid of strengths, largest first.

    It starts at ``alpha_max``, where the first feature enters, and ends at ``eps`` times it. A quadratic
    penalty has no such point: its grid starts where the penalty's curvature is ten times the largest
    curvature of the loss, from where on the coefficients only shrink, and ends at ``eps`` times the same for the
    feature of least curvature, so that features in large units do not hide the others.
    """
    start = problem.alpha_max()
    if not np.isfinite(start):
        start = 10.0 * problem.curvature_bound * float(np.max(problem.metric))
        least = 10.0 * problem.curvature_bound * float(np.min(problem.metric))
        return np.geomspace(start, eps * least, n_alphas) if n_alphas > 1 else np.array([start])
    if start <= 0:
        # No feature has any relation to any target: every strength gives the same empty model.
        start = 1.0
    return np.geomspace(start, eps * start, n_alphas) if n_alphas > 1 else np.array([start])
