"""Maps from predicted to calibrated probabilities: the likelihoods they are fitted by, and their use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logsumexp, softmax
from sklearn.isotonic import IsotonicRegression

from skmtl._typing import Array, IntArray
from skmtl.metrics._recalibrate import log_odds

_EPS = np.finfo(float).eps
# Which of (shift, slope) a method estimates; the other stays at 0, or at 1.
FREE = {"sigmoid": (0, 1), "intercept": (0,), "temperature": (1,)}


@dataclass(frozen=True, eq=False)
class Shifted:
    """Negative log-likelihood of P(target) = expit(shift + slope * score): Platt's map of one outcome."""

    score: Array
    target: Array
    weight: Array

    def derivatives(self, theta: Array) -> tuple[float, Array, Array]:
        """Value, gradient (2,) and Hessian (2, 2) at (shift, slope)."""
        eta = theta[0] + theta[1] * self.score
        probability = expit(eta)
        design = np.column_stack([np.ones(len(eta)), self.score])
        value = self.weight @ (np.logaddexp(0, eta) - self.target * eta)
        # Probabilities near 1 have a variance too, which p (1 - p) rounds to 0.
        curvature = (design * (self.weight * probability * expit(-eta))[:, None]).T @ design
        return float(value), design.T @ (self.weight * (probability - self.target)), curvature


@dataclass(frozen=True, eq=False)
class Scaled:
    """Negative log-likelihood of P(class) = softmax(slope * score): one temperature for all classes."""

    score: Array  # (m, K) log-probabilities
    target: Array  # (m, K), rows sum to one
    weight: Array

    def derivatives(self, theta: Array) -> tuple[float, Array, Array]:
        """Value, gradient and Hessian at (0, slope)."""
        eta = theta[1] * self.score
        probability = softmax(eta, axis=1)
        value = self.weight @ (logsumexp(eta, axis=1) - (self.target * eta).sum(axis=1))
        mean = (probability * self.score).sum(axis=1)
        slope = self.weight @ (mean - (self.target * self.score).sum(axis=1))
        spread = self.weight @ (probability * (self.score - mean[:, None]) ** 2).sum(axis=1)
        return float(value), np.array([0.0, slope]), np.diag([0.0, spread])


def log_probabilities(probability: Array) -> Array:
    """Logarithms of probabilities, kept off 0 by the machine precision."""
    return np.log(np.maximum(probability, _EPS))


def smoothed(counts: Array, code: IntArray) -> Array:
    """Targets (m, K) of the classes: Platt's (N + 1) / (N + 2) for the class observed, the rest for the others.

    ``counts`` are the total weights N of the classes, over all the data that share a map.
    """
    own = (counts + 1) / (counts + 2)
    n_classes = len(counts)
    target = np.repeat(((1 - own) / (n_classes - 1))[code][:, None], n_classes, axis=1)
    target[np.arange(len(code)), code] = own[code]
    return target


@dataclass(frozen=True, eq=False)
class TaskCalibrator:
    """The fitted map of one outcome.

    Parameters
    ----------
    method : {"sigmoid", "isotonic", "temperature", "intercept", "identity"}
        What was fitted in the end; few events may have made it less than what was asked for.
    intercept, slope : ndarray of shape (M,) or None
        Of the calibrated log-odds as a function of the predicted ones, for the second of two classes (M = 1) or for
        each class against the rest (M = K). A temperature has M = 1, and its inverse as the slope.
    curves : list of M IsotonicRegression or None
    """

    method: str
    intercept: Array | None = None
    slope: Array | None = None
    curves: Sequence[IsotonicRegression] | None = None

    def calibrate(self, probability: Array) -> Array:
        """Calibrated probabilities (n, K); several classes are brought to the sum one."""
        if self.method == "identity":
            return probability
        if self.method == "temperature":
            assert self.slope is not None
            return softmax(self.slope[0] * log_probabilities(probability), axis=1)
        columns = probability[:, 1:] if probability.shape[1] == 2 else probability
        said = np.column_stack([self._column(k, column) for k, column in enumerate(columns.T)])
        if said.shape[1] == 1:
            return np.column_stack([1 - said, said])
        total = said.sum(axis=1, keepdims=True)
        # No class at all, which isotonic curves may say, is no knowledge.
        return np.where(total > 0, said / np.where(total > 0, total, 1), 1 / said.shape[1])

    def _column(self, k: int, probability: Array) -> Array:
        if self.curves is not None:
            return np.clip(self.curves[k].predict(probability), 0, 1)
        assert self.intercept is not None
        assert self.slope is not None
        return expit(self.intercept[k] + self.slope[k] * log_odds(probability))


def isotonic_curve(probability: Array, event: Array, weight: Array) -> IsotonicRegression:
    """The increasing step map that fits events best; constant beyond the predictions seen."""
    return IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(probability, event, weight)


__all__ = [
    "FREE",
    "Scaled",
    "Shifted",
    "TaskCalibrator",
    "isotonic_curve",
    "log_probabilities",
    "smoothed",
]
