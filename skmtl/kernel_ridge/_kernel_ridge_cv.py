"""Kernel ridge regression with strength and sharing chosen by exact leave-one-out."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from skmtl._params import POSITIVE_INT, RATIO, ArrayLike, Constraint, Interval, OneOf
from skmtl._task_kernels import task_matrix
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.kernel_ridge._kernel_ridge import KernelRidgeModel, Training, row_eigen
from skmtl.kernel_ridge._systems import KroneckerSystem, SpectralSystem, System

# Independent functions at one end; sharing pays off close to 1.
_SHARING = (0.0, 0.5, 0.8, 0.95, 0.99)


class MultiTaskKernelRidgeCV(KernelRidgeModel):
    """Kernel ridge regression with strength and sharing chosen by exact leave-one-out.

    The model, its objective and when not to use it: `MultiTaskKernelRidge`. Nothing is fitted again: for every
    ``sharing`` one eigen-decomposition (of k alone, once, on complete outcomes) gives what each strength leaves of
    every row that the fit has not seen. The pair of least mean squared error is then used on all rows. Sources: Cook
    and Weisberg, Residuals and Influence in Regression, 1982; Evgeniou, Micchelli and Pontil, JMLR 6:615-637, 2005.

    Not where rows belong together (visits of one patient): what is left out is then still known by its relatives.
    Use ``GridSearchCV`` of `MultiTaskKernelRidge` with folds of groups there, and to choose parameters of the kernel.

    Parameters
    ----------
    alphas : int >= 1 or array-like of positive numbers, default 30
        How many strengths to try, on a geometric grid, or the strengths themselves. The grid starts at ten times a
        bound on the largest curvature of the loss.
    sharing : float or list of floats in [0, 1), default (0, 0.5, 0.8, 0.95, 0.99)
        The ratio, or the ratios to choose from. 0: independent functions. Used by ``task_kernel="mean"``.
    eps : float in (0, 1), default 1e-6
        Smallest strength of the grid over its largest.
    leave_out : {"row", "entry"}, default "row"
        What is predicted unseen. "row": all outcomes of a row at once, as for a new patient. "entry": one outcome with
        the others of its row known, which counts it as success to borrow their noise: for filling in a table. Copies
        (rows of the same features and outcomes) are left out together: a row given twice is one of weight two.
    kernel : str, callable, sklearn.gaussian_process kernel or "precomputed", default "linear"
        k, see `MultiTaskKernelRidge`.
    task_kernel : {"mean", "pooled"} or array-like of shape (T, T), default "mean"
        B, see `MultiTaskKernelRidge`.
    gamma : float >= 0, "scale", "auto" or None, default None
        Of the kernels rbf, laplacian, poly, chi2 and sigmoid.
    degree : float >= 0, default 3
        Of the polynomial kernel.
    coef0 : float, default 1
        Of the polynomial and sigmoid kernels.
    kernel_params : dict or None, default None
        Keyword arguments of a callable kernel.
    fit_intercept : bool, default True
        Whether each task has an intercept, which is not penalised.
    scale_targets : bool, default False
        Divide the outcomes by their standard deviations inside the fit, so that units do not decide which outcome
        matters, and give everything back in original units.

    Attributes
    ----------
    alpha_ : float
        The strength chosen.
    sharing_ : float or None
        The ratio chosen; None where ``task_kernel`` is not "mean".
    alphas_ : ndarray of shape (n_alphas,)
        Strengths tried, largest first.
    mse_path_ : ndarray of shape (n_ratios, n_alphas)
        Mean squared error of what is left out, weighted (and scaled) as in the objective. Without the first axis where
        the ratio is a number.
    task_mse_path_ : ndarray of shape (n_ratios, n_alphas, T)
        The same per task, in original units; NaN for a task with a single entry and an intercept.
    dual_coef_, intercept_, task_kernel_, X_fit_, fit_rows_, relative_residual_
        See `MultiTaskKernelRidge`.
    task_names_, n_tasks_, data_form_, n_features_in_, feature_names_in_
        See `MultiTaskKernelRidge`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.kernel_ridge import MultiTaskKernelRidgeCV
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-3, 3, size=(120, 1))
    >>> site = np.repeat(np.arange(8), 15)
    >>> y = np.sin(2 * x[:, 0]) + 0.3 * rng.normal(size=120)  # the same function at every site
    >>> model = MultiTaskKernelRidgeCV(kernel="rbf", gamma=1.0).fit(x, y, task=site)
    >>> model.sharing_, model.mse_path_.shape
    (0.99, (5, 30))
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        **KernelRidgeModel._parameter_constraints,
        "alphas": [POSITIVE_INT, ArrayLike()],
        "sharing": [RATIO, ArrayLike()],
        "eps": [Interval(Real, 0, 1, closed="neither")],
        "leave_out": [OneOf(("row", "entry"))],
    }

    def __init__(
        self,
        alphas: Any = 30,
        *,
        sharing: Any = _SHARING,
        eps: float = 1e-6,
        leave_out: str = "row",
        kernel: Any = "linear",
        task_kernel: Any = "mean",
        gamma: Any = None,
        degree: float = 3,
        coef0: float = 1,
        kernel_params: Any = None,
        fit_intercept: bool = True,
        scale_targets: bool = False,
    ):
        self.alphas = alphas
        self.sharing = sharing
        self.eps = eps
        self.leave_out = leave_out
        self.kernel = kernel
        self.task_kernel = task_kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params
        self.fit_intercept = fit_intercept
        self.scale_targets = scale_targets

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> MultiTaskKernelRidgeCV:
        """Choose strength and sharing by exact leave-one-out and fit all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p), or (n, n) with ``kernel="precomputed"``
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved. Left-out errors are weighted too.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read, its kernel would not fit, or nothing can be left out.
        InvalidParameterError
            A constructor parameter is out of range, or a kernel is not positive semi-definite.

        Warns
        -----
        ConvergenceWarning
            The certificate of the final fit is above 1e-6.
        UserWarning
            The smallest strength of a grid of our own is chosen and the error still falls there.
        """
        training = self._train(X, y, sample_weight, task)
        choices, single = self._choices()
        matrices = [task_matrix(self.task_kernel, choice, training.names) for choice in choices]
        k = self._fit_kernel(training.fit, training.weight)
        self.alphas_ = self._strengths(training, k)
        strengths = self.alphas_ * training.mean_weight
        errors = np.empty((len(choices), len(strengths), len(training.y)))
        rows = self._row_eigen(training, k)
        best: tuple[float, int, int, Any] = (np.inf, 0, 0, None)
        for a, B in enumerate(matrices):
            system = self._path_system(training, k, B, rows)
            for b, strength in enumerate(strengths):
                errors[a, b] = system.left_out(strength, self.leave_out == "row") ** 2
                counted = ~np.isnan(errors[a, b])
                if not counted.any():
                    raise TaskDataError(
                        "y has one sample in every task (n_samples=1, or copies of one), so nothing can be left out: "
                        "use MultiTaskKernelRidge, or fit_intercept=False."
                    )
                loss = float(np.average(errors[a, b, counted], weights=training.weight[counted]))
                if loss < best[0] or best[3] is None:
                    best = (loss, a, b, system.solve(strength))
        self._describe(training, errors, single)
        _, a, b, (dual, intercept) = best
        self.alpha_ = float(self.alphas_[b])
        self.sharing_ = choices[a] if self._mixes else None
        self._finish(training, k, matrices[a], self.alpha_, dual, intercept)
        curve = np.atleast_2d(self.mse_path_)[a]
        # A tenth of a per cent from one strength to the next: less is the flat end of many a curve.
        if isinstance(self.alphas, Integral) and 0 < b == len(curve) - 1 and curve[b] < (1 - 1e-3) * curve[b - 1]:
            warnings.warn(
                f"{type(self).__name__}: the strength chosen, {self.alpha_:.3g}, is the smallest of the grid and the "
                "left-out error still falls there: lower eps, give alphas, or scale the features.",
                UserWarning,
                stacklevel=2,
            )
        return self

    @property
    def _mixes(self) -> bool:
        return isinstance(self.task_kernel, str) and self.task_kernel == "mean"

    def _choices(self) -> tuple[list[float], bool]:
        """Ratios to choose from, and whether it was a single one."""
        given = np.asarray(self.sharing, dtype=float)
        if given.ndim > 1 or not given.size or not ((given >= 0) & (given < 1)).all():
            raise InvalidParameterError(
                f"The 'sharing' parameter of {type(self).__name__} must be a number in [0, 1) or a list of them (at 1 "
                f"the common function would be free to follow every point). Got {self.sharing!r} instead."
            )
        if not self._mixes:
            return [0.0], True
        return np.atleast_1d(given).tolist(), given.ndim == 0

    def _strengths(self, training: Training, k: Array) -> Array:
        """Strengths to try, largest first."""
        if not isinstance(self.alphas, Integral):
            alphas = np.sort(np.asarray(self.alphas, dtype=float))[::-1]
            if alphas.ndim != 1 or not len(alphas) or not (np.isfinite(alphas) & (alphas > 0)).all():
                raise InvalidParameterError(
                    f"The 'alphas' parameter of {type(self).__name__} must be a number of strengths or a list of "
                    f"positive numbers. Got {self.alphas!r} instead."
                )
            return alphas
        # The largest eigenvalue of s_t k between the rows of a task is at most its largest row sum.
        mass = np.zeros((len(k), len(training.names)))
        mass[training.fit.rows, training.fit.tasks] = training.weight
        sums = (np.abs(k) @ mass)[training.fit.rows, training.fit.tasks]
        start = 10.0 * float(sums.max()) / training.mean_weight or 1.0
        count = int(self.alphas)
        return np.geomspace(start, self.eps * start, count) if count > 1 else np.array([start])

    def _row_eigen(self, training: Training, k: Array) -> tuple[Array, Array] | None:
        return None if training.row_weight is None else row_eigen(k, training.row_weight)

    def _path_system(self, training: Training, k: Array, B: Array, rows: tuple[Array, Array] | None) -> System:
        """A system whose every strength is cheap."""
        weight = training.row_weight
        if rows is None or weight is None:
            return self._system(training, k, B, dense=SpectralSystem)
        return KroneckerSystem(rows, B, training.y, weight, training.copies, self.fit_intercept)

    def _describe(self, training: Training, errors: Array, single: bool) -> None:
        """Set the means of squared errors, together and per task."""
        tasks, unit = training.fit.tasks, training.scale.scale
        counted = ~np.isnan(errors[0, 0])
        indicator = (tasks[counted, None] == np.arange(len(unit))) * training.weight[counted, None]
        sums = errors[..., counted] @ indicator
        with np.errstate(invalid="ignore"):
            by_task = sums * unit**2 / indicator.sum(axis=0)
        total = sums.sum(axis=-1) / indicator.sum()
        self.mse_path_ = total[0] if single else total
        self.task_mse_path_ = by_task[0] if single else by_task

    def leave_one_out(self, leave_out: str | None = None) -> np.ndarray:
        """Predictions of each training entry by a fit at the chosen strength that has not seen it, in closed form.

        See `MultiTaskKernelRidge.leave_one_out`. They have helped to choose ``alpha_`` and ``sharing_``.

        Parameters
        ----------
        leave_out : {"entry", "row"} or None, default None
            None: what the constructor says.

        Returns
        -------
        ndarray of the shape of y
            NaN where unobserved, and for the only entry of a task that has an intercept.
        """
        return self._left_out_table(getattr(self, "alpha_", 1.0), self.leave_out if leave_out is None else leave_out)
