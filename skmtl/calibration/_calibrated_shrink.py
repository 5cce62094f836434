"""Maps of several tasks fitted together, each drawn towards a common one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from scipy.optimize import brentq

from skmtl._typing import Array

_NEWTON_STEPS = 200
_SPREAD_STEPS = 50
_LEAST_VARIANCE = 1e-8
# A Newton step is no longer than this and the largest value: the curvature where it starts says nothing far off.
_LONGEST = 5.0
# No shift of log-odds that are kept off infinity by the machine precision is further off.
_FURTHEST_SHIFT = 1000.0


class Likelihood(Protocol):
    """The negative log-likelihood of one task's map."""

    def derivatives(self, theta: Array) -> tuple[float, Array, Array]:
        """Value, gradient and Hessian at (shift, slope)."""
        ...


def fit_maps(tasks: Sequence[Likelihood], free: tuple[int, ...], shrinkage: float | str) -> tuple[Array, Array, Array]:
    r"""Fit (shift, slope) of every task, shrunk towards a common pair.

    With the negative log-likelihoods :math:`\ell_t`

    .. math::

        \min_{\theta_0, \theta_1, \ldots, \theta_T} \sum_t \ell_t(\theta_t)
        + \tfrac12 \sum_{tj} \lambda_j (\theta_{tj} - \theta_{0j})^2

    A number is :math:`\lambda_j` of both; 0 fits every task by itself, infinity all of them as one. "auto" takes
    :math:`\lambda_j = 1 / \tau_j^2` for the variance :math:`\tau_j^2` between tasks of greatest marginal likelihood,
    by the fixed point (MacKay 1992, with the degree of freedom that the common value costs)

    .. math::

        \tau_j^2 = \frac{\sum_t (\theta_{tj} - \theta_{0j})^2}{\frac{T - 1}{T} \sum_t (1 - \lambda_j V_{tjj})},
        \quad V_t = (\nabla^2 \ell_t + \Lambda)^{-1}

    which for tasks of one size is the variance of their own estimates less its expectation from noise.

    Parameters
    ----------
    tasks : sequence of T likelihoods
    free : tuple
        Which of shift (0) and slope (1) are estimated; the others stay at 0 and 1.
    shrinkage : float in [0, inf] or "auto"

    Returns
    -------
    theta : ndarray of shape (T, 2)
    center : ndarray of shape (2,)
        The common pair.
    spread : ndarray of shape (2,)
        Standard deviation between tasks; 0 where nothing is free to differ, nan without sharing.
    """
    chosen = list(free)
    if len(tasks) == 1 or shrinkage == 0:
        theta = np.concatenate([_joint([task], chosen, None, _start(task, chosen))[0] for task in tasks])
        return theta, theta.mean(axis=0), np.full(2, np.nan)
    center = _joint([_Sum(tasks)], chosen, None, _start(_Sum(tasks), chosen))[0][0]
    spread, theta = np.zeros(2), np.tile(center, (len(tasks), 1))
    if shrinkage == np.inf:
        return theta, center, spread
    if shrinkage != "auto":
        precision = np.full(len(chosen), float(shrinkage))
        theta, center, _ = _joint(tasks, chosen, precision, theta, center)
        spread[chosen] = 1 / np.sqrt(precision)
        return theta, center, spread
    variance = np.full(len(chosen), 0.25)  # log-odds of tasks half a unit apart, to begin with
    for _ in range(_SPREAD_STEPS):
        theta, center, covariance = _joint(tasks, chosen, 1 / variance, theta, center)
        determined = (1 - covariance / variance).sum(axis=0) * (1 - 1 / len(tasks))
        apart = ((theta - center)[:, chosen] ** 2).sum(axis=0)
        new = np.maximum(apart / np.maximum(determined, 1e-12), _LEAST_VARIANCE)
        done = np.abs(np.log(new / variance)).max() < 1e-3
        variance = new
        if done:
            break
    theta, center, _ = _joint(tasks, chosen, 1 / variance, theta, center)
    spread[chosen] = np.sqrt(variance)
    return theta, center, spread


class _Sum:
    """The likelihood of all tasks with one map."""

    def __init__(self, tasks: Sequence[Likelihood]):
        self.tasks = tasks

    def derivatives(self, theta: Array) -> tuple[float, Array, Array]:
        parts = [task.derivatives(theta) for task in self.tasks]
        return sum(p[0] for p in parts), np.sum([p[1] for p in parts], axis=0), np.sum([p[2] for p in parts], axis=0)


def _start(task: Likelihood, free: list[int]) -> Array:
    """Where Newton's method sets out from: a place where the likelihood is not flat.

    With predictions of 0 and 1 it is flat at the map that leaves them as they are. At slope 0 the curvature is largest.
    A slope that the data leave open (all predictions equal) stays at 1. A shift alone has a gradient that rises, and
    its root is bracketed.
    """
    if free == [0]:

        def rise(shift: float) -> float:
            return float(task.derivatives(np.array([shift, 1.0]))[1][0])

        low, high = -1.0, 1.0
        while rise(low) > 0 and low > -_FURTHEST_SHIFT:
            low *= 2
        while rise(high) < 0 and high < _FURTHEST_SHIFT:
            high *= 2
        inside = rise(low) <= 0 <= rise(high)
        return np.array([[float(brentq(rise, low, high)) if inside else 0.0, 1.0]])
    hessian = task.derivatives(np.zeros(2))[2]
    return np.array([[0.0, 0.0 if hessian[1, 1] > 1e-12 * (1 + hessian[0, 0]) else 1.0]])


def _joint(
    tasks: Sequence[Likelihood], free: list[int], precision: Array | None, theta: Array, center: Any = None
) -> tuple[Array, Array, Array]:
    """Newton's method for all tasks and the common map at once; without ``precision`` for one task alone.

    The Hessian is an arrow: blocks of tasks, and the common map that touches all of them. It is solved by elimination
    of the tasks. Returns theta, the common map and the diagonals of V_t.
    """
    theta = theta.copy()
    center = theta[0].copy() if center is None else center.copy()
    pull = np.zeros((len(free), len(free))) if precision is None else np.diag(precision)
    block = np.ix_(free, free)

    def value_at(theta: Array, center: Array) -> float:
        apart = (theta - center)[:, free]
        return sum(task.derivatives(pair)[0] for task, pair in zip(tasks, theta, strict=True)) + 0.5 * float(
            ((apart @ pull) * apart).sum()
        )

    value = value_at(theta, center)
    for _ in range(_NEWTON_STEPS):
        parts = [task.derivatives(pair) for task, pair in zip(tasks, theta, strict=True)]
        apart = (theta - center)[:, free]
        gradient = np.array([p[1][free] for p in parts]) + apart @ pull
        hessian = np.array([p[2][block] for p in parts])
        # A map that its data leave open (no weight, all predictions equal) stays where it is.
        ridge = 1e-12 * (1 + np.trace(hessian, axis1=1, axis2=2))[:, None, None] * np.eye(len(free))
        inverse = np.linalg.inv(hessian + ridge + pull)
        move = np.zeros(len(free))
        if precision is not None:
            common = (pull @ inverse @ hessian).sum(axis=0)
            push = (apart @ pull).sum(axis=0) - pull @ np.einsum("tij,tj->i", inverse, gradient)
            move = np.linalg.solve(common + 1e-12 * (1 + np.trace(common)) * np.eye(len(free)), push)
        steps = np.einsum("tij,tj->ti", inverse, move @ pull - gradient)
        longest = max(np.abs(steps).max(), np.abs(move).max())
        relative = longest / (1 + np.abs(theta).max())
        size = float(min(1.0, (_LONGEST + np.abs(theta).max()) / max(longest, _LONGEST)))
        # The value cannot tell steps of less than the root of its rounding apart, and those are safe.
        while relative > 1e-6:
            trial, trial_center = theta.copy(), center.copy()
            trial[:, free] += size * steps
            trial_center[free] += size * move
            shorter = value_at(trial, trial_center)
            if shorter <= value:
                value = shorter
                break
            size /= 2
            if size * longest < 1e-12:  # nothing in this direction helps: it is rounding
                return theta, center, np.diagonal(inverse, axis1=1, axis2=2)
        theta[:, free] += size * steps
        center[free] += size * move
        if relative <= 1e-9:
            break
    return theta, center, np.diagonal(inverse, axis1=1, axis2=2)


__all__ = ["Likelihood", "fit_maps"]
