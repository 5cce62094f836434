"""The few numbers that say a penalty row by row, for solvers that visit one row at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skmtl._typing import Array, IntArray

# In place of an infinite weight: no threshold in use is near, and it has no infinity times zero.
_EXCLUDED = 1e200
_UNBOUNDED = np.full((1, 1), -np.inf), np.full((1, 1), np.inf)


class RowTerms(NamedTuple):
    """Σ_j l2_j ‖w_j‖₂ + linf_j max_t |w_jt| + Σ_jt l1_jt |w_jt| + ½ ridge_jt w_jt² within lower <= W <= upper.

    The numbers contain the strength. Rows with ``linf`` above 0 have no ``l1``.

    Attributes
    ----------
    l1, ridge, lower, upper : ndarray with two dimensions that broadcasts to (p, C)
        ``lower`` holds -infinity or 0, ``upper`` 0 or infinity.
    l2, linf : ndarray of shape (p,)
    """

    l1: Array
    l2: Array
    linf: Array
    ridge: Array
    lower: Array
    upper: Array

    def take(self, rows: IntArray | slice) -> RowTerms:
        """The terms of some rows."""
        return RowTerms(*(part[rows] if len(part) > 1 or part.ndim == 1 else part for part in self))

    def times(self, strength: float) -> RowTerms:
        """The terms of the penalty times a number."""
        return RowTerms(
            self.l1 * strength, self.l2 * strength, self.linf * strength, self.ridge * strength, self.lower, self.upper
        )


def row_terms(
    shape: tuple[int, int],
    strength: float,
    weights: Array | None,
    *,
    l1: float = 0.0,
    l2: float = 0.0,
    linf: float = 0.0,
    ridge: float = 0.0,
) -> RowTerms:
    """Terms of a penalty whose rows or entries have weights, (p, 1) or (p, C), and share the factors given."""
    excluded = weights is not None and bool(np.isinf(weights).any())
    finite = np.where(np.isinf(weights), 0.0, weights) if excluded and weights is not None else weights

    def table(factor: float, excluding: bool = False) -> Array:
        if finite is None or weights is None or (factor == 0 and not excluding):
            return np.array([[strength * factor]])
        numbers = strength * factor * finite
        return np.where(np.isinf(weights), _EXCLUDED, numbers) if excluding else np.ascontiguousarray(numbers)

    def column(factor: float, excluding: bool = False) -> Array:
        found = table(factor, excluding)
        return np.full(shape[0], found[0, 0]) if len(found) == 1 else np.ascontiguousarray(found[:, 0])

    # One term is enough to leave a coefficient out.
    return RowTerms(
        table(l1, excluded and linf == 0),
        column(l2) if l2 else np.zeros(shape[0]),
        column(linf, excluded and linf > 0) if linf else np.zeros(shape[0]),
        table(ridge),
        *_UNBOUNDED,
    )


__all__ = ["RowTerms", "row_terms"]
