"""Joint selection with the strength chosen by cross-validation."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._params import RATIO, ArrayLike
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.penalties import GroupElasticNet, GroupLasso, Penalty, Ridge, SparseGroupLasso


class MultiTaskLassoCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Multi-task lasso with the strength chosen by cross-validation.

    The model, its objective and when not to use it: `MultiTaskLasso`. On every training part fits run
    from the largest strength to the smallest, each started from the one before; the strength that
    predicts the test parts best is then used on all rows.
    The folds are shared by all outcomes and keep each of them observed.

    Parameters
    ----------
    alphas : int >= 1 or array-like of positive numbers, default 100
        How many strengths to try, on a geometric grid, or the strengths themselves. The grid starts at
        ``alpha_max`` (all coefficients zero).
    eps : float in (0, 1), default 0.001
        Smallest strength of the grid over its largest.
    cv : int, splitter, iterable of (train, test) or None, default None
        None: 5 folds of `MultiTaskKFold`, which keep every task observed in every fold.
    rule : {"min", "1se"}, default "min"
        "min": the strength of least mean loss over the folds. "1se": the largest strength (at the same mixing
        ratio) whose mean loss is within one standard error of the least (Breiman et al., CART, 1984): fewer
        features for a loss that cannot be told apart.
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
    >>> from skmtl.linear_model import MultiTaskLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = MultiTaskLassoCV(alphas=30, rule="1se").fit(X, Y)
    >>> (model.coef_ != 0).any(axis=0)
    array([ True,  True, False, False, False, False])
    """

    def __init__(
        self,
        alphas: Any = 100,
        eps: float = 0.001,
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
        return GroupLasso()


class MultiTaskElasticNetCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Multi-task elastic net with strength and mixing ratio chosen by cross-validation.

    The model, its objective and when not to use it: `MultiTaskElasticNet`. On every training part fits run
    from the largest strength to the smallest, each started from the one before; the strength that
    predicts the test parts best is then used on all rows.
    The folds are shared by all outcomes and keep each of them observed.

    Parameters
    ----------
    l1_ratio : float or list of floats in [0, 1], default 0.5
        The ratio, or the ratios to choose from.
    alphas : int >= 1 or array-like of positive numbers, default 100
        How many strengths to try, on a geometric grid, or the strengths themselves. The grid starts at
        ``alpha_max`` (all coefficients zero).
    eps : float in (0, 1) or None, default None
        Smallest strength of the grid over its largest; None means 1e-3, and 1e-6 at ``l1_ratio=0``.
    cv : int, splitter, iterable of (train, test) or None, default None
        None: 5 folds of `MultiTaskKFold`, which keep every task observed in every fold.
    rule : {"min", "1se"}, default "min"
        "min": the strength of least mean loss over the folds. "1se": the largest strength (at the same mixing
        ratio) whose mean loss is within one standard error of the least (Breiman et al., CART, 1984): fewer
        features for a loss that cannot be told apart.
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
    l1_ratio_ : float
        The ratio chosen.
    alphas_ : ndarray of shape (n_alphas,), or (n_ratios, n_alphas)
        Strengths tried, largest first.
    mse_path_ : ndarray of shape (n_ratios, n_alphas, n_folds)
        Mean squared error on the test parts, weighted (and scaled) as in the objective.
        Without the first axis where the ratio is a number.
    task_mse_path_ : ndarray of shape (n_ratios, n_alphas, n_folds, T)
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
    >>> from skmtl.linear_model import MultiTaskElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = MultiTaskElasticNetCV(l1_ratio=[0.2, 0.8], alphas=20).fit(X, Y)
    >>> model.mse_path_.shape, model.l1_ratio_ in (0.2, 0.8)
    ((2, 20, 5), True)
    """

    _mix: ClassVar[str | None] = "l1_ratio"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "l1_ratio": [RATIO, ArrayLike()],
    }

    def __init__(
        self,
        l1_ratio: Any = 0.5,
        alphas: Any = 100,
        eps: float | None = None,
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
        self.l1_ratio = l1_ratio
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
        # Without its norm the penalty is ridge, which has closed forms.
        return GroupElasticNet(choice) if choice > 0 else Ridge()


class MultiTaskSparseGroupLassoCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Multi-task sparse group lasso with strength and mixing ratio chosen by cross-validation.

    The model, its objective and when not to use it: `MultiTaskSparseGroupLasso`. On every training part fits run
    from the largest strength to the smallest, each started from the one before; the strength that
    predicts the test parts best is then used on all rows.
    The folds are shared by all outcomes and keep each of them observed.

    Parameters
    ----------
    l1_ratio : float or list of floats in [0, 1], default 0.5
        The ratio, or the ratios to choose from.
    alphas : int >= 1 or array-like of positive numbers, default 100
        How many strengths to try, on a geometric grid, or the strengths themselves. The grid starts at
        ``alpha_max`` (all coefficients zero).
    eps : float in (0, 1), default 0.001
        Smallest strength of the grid over its largest.
    cv : int, splitter, iterable of (train, test) or None, default None
        None: 5 folds of `MultiTaskKFold`, which keep every task observed in every fold.
    rule : {"min", "1se"}, default "min"
        "min": the strength of least mean loss over the folds. "1se": the largest strength (at the same mixing
        ratio) whose mean loss is within one standard error of the least (Breiman et al., CART, 1984): fewer
        features for a loss that cannot be told apart.
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
    l1_ratio_ : float
        The ratio chosen.
    alphas_ : ndarray of shape (n_alphas,), or (n_ratios, n_alphas)
        Strengths tried, largest first.
    mse_path_ : ndarray of shape (n_ratios, n_alphas, n_folds)
        Mean squared error on the test parts, weighted (and scaled) as in the objective.
        Without the first axis where the ratio is a number.
    task_mse_path_ : ndarray of shape (n_ratios, n_alphas, n_folds, T)
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
    >>> from skmtl.linear_model import MultiTaskSparseGroupLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = MultiTaskSparseGroupLassoCV(l1_ratio=[0.2, 0.8], alphas=20).fit(X, Y)
    >>> model.alphas_.shape, model.l1_ratio_ in (0.2, 0.8)
    ((2, 20), True)
    """

    _mix: ClassVar[str | None] = "l1_ratio"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "l1_ratio": [RATIO, ArrayLike()],
    }

    def __init__(
        self,
        l1_ratio: Any = 0.5,
        alphas: Any = 100,
        eps: float = 0.001,
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
        self.l1_ratio = l1_ratio
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
        return SparseGroupLasso(choice)
