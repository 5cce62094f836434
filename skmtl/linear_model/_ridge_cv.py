"""Ridge regression of several outcomes with the strength chosen by cross-validation."""

from __future__ import annotations

from typing import Any

from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.penalties import Penalty, Ridge


class MultiTaskRidgeCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Ridge regression of several outcomes, one strength chosen by cross-validation.

    The model, its objective and when not to use it: `MultiTaskRidge`. On every training part fits run
    from the largest strength to the smallest, each started from the one before; the strength that
    predicts the test parts best is then used on all rows.
    The folds are shared by all outcomes and keep each of them observed.

    Parameters
    ----------
    alphas : int >= 1 or array-like of positive numbers, default 50
        How many strengths to try, on a geometric grid, or the strengths themselves. The grid starts at
        ten times the largest curvature of the loss.
    eps : float in (0, 1), default 1e-06
        Smallest strength of the grid over its largest.
    cv : int, splitter, iterable of (train, test) or None, default None
        None: 5 folds of `MultiTaskKFold`, which keep every task observed in every fold.
    rule : {"min", "1se"}, default "min"
        "min": the strength of least mean loss over the folds. "1se": the largest strength (at the same mixing
        ratio) whose mean loss is within one standard error of the least (Breiman et al., CART, 1984): a
        simpler model for a loss that cannot be told apart.
    n_jobs : int or None, default None
        Folds fitted at once, by joblib.
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
    tol : float > 0, default 1e-6
        Relative tolerance of the certificate.
    max_iter : int >= 1, default 10000

    Attributes
    ----------
    alpha_ : float
        The strength chosen.
    alphas_ : ndarray of shape (n_alphas,)
        Strengths tried, largest first.
    mse_path_ : ndarray of shape (n_alphas, n_folds)
        Mean squared error on the test parts, weighted (and scaled) as in the objective.
    task_mse_path_ : ndarray of shape (n_alphas, n_folds, T)
        The same per task, in original units; NaN where a task is not observed in a test part.
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
        self.tol = tol
        self.max_iter = max_iter

    def _penalty_at(self, choice: Any) -> Penalty:
        return Ridge()
