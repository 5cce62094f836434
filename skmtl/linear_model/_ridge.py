"""Ridge regression of several outcomes."""

from __future__ import annotations

from typing import Any

from skmtl._convex import ConvexModel
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._docs import documented
from skmtl.penalties import Penalty, Ridge


@documented
class MultiTaskRidge(MultiTaskRegressorMixin, ConvexModel):
    """Ridge regression of several outcomes with one strength.

    With n̄ = Σ s / T and squared loss the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} ½ s_it (y_it - x_i·w_t - b_t)²
            +  alpha/2 ‖W‖².

    Outcomes share nothing but ``alpha``: on complete data it equals ``sklearn.linear_model.Ridge(alpha=n * alpha)``,
    and it takes missing outcomes. Source: Hoerl and Kennard, Technometrics 12:55-67, 1970.

    Not for borrowing strength between outcomes (use `MeanRegularizedRidge` or `MultiTaskLasso`), nor for
    choosing features.

    Parameters
    ----------
    alpha : float >= 0, default 1.0
        Strength of the penalty; on complete data n times smaller than ``Ridge``'s.
    {fit_parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from skmtl.linear_model import MultiTaskRidge
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    >>> ours = MultiTaskRidge(alpha=0.1).fit(X, Y)
    >>> theirs = Ridge(alpha=0.1 * 40).fit(X, Y)
    >>> bool(np.allclose(ours.coef_, theirs.coef_))
    True
    """

    def __init__(
        self,
        alpha: float = 1.0,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        constraints: Any = None,
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: bool = False,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _make_penalty(self) -> Penalty:
        return Ridge()
