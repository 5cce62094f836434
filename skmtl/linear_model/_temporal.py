"""One outcome at successive times."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._convex import ConvexModel
from skmtl._params import NONE, RATIO, ArrayLike, Constraint, OneOf
from skmtl._typing import Array
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.penalties import ChainGroupLasso, FusedSparseGroupLasso, Penalty

_OWN: dict[str, list[Constraint]] = {
    "times": [NONE, ArrayLike()],
    "smoothness": [OneOf(("squared", "absolute"))],
    "sharing": [RATIO],
    "l1_ratio": [RATIO],
}


class _Temporal(ConvexModel):
    """Neighbours in time alike."""

    _parameter_constraints: ClassVar = {**ConvexModel._parameter_constraints, **_OWN}
    _texts: ClassVar = {
        "model": """\
with tasks in the order of time, s ``sharing``, l ``l1_ratio``, and P(W) by ``smoothness``:

    "squared":   l Σ_j ‖w_j‖₂ + ½ (1 - l) [ (1 - s) ‖W‖² + s Σ_t a_t ‖w_{t+1} - w_t‖² ]
    "absolute":  s Σ_t a_t ‖w_{t+1} - w_t‖₁ + (1 - s) [ l ‖W‖₁ + (1 - l) Σ_j ‖w_j‖₂ ]

a_t = mean gap / gap t, which is 1 for regular visits. "squared", the temporal group lasso, is for effects that drift;
"absolute", the fused sparse group lasso, for effects that stay the same, set in or end at a visit. Sources: Zhou, Yuan,
Liu and Ye, KDD 2011 ("squared"); Zhou, Liu, Narayan and Ye, KDD 2012 ("absolute").

Not for outcomes without an order (`MeanRegularizedRidge`, `GraphRegularizedRidge`), nor for visits in different units.
Late visits lose patients: with ``task_weight="entries"`` they borrow from the early ones.""",
        "peer": """\
At regular visits MALSAR's ``Least_TGL`` on n complete rows is the same at ``rho1 = a * (1 - l) * (1 - s) / 2``,
``rho2 = a * (1 - l) * s / 2``, ``rho3 = a * l`` and ``Least_CFGLasso`` at ``rho1 = a * (1 - s) * l``, ``rho2 = a * s``,
``rho3 = a * (1 - s) * (1 - l)``, with a = n * alpha and without intercepts.""",
        "logistic_peer": """\
At regular visits and with ``task_weight="equal"`` MALSAR's ``Logistic_TGL`` is the same at
``rho1 = alpha * (1 - l) * (1 - s) / 2``, ``rho2 = alpha * (1 - l) * s / 2``, ``rho3 = alpha * l``.""",
        "own": """\
l1_ratio : float in [0, 1], default 0.5
    "squared": 1 is `MultiTaskLasso`, 0 smooth and without selection. "absolute": of what is left to selection, 1
    selects single coefficients, 0 features.""",
        "chain": """\
times : array-like of shape (T,) or None, default None
    Strictly increasing times of the tasks, in the order of ``task_names_``; None for regular visits.
smoothness : {"squared", "absolute"}, default "squared"
    Whether effects drift or are constant between jumps.""",
        "found": """\
selected_features_ : ndarray of bool of shape (p,)
    Features with a coefficient that is not zero.""",
    }

    def __init__(
        self,
        alpha: float = 0.1,
        times: Any = None,
        smoothness: str = "squared",
        sharing: float = 0.5,
        l1_ratio: float = 0.5,
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
        self.times = times
        self.smoothness = smoothness
        self.sharing = sharing
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _chain(self, sharing: float) -> Penalty:
        chain = ChainGroupLasso if self.smoothness == "squared" else FusedSparseGroupLasso
        return chain(self.times, sharing, self.l1_ratio)

    def _make_penalty(self) -> Penalty:
        return self._chain(self.sharing)

    def _describe(self, penalty: Penalty, W: Array) -> None:
        self.selected_features_ = (W != 0).any(axis=1)


class _TemporalCV(ConvexModelCV, _Temporal):
    """Neighbours in time alike, strength and sharing chosen by cross-validation."""

    _mix: ClassVar[str | None] = "sharing"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        **_OWN,
        "sharing": [RATIO, ArrayLike()],
    }

    def __init__(
        self,
        times: Any = None,
        smoothness: str = "squared",
        sharing: Any = (0.5, 0.9, 0.99),
        l1_ratio: float = 0.5,
        alphas: Any = 30,
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
        self.times = times
        self.smoothness = smoothness
        self.sharing = sharing
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
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter

    def _penalty_at(self, choice: Any) -> Penalty:
        return self._chain(choice)


@documented
class TemporalRegressor(MultiTaskRegressorMixin, _Temporal):
    """Regression of one outcome at successive times, with like coefficients at neighbouring ones.

    {squared_objective}
            +  alpha P(W),

    {model}

    {peer}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty.
    {chain}
    sharing : float in [0, 1], default 0.5
        0: neighbours have nothing to do with each other. 1: only differences between neighbours are penalised,
        besides, with "squared", the norm of features.
    {own}
    {fit_parameters}

    Attributes
    ----------
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import TemporalRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 4))
    >>> effect = np.array([1.0, 1.0, 0.0, 0.0])  # of the first feature: until the second of four visits
    >>> Y = X[:, [0]] * effect + 0.5 * rng.normal(size=(100, 4))
    >>> Y[rng.random(Y.shape) < 0.1] = np.nan
    >>> model = TemporalRegressor(alpha=0.2, times=[0, 6, 12, 24], smoothness="absolute").fit(X, Y)
    >>> model.selected_features_
    array([ True, False, False, False])
    >>> bool(np.ptp(model.coef_[:2, 0]) < 1e-6)  # the same until it ends
    True
    """


@documented
class TemporalClassifier(BinaryOutcomes, _Temporal):
    """Logistic regression of one binary outcome at successive times, with like coefficients at neighbouring ones.

    {logistic_objective}
            +  alpha P(W),

    {model}

    {logistic_peer}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty.
    {chain}
    sharing : float in [0, 1], default 0.5
        0: neighbours have nothing to do with each other. 1: only differences between neighbours are penalised,
        besides, with "squared", the norm of features.
    {own}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import TemporalClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 4))
    >>> Y = X[:, [0]] * [2.0, 1.7, 1.4, 1.0] + rng.logistic(size=(200, 4)) > 0  # relapse at four visits
    >>> TemporalClassifier(alpha=0.15).fit(X, Y).selected_features_
    array([ True, False, False, False])
    """


@documented
class TemporalRegressorCV(MultiTaskRegressorMixin, _TemporalCV):
    """Regression of one outcome at successive times, strength and sharing chosen by cross-validation.

    {selection}

    Parameters
    ----------
    {chain}
    sharing : float or list of floats in [0, 1], default (0.5, 0.9, 0.99)
        The ratio, or the ratios to choose from. 0: neighbours have nothing to do with each other.
    {own}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import TemporalRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(40, 6))
    >>> visits = X @ rng.normal(size=(6, 1)) + 2 * rng.normal(size=(40, 4))  # the same model at four visits
    >>> TemporalRegressorCV(alphas=8, cv=3).fit(X, visits).sharing_
    0.99
    """


@documented
class TemporalClassifierCV(BinaryOutcomes, _TemporalCV):
    """Logistic regression of one outcome at successive times, strength and sharing chosen by cross-validation.

    {selection}

    Parameters
    ----------
    {chain}
    sharing : float or list of floats in [0, 1], default (0.5, 0.9, 0.99)
        The ratio, or the ratios to choose from. 0: neighbours have nothing to do with each other.
    {own}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {cv_attributes}
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import TemporalClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 6))
    >>> Y = X @ rng.normal(size=(6, 1)) + rng.logistic(size=(100, 4)) > 0  # the same model at four visits
    >>> TemporalClassifierCV(l1_ratio=0.1, alphas=8, cv=3).fit(X, Y).sharing_
    0.99
    """
