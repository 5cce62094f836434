"""Units of outcomes and of kernels: what is taken out of y, and what start values and bounds are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._typing import Array, BoolArray, IntArray
from skmtl.data import TaskData

# Rows that a kernel's variation is looked at.
_ROWS = 300


@dataclass(frozen=True, eq=False)
class Standard:
    """What is taken out of the outcomes, a mean and a unit per task, (T,) each.

    ``lone`` are the outcomes without a spread of their own, of one entry or constant: their unit is that of the others.
    """

    mean: Array
    scale: Array
    lone: BoolArray


@dataclass(frozen=True, eq=False)
class Units:
    """Variance of each outcome as the fit sees it, (T,), and which have no spread of their own.

    Where an outcome has none, the likelihood knows no lower limit of its variances: they are kept from zero.
    """

    variance: Array
    lone: BoolArray

    def log_bounds(self, usual: tuple[float, float], lone: float, kernel: float = 1.0) -> Array:
        """Bounds of logarithms of variances that multiply a kernel of the given unit, (T, 2).

        ``lone`` is the lower one of outcomes without a spread of their own.
        """
        low = np.where(self.lone, lone, usual[0])
        return np.log(self.variance / kernel)[:, None] + np.column_stack([low, np.full(len(low), usual[1])])


def standard_of(data: TaskData, normalize: bool) -> Standard:
    """Means and units of the outcomes; rows of tasks hold one outcome, in one unit and about one mean."""
    T = data.n_tasks
    if not normalize:
        return Standard(np.zeros(T), np.ones(T), np.zeros(T, dtype=bool))
    y = np.asarray(data.y, dtype=np.float64)
    if data.form == "rows":
        mean, scale = np.full(T, y.mean()), np.full(T, y.std())
    else:
        parts = [y[data.layout.entries(t)] for t in range(T)]
        mean, scale = np.array([part.mean() for part in parts]), np.array([part.std() for part in parts])
    # Below rounding level the spread of a constant outcome is noise.
    lone = scale <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    others = 1.0 if lone.all() else float(np.sqrt((scale[~lone] ** 2).mean()))
    return Standard(mean, np.where(lone, others, scale), lone)


def units_of(y: Array, tasks: IntArray, standard: Standard, given: bool) -> Units:
    """Units of outcomes that are standardised, or else are ``given`` as they are, each of its own size."""
    T = len(standard.mean)
    variance = np.ones(T)
    if given:
        square = np.bincount(tasks, weights=y**2, minlength=T) / np.bincount(tasks, minlength=T)
        variance = np.where(square > 0, square, 1.0)
    return Units(variance, standard.lone)


def kernel_unit(kernel: Any, X: Array) -> float:
    """Variance of a function with this kernel: k(x, x) if stationary, else that about its own mean over the rows.

    A linear kernel with a constant, on features of a small unit, is far higher than it varies.
    """
    rows = X[np.linspace(0, len(X) - 1, min(len(X), _ROWS)).astype(int)]
    level = float(np.mean(kernel.diag(rows)))
    if not (np.isfinite(level) and level > 0):
        return 1.0
    spread = level if kernel.is_stationary() else level - float(np.mean(kernel(rows)))
    return spread if spread > 1e-10 * level else level


__all__ = ["Standard", "Units", "kernel_unit", "standard_of", "units_of"]
