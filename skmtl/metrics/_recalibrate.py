"""Logistic recalibration of one outcome: the regression of events on the log-odds that were predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from skmtl._typing import Array

_EPS = np.finfo(float).eps
_MAX_STEPS = 100
# A Newton step moves no log-odds by more than this and the largest one: the curvature at one place says nothing of the
# likelihood far off.
_LONGEST = 5.0


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
    information H; with weights or groups those of the sandwich
    :math:`\tfrac{G}{G - 1} H^{-1} \sum_g u_g u_g^\top H^{-1}` with the sums :math:`u_g` of the scores over each of G
    groups (entries), as counts of information are then not what weights say. One group does not show how groups
    differ: its errors are nan.

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
    if not slope:
        intercept = _shift(score, event, given)
        eta, design = intercept + score, np.ones((len(score), 1))
        covariance = _covariance(design, eta, event, given, weight is None, groups)
        return Recalibration(intercept, 1.0, float(np.sqrt(covariance[0, 0])), 0.0)
    center = np.average(score, weights=given)  # keeps the 2 x 2 system well conditioned
    scale = np.sqrt(np.average((score - center) ** 2, weights=given))
    design = np.column_stack([np.ones(len(score)), (score - center) / scale])
    theta = _maximum(design, event, given)
    covariance = _covariance(design, design @ theta, event, given, weight is None, groups)
    back = np.array([[1.0, -center / scale], [0.0, 1 / scale]])
    theta, covariance = back @ theta, back @ covariance @ back.T
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))  # rounding may take a difference below 0
    return Recalibration(float(theta[0]), float(theta[1]), float(errors[0]), float(errors[1]))


def _shift(score: Array, event: Array, weight: Array) -> float:
    """The a at which the expected number of events of a + score is that of events, by bracketing.

    The likelihood is flat where predictions are 0 or 1, and Newton's method has no sense of where to go from there.
    """

    def surplus(a: float) -> float:
        # Of each entry without a difference of numbers near 1, which would lose the digits of probabilities near it.
        return float(weight @ np.where(event == 1, -expit(-a - score), expit(a + score)))

    share = np.log(weight @ event) - np.log(weight @ (1 - event))
    # With a + score <= share everywhere fewer events are expected than seen, and with >= everywhere more.
    return float(brentq(surplus, share - score.max() - 1, share - score.min() + 1, xtol=1e-13))


def _maximum(design: Array, event: Array, weight: Array) -> Array:
    """Newton's method with halved steps where a whole one does not help; the likelihood is concave."""
    theta = np.zeros(design.shape[1])
    loss = _loss(design @ theta, event, weight)
    for _ in range(_MAX_STEPS):
        eta = design @ theta
        root = np.sqrt(weight * np.maximum(expit(eta) * expit(-eta), _EPS))
        # By least squares: where a few close rows make up the curvature, squaring it would lose half the digits.
        step = np.linalg.lstsq(design * root[:, None], weight * (expit(eta) - event) / root, rcond=None)[0]
        longest = _LONGEST + np.abs(eta).max()
        size = min(1.0, longest / max(float(np.abs(design @ step).max()), longest))
        relative = np.abs(step).max() / (1 + np.abs(theta).max())
        # The loss cannot tell steps of less than the root of its rounding apart, and those are safe.
        while relative > 1e-6:
            shorter = _loss(design @ (theta - size * step), event, weight)
            if shorter <= loss:
                loss = shorter
                break
            size /= 2
            if size < 1e-10:
                return theta  # nothing in this direction helps: it is rounding
        theta = theta - size * step
        # Newton converges quadratically: after a step this small the next one would be rounding.
        if relative <= 1e-9:
            break
    return theta


def _loss(score: Array, event: Array, weight: Array) -> float:
    return float(weight @ (np.logaddexp(0, score) - event * score))


def _covariance(
    design: Array, eta: Array, event: Array, weight: Array, plain: bool, groups: np.ndarray | None
) -> Array:
    """Inverse information or, unless entries are ``plain`` (alike and independent), the sandwich."""
    # Probabilities near 1 have a variance too, which p (1 - p) rounds to 0.
    variance = expit(eta) * expit(-eta)
    factor = np.linalg.pinv(np.linalg.qr(design * np.sqrt(weight * variance)[:, None])[1])
    inverse = factor @ factor.T
    if plain and groups is None:
        return inverse
    residual = design * (weight * (event - expit(eta)))[:, None]
    if groups is not None:
        _, code = np.unique(groups, return_inverse=True)
        residual = np.column_stack([np.bincount(code, weights=column) for column in residual.T])
    n_units = len(residual)
    if n_units < 2:
        return np.full_like(inverse, np.nan)
    return n_units / (n_units - 1) * inverse @ residual.T @ residual @ inverse


__all__ = ["Recalibration", "log_odds", "recalibrate", "separated"]
