"""Logistic regression of several binary outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from skmtl._convex import ConvexModel
from skmtl._params import BOOLEAN, InstanceOf, OneOf
from skmtl.base import MultiTaskClassifierMixin
from skmtl.data import TaskData
from skmtl.losses import Loss, losses_for
from skmtl.penalties import PENALTIES, Penalty, make_penalty


class MultiTaskLogisticRegression(MultiTaskClassifierMixin, ConvexModel):
    """Logistic regression of several binary outcomes.

    With n̄ = Σ s / T the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} s_it [ log(1 + exp(η_it)) - y_it η_it ]  +  alpha P(W),

    η_it = x_i·w_t + b_t, y coded 0/1, the second class in sorted order being 1.
    Outcomes may be missing; each needs both of its classes. Sources: the loss, Cox, JRSS-B 20:215-242, 1958; the
    default penalty, Obozinski, Taskar and Jordan, Stat. Comput. 20:231-252, 2010.

    Not for outcomes with more than two classes, nor for events with censored follow-up. Probabilities of
    strongly penalised models are shrunken towards the outcome's frequency: check their calibration.

    Parameters
    ----------
    penalty : Penalty or str, default "group_lasso"
        "ridge", "l1", "elastic_net", "group_lasso", "group_elastic_net", "sparse_group_lasso", "mean", "graph", or
        an object of `skmtl.penalties`, which carries its own mixing parameters (``penalty__sharing`` in a grid).
    alpha : float >= 0, default 0.01
        Strength of the penalty; 1 / (n C) in terms of scikit-learn's ``LogisticRegression``.
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
        No effect on binary outcomes; present so that all estimators of the family take the same parameters.
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
    classes_ : ndarray of shape (2,), or list of T of them after a fit on several outcomes
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
    >>> from skmtl.linear_model import MultiTaskLogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> risk = X[:, [0]] * [2.0, 1.5] + rng.logistic(size=(200, 2))
    >>> Y = np.where(risk > 0, "yes", "no").astype(object)
    >>> Y[rng.random(Y.shape) < 0.2] = None  # unknown outcomes
    >>> model = MultiTaskLogisticRegression(alpha=0.1).fit(X, Y)
    >>> (model.coef_ != 0).any(axis=0)
    array([ True, False, False, False, False])
    >>> [proba.shape for proba in model.predict_proba(X)]
    [(200, 2), (200, 2)]
    """

    _parameter_constraints: ClassVar = {
        **ConvexModel._parameter_constraints,
        "penalty": [OneOf(tuple(PENALTIES)), InstanceOf(Penalty, "a penalty object")],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        penalty: Any = "group_lasso",
        alpha: float = 0.01,
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

    def _make_losses(self, names: Sequence[object]) -> list[Loss]:
        return losses_for("logistic", names)

    def _make_penalty(self) -> Penalty:
        return make_penalty(self.penalty)

    def _remember(self, data: TaskData) -> None:
        self._remember_classes(data)
