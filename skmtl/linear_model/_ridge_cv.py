"""Ridge regression of several outcomes with the strength chosen by cross-validation."""

from __future__ import annotations

from typing import Any

from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
from skmtl.penalties import Penalty, Ridge


@documented
class MultiTaskRidgeCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Ridge regression of several outcomes, one strength chosen by cross-validation.

    {selection}

    Parameters
    ----------
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskRidgeCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = MultiTaskRidgeCV(alphas=20).fit(X, Y)
    >>> model.mse_path_.shape, bool(model.alpha_ in model.alphas_)
    ((20, 5), True)
    """

    def __init__(
        self,
        alphas: Any = 50,
        eps: float = 1e-06,
        cv: Any = None,
        rule: str = "min",
        n_jobs: int | None = None,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ):
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.rule = rule
        self.n_jobs = n_jobs
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter

    def _penalty_at(self, choice: Any) -> Penalty:
        return Ridge()
