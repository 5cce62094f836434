"""Binary and mixed outcomes with the strength chosen by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from skmtl._params import BOOLEAN, InstanceOf, OneOf
from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
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


@documented
class MultiTaskLogisticRegressionCV(ConvexModelCV, MultiTaskLogisticRegression):
    """Logistic regression of several binary outcomes, strength chosen by cross-validation.

    {selection}
    Strengths are compared by held-out deviance, -2 log-likelihood, which also judges calibration.

    Parameters
    ----------
    penalty : Penalty, str or list of them, default "group_lasso"
        The penalty, or the penalties to choose from:
        {penalties}
    {share_intercept}
        Needs a penalty with a common model (mean or graph regularisation) and one loss for all tasks.
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {cv_attributes}
    {attributes}

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
        bounds: Any = None,
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
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter

    def _choices(self, shape: tuple[int, int]) -> tuple[list[Any], bool]:
        return _penalties(self.penalty)

    def _penalty_at(self, choice: Any) -> Penalty:
        return make_penalty(choice)


@documented
class MultiTaskGLMCV(ConvexModelCV, MultiTaskGLM):
    """Outcomes of several types in one fit, with the strength chosen by cross-validation.

    {selection}
    Strengths are compared by held-out deviance, weighted as in the objective.

    Parameters
    ----------
    loss : str, Loss, list of them (one per task) or dict from task name to them, default "squared"
        {losses}
    penalty : Penalty, str or list of them, default "group_lasso"
        The penalty, or the penalties to choose from:
        {penalties}
    {share_intercept}
        Needs a penalty with a common model (mean or graph regularisation) and one loss for all tasks.
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    classes_ : list of length T, or what would be its one entry after a fit on one outcome
        The sorted labels of an outcome of classes, None for a number or a count.
    losses_ : list of T losses
    channel_task_ : ndarray of int of shape (C,)
        The outcome that each row of ``coef_`` belongs to, as in `MultiTaskGLM`.
    {cv_attributes}
    {attributes}

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
        "loss": [
            OneOf((*LOSSES, "auto")),
            InstanceOf((Loss, Mapping, list, tuple), "a loss, a list or a dict of losses"),
        ],
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
        bounds: Any = None,
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
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter

    def _choices(self, shape: tuple[int, int]) -> tuple[list[Any], bool]:
        return _penalties(self.penalty)

    def _penalty_at(self, choice: Any) -> Penalty:
        return make_penalty(choice)

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, exposure: Any = None
    ) -> MultiTaskGLMCV:
        """Choose the penalty and the strength on held-out folds and fit all rows at them.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved. Held-out losses are weighted too.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.
        exposure : array-like of shape (n,) or (n, T), optional
            As in `MultiTaskGLM.fit`.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read, or a task cannot be observed in every training part.
        InvalidParameterError
            A constructor parameter is out of range.

        Warns
        -----
        ConvergenceWarning
            A certificate, on the path or of the final fit, is above the tolerance.
        """
        return self._fit(X, y, sample_weight, task, exposure)
