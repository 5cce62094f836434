"""Area under the ROC curve with its variance, without assumptions on the scores.

DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837-845, in O(n log n) by midranks as in Sun and Xu (2014),
IEEE Signal Processing Letters 21:1389-1393; rows in groups as in Obuchowski (1997), Biometrics 53:567-578.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri
from scipy.stats import rankdata

from skmtl._typing import Array, BoolArray, IntArray


@dataclass(frozen=True)
class Area:
    """An area under the ROC curve, its variance, and the pairs of rows that share no row (no group)."""

    value: float
    variance: float
    disjoint_pairs: int


def area(positive: BoolArray, score: Array, groups: IntArray | None = None) -> Area:
    r"""Area under the ROC curve, P(score of a positive > of a negative) + P(equal) / 2.

    With the placements V10_i, the share of the n0 negatives below positive i (ties count half), and V01_j, the share of
    the n1 positives above negative j,

        AUC = mean V10 = mean V01,      var AUC = S10 / n1 + S01 / n0 + 2 S11 / (n1 n0),

    S10 and S01 the sample variances of the placements, S11 = 0. With groups the deviations from the AUC are summed
    within a group before they are squared, and S11 is the covariance of the two sums of a group.

    Parameters
    ----------
    positive : bool ndarray of shape (n,)
    score : ndarray of shape (n,)
        Larger for positives.
    groups : int ndarray of shape (n,), optional
        Rows with the same number are not independent; else all rows are.

    Returns
    -------
    Area
        NaN with fewer than two positives or negatives (groups with one).
    """
    n1 = int(positive.sum())
    n0 = positive.size - n1
    code = np.arange(positive.size) if groups is None else np.unique(groups, return_inverse=True)[1]
    g1, g0 = len(np.unique(code[positive])), len(np.unique(code[~positive]))
    if min(g1, g0) < 2:
        return Area(np.nan, np.nan, 0)
    ranks = rankdata(score)
    v10 = (ranks[positive] - rankdata(score[positive])) / n0
    v01 = 1 - (ranks[~positive] - rankdata(score[~positive])) / n1
    value = float(v10.mean())
    n_groups = int(code.max()) + 1
    d1 = np.bincount(code[positive], weights=v10 - value, minlength=n_groups)
    d0 = np.bincount(code[~positive], weights=v01 - value, minlength=n_groups)
    s10 = g1 / (g1 - 1) / n1 * np.sum(d1**2)
    s01 = g0 / (g0 - 1) / n0 * np.sum(d0**2)
    s11 = n_groups / (n_groups - 1) * np.sum(d1 * d0)
    variance = s10 / n1 + s01 / n0 + 2 * s11 / (n1 * n0)
    # With groups the sum may fall below zero by the covariance: then nothing is known, not everything.
    return Area(value, float(variance) if variance >= 0 else np.nan, min(g1, g0))


def mean_area(positive: BoolArray, score: Array, fold: IntArray, groups: IntArray | None = None) -> Area:
    """Cross-validated area: that within each fold, averaged with the numbers of its pairs as weights.

    Scores of different folds come from different models and are not compared with each other (LeDell, Petersen and
    van der Laan 2015, Electronic Journal of Statistics 9:1583-1607). Folds with fewer than two positives or
    negatives are left out.

    The variance is twice that of independent folds. The model of fold k has learnt from fold j, and that of j from k:
    with d_k the difference of class means in fold k, and nothing to learn, a linear score makes of fold k about
    d_k'(Σ_{j≠k} d_j), and the sum of these has every product d_k'd_j twice. Half the variance would find something in
    8% of such tables where 2.5% are meant. Where there is much to learn the models hardly differ, and the
    factor makes intervals wider than need be.

    Parameters
    ----------
    positive, score, groups : as in `area`
        Rows of a group are in one fold.
    fold : int ndarray of shape (n,)

    Returns
    -------
    Area
        NaN if no fold counts.
    """
    pairs, areas = [], []
    for k in np.unique(fold):
        rows = fold == k
        found = area(positive[rows], score[rows], None if groups is None else groups[rows])
        if np.isfinite(found.value):
            areas.append(found)
            pairs.append(positive[rows].sum() * (~positive[rows]).sum())
    if not areas:
        return Area(np.nan, np.nan, 0)
    share = np.array(pairs) / np.sum(pairs)
    value = float(share @ [found.value for found in areas])
    variance = float(share**2 @ [found.variance for found in areas]) * (2 if len(areas) > 1 else 1)
    return Area(value, variance, sum(found.disjoint_pairs for found in areas))


def interval(found: Area, level: float) -> tuple[float, float, float]:
    """Interval of an area and the two-sided p-value of AUC = 1/2.

    On the logit scale, on which the interval stays inside (0, 1) and is nearer to its level for large areas and
    few rows (Pepe 2003, The Statistical Evaluation of Medical Tests, section 5.2.3). Where every pair is in the same
    order the variance says 0; then m disjoint pairs, all in order with probability at most AUC^m, give the exact bound
    AUC >= ((1 - level) / 2)^(1/m).

    Returns
    -------
    low, high, p_value : float
        NaN where the variance is.
    """
    value, tail = found.value, (1 - level) / 2
    if not np.isfinite(found.variance):
        return np.nan, np.nan, np.nan
    if value in (0.0, 1.0):
        bound = tail ** (1 / found.disjoint_pairs)
        p_value = min(1.0, 2 * 0.5**found.disjoint_pairs)
        return (bound, 1.0, p_value) if value == 1 else (0.0, 1 - bound, p_value)
    error = np.sqrt(found.variance) / (value * (1 - value))
    if error == 0:  # all scores are equal
        return value, value, 1.0
    centre, width = logit(value), ndtri(1 - tail) * error
    p_value = 2 * ndtr(-abs(centre) / error)
    return float(expit(centre - width)), float(expit(centre + width)), float(p_value)


__all__ = ["Area", "area", "interval", "mean_area"]
