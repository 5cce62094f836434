"""Multinomial logistic loss."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy.special import logsumexp, xlogy

from skmtl._typing import Array, IntArray
from skmtl.data import TargetEncoder
from skmtl.losses._base import Loss

EPS = float(np.finfo(np.float64).eps)


class MultinomialLoss(Loss):
    """Negative log-likelihood of one of K classes: log Σ_k exp(eta_k) - eta_y.

    A task has one linear predictor per class, all of the same standing: the probabilities are their softmax, which
    one number added to all K leaves as they are. A penalty settles that choice; free intercepts are centred to sum
    zero (Friedman, Hastie and Tibshirani, Journal of Statistical Software 33, 2010, section 4).

    Not for ordered classes (a grade, a stage), whose order it ignores, and no better than `LogisticLoss` for two.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import MultinomialLoss
    >>> loss, y = MultinomialLoss(), np.array([0.0, 2.0])  # two entries, three classes: six linear predictors
    >>> round(loss.value(y, np.zeros(6), np.ones(2)), 4)
    2.1972
    """

    target_kind: ClassVar[str] = "classes"

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of the losses."""
        return float(weight @ _losses(_own(y), _table(y, eta)))

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times (probability - 1 for the own class), class after class."""
        table = _shares(_table(y, eta))
        own = _own(y)
        # 1 - p of the own class as the sum of the others keeps the digits of a confident right prediction.
        table[own] = 0.0
        table[own] = -table.sum(axis=0)
        return (weight * table).ravel()

    def hessian_product(self, y: Array, eta: Array, weight: Array, direction: Array) -> Array:
        """Weight times p (d - p'd), entry by entry."""
        share, along = _shares(_table(y, eta)), _table(y, direction)
        values: Array = (weight * share * (along - (share * along).sum(axis=0))).ravel()
        return values

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Negative entropy of u = theta / weight + 1 for the own class, which has to be a distribution."""
        u = _table(y, theta) / weight
        # Rounding may carry u over the edge of the simplex by a few ulp; more than that is infeasible.
        if (np.abs(u.sum(axis=0)) > 1e-12 * len(u)).any():
            return float("inf")
        u[_own(y)] += 1.0
        if (u < -1e-12).any():
            return float("inf")
        u = np.clip(u, 0.0, 1.0)
        return float(weight @ xlogy(u, u).sum(axis=0))

    def curvature(self, y: Array, weight: Array) -> float:
        """A half: diag(p) - pp' at two even classes."""
        return 0.5

    def null_predictor(self, y: Array, weight: Array, n_channels: int = 1) -> Array:
        """Log frequencies of the classes, about their mean; -inf for a class that does not occur."""
        return _centered_log(_sums(y, weight, n_channels))

    def recenter(self, y: Array, eta: Array, weight: Array) -> Array:
        """The constants, of sum zero, that make the mean probability of each class its frequency.

        A class that does not occur gets -inf.
        """
        table = _table(y, eta)
        events = _sums(y, weight, len(table))
        seen = np.flatnonzero(events)
        own = np.searchsorted(seen, y), np.arange(len(y))
        constants = np.full(len(table), -np.inf)
        constants[seen] = _balance(own, table[seen], weight, events[seen])
        return constants

    def mean(self, eta: Array) -> Array:
        """Not defined: classes have no mean. See `probabilities`."""
        raise TypeError("classes have no mean: ask for the probabilities")

    def probabilities(self, eta: Array, n_classes: int) -> Array:
        """Probabilities of the classes, shape (m, K), at flat linear predictors."""
        return _shares(eta.reshape(n_classes, -1)).T

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """Sum of log-sum-exp and a linear term; ``eta`` has shape (m, K)."""
        import cvxpy

        indicator = np.zeros(eta.shape)
        indicator[np.arange(len(y)), y.astype(np.intp)] = weight
        return cvxpy.sum(cvxpy.multiply(weight, cvxpy.log_sum_exp(eta, axis=1))) - cvxpy.sum(
            cvxpy.multiply(indicator, eta)
        )

    def n_channels(self, encoder: TargetEncoder) -> int:
        """The number of classes."""
        return encoder.n_channels


def _table(y: Array, eta: Array) -> Array:
    """Linear predictors as a (K, m) table; one empty row where there is no entry."""
    return eta.reshape(-1, len(y)) if len(y) else eta.reshape(1, 0)


def _own(y: Array) -> tuple[IntArray, IntArray]:
    """Index into a (K, m) table of each entry's own class."""
    return y.astype(np.intp), np.arange(len(y))


def _shares(table: Array) -> Array:
    """Probabilities, a column of a (K, m) table at a time."""
    shares = np.exp(table - table.max(axis=0))
    values: Array = shares / shares.sum(axis=0)
    return values


def _losses(own: tuple[IntArray, IntArray], table: Array) -> Array:
    """Loss of each column of a (K, m) table."""
    top = table.argmax(axis=0), own[1]
    rest = np.exp(table - table[top])
    rest[top] = 0.0
    # log1p keeps the digits of a confident right prediction.
    values: Array = np.log1p(rest.sum(axis=0)) + (table[top] - table[own])
    return values


def _sums(y: Array, weight: Array, n_classes: int) -> Array:
    """Weight of each class."""
    return np.bincount(y.astype(np.intp), weight, n_classes).astype(np.float64)


def _centered_log(sums: Array) -> Array:
    """Logarithms about the mean of the finite ones."""
    with np.errstate(divide="ignore"):
        logs = np.log(sums)
    values: Array = logs - logs[sums > 0].mean()
    return values


def _balance(own: tuple[IntArray, IntArray], table: Array, weight: Array, events: Array) -> Array:
    """Constants of sum zero for the rows of a (K, m) table, every class with events."""
    # Exact where the predictors of a class are all alike.
    c = _centered_log(events) - logsumexp(table + np.log(weight / weight.sum()), axis=1)
    c -= c.mean()
    quick, solved = _newton(own, table, weight, events, c, 12)
    if solved:
        return quick
    # Predictors far apart make the loss as good as piecewise linear, with kinks where Newton steps get lost. Divided
    # by a temperature it is smooth: that optimum leads to the one at half the temperature, down to one.
    for k in range(int(np.ceil(np.log2(max(float(np.abs(table).max()), 1.0)))), 0, -1):
        c = _newton(own, table / 2.0**k, weight, events, c / 2.0**k, 50, 1e-2)[0] * 2.0**k
    return _newton(own, table, weight, events, c, 100)[0]


def _newton(
    own: tuple[IntArray, IntArray],
    table: Array,
    weight: Array,
    events: Array,
    c: Array,
    max_iter: int,
    tolerance: float = 0.0,
) -> tuple[Array, bool]:
    """Damped Newton steps on the loss as a function of the constants, and whether they got there.

    Until a step is no longer than ``tolerance``, or the slope does not shrink any more.
    """

    def loss(c: Array) -> float:
        return float(weight @ _losses(own, table + c[:, None]))

    def derivatives(c: Array) -> tuple[Array, Array]:
        weighted = weight * _shares(table + c[:, None])
        sums = weighted.sum(axis=1)
        return sums - events, np.diag(sums) - weighted @ (weighted / weight).T

    value, unit = loss(c), np.sqrt(events)
    slope, bend = derivatives(c)
    for _ in range(max_iter):
        if np.abs(slope).max() <= EPS * weight.sum():
            return c, True
        # In units that make a rare class count. The constant direction has no curvature: no step along it.
        step = np.linalg.lstsq(bend / np.outer(unit, unit), -slope / unit, rcond=None)[0] / unit
        step -= step.mean()
        decrease, scale = -float(slope @ step), 1.0
        # Where the loss cannot tell any more, the slope decides.
        told = decrease > 1e-9 * value
        while told and (moved := loss(c + scale * step)) > value - 1e-4 * scale * decrease:
            scale *= 0.5
            if scale < 1e-6:
                return c, False
        new_slope, new_bend = derivatives(c + scale * step)
        if not told and np.abs(new_slope).max() >= 0.5 * np.abs(slope).max():
            return c, bool(np.abs(slope).max() <= 1e-9 * weight.sum())
        c, slope, bend, value = c + scale * step, new_slope, new_bend, moved if told else value
        if scale * np.abs(step).max() <= tolerance:
            return c, True
    return c, False
