"""Metrics of one outcome on one test part, and the gain over a baseline with its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn import metrics

from skmtl._typing import Array
from skmtl.model_selection._compare_outcomes import BINARY, NUMERIC

# The loss that decides whether sharing helped, and the metric shown in tables.
LOSS = {NUMERIC: "mse", BINARY: "log_loss"}
SHOWN = {NUMERIC: "RMSE", BINARY: "log loss"}
METRICS = {NUMERIC: ("mse", "rmse", "mae", "r2"), BINARY: ("log_loss", "brier", "roc_auc", "average_precision")}

HELPED, HURT, UNCLEAR = "helped", "hurt", "no clear difference"
LEVEL = 0.95


def score_outcome(kind: str, y: Array, prediction: Array, weight: Array) -> dict[str, float]:
    """All metrics of one outcome on its observed entries; NaN where a metric is undefined.

    Parameters
    ----------
    kind : {"numeric", "binary"}
    y : ndarray of shape (m,)
        Observed values; the second class as 1.
    prediction : ndarray of shape (m,)
        Predicted values; for classes the probability of the second.
    weight : ndarray of shape (m,)

    Returns
    -------
    dict from metric to value, in the order of ``METRICS``
    """
    if not y.size:
        return dict.fromkeys(METRICS[kind], np.nan)
    several = bool(np.ptp(y) > 0)
    if kind == NUMERIC:
        mse = float(np.average((y - prediction) ** 2, weights=weight))
        return {
            "mse": mse,
            "rmse": float(np.sqrt(mse)),
            "mae": float(np.average(np.abs(y - prediction), weights=weight)),
            "r2": float(metrics.r2_score(y, prediction, sample_weight=weight)) if several else np.nan,
        }
    return {
        "log_loss": float(metrics.log_loss(y, prediction, sample_weight=weight, labels=[0.0, 1.0])),
        "brier": float(np.average((y - prediction) ** 2, weights=weight)),
        "roc_auc": float(metrics.roc_auc_score(y, prediction, sample_weight=weight)) if several else np.nan,
        "average_precision": (
            float(metrics.average_precision_score(y, prediction, sample_weight=weight)) if several else np.nan
        ),
    }


class Gain(NamedTuple):
    """How much of the baseline's loss an estimator saves, in percent, with a 95% interval."""

    loss: float
    baseline_loss: float
    gain: float
    lower: float
    upper: float
    verdict: str
    n_folds: int


def paired_gain(loss: Array, baseline_loss: Array, ratio: Array) -> Gain:
    """Compare two estimators by their losses on the same folds.

    With d_k the loss saved on fold k of J, the interval of its mean is that of the corrected resampled t statistic,

        d̄ ± t_{J-1} sqrt((1/J + ratio) · var(d)),

    (Nadeau and Bengio, Machine Learning 52:239-281, 2003), divided by the baseline's mean loss. Without the
    correction the folds, which share most of their rows, would be taken for independent experiments.

    Parameters
    ----------
    loss, baseline_loss : ndarray of shape (n_folds,)
        NaN where the outcome was not observed; these folds are left out.
    ratio : ndarray of shape (n_folds,)
        Test entries over all other entries of the outcome. Where training and test part make up the table this is
        the n_test / n_train of the paper. Where training parts leave rows out (a learning curve), folds
        overlap less than n_test / n_train would say.

    Returns
    -------
    Gain
        With fewer than two folds, or a baseline that makes no error, without interval and verdict.
    """
    used = np.isfinite(loss) & np.isfinite(baseline_loss)
    loss, baseline_loss, n_folds = loss[used], baseline_loss[used], int(used.sum())
    if not n_folds:
        return Gain(np.nan, np.nan, np.nan, np.nan, np.nan, UNCLEAR, 0)
    base, saved = float(baseline_loss.mean()), baseline_loss - loss
    if n_folds < 2 or base <= 0:
        gain = 100 * float(saved.mean()) / base if base > 0 else np.nan
        return Gain(float(loss.mean()), base, gain, np.nan, np.nan, UNCLEAR, n_folds)
    variance = (1 / n_folds + ratio[used].mean()) * saved.var(ddof=1)
    half = stats.t.ppf((1 + LEVEL) / 2, n_folds - 1) * np.sqrt(variance)
    gain, lower, upper = (100 * float(x) / base for x in (saved.mean(), saved.mean() - half, saved.mean() + half))
    verdict = HELPED if lower > 0 else HURT if upper < 0 else UNCLEAR
    return Gain(float(loss.mean()), base, gain, lower, upper, verdict, n_folds)


__all__ = ["HELPED", "HURT", "LEVEL", "LOSS", "METRICS", "SHOWN", "UNCLEAR", "Gain", "paired_gain", "score_outcome"]
