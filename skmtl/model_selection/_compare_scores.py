"""Losses of single entries, and metrics of one outcome on one test part."""

from __future__ import annotations

import numpy as np
from scipy import special
from sklearn import metrics

from skmtl._typing import Array
from skmtl.model_selection._compare_outcomes import BINARY, CLASSES, COUNT, NUMERIC

# The loss that decides whether sharing helped, and the metric shown in tables.
LOSS = {NUMERIC: "mse", BINARY: "log_loss", CLASSES: "log_loss", COUNT: "deviance"}
SHOWN = {NUMERIC: "RMSE", BINARY: "log loss", CLASSES: "log loss", COUNT: "deviance"}
METRICS = {
    NUMERIC: ("mse", "rmse", "mae", "r2"),
    BINARY: ("log_loss", "brier", "roc_auc", "average_precision"),
    CLASSES: ("log_loss", "brier", "accuracy"),
    COUNT: ("deviance", "rmse", "mae"),
}


def score_outcome(kind: str, y: Array, prediction: Array, weight: Array) -> dict[str, float]:
    """All metrics of one outcome on its observed entries; NaN where a metric is undefined.

    Parameters
    ----------
    kind : {"numeric", "binary", "classes", "count"}
    y : ndarray of shape (m,)
        Observed values; classes as their positions.
    prediction : ndarray of shape (m,) or (m, K)
        Predicted values, the probability of the second of two classes, or those of K classes.
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
    if kind in (CLASSES, COUNT):
        loss = float(np.average(entry_losses(kind, y, prediction), weights=weight))
    if kind == CLASSES:
        code = y.astype(np.intp)
        apart = prediction - (code[:, None] == np.arange(prediction.shape[1]))
        return {
            "log_loss": loss,
            # Half of Brier's sum over classes: with two classes it is the usual score.
            "brier": float(np.average(np.square(apart).sum(axis=1) / 2, weights=weight)),
            "accuracy": float(np.average(prediction.argmax(axis=1) == code, weights=weight)),
        }
    if kind == COUNT:
        return {
            "deviance": loss,
            "rmse": float(np.sqrt(np.average((y - prediction) ** 2, weights=weight))),
            "mae": float(np.average(np.abs(y - prediction), weights=weight)),
        }
    return {
        "log_loss": float(metrics.log_loss(y, prediction, sample_weight=weight, labels=[0.0, 1.0])),
        "brier": float(np.average((y - prediction) ** 2, weights=weight)),
        "roc_auc": float(metrics.roc_auc_score(y, prediction, sample_weight=weight)) if several else np.nan,
        "average_precision": (
            float(metrics.average_precision_score(y, prediction, sample_weight=weight)) if several else np.nan
        ),
    }


def entry_losses(kind: str, y: Array, prediction: Array) -> Array:
    """Loss of every entry of one outcome: what gains, their intervals and verdicts are made of.

    ======== ====================================== =====================================
    kind     prediction                             loss of an entry
    ======== ====================================== =====================================
    numeric  (n,) means μ                           (y - μ)²
    binary   (n,) probabilities of the second class -log P(y)
    classes  (n, K) probabilities, y in 0...K-1     -log P(y)
    count    (n,) means μ > 0                       2 (y log(y / μ) - y + μ), its deviance
    ======== ====================================== =====================================

    Parameters
    ----------
    kind : {"numeric", "binary", "classes", "count"}
    y : ndarray of shape (n,)
        Observed values; classes as their positions. Where it is NaN the loss is NaN.
    prediction : ndarray of shape (n,) or (n, K)
        Probabilities are clipped to [ε, 1 - ε] with ε of double precision, as ``sklearn.metrics.log_loss`` does, and
        means of counts to at least ε.

    Returns
    -------
    ndarray of shape (n,)
    """
    y, prediction = np.asarray(y, dtype=np.float64), np.asarray(prediction, dtype=np.float64)
    tiny = np.finfo(np.float64).eps
    if kind == "numeric":
        return np.square(y - prediction)
    if kind == "count":
        mean = np.maximum(prediction, tiny)
        # xlogy is 0 where y is: the loss of no event is 2 μ.
        return 2 * (special.xlogy(y, y / mean) - y + mean)
    if kind == "binary":
        said = np.where(y == 1, prediction, 1 - prediction)
    elif kind == "classes":
        code = np.where(np.isnan(y), 0, y).astype(np.intp)
        said = np.take_along_axis(prediction, code[:, None], axis=1)[:, 0]
    else:
        raise ValueError(f"kind has to be numeric, binary, classes or count. Got {kind!r} instead.")
    return np.where(np.isnan(y), np.nan, -np.log(np.clip(said, tiny, 1 - tiny)))


__all__ = ["LOSS", "METRICS", "SHOWN", "entry_losses", "score_outcome"]
