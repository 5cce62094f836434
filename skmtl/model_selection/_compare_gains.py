"""Relative gains over a baseline, per outcome and over all outcomes, with paired intervals and p values.

The gain is a ratio, 1 - L/L₀ with L and L₀ the mean losses of estimator and baseline, and both vary. Its intervals are
made of the linearised saving (delta method)

    ψ = ((1 - gain) ℓ₀ - ℓ) / L₀,

of a fold, or of the entries of one patient: what a fold or a patient adds to the gain. ψ has mean zero, does not
change with the unit of the outcome, and counts no saving as gain that comes with a fold on which everybody errs more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from skmtl._typing import Array, BoolArray, IntArray

# Variance that the training rows add to that of the test rows, as a share of it: chosen by simulation
# (benchmarks/sharing/null_rates.py), see `bootstrap`.
TRAINING_SHARE = 0.6
# Fewer draws than this are not counted, but continued.
_TAIL = 20
# Numbers of draws made at a time: 64 MB.
_AT_A_TIME = 8_000_000


class Losses(NamedTuple):
    """Out-of-fold losses of E estimators on T outcomes, by fold and by unit (group, or row without groups).

    Parameters
    ----------
    fold : ndarray of shape (J, T, E)
        Mean loss on each test part; NaN where the outcome was not observed there.
    unit : ndarray of shape (G, T, E)
        What each unit adds to the mean of ``fold`` over folds: the sum over units is that mean.
    there : ndarray of shape (G, T)
        Whether a unit has an observed entry.
    ratio : ndarray of shape (T,)
        Entries tested over entries trained on (all others), mean over folds.
    """

    fold: Array
    unit: Array
    there: BoolArray
    ratio: Array


class Gains(NamedTuple):
    """Relative gains over a baseline with intervals and p values, each of shape (T, E), or (E,) over all outcomes."""

    gain: Array
    low: Array
    high: Array
    p: Array


def tabulate(
    unit: IntArray, fold: IntArray, outcome: IntArray, weight: Array, loss: Array, *, ratio: Array, n_units: int
) -> Losses:
    """Sum losses of entries by fold and by unit.

    Parameters
    ----------
    unit, fold, outcome : ndarray of shape (m,)
        Codes from 0 of each observed entry: the test part it is in may be one of several.
    weight : ndarray of shape (m,)
    loss : ndarray of shape (m, E)
    ratio : ndarray of shape (T,)
    n_units : int

    Returns
    -------
    Losses
    """
    n_folds, n_outcomes = int(fold.max()) + 1, len(ratio)
    cell, place = fold * n_outcomes + outcome, unit * n_outcomes + outcome

    def added(code: IntArray, values: Array, size: int) -> Array:
        return np.asarray(np.bincount(code, values, size * n_outcomes), dtype=np.float64).reshape(size, n_outcomes)

    total = added(cell, weight, n_folds)
    folds = (total > 0).sum(axis=0)
    # Every fold counts the same, as in the mean over folds, and within a fold every entry by its weight.
    share = weight / total[fold, outcome] / folds[outcome]
    with np.errstate(invalid="ignore"):
        means = [added(cell, weight * column, n_folds) / total for column in loss.T]
    sums = [added(place, share * column, n_units) for column in loss.T]
    return Losses(np.stack(means, axis=2), np.stack(sums, axis=2), added(place, weight, n_units) > 0, ratio)


def relative_gain(losses: Losses, baseline: int) -> Array:
    """1 - L/L₀ of every outcome and estimator, (T, E); NaN where the baseline makes no error."""
    mean = losses.unit.sum(axis=0)
    base = mean[:, [baseline]]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(base > 0, 1 - mean / base, np.nan)


def corrected_t(losses: Losses, baseline: int, alpha: float = 0.05) -> tuple[Gains, Gains]:
    """Intervals from folds: the corrected resampled t statistic.

    With ψ_k of fold k of J (see the head of this module),

        gain ± t_{J-1} sqrt((1/J + n_test/n_train) · var(ψ)),

    of Nadeau and Bengio [1]_, for repeated K-fold with J all folds of all repeats [2]_. Without the second term folds,
    which share most of their training rows, would be taken for independent experiments. For the mean gain over
    outcomes ψ_k is the mean over outcomes first, so that what outcomes have in common is not counted as evidence twice.

    It is a rule of thumb (K folds have no unbiased estimate of variance [3]_): wide with five folds, and with many
    repeats too wide for estimators that are random themselves, too narrow where the training rows matter much.

    Parameters
    ----------
    losses : Losses
    baseline : int
        Position of the baseline among the estimators.
    alpha : float, default=0.05

    Returns
    -------
    per_outcome : Gains of shape (T, E)
        Without interval (NaN) where an outcome is observed in fewer than two folds.
    overall : Gains of shape (E,)

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio (2003). Inference for the generalization error. Machine Learning 52, 239-281.
    .. [2] R. R. Bouckaert and E. Frank (2004). Evaluating the replicability of significance tests for comparing
           learning algorithms. PAKDD, 3-12.
    .. [3] Y. Bengio and Y. Grandvalet (2004). No unbiased estimator of the variance of K-fold cross-validation. Journal
           of Machine Learning Research 5, 1089-1105.
    """
    gain = relative_gain(losses, baseline)
    base = losses.fold[:, :, [baseline]]
    with np.errstate(invalid="ignore", divide="ignore"):
        psi = ((1 - gain) * base - losses.fold) / losses.unit.sum(axis=0)[:, [baseline]]
    tested = np.sum(~np.isnan(base[..., 0]), axis=0)
    n_folds = np.maximum(tested, 1)
    # A fold without an outcome says nothing of it: psi 0 leaves the sum of squares as it is.
    there = np.where(np.isnan(psi), 0.0, psi)
    squares = np.square(there).sum(axis=0) / np.maximum(n_folds - 1, 1)[:, None]
    error = np.sqrt((1 / n_folds + losses.ratio)[:, None] * squares)
    apiece = _t_interval(gain, error, n_folds[:, None] - 1, alpha)

    used = ~np.isnan(gain).any(axis=1)
    if not used.any():
        return apiece, _nothing(gain.shape[1])
    total = int(np.any(~np.isnan(psi), axis=(1, 2)).sum())
    joint = (there * (total / n_folds)[:, None])[:, used].mean(axis=1)
    spread = np.square(joint).sum(axis=0) / max(total - 1, 1)
    mean = gain[used].mean(axis=0)
    error = np.sqrt((1 / total + losses.ratio[used].mean()) * spread)
    return apiece, _t_interval(mean, error, np.full(mean.shape, total - 1), alpha)


def _nothing(n_estimators: int) -> Gains:
    unknown = np.full(n_estimators, np.nan)
    return Gains(unknown, unknown, unknown, unknown)


def _t_interval(gain: Array, error: Array, df: Array, alpha: float) -> Gains:
    df = np.where(df > 0, df, np.nan)
    half = stats.t.ppf(1 - alpha / 2, df) * error
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.where(gain == 0, 0.0, np.abs(gain) / error)
    return Gains(gain, gain - half, gain + half, 2 * stats.t.sf(statistic, df))


def bootstrap(
    losses: Losses, baseline: int, alpha: float = 0.05, *, n_resamples: int = 4999, random_state: int | None = 0
) -> tuple[Gains, Gains]:
    """Intervals from units: patients are drawn with replacement with all their out-of-fold losses.

    A draw takes G of the G units, with the losses of all estimators on all outcomes in all repeats, and computes the
    gains anew; nothing is fitted again. By itself this percentile bootstrap [1]_ is conditional on the fitted models:
    it knows which patients were tested, not that other patients would have trained other models. Two corrections make
    the interval one for the expected gain. The draws are spread about the gain by

        sqrt((1 + τ) · G / (G - 1)),    τ = TRAINING_SHARE,

    that is, training rows are taken to add τ times the variance of the test rows; and the percentiles are those of
    the t distribution, Φ(∓t_{G-1, 1-α/2}) instead of α/2 and 1 - α/2 [2]_. The p value is the level at which the
    interval touches 0. Where fewer than twenty draws lie beyond 0, or beyond the percentile (below six units at 95%),
    both are read off a normal tail, through the median of the draws and the twentieth from the end: a count would be
    too coarse to be adjusted for hundreds of gains, and the percentiles for three or four units lie outside all draws.
    With so few units that tail is a guess. The factor is needed as K folds have no unbiased estimate of their variance
    [3]_; the true share is what the training rows matter beside the test rows and differs between tables.

    Parameters
    ----------
    losses : Losses
    baseline : int
        Position of the baseline among the estimators.
    alpha : float, default=0.05
    n_resamples : int, default=4999
    random_state : int or None, default=0

    Returns
    -------
    per_outcome : Gains of shape (T, E)
        Without interval (NaN) where an outcome is observed in fewer than two folds or two units.
    overall : Gains of shape (E,)

    References
    ----------
    .. [1] B. Efron and R. J. Tibshirani (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 13.
    .. [2] T. C. Hesterberg (2015). What teachers should know about the bootstrap. The American Statistician 69,
           371-386.
    .. [3] Y. Bengio and Y. Grandvalet (2004). No unbiased estimator of the variance of K-fold cross-validation. Journal
           of Machine Learning Research 5, 1089-1105.
    """
    gain = relative_gain(losses, baseline)
    used = ~np.isnan(gain).any(axis=1)
    sums = _resampled_sums(losses.unit, n_resamples, np.random.default_rng(random_state))
    base = sums[:, :, [baseline]]
    with np.errstate(invalid="ignore", divide="ignore"):
        # Without an observed entry, or an error of the baseline, a draw says nothing.
        drawn = np.where(base > 0, 1 - sums / base, np.nan)
    units = losses.there.sum(axis=0)
    units = np.where((~np.isnan(losses.fold[..., baseline])).sum(axis=0) > 1, units, 0)
    apiece = _percentile_interval(gain, drawn, units[:, None], alpha)
    if not used.any():
        return apiece, _nothing(gain.shape[1])
    everyone = int(losses.there[:, used].any(axis=1).sum()) if len(losses.fold) > 1 else 0
    mean = gain[used].mean(axis=0)
    return apiece, _percentile_interval(mean, drawn[:, used].mean(axis=1), np.full(mean.shape, everyone), alpha)


def _resampled_sums(unit: Array, n_resamples: int, rng: np.random.Generator) -> Array:
    """Sums over G units drawn with replacement, (n_resamples, ...)."""
    n_units = len(unit)
    flat = unit.reshape(n_units, -1)
    pieces = []
    step = max(1, _AT_A_TIME // n_units)
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        drawn = rng.integers(n_units, size=(size, n_units)) + n_units * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * n_units).reshape(size, n_units)
        pieces.append(counts.astype(np.float64) @ flat)
    return np.concatenate(pieces).reshape(n_resamples, *unit.shape[1:])


def _percentile_interval(gain: Array, drawn: Array, units: Array, alpha: float) -> Gains:
    """Expanded percentiles of the draws, and the level at which they reach 0."""
    df = np.broadcast_to(np.where(units > 1, units - 1.0, np.nan), gain.shape)
    spread = gain + np.sqrt((1 + TRAINING_SHARE) * (df + 1) / df) * (drawn - gain)
    level = stats.norm.cdf(-stats.t.ppf(1 - alpha / 2, df))
    low, high = np.full(gain.shape, np.nan), np.full(gain.shape, np.nan)
    p = np.full(gain.shape, np.nan)
    for at in np.ndindex(gain.shape):
        draws = spread[(slice(None), *at)]
        draws = draws[~np.isnan(draws)]
        if not draws.size:
            continue
        low[at], high[at] = _quantile(draws, level[at]), -_quantile(-draws, level[at])
        p[at] = min(1.0, 2 * stats.t.cdf(stats.norm.ppf(_share_beyond_zero(draws)), df[at]))
    return Gains(gain, low, high, p)


def _quantile(draws: Array, level: float) -> float:
    """A low quantile of the draws.

    With fewer than `_TAIL` draws below it, that of the normal tail through the median and the `_TAIL`-th draw from
    the end, as in `_share_beyond_zero`: it touches 0 where that share is ``level``.
    """
    share = _TAIL / draws.size
    if level >= share or share > 0.1:
        return float(np.quantile(draws, level))
    middle, edge = np.quantile(draws, [0.5, share])
    return float(middle - (middle - edge) * stats.norm.ppf(level) / stats.norm.ppf(share))


def _share_beyond_zero(draws: Array) -> float:
    """Share of the draws on the other side of 0 than most of them, never 0.

    Counted, with one more draw taken to lie there. Where fewer than `_TAIL` draws do, a count is too coarse for p
    values that are multiplied by their number: the side is then continued as the normal tail through the median and
    the `_TAIL`-th draw from the end.
    """
    if np.median(draws) < 0:
        draws = -draws
    counted = (1 + (draws <= 0).sum()) / (1 + draws.size)
    share = _TAIL / draws.size
    if counted >= share or share > 0.1:
        return float(counted)
    middle, edge = np.quantile(draws, [0.5, share])
    if edge <= 0 or middle <= edge:
        return float(counted)
    beyond = stats.norm.cdf(stats.norm.ppf(share) * middle / (middle - edge))
    return float(max(beyond, np.finfo(np.float64).tiny))


INTERVALS = {"bootstrap": bootstrap, "corrected_t": corrected_t}

__all__ = ["INTERVALS", "Gains", "Losses", "bootstrap", "corrected_t", "relative_gain", "tabulate"]
