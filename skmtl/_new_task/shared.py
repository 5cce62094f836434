"""What a fit keeps for tasks that come later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._typing import Array
from skmtl.penalties import Penalty
from skmtl.problem import Problem


@dataclass(frozen=True, eq=False)
class SharedPart:
    """The objective of a fit as far as one more task needs it.

    Parameters
    ----------
    penalty : Penalty
    alpha : float
    mean_mass : float
        n̄, the total weight over the number of tasks, by which losses are divided.
    center : ndarray of shape (p,)
        Mean over tasks of their feature means; zero without intercepts.
    level : float
        Mean over tasks of their linear predictors at their feature means, in the user's units.
    """

    penalty: Penalty
    alpha: float
    mean_mass: float
    center: Array
    level: float

    @classmethod
    def of(cls, problem: Problem, penalty: Penalty, coef: Array, intercept: Array) -> SharedPart:
        """Of a solved problem, with its coefficients (C, p) and intercepts in the user's units."""
        data, center = problem.term.data, np.broadcast_to(problem.term.center, coef.T.shape)
        mass = data.layout.n_entries if data.unweighted else float(data.weight.sum())
        level = np.asarray(intercept) + np.einsum("jt,tj->t", center, coef)
        return cls(penalty, float(problem.alpha), mass / data.n_tasks, center.mean(axis=1), float(level.mean()))


__all__ = ["SharedPart"]
