"""Ridge regression of several outcomes."""

from __future__ import annotations

from typing import Any

from skmtl._convex import ConvexModel
from skmtl.base import MultiTaskRegressorMixin
from skmtl.penalties import Penalty, Ridge


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
    fit_intercept : bool, default True
        Whether each task has an intercept. Intercepts are never penalised.
    task_weight : {"entries", "equal", "deviance"} or array-like of shape (T,), default "entries"
        ω. "entries": every observation counts the same, so a small task borrows more. "equal": every task
        counts the same. "deviance": each task is divided by its deviance without features, so that units do
        not decide which task matters. Numbers are used as given.
    scale_targets : bool, default False
        Standardise the observed targets inside the fit and give everything back in original units. Without
        it the outcome with the largest units dominates the fit.
    solver : {"auto", "closed_form", "lbfgs", "fista", "cvxpy"} or Solver, default "auto"
        "auto" chooses by a table, see `skmtl.solvers.choose`; the choice made is in ``solver_result_``.
    constraints : callable or None, default None
        Extra convex constraints: takes the coefficients as a cvxpy expression of shape (T, p) and returns a
        list of cvxpy constraints. Solved by cvxpy.
    tol : float > 0, default 1e-6
        Relative tolerance of the certificate.
    max_iter : int >= 1, default 10000
    warm_start : bool, default False
        Start from the previous fit.

    Attributes
    ----------
    coef_ : ndarray of shape (T, p)
    intercept_ : ndarray of shape (T,)
    task_names_ : ndarray of shape (T,)
        Column names of ``y``, task ids, or 0 .. T-1.
    n_tasks_ : int
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)
        Only where X has column names.
    n_iter_ : int
    solver_result_ : SolveResult
        Status, certificate, objective and history of the fit.

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
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _make_penalty(self) -> Penalty:
        return Ridge()
