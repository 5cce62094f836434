"""Binary and mixed outcomes with the strength chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from skmtl._params import BOOLEAN, InstanceOf, OneOf
from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._glm import MultiTaskGLM
from skmtl.linear_model._logistic import MultiTaskLogisticRegression
from skmtl.losses import LOSSES, Loss
from skmtl.penalties import PENALTIES, Penalty, make_penalty


def _penalties(given: Any) -> tuple[list[Any], bool]:
    """Penalties to choose from, and whether a single one was given."""
    if isinstance(given, list | tuple):
        if not given:
            raise InvalidParameterError("penalty is an empty list: give at least one penalty.")
        return list(given), False
    return [given], True


class MultiTaskLogisticRegressionCV(ConvexModelCV, MultiTaskLogisticRegression):
    """Logistic regression of several binary outcomes, strength chosen by cross-validation.

    The model, its objective and when not to use it: `MultiTaskLogisticRegression`. On every training part fits run
    from the largest strength to the smallest, each started from the one before; the strength that
    predicts the test parts best is then used on all rows.
    The folds are shared by all outcomes and keep each of them observed.
    Strengths are compared by held-out deviance, -2 log-likelihood, which also judges calibration.

    Parameters
    ----------
    penalty : Penalty, str or list of them, default "group_lasso"
        The penalty, or the penalties to choose from:
        "ridge", "l1", "elastic_net", "group_lasso", "group_elastic_net", "sparse_group_lasso", "mean", "graph", or
        an object of `skmtl.penalties`, which carries its own mixing parameters (``penalty__sharing`` in a grid).
    share_intercept : bool, default False
        Pull the intercepts towards their mean as if they were coefficients of a constant feature 1; the mean
        itself is not penalised. What a place with five rows needs: its own intercept is mostly noise. Needs
        a penalty with a common model (mean or graph regularisation) and one loss for all tasks.
    alphas : int >= 1 or array-like of positive numbers, default 50
        How many strengths to try, on a geometric grid, or the strengths themselves. The grid starts at
        ``alpha_max`` (all coefficients zero); for quadratic penalties at ten times the largest curvature of the loss.
    eps : float in (0, 1) or None, default None
        Smallest strength of the grid over its largest; None means 1e-3, and 1e-6 for quadratic penalties.
    cv : int, splitter, iterable of (train, test) or None, default None
        None: 5 folds of `MultiTaskKFold`, which keep every task observed in every fold.
    rule : {"min", "1se"}, default "min"
        "min": the strength of least mean loss over the folds. "1se": the largest strength (at the same mixing
        ratio) whose mean loss is within one standard error of the least (Breiman et al., CART, 1984): fewer
        features for a loss that cannot be told apart.
    n_jobs : int or None, default None
        Folds fitted at once, by joblib.
    fit_intercept : bool, default True
        Whether each task has an intercept, never penalised unless shared.
    task_weight : {"entries", "equal", "deviance"} or array-like of shape (T,), default "entries"
        ω. "entries": every observation counts the same, so a small task borrows more. "equal": every task
        counts the same. "deviance": each task is divided by its deviance without features, so that units do
        not decide which task matters. Numbers are used as given.
    scale_targets : bool, default False
        No effect on binary outcomes; present so that all estimators of the family take the same parameters.
    solver : {"auto", "closed_form", "lbfgs", "fista", "cvxpy"} or Solver, default "auto"
        "auto" chooses by a table, see `skmtl.solvers.choose`; the choice made is in ``solver_result_``.
    tol : float > 0, default 1e-6
        Relative tolerance of the certificate.
    max_iter : int >= 1, default 10000

    Attributes
    ----------
    classes_ : ndarray of shape (2,), or list of T of them after a fit on several outcomes
    alpha_ : float
        The strength chosen.
    penalty_ : Penalty or str
        The penalty chosen.
    alphas_ : ndarray of shape (n_alphas,), or (n_penalties, n_alphas)
        Strengths tried, largest first.
    deviance_path_ : ndarray of shape (n_penalties, n_alphas, n_folds)
        Mean deviance (squared error; -2 log-likelihood) on the test parts, weighted (and scaled) as in the objective.
        Without the first axis where the penalty is a single one.
    task_deviance_path_ : ndarray of shape (n_penalties, n_alphas, n_folds, T)
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
    >>> from skmtl.linear_model import MultiTaskLogisticRegressionCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> Y = (X[:, [0]] * [2.0, 1.5] + rng.logistic(size=(200, 2)) > 0).astype(float)
    >>> Y[rng.random(Y.shape) < 0.2] = np.nan
    >>> model = MultiTaskLogisticRegressionCV(alphas=20, rule="1se").fit(X, Y)
    >>> (model.coef_ != 0).any(axis=0)
    array([ True, False, False, False, False])
    """

    _mix: ClassVar[str | None] = "penalty"
    _path_name: ClassVar[str] = "deviance_path_"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "penalty": [
            OneOf(tuple(PENALTIES)),
            InstanceOf((Penalty, list, tuple), "a penalty object or a list of penalties"),
        ],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        penalty: Any = "group_lasso",
        share_intercept: bool = False,
        alphas: Any = 50,
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
        self.penalty = penalty
        self.share_intercept = share_intercept
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

    def _choices(self) -> tuple[list[Any], bool]:
        return _penalties(self.penalty)

    def _penalty_at(self, choice: Any) -> Penalty:
        return make_penalty(choice)


class MultiTaskGLMCV(ConvexModelCV, MultiTaskGLM):
    """Outcomes of several types in one fit, with the strength chosen by cross-validation.

    The model, its objective and when not to use it: `MultiTaskGLM`. On every training part fits run
    from the largest strength to the smallest, each started from the one before; the strength that
    predicts the test parts best is then used on all rows.
    The folds are shared by all outcomes and keep each of them observed.
    Strengths are compared by held-out deviance, weighted as in the objective.

    Parameters
    ----------
    loss : str, Loss, list of them (one per task) or dict from task name to them, default "squared"
        "squared" or "logistic", or an object of `skmtl.losses`.
    penalty : Penalty, str or list of them, default "group_lasso"
        The penalty, or the penalties to choose from:
        "ridge", "l1", "elastic_net", "group_lasso", "group_elastic_net", "sparse_group_lasso", "mean", "graph", or
        an object of `skmtl.penalties`, which carries its own mixing parameters (``penalty__sharing`` in a grid).
    share_intercept : bool, default False
        Pull the intercepts towards their mean as if they were coefficients of a constant feature 1; the mean
        itself is not penalised. What a place with five rows needs: its own intercept is mostly noise. Needs
        a penalty with a common model (mean or graph regularisation) and one loss for all tasks.
    alphas : int >= 1 or array-like of positive numbers, default 50
        How many strengths to try, on a geometric grid, or the strengths themselves. The grid starts at
        ``alpha_max`` (all coefficients zero); for quadratic penalties at ten times the largest curvature of the loss.
    eps : float in (0, 1) or None, default None
        Smallest strength of the grid over its largest; None means 1e-3, and 1e-6 for quadratic penalties.
    cv : int, splitter, iterable of (train, test) or None, default None
        None: 5 folds of `MultiTaskKFold`, which keep every task observed in every fold.
    rule : {"min", "1se"}, default "min"
        "min": the strength of least mean loss over the folds. "1se": the largest strength (at the same mixing
        ratio) whose mean loss is within one standard error of the least (Breiman et al., CART, 1984): fewer
        features for a loss that cannot be told apart.
    n_jobs : int or None, default None
        Folds fitted at once, by joblib.
    fit_intercept : bool, default True
        Whether each task has an intercept, never penalised unless shared.
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
    classes_ : list of length T
        Two labels per binary outcome, None per numeric one.
    losses_ : list of T losses
    alpha_ : float
        The strength chosen.
    penalty_ : Penalty or str
        The penalty chosen.
    alphas_ : ndarray of shape (n_alphas,), or (n_penalties, n_alphas)
        Strengths tried, largest first.
    deviance_path_ : ndarray of shape (n_penalties, n_alphas, n_folds)
        Mean deviance (squared error; -2 log-likelihood) on the test parts, weighted (and scaled) as in the objective.
        Without the first axis where the penalty is a single one.
    task_deviance_path_ : ndarray of shape (n_penalties, n_alphas, n_folds, T)
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
    >>> from skmtl.linear_model import MultiTaskGLMCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 5))
    >>> Y = np.column_stack([10 * X[:, 0] + rng.normal(size=120), X[:, 0] + rng.logistic(size=120) > 0])
    >>> Y[rng.random(Y.shape) < 0.2] = np.nan
    >>> model = MultiTaskGLMCV(loss=["squared", "logistic"], alphas=20, scale_targets=True).fit(X, Y)
    >>> model.deviance_path_.shape, model.task_deviance_path_.shape
    ((20, 5), (20, 5, 2))
    """

    _mix: ClassVar[str | None] = "penalty"
    _path_name: ClassVar[str] = "deviance_path_"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "loss": [OneOf(tuple(LOSSES)), InstanceOf((Loss, Mapping, list, tuple), "a loss, a list or a dict of losses")],
        "penalty": [
            OneOf(tuple(PENALTIES)),
            InstanceOf((Penalty, list, tuple), "a penalty object or a list of penalties"),
        ],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        loss: Any = "squared",
        penalty: Any = "group_lasso",
        share_intercept: bool = False,
        alphas: Any = 50,
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
        self.loss = loss
        self.penalty = penalty
        self.share_intercept = share_intercept
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

    def _choices(self) -> tuple[list[Any], bool]:
        return _penalties(self.penalty)

    def _penalty_at(self, choice: Any) -> Penalty:
        return make_penalty(choice)
