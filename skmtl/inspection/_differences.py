"""How an outcome differs between rows with and without another one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import ndtr, ndtri

from skmtl._typing import Array, BoolArray, IntArray
from skmtl.data._targets import is_missing
from skmtl.model_selection._compare_verdicts import adjust_p

# Fewer observed values with or without the other outcome say nothing.
FEWEST = 10


def as_numbers(column: np.ndarray, mask: BoolArray) -> Array | None:
    """An outcome as numbers, of two labels the second as 1; None for more labels or dates."""
    values = np.full(len(column), np.nan)
    present = mask & ~is_missing(column)
    if column.dtype.kind in "biuf":
        values[present] = column[present]
        return values
    labels = column[present].tolist()
    if column.dtype.kind not in "OUS" or len({type(v) for v in labels}) > 1 or len(set(labels)) != 2:
        return None
    values[present] = column[present] == max(labels)
    return values


def differences(
    names: tuple[Any, ...], values: list[Array | None], mask: BoolArray, groups: IntArray | None, level: float
) -> pd.DataFrame:
    r"""Standardised mean differences between rows with and without another outcome.

    For outcome j and another one k, over the rows in which j is observed,

        d = (mean with k - mean without k) / sqrt((var with k + var without k) / 2)

    (Austin 2009, Statistics in Medicine 28:3083-3107), for yes/no outcomes as 0 and 1. The interval is d +- z times the
    root of the summed squares of the influence of each row (of each group), that of the variances included; for
    normal outcomes and equal halves this is the variance 4/n + d^2/(2n) of Hedges and Olkin (1985).

    Parameters
    ----------
    names : tuple of length T
    values : list of T arrays of shape (n,), or None for outcomes that are left out
    mask : bool ndarray of shape (n, T)
    groups : int ndarray of shape (n,) or None
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        A row per ordered pair with at least `FEWEST` values on both sides, constant on neither: outcome, without,
        n_with, n_without, difference, low, high, p_value, p_adjusted (Holm over all pairs).
    """
    kept = [t for t, v in enumerate(values) if v is not None]
    table = np.column_stack([v for v in values if v is not None]) if kept else np.empty((len(mask), 0))
    table = np.where(mask[:, kept], table, np.nan)
    code = np.arange(len(mask)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums = sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))))
    z = ndtri(0.5 + level / 2)
    rows = []
    for k in range(len(names)):
        with_k = mask[:, k]
        if min(with_k.sum(), (~with_k).sum()) < FEWEST:
            continue
        estimate, error, n_with, n_without = _standardised(table, with_k, sums)
        for at, j in enumerate(kept):
            if j != k and min(n_with[at], n_without[at]) >= FEWEST and np.isfinite(estimate[at]):
                d, e = float(estimate[at]), float(error[at])
                p_value = float(2 * ndtr(-abs(d) / e)) if e > 0 else np.nan
                rows.append((names[j], names[k], n_with[at], n_without[at], d, d - z * e, d + z * e, p_value))
    found = pd.DataFrame(
        rows, columns=["outcome", "without", "n_with", "n_without", "difference", "low", "high", "p_value"]
    )
    found["p_adjusted"] = adjust_p(found["p_value"].to_numpy(dtype=float))
    return found


def _standardised(table: Array, with_k: BoolArray, sums: Any) -> tuple[Array, Array, IntArray, IntArray]:
    """Differences of all columns and their standard errors."""
    present = ~np.isnan(table)
    parts, counts, variances, means = [], [], [], []
    for side in (with_k, ~with_k):
        here = present & side[:, None]
        n = here.sum(axis=0)
        safe = np.maximum(n, 1)
        mean = np.where(here, table, 0).sum(axis=0) / safe
        centred = np.where(here, table - mean, 0.0)
        parts.append((here, centred))
        counts.append(n)
        means.append(mean)
        variances.append((centred**2).sum(axis=0) / np.maximum(safe - 1, 1))
    pooled = (variances[0] + variances[1]) / 2
    # Of a side without spread (no death among them) nobody can say how far off its mean is. Below rounding level the
    # spread of constants is noise.
    rounding = 1e-24 * np.maximum(np.abs(means[0]), np.abs(means[1])) ** 2
    pooled = np.where(np.minimum(*variances) > rounding, pooled, np.nan)
    d = (means[0] - means[1]) / np.sqrt(pooled)
    influence = np.zeros_like(table)
    for sign, (here, centred), n, variance in zip((1, -1), parts, counts, variances, strict=True):
        spread = np.where(here, centred**2 - variance, 0.0)
        influence += (sign * centred / np.sqrt(pooled) - d / (4 * pooled) * spread) / np.maximum(n, 1)
    per_group = sums @ np.nan_to_num(influence)
    n_groups = np.maximum((sums @ present.astype(float) > 0).sum(axis=0), 2)
    error = np.sqrt(n_groups / (n_groups - 1) * (per_group**2).sum(axis=0))
    return d, error, counts[0], counts[1]


__all__ = ["FEWEST", "as_numbers", "differences"]
