"""Support vector classification of several binary outcomes."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if

from skmtl._params import NONE, Constraint, InstanceOf, Interval, OneOf, check_parameters
from skmtl._typing import Array
from skmtl.base import MultiTaskClassifierMixin
from skmtl.data import TaskData
from skmtl.exceptions import InvalidParameterError
from skmtl.svm._machine import SupportVectorModel


def _has_probabilities(estimator: Any) -> bool:
    raise AttributeError(
        f"{type(estimator).__name__} has no predict_proba, as its decision values are no log-odds: use "
        "linear_predictor, or a model with a likelihood such as MultiTaskLogisticRegression."
    )


def _has_one_outcome(estimator: Any) -> bool:
    if getattr(estimator, "data_form_", None) == "wide" and estimator.n_tasks_ > 1:
        raise AttributeError(
            f"This {type(estimator).__name__} was fitted on several outcomes, which have no common decision_function: "
            "use linear_predictor(X) for the decision values of each."
        )
    return True


class MultiTaskSVC(SupportVectorModel, MultiTaskClassifierMixin, BaseEstimator):
    """Support vector classification of several binary outcomes with a product kernel.

    With z = -1, 1 for the two classes the objective over functions f_t and intercepts b_t is

        ½ ‖f‖²_K  +  C Σ_t Σ_{i observed for t} s_it max(0, 1 - z_it (f_t(x_i) + b_t)),

        K((x, s), (z, t)) = B_st k(x, z),

    solved by scikit-learn's libsvm on the kernel between the N observed entries. With ``task_kernel="mean"`` and a
    linear kernel ‖f‖² is the penalty of `MeanRegularizedRidge`: Σ_t ‖w_t - w̄‖² + (1 - sharing) T ‖w̄‖². ``C`` is
    scikit-learn's, 1 / (n̄ alpha) in terms of the other models here. Sources: Evgeniou and Pontil, KDD 2004; Evgeniou,
    Micchelli and Pontil, JMLR 6:615-637, 2005.

    Not for probabilities: there is no ``predict_proba`` (use `MultiTaskLogisticRegression` or a Gaussian process).
    Not for more than two classes, nor for more than some ten thousand entries: the matrix between them is made.

    Parameters
    ----------
    C : float > 0, default 1.0
        Weight of the loss; the penalty has weight one.
    kernel : str, callable, sklearn.gaussian_process kernel or "precomputed", default "rbf"
        k. A name of `sklearn.metrics.pairwise.pairwise_kernels`; a function of two rows that gives a number (and not of
        two tables, as in ``SVC``); a kernel of `sklearn.gaussian_process.kernels`, used as it is; "precomputed":
        X is the kernel itself, (n, n) in fit, and (rows, n) in predict. It has to be positive semi-definite.
    task_kernel : {"mean", "pooled"} or array-like of shape (T, T), default "mean"
        B, in the order of ``task_names_``. "mean": I + sharing / (1 - sharing) 11'/T, functions pulled towards their
        mean. "pooled": 11', one function for all. An array: any positive semi-definite matrix.
    sharing : float in [0, 1), default 0.5
        Used by "mean": 0 is independent functions; towards 1 only the deviations from a common function are penalised.
        (A single task has the kernel k / (1 - sharing), as in the linear model.)
    intercept : {"task", "common"}, default "task"
        "task": each task has a free intercept, as if it had a machine of its own. libsvm has one for all, so the fit is
        repeated, some five times, until those of the tasks are at rest. "common": one for all, one call of libsvm.
    gamma : {"scale", "auto"} or float >= 0, default "scale"
        Of the kernels rbf, laplacian, poly, chi2 and sigmoid. "scale": 1 / (p Var(X)); "auto": 1 / p.
    degree : float >= 0, default 3
        Of the polynomial kernel.
    coef0 : float, default 0.0
        Of the polynomial and sigmoid kernels.
    kernel_params : dict or None, default None
        Keyword arguments of a callable kernel.
    class_weight : dict, "balanced" or None, default None
        Factor of the weight of each class, label to number, for every outcome that has the label. "balanced": both
        classes of every task have half of its weight.
    tol : float > 0, default 1e-3
        Tolerance of libsvm and of the intercepts, in units of the decision values.
    shrinking : bool, default True
        Whether libsvm leaves out what seems settled.
    cache_size : float > 0, default 200
        Kernel cache of libsvm in MB.
    max_iter : int >= -1, default -1
        Limit of each call of libsvm; -1 for none.

    Attributes
    ----------
    classes_ : ndarray of shape (2,), or list of T of them after a fit on several outcomes
    dual_coef_ : ndarray of shape (m, T)
        f_t(x) = Σ_s B_ts Σ_i c_is k(x, x_i); zero for what is unobserved and for entries that are no support vector.
    intercept_ : ndarray of shape (T,)
    task_kernel_ : ndarray of shape (T, T)
        B.
    n_support_ : ndarray of shape (T,)
        Support vectors of each task.
    X_fit_ : ndarray or sparse matrix of shape (m, p)
        The rows with an observed entry (with "precomputed" the kernel between them).
    fit_rows_ : ndarray of shape (m,)
        Their numbers among those given.
    relative_gap_ : float
        Certificate: the duality gap over the objective. What ``tol`` does to it depends on ``C``, and single precision,
        in which libsvm stores kernels, limits it where ``C`` is large.
    n_iter_ : int
        Iterations of libsvm in all.
    n_intercept_steps_ : int
        Calls of libsvm.
    task_names_ : ndarray of shape (T,)
    n_tasks_ : int
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.svm import MultiTaskSVC
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 2))
    >>> inside = (X**2).sum(axis=1, keepdims=True) < [1.0, 1.2, 1.5]  # three outcomes, no line tells them apart
    >>> Y = np.where(inside, "yes", "no").astype(object)
    >>> Y[20:200, 2] = Y[:180, 0] = None  # the first and the last outcome are known for few of the rows
    >>> Y[200:380] = None
    >>> alone, shared = (MultiTaskSVC(sharing=s).fit(X[:200], Y[:200]) for s in (0.0, 0.9))
    >>> truth = np.where(inside[200:], "yes", "no")
    >>> bool(shared.score(X[200:], truth) > alone.score(X[200:], truth))
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        **SupportVectorModel._parameter_constraints,
        "class_weight": [NONE, OneOf(("balanced",)), InstanceOf(dict, "a dict")],
    }

    def __init__(
        self,
        C: float = 1.0,
        *,
        kernel: Any = "rbf",
        task_kernel: Any = "mean",
        sharing: float = 0.5,
        intercept: str = "task",
        gamma: Any = "scale",
        degree: float = 3,
        coef0: float = 0.0,
        kernel_params: Any = None,
        class_weight: Any = None,
        tol: float = 1e-3,
        shrinking: bool = True,
        cache_size: float = 200,
        max_iter: int = -1,
    ):
        self.C = C
        self.kernel = kernel
        self.task_kernel = task_kernel
        self.sharing = sharing
        self.intercept = intercept
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params
        self.class_weight = class_weight
        self.tol = tol
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> MultiTaskSVC:
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p), or (n, n) with ``kernel="precomputed"``
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes of two classes, one column each; NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read or its kernel would not fit; the message names the argument and the cure.
        InvalidParameterError
            A constructor parameter is out of range, or a kernel is not positive semi-definite.

        Warns
        -----
        ConvergenceWarning
            libsvm reached ``max_iter``, or the intercepts are not at rest.
        """
        check_parameters(self, self._parameter_constraints)
        data = self._read(X, y, sample_weight=sample_weight, task=task, kinds="binary")
        self._remember_classes(data)
        fit, data = self._distinct(data)
        weight = data.weight * self._class_factor(data)
        K = self._entry_kernel(fit, data.weight)
        # The hinge loss is that of a regression on z (1 + m) with epsilon = m: nothing to pay from 1 to 1 + 2m, which
        # no decision value passes, as ½ ‖f‖² is at most what f = 0 loses. libsvm sees the same quadratic programme,
        # and what intercepts leave of the targets is a regression again, but no classification.
        reach = 1.0 + 10.0 * float(np.sqrt(2.0 * self.C * weight.sum() * K.diagonal().max()))
        self._fit_machine(fit, K, (2.0 * data.y - 1.0) * (1.0 + reach), reach, weight, 1.0)
        return self

    def _class_factor(self, data: TaskData) -> Array:
        """What ``class_weight`` multiplies the weight of each entry by."""
        tasks, second = data.layout.entry_task, data.y.astype(np.intp)
        if self.class_weight is None:
            return np.ones(len(second))
        if isinstance(self.class_weight, str):
            mass = np.bincount(2 * tasks + second, weights=data.weight, minlength=2 * data.n_tasks).reshape(-1, 2)
            factor = mass.sum(axis=1, keepdims=True) / np.where(mass > 0, 2.0 * mass, 1.0)
            return factor[tasks, second]
        classes = [self._classes_of(t).tolist() for t in range(data.n_tasks)]
        known = {label for pair in classes for label in pair}
        for label, value in self.class_weight.items():
            if label not in known:
                raise InvalidParameterError(f"class_weight has the label {label!r}, which no outcome has: drop it.")
            if not Interval(Real, 0, math.inf, "neither").allows(value):
                raise InvalidParameterError(f"class_weight of {label!r} is {value!r}: give a positive finite number.")
        return np.array([[self.class_weight.get(label, 1.0) for label in pair] for pair in classes])[tasks, second]

    @available_if(_has_one_outcome)
    def decision_function(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Decision values f_t(x) + b_t: positive for the second class, one or more outside the margin.

        Absent after a fit on several outcomes, as on every classifier here: use ``linear_predictor`` there.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the value is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return self.linear_predictor(X, task=task)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Absent: decision values are no log-odds."""
