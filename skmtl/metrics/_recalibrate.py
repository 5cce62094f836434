"""Logistic recalibration of one outcome: the regression of events on the log-odds that were predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, logit

from skmtl._typing import Array

_EPS = np.finfo(float).eps
_MAX_STEPS = 100


@dataclass(frozen=True)
class Recalibration:
    """Coefficients with their standard errors; ``slope`` is 1 with error 0 where it was held fixed."""

    intercept: float
    slope: float
    intercept_error: float
    slope_error: float


def log_odds(probability: Array) -> Array:
    """Log-odds of probabilities, which are kept off 0 and 1 by the machine precision (as in the log loss)."""
    return logit(np.clip(probability, _EPS, 1 - _EPS))


def separated(event: Array, score: Array) -> str | None:
    """Why no finite slope maximises the likelihood, or None (Albert and Anderson 1984, for one covariate)."""
    if score.min() == score.max():
        return "all predictions are equal"
    with_event, without = score[event == 1], score[event == 0]
    if with_event.min() >= without.max() or with_event.max() <= without.min():
        return "the predictions separate events from non-events"
    return None


def recalibrate(
    event: Array, score: Array, weight: Array | None, *, slope: bool, groups: np.ndarray | None = None
) -> Recalibration:
    r"""Fit logit P(event) = a + b score by maximum likelihood; b is 1 unless ``slope``.

    The caller has ruled out that the maximum is at infinity. The standard errors are those of the inverse
    information H; with weights or groups those of the sandwich :math:`H^{-1} \sum_g u_g u_g^\top H^{-1}` with the sums
    :math:`u_g` of the scores over a group (an entry), as counts of information are then not what weights say.

    Parameters
    ----------
    event : ndarray of shape (m,)
        0.0 or 1.0.
    score : ndarray of shape (m,)
        Predicted log-odds.
    weight : ndarray of shape (m,) or None
    slope : bool
    groups : ndarray of shape (m,), optional

    Returns
    -------
    Recalibration
    """
    given = np.ones(len(event)) if weight is None else weight / weight.mean()
    center = np.average(score, weights=given) if slope else 0.0  # keeps the 2 x 2 system well conditioned
    scale = np.sqrt(np.average((score - center) ** 2, weights=given)) if slope else 1.0
    design = np.column_stack([np.ones(len(score)), (score - center) / scale])[:, : 2 if slope else 1]
    offset = np.zeros(len(score)) if slope else score
    theta = _maximum(design, offset, event, given)
    probability = expit(design @ theta + offset)
    inverse = np.linalg.inv((design * (given * probability * (1 - probability))[:, None]).T @ design)
    if weight is None and groups is None:
        covariance = inverse
    else:
        residual = design * (given * (event - probability))[:, None]
        covariance = inverse @ _outer_sums(residual, groups) @ inverse
    if not slope:
        return Recalibration(float(theta[0]), 1.0, float(np.sqrt(covariance[0, 0])), 0.0)
    back = np.array([[1.0, -center / scale], [0.0, 1 / scale]])
    theta, covariance = back @ theta, back @ covariance @ back.T
    errors = np.sqrt(np.diag(covariance))
    return Recalibration(float(theta[0]), float(theta[1]), float(errors[0]), float(errors[1]))


def _maximum(design: Array, offset: Array, event: Array, weight: Array) -> Array:
    """Newton's method with halved steps where a whole one does not help; the likelihood is concave."""
    theta = np.zeros(design.shape[1])
    loss = _loss(design @ theta + offset, event, weight)
    for _ in range(_MAX_STEPS):
        probability = expit(design @ theta + offset)
        gradient = design.T @ (weight * (probability - event))
        curvature = weight * np.maximum(probability * (1 - probability), _EPS)
        step = np.linalg.solve((design * curvature[:, None]).T @ design, gradient)
        relative = np.abs(step).max() / (1 + np.abs(theta).max())
        size = 1.0
        # The loss cannot tell steps of less than the root of its rounding apart, and those are safe.
        while relative > 1e-6 and size > 1e-10:
            shorter = _loss(design @ (theta - size * step) + offset, event, weight)
            if shorter <= loss:
                loss = shorter
                break
            size /= 2
        theta = theta - size * step
        # Newton converges quadratically: after a step this small the next one would be rounding.
        if relative <= 1e-9:
            break
    return theta


def _loss(score: Array, event: Array, weight: Array) -> float:
    return float(weight @ (np.logaddexp(0, score) - event * score))


def _outer_sums(residual: Array, groups: np.ndarray | None) -> Any:
    if groups is not None:
        _, code = np.unique(groups, return_inverse=True)
        residual = np.column_stack([np.bincount(code, weights=column) for column in residual.T])
    return residual.T @ residual


__all__ = ["Recalibration", "log_odds", "recalibrate", "separated"]
