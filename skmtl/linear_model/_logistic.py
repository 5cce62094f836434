"""Logistic regression of several binary outcomes."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._convex import ConvexModel
from skmtl._params import BOOLEAN, InstanceOf, OneOf
from skmtl.base import MultiTaskClassifierMixin
from skmtl.data import TaskData
from skmtl.linear_model._docs import documented
from skmtl.penalties import PENALTIES, Penalty, make_penalty


class BinaryOutcomes(MultiTaskClassifierMixin):
    """Outcomes of two classes and their logistic loss, for any convex model."""

    _path_name: ClassVar[str] = "deviance_path_"

    def _loss_given(self) -> Any:
        return "logistic"

    def _remember(self, data: TaskData) -> None:
        self._remember_classes(data)


@documented
class MultiTaskLogisticRegression(BinaryOutcomes, ConvexModel):
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
        {penalties}
    alpha : float >= 0, default 0.01
        Strength of the penalty; 1 / (n C) in terms of scikit-learn's ``LogisticRegression``.
    {share_intercept}
        Needs a penalty with a common model (mean or graph regularisation) and one loss for all tasks.
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {attributes}

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
        bounds: Any = None,
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
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _make_penalty(self) -> Penalty:
        return make_penalty(self.penalty)
