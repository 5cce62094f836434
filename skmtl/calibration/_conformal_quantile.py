"""The quantile arithmetic of conformal intervals: which order statistic of which numbers."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from skmtl._typing import Array, IntArray

# Numbers held at once by `cross_interval`, in a block of rows by calibration entries.
_BLOCK = 2_000_000
# (n + 1) * coverage is a whole number more often than its floating-point value is.
_ROUNDING = 1e-9


def conformal_rank(n: int, coverage: float) -> int:
    """Rank of the order statistic that covers one more exchangeable number: ceil((n + 1) coverage)."""
    return ceil((n + 1) * coverage - _ROUNDING)


def entries_needed(coverage: float) -> int:
    """Smallest n for which the rank is at most n: coverage / (1 - coverage), which is 1 / alpha - 1."""
    return ceil(coverage / (1.0 - coverage) - _ROUNDING)


def conformal_quantile(scores: Array, coverage: float) -> float:
    """The ceil((n + 1) coverage)-th smallest score; infinite where there is no such score."""
    rank = conformal_rank(len(scores), coverage)
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= len(scores) else float("inf")


def cross_interval(
    center: Array, spread: Array, scores: Array, fold: IntArray, coverages: Sequence[float]
) -> tuple[Array, Array]:
    """Interval of one task for each row, from models that each left a part of the calibration entries out.

    With k(i) the model that did not see entry i, and m = ceil((n + 1) coverage):

        lower(x)  =  the m-th largest of   center_k(i)(x) - spread_k(i)(x) scores_i
        upper(x)  =  the m-th smallest of  center_k(i)(x) + spread_k(i)(x) scores_i

    With one model this is split conformal, with one per fold CV+, with one per row the jackknife+.

    Parameters
    ----------
    center : ndarray of shape (K, n_rows)
        Prediction of each model.
    spread : ndarray of shape (K, n_rows)
        What a score is multiplied with, positive.
    scores : ndarray of shape (n,)
        Scores of the calibration entries, at least 0.
    fold : ndarray of shape (n,)
        Model that did not see the entry.
    coverages : sequence of C floats
        Nominal coverages, at least one half.

    Returns
    -------
    lower, upper : ndarray of shape (n_rows, C)
        Infinite where m > n.
    """
    n_rows = center.shape[1]
    lower = np.full((n_rows, len(coverages)), -np.inf)
    upper = np.full((n_rows, len(coverages)), np.inf)
    ranks = [conformal_rank(len(scores), coverage) for coverage in coverages]
    finite = [(c, rank - 1) for c, rank in enumerate(ranks) if rank <= len(scores)]
    if not finite:
        return lower, upper
    if len(center) == 1:
        # Rounding keeps the order, so that one quantile serves every row to the last digit.
        ordered = np.sort(scores)
        for c, k in finite:
            lower[:, c] = center[0] - spread[0] * ordered[k]
            upper[:, c] = center[0] + spread[0] * ordered[k]
        return lower, upper
    kth = [k for _, k in finite]
    step = max(1, _BLOCK // len(scores))
    for start in range(0, n_rows, step):
        rows = slice(start, start + step)
        middle, reach = center[fold, rows].T, spread[fold, rows].T * scores
        above = np.partition(middle + reach, kth, axis=1)
        # The m-th largest of a is minus the m-th smallest of -a.
        below = np.partition(reach - middle, kth, axis=1)
        for c, k in finite:
            lower[rows, c], upper[rows, c] = -below[:, k], above[:, k]
    return lower, upper


__all__ = ["conformal_quantile", "conformal_rank", "cross_interval", "entries_needed"]
