"""Support vector regression of several outcomes."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from skmtl._convex import TargetScale
from skmtl._params import BOOLEAN, Constraint, Interval, check_parameters
from skmtl.base import MultiTaskRegressorMixin
from skmtl.svm._machine import SupportVectorModel


class MultiTaskSVR(SupportVectorModel, MultiTaskRegressorMixin, BaseEstimator):
    """Epsilon-insensitive support vector regression of several outcomes with a product kernel.

    The objective over functions f_t and intercepts b_t is

        ½ ‖f‖²_K  +  C Σ_t Σ_{i observed for t} s_it max(0, |y_it - f_t(x_i) - b_t| - epsilon),

        K((x, s), (z, t)) = B_st k(x, z),

    solved by scikit-learn's ``SVR`` (libsvm) on the kernel between the N observed entries. With ``task_kernel="mean"``
    and a linear kernel ‖f‖² is the penalty of `MeanRegularizedRidge`: Σ_t ‖w_t - w̄‖² + (1 - sharing) T ‖w̄‖². ``C`` is
    scikit-learn's, 1 / (n̄ alpha) in terms of the other models here. Sources: Evgeniou and Pontil, KDD 2004; Evgeniou,
    Micchelli and Pontil, JMLR 6:615-637, 2005.

    Not for more than some ten thousand entries: the matrix between them is made, and time grows faster than its square.
    Not for outcomes in different units unless ``scale_targets``: they share ``C`` and ``epsilon``.

    Parameters
    ----------
    C : float > 0, default 1.0
        Weight of the loss; the penalty has weight one.
    epsilon : float >= 0, default 0.1
        Deviations up to it cost nothing; in units of y, or of its standard deviations with ``scale_targets``.
    kernel : str, callable, sklearn.gaussian_process kernel or "precomputed", default "rbf"
        k. A name of `sklearn.metrics.pairwise.pairwise_kernels`; a function of two rows that gives a number (and not of
        two tables, as in ``SVR``); a kernel of `sklearn.gaussian_process.kernels`, used as it is; "precomputed":
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
    scale_targets : bool, default False
        Divide the outcomes by their standard deviations inside the fit, and give everything back in original units.
        Rows of tasks have one.
    tol : float > 0, default 1e-3
        Tolerance of libsvm and of the intercepts, in the units of epsilon.
    shrinking : bool, default True
        Whether libsvm leaves out what seems settled.
    cache_size : float > 0, default 200
        Kernel cache of libsvm in MB.
    max_iter : int >= -1, default -1
        Limit of each call of libsvm; -1 for none.

    Attributes
    ----------
    dual_coef_ : ndarray of shape (m, T)
        f_t(x) = Σ_s B_ts Σ_i c_is k(x, x_i); zero for what is unobserved and for entries that are no support vector.
    intercept_ : ndarray of shape (T,)
    task_kernel_ : ndarray of shape (T, T)
        B, in units of the outcomes.
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
    >>> from skmtl.svm import MultiTaskSVR
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-3, 3, size=(90, 1))
    >>> hospital = np.repeat(["A", "B", "C"], [40, 44, 6])  # C has six rows
    >>> y = np.sin(2 * x[:, 0]) + (hospital == "C") + 0.2 * rng.normal(size=90)
    >>> grid = np.linspace(-3, 3, 50)[:, None]
    >>> error = []
    >>> for sharing in (0.0, 0.95):
    ...     at_c = MultiTaskSVR(sharing=sharing, gamma=1.0).fit(x, y, task=hospital).predict(grid, task=["C"] * 50)
    ...     error.append(np.abs(at_c - np.sin(2 * grid[:, 0]) - 1).mean())
    >>> bool(error[1] < error[0] / 2)  # C borrows the shape from A and B, and keeps a level of its own
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        **SupportVectorModel._parameter_constraints,
        "epsilon": [Interval(Real, 0, float("inf"), closed="left")],
        "scale_targets": [BOOLEAN],
    }

    def __init__(
        self,
        C: float = 1.0,
        *,
        epsilon: float = 0.1,
        kernel: Any = "rbf",
        task_kernel: Any = "mean",
        sharing: float = 0.5,
        intercept: str = "task",
        gamma: Any = "scale",
        degree: float = 3,
        coef0: float = 0.0,
        kernel_params: Any = None,
        scale_targets: bool = False,
        tol: float = 1e-3,
        shrinking: bool = True,
        cache_size: float = 200,
        max_iter: int = -1,
    ):
        self.C = C
        self.epsilon = epsilon
        self.kernel = kernel
        self.task_kernel = task_kernel
        self.sharing = sharing
        self.intercept = intercept
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params
        self.scale_targets = scale_targets
        self.tol = tol
        self.shrinking = shrinking
        self.cache_size = cache_size
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> MultiTaskSVR:
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p), or (n, n) with ``kernel="precomputed"``
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
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
        data = self._read(X, y, sample_weight=sample_weight, task=task)
        fit, data = self._distinct(data)
        scale = TargetScale.of(data, center=True, scale=self.scale_targets, common=self.intercept == "common")
        target = scale.apply(data).y
        K = self._entry_kernel(fit, data.weight)
        self._fit_machine(fit, K, target, float(self.epsilon), data.weight, float(target.std()))
        unit = scale.scale
        self.dual_coef_ = self.dual_coef_ / unit
        self.task_kernel_ = self.task_kernel_ * np.outer(unit, unit)
        self.intercept_ = self.intercept_ * unit + scale.mean
        return self
