"""Outcomes of several types in one fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl._convex import ConvexModel
from skmtl._params import BOOLEAN, InstanceOf, OneOf
from skmtl.base import both_classes, label_table
from skmtl.data import TargetEncoder, TaskData, as_task_data
from skmtl.losses import LOSSES, Loss, PerTaskLoss, losses_for
from skmtl.penalties import PENALTIES, Penalty, make_penalty


def _any_binary(loss: Any) -> bool:
    losses = loss.values() if isinstance(loss, Mapping) else loss if isinstance(loss, list | tuple) else [loss]
    kinds = [LOSSES.get(one) if isinstance(one, str) else one for one in losses]
    return any(getattr(kind, "target_kind", None) == "binary" for kind in kinds)


def _has_classes(estimator: Any) -> bool:
    if not _any_binary(estimator.loss):
        raise AttributeError("predict_proba needs a binary outcome, and every loss here is for numbers.")
    return True


class MultiTaskGLM(ConvexModel):
    """Generalised linear models of outcomes of several types, coupled by one penalty.

    With n̄ = Σ s / T the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} s_it loss_t(y_it, x_i·w_t + b_t)  +  alpha P(W),

    with a loss of its own for each task: squared, ½ (y - η)², for numbers; logistic, log(1 + exp(η)) - y η, for
    two classes. Measured and yes/no outcomes then choose their features together. Source: Yang, Kim
    and Xing, Heterogeneous multitask learning with joint sparsity constraints, NIPS 2009; penalties as cited there.

    The losses have different units: ``task_weight="deviance"`` (or ``scale_targets=True``, which leaves binary
    outcomes as they are) keeps the outcome with the largest numbers from deciding alone. Not for outcomes that
    would be better modelled apart: compare with `skmtl.multioutput.IndependentTasks`.

    Parameters
    ----------
    loss : str, Loss, list of them (one per task) or dict from task name to them, default "squared"
        "squared" or "logistic", or an object of `skmtl.losses`.
    penalty : Penalty or str, default "group_lasso"
        "ridge", "l1", "elastic_net", "group_lasso", "group_elastic_net", "sparse_group_lasso", "mean", "graph", or
        an object of `skmtl.penalties`, which carries its own mixing parameters (``penalty__sharing`` in a grid).
    alpha : float >= 0, default 1.0
        Strength of the penalty.
    share_intercept : bool, default False
        Pull the intercepts towards their mean as if they were coefficients of a constant feature 1; the mean
        itself is not penalised. What a place with five rows needs: its own intercept is mostly noise. Needs
        a penalty with a common model (mean or graph regularisation) and one loss for all tasks.
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
    classes_ : list of length T
        Two labels per binary outcome, None per numeric one.
    losses_ : list of T losses
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
    >>> import pandas as pd
    >>> from skmtl.linear_model import MultiTaskGLM
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(150, 4))
    >>> table = pd.DataFrame({"sbp": 120 + 10 * X[:, 0] + rng.normal(size=150), "death": rng.random(150) < 0.3})
    >>> table["death"] = np.where(X[:, 0] + rng.logistic(size=150) > 0, "dead", "alive")
    >>> table.loc[:20, "death"] = None
    >>> model = MultiTaskGLM(loss={"sbp": "squared", "death": "logistic"}, alpha=0.05, scale_targets=True)
    >>> model = model.fit(X, table)
    >>> row = model.predict(X[:1])[0]  # labels for classes, the mean for numbers
    >>> round(row[0]), row[1]
    (121, 'alive')
    >>> model.predict_proba(X)[0] is None  # no probabilities for a number
    True
    """

    _parameter_constraints: ClassVar = {
        **ConvexModel._parameter_constraints,
        "loss": [OneOf(tuple(LOSSES)), InstanceOf((Loss, Mapping, list, tuple), "a loss, a list or a dict of losses")],
        "penalty": [OneOf(tuple(PENALTIES)), InstanceOf(Penalty, "a penalty object")],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        loss: Any = "squared",
        penalty: Any = "group_lasso",
        alpha: float = 1.0,
        share_intercept: bool = False,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        constraints: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: bool = False,
    ):
        self.loss = loss
        self.penalty = penalty
        self.alpha = alpha
        self.share_intercept = share_intercept
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def __sklearn_tags__(self) -> Tags:
        """Tags: outcomes of classes have two of them."""
        tags = super().__sklearn_tags__()
        if _any_binary(self.loss):
            tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

    def _make_losses(self, names: Sequence[object]) -> list[Loss]:
        return losses_for(self.loss, names)

    def _make_penalty(self) -> Penalty:
        return make_penalty(self.penalty)

    def _remember(self, data: TaskData) -> None:
        self._encoders: tuple[TargetEncoder, ...] = data.encoders
        self.classes_ = [encoder.classes for encoder in data.encoders]
        self.losses_ = self._make_losses(data.layout.names)

    def decision_function(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Linear predictors.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return self._per_task(self._linear_predictor(X), task)

    def predict_mean(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Expected outcomes: the mean of a number, the probability of the second class.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of float of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        eta = self._linear_predictor(X)
        means = [loss.mean(eta[:, t]) for t, loss in enumerate(self.losses_)]
        return self._per_task(np.column_stack(means), task)

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Predict labels for classes and means for numbers.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
            Of floats where every label is a number, else of objects.
        """
        eta = self._linear_predictor(X)
        columns = []
        for t, (loss, encoder) in enumerate(zip(self.losses_, self._encoders, strict=True)):
            mean = loss.mean(eta[:, t])
            columns.append(mean if encoder.classes is None else encoder.decode(eta[:, t] > 0))
        return self._per_task(label_table(columns), task)

    @available_if(_has_classes)
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Probabilities of the two classes of each binary outcome; absent where no outcome is binary.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional

        Returns
        -------
        list of length T
            An ndarray of shape (n, 2) per binary outcome, None per numeric one; with ``task`` or a single outcome
            the one array (or None) itself.
        """
        eta = self._linear_predictor(X)
        if task is not None or self.n_tasks_ == 1:
            return None if self.classes_[0] is None else both_classes(self._per_task(eta, task).ravel())
        return [None if c is None else both_classes(eta[:, t]) for t, c in enumerate(self.classes_)]

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Share of the deviance explained on the observed targets, the mean over outcomes.

        1 - deviance / deviance of the outcome's mean (in the data given): R2 for numbers, McFadden's R2 for
        classes; 0 for an outcome that is constant in the data given. After a fit on rows of tasks, over all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        y : array-like or frame of shape (n,) or (n, T)
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        self._score_target(y, task)
        rows = task is not None
        # Labels are coded as in the fit: a held-out part may hold one class only.
        kinds = self._encoders[:1] if rows else self._encoders
        data = as_task_data(X, y, sample_weight=sample_weight, kinds=kinds)
        losses = PerTaskLoss(self.losses_[:1] if rows else self.losses_, data.layout)
        eta = self.decision_function(X, task=task).reshape(data.layout.n_rows, -1)
        flat = eta[data.layout.row_index, data.layout.entry_task]
        null = losses.null_predictor(data.y, data.weight)[data.layout.entry_task]
        reached = losses.value_by_task(data.y, flat, data.weight)
        without = losses.value_by_task(data.y, null, data.weight)
        # Where the mean alone is right there is nothing to explain: 1 for a model that is right too, else 0, as R2.
        constant = without <= 1e-12 * np.maximum(reached, 1e-300)
        explained = 1.0 - np.divide(reached, without, out=np.ones_like(reached), where=~constant)
        return float(np.mean(np.where(constant & (reached <= 0), 1.0, explained)))
