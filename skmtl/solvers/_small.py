"""Block coordinate descent on a few numbers in plain Python: done before compiled kernels are loaded."""

from __future__ import annotations

from math import copysign, sqrt

import numpy as np

from skmtl._typing import Array
from skmtl.penalties._row_terms import RowTerms

# Coefficients up to which plain Python takes less time than a call of the kernels costs the first time in a process
# (some .4 s): a sweep over 16 of them takes 20 microseconds.
_MOST_COEFFICIENTS = 32
# What takes more sweeps than this is worth the loading, and the extrapolation.
_MOST_SWEEPS = 100


def is_small(H: Array, W: Array, terms: RowTerms) -> bool:
    """Whether there are few coefficients, and each row has one curvature and no maximum norm."""
    few = W.size <= _MOST_COEFFICIENTS and len(H) == 1
    return few and (terms.ridge.shape[1] == 1 or not terms.l2.any()) and not terms.linf.any()


def solve_small(H: Array, c: Array, W: Array, terms: RowTerms, tol: float, max_sweeps: int) -> tuple[int, float]:
    """The same as `skmtl.solvers._row_descent.solve_gram`, where `is_small` holds; it may stop early."""
    n_rows, n_tasks = W.shape
    gram, w = H[0].tolist(), W.tolist()
    table = (c - H[0] @ W).tolist()
    l1, ridge, lower, upper = (
        np.broadcast_to(part, W.shape).tolist() for part in (terms.l1, terms.ridge, terms.lower, terms.upper)
    )
    l2, tasks = terms.l2.tolist(), range(n_tasks)
    length, sweeps = 0.0, 0
    while sweeps < min(max_sweeps, _MOST_SWEEPS):
        sweeps += 1
        square = 0.0
        for j in range(n_rows):
            row, q, own = gram[j], gram[j][j], w[j]
            u = []
            for t in tasks:
                value = min(max(table[j][t] + q * own[t], lower[j][t]), upper[j][t])
                u.append(copysign(max(abs(value) - l1[j][t], 0.0), value) if l1[j][t] else value)
            size = sqrt(sum(value * value for value in u)) if l2[j] else 1.0
            shrink = (1.0 - l2[j] / size if size > l2[j] else 0.0) if l2[j] else 1.0
            for t in tasks:
                h = q + ridge[j][t]
                if h <= 0.0:  # nothing is known of it: zero under a penalty, else what it was
                    h, moved = 1.0, 0.0 if l1[j][t] or l2[j] else own[t]
                else:
                    moved = shrink * u[t] / h
                step = moved - own[t]
                if step:
                    own[t] = moved
                    square += h * step * step
                    for i in range(n_rows):
                        table[i][t] -= row[i] * step
        length = sqrt(square)
        if not length > tol:  # nor where it is no number
            break
    W[:] = w
    return sweeps, length


__all__ = ["is_small", "solve_small"]
