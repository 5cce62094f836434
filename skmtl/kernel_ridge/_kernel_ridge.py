"""Kernel ridge regression of several outcomes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from skmtl._convex import TargetScale
from skmtl._params import BOOLEAN, NONE, Constraint, Interval, OneOf, check_parameters
from skmtl._task_kernels import (
    KERNEL_CONSTRAINTS,
    FitRows,
    ProductKernelModel,
    check_memory,
    dual_table,
    entry_matrix,
    row_codes,
    task_matrix,
)
from skmtl._typing import Array, IntArray
from skmtl.base import MultiTaskRegressorMixin
from skmtl.data import TaskData
from skmtl.kernel_ridge._systems import CholeskySystem, KroneckerSystem, System, eigen

# Above this part of the targets what the normal equations leave is more than rounding.
_UNSOLVED = 1e-6


def row_eigen(k: Array, weight: Array) -> tuple[Array, Array]:
    """Eigenvalues and vectors of the kernel between weighted rows."""
    check_memory(len(k), 5, f"Eigen-decomposition of the kernel between {len(k)} rows")
    root = np.sqrt(weight)
    return eigen(root[:, None] * k * root, overwrite=True)


@dataclass(frozen=True, eq=False)
class Training:
    """What a fit needs of the data, and leave-one-out again."""

    fit: FitRows
    y: Array  # (n_entries,), standardised
    weight: Array
    names: tuple[object, ...]
    n_rows: int
    form: str
    scale: TargetScale

    @cached_property
    def copies(self) -> IntArray:
        """A number for each row, the same for rows of the same features and outcomes.

        They are left out together, so that a row given twice is a row of weight two.
        """
        outcomes = np.full((len(self.fit.given), len(self.names)), np.nan)
        outcomes[self.fit.rows, self.fit.tasks] = self.y
        _, x_code = row_codes(self.fit.X)
        _, y_code = row_codes(outcomes)
        return np.unique(x_code * len(y_code) + y_code, return_inverse=True)[1].ravel()

    @property
    def mean_weight(self) -> float:
        """n̄ = Σ s / T."""
        return float(self.weight.sum()) / len(self.names)

    @property
    def row_weight(self) -> Array | None:
        """Weights of rows, where every task is observed at every row with the same weights; else None."""
        if not self.fit.complete:
            return None
        table = self.weight.reshape(len(self.names), -1)
        return table[0] if (table == table[0]).all() else None

    def table(self, values: Array) -> Array:
        """Values of entries in the shape of y, NaN where unobserved."""
        fit = self.fit
        if self.form == "rows":
            out = np.full(self.n_rows, np.nan)
            out[fit.given[fit.rows]] = values
            return out
        out = np.full((self.n_rows, len(self.names)), np.nan)
        out[fit.given[fit.rows], fit.tasks] = values
        return out[:, 0] if self.form == "single" else out


class KernelRidgeModel(ProductKernelModel, MultiTaskRegressorMixin, BaseEstimator):
    """What kernel ridge at one strength and the choice of the strength have in common."""

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        **KERNEL_CONSTRAINTS,
        "gamma": [NONE, Interval(Real, 0, float("inf"), closed="left"), OneOf(("scale", "auto"))],
        "fit_intercept": [BOOLEAN],
        "scale_targets": [BOOLEAN],
    }

    fit_intercept: bool
    scale_targets: bool

    def _train(self, X: Any, y: Any, sample_weight: Any, task: Any) -> Training:
        check_parameters(self, self._parameter_constraints)
        data: TaskData = self._read(X, y, sample_weight=sample_weight, task=task)
        scale = TargetScale.of(data, center=self.fit_intercept, scale=self.scale_targets, common=False)
        weight = np.ascontiguousarray(data.weight)
        layout = data.layout
        fit = self._fit_rows(data)
        y = scale.apply(data).y.astype(np.float64, copy=False)
        self._training = Training(fit, y, weight, layout.names, layout.n_rows, data.form, scale)
        return self._training

    def _system(self, training: Training, k: Array, B: Array, dense: Any = CholeskySystem) -> System:
        """The system of a fit: by eigenvectors of k and B where they serve, else over the entries."""
        weight, options = training.row_weight, {"fit_intercept": self.fit_intercept}
        if weight is not None:
            return KroneckerSystem(row_eigen(k, weight), B, training.y, weight, training.copies, **options)
        size = len(training.y)
        what = f"{type(self).__name__} with {size} observed entries, not all of a complete table,"
        check_memory(size, 3 if dense is CholeskySystem else 5, what)
        fit = training.fit
        copies = training.copies[fit.rows]
        return dense(entry_matrix(k, B, fit), training.y, training.weight, fit.tasks, copies, **options)

    def _finish(self, training: Training, k: Array, B: Array, alpha: float, dual: Array, intercept: Array) -> None:
        """Set the fitted attributes in the units of y, with what the normal equations leave."""
        fit, unit = training.fit, training.scale.scale
        table = dual_table(dual, fit, len(B))
        left = training.y - (k @ (table @ B))[fit.rows, fit.tasks] - intercept[fit.tasks]
        left -= alpha * training.mean_weight * dual / training.weight
        # Targets that are constant to rounding leave nothing to be relative to.
        noise = 1e-14 * float(np.abs(training.scale.mean / unit).max())
        self.relative_residual_ = 0.0
        if np.abs(training.y).max() > noise:
            self.relative_residual_ = float(np.linalg.norm(left) / np.linalg.norm(training.y))
            if self.fit_intercept:
                sums, sizes = np.abs(table.sum(axis=0)), np.abs(table).sum(axis=0)
                self.relative_residual_ = max(self.relative_residual_, float(sums.max() / sizes.max()))
        self.dual_coef_ = table / unit
        self.task_kernel_ = B * np.outer(unit, unit)
        self.intercept_ = intercept * unit + training.scale.mean - self._origin()
        if self.relative_residual_ > _UNSOLVED:
            warnings.warn(
                f"{type(self).__name__}: the normal equations are solved to {self.relative_residual_:.1e} of the "
                f"targets only (tolerance {_UNSOLVED:.0e}), as alpha={alpha:.3g} is small for this kernel: increase "
                "alpha.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _left_out_table(self, alpha: float, leave_out: str) -> np.ndarray:
        check_is_fitted(self)
        if leave_out not in ("entry", "row"):
            raise ValueError(f"leave_out must be 'entry' or 'row'. Got {leave_out!r} instead.")
        training: Training = self._training
        k = self.X_fit_ if self._precomputed else self._kernel(self.X_fit_)
        unit = training.scale.scale
        system = self._system(training, k, self.task_kernel_ / np.outer(unit, unit))
        left = system.left_out(alpha * training.mean_weight, leave_out == "row")
        tasks = training.fit.tasks
        return training.table((training.y - left) * unit[tasks] + training.scale.mean[tasks])


class MultiTaskKernelRidge(KernelRidgeModel):
    """Kernel ridge regression of several outcomes with a product kernel over outcomes and rows.

    With n̄ = Σ s / T the objective over functions f_t and intercepts b_t is

        (1 / n̄) Σ_t Σ_{i observed for t} ½ s_it (y_it - f_t(x_i) - b_t)²  +  alpha/2 ‖f‖²_K,

        K((x, s), (z, t)) = B_st k(x, z),

    whose minimiser is f_t(x) = Σ_s B_ts Σ_i c_is k(x, x_i), with K c + n̄ alpha c / s + b = y and Σ_i c_it = 0. With a
    linear kernel it is `MeanRegularizedRidge` (``task_kernel="mean"``) or `GraphRegularizedRidge` (the inverse of its
    matrix) of the same ``alpha``; in terms of scikit-learn's ``KernelRidge``, which has no intercept, alpha is n times
    smaller. Complete outcomes are solved by the eigenvectors of k and of B, in n³ + T³; otherwise one Cholesky
    factorisation over the N observed entries, in N³ / 3. Sources: Evgeniou and Pontil, KDD 2004; Evgeniou, Micchelli
    and Pontil, JMLR 6:615-637, 2005; Caponnetto and De Vito, Found. Comput. Math. 7:331-368, 2007.

    Not for more than some ten thousand rows (or observed entries, where outcomes are missing): approximate the kernel
    by features instead. Not for saying how sure a prediction is: `skmtl.gaussian_process` has the same mean with
    standard deviations. On complete outcomes with little noise B has next to no effect.

    Parameters
    ----------
    alpha : float > 0, default 1.0
        Strength of the penalty. The objective has the mean loss: double the data and alpha means the same.
    kernel : str, callable, sklearn.gaussian_process kernel or "precomputed", default "linear"
        k. A name of `sklearn.metrics.pairwise.pairwise_kernels`; a function of two rows that gives a number; a
        kernel of `sklearn.gaussian_process.kernels`, used as it is, nothing is optimised; "precomputed": X is the
        kernel itself, (n, n) in fit, and (rows, n) in predict. It has to be positive semi-definite.
    task_kernel : {"mean", "pooled"} or array-like of shape (T, T), default "mean"
        B, in the order of ``task_names_``. "mean": I + sharing / (1 - sharing) 11'/T, functions pulled towards their
        mean. "pooled": 11', one function for all. An array: any positive semi-definite matrix.
    sharing : float in [0, 1), default 0.5
        Used by "mean": 0 is independent functions; towards 1 only the deviations from a common function are penalised.
        (A single task has the penalty alpha (1 - sharing) / 2 ‖f‖², as the linear model.)
    gamma : float >= 0, "scale", "auto" or None, default None
        Of the kernels rbf, laplacian, poly, chi2 and sigmoid. None: scikit-learn's default of the kernel; "scale":
        1 / (p Var(X)); "auto": 1 / p.
    degree : float >= 0, default 3
        Of the polynomial kernel.
    coef0 : float, default 1
        Of the polynomial and sigmoid kernels.
    kernel_params : dict or None, default None
        Keyword arguments of a callable kernel.
    fit_intercept : bool, default True
        Whether each task has an intercept, which is not penalised.
    scale_targets : bool, default False
        Divide the outcomes by their standard deviations inside the fit, and give everything back in original units:
        for outcomes in different units. Rows of tasks have one.

    Attributes
    ----------
    dual_coef_ : ndarray of shape (m, T)
        c, zero where unobserved.
    intercept_ : ndarray of shape (T,)
    task_kernel_ : ndarray of shape (T, T)
        B, in units of the outcomes.
    X_fit_ : ndarray or sparse matrix of shape (m, p)
        The rows with an observed entry (with "precomputed" the kernel between them).
    fit_rows_ : ndarray of shape (m,)
        Their numbers among those given.
    relative_residual_ : float
        Certificate: norm of what the normal equations leave over the norm of the (centred) targets. Above 1e-6 a
        ``ConvergenceWarning`` is given.
    task_names_ : ndarray of shape (T,)
    n_tasks_ : int
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)

    See Also
    --------
    MultiTaskKernelRidgeCV : ``alpha`` and ``sharing`` chosen by exact leave-one-out.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.kernel_ridge import MultiTaskKernelRidge
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-3, 3, size=(90, 1))
    >>> hospital = np.repeat(["A", "B", "C"], [40, 44, 6])  # C has six rows
    >>> y = np.sin(2 * x[:, 0]) + (hospital == "C") + 0.2 * rng.normal(size=90)
    >>> grid = np.linspace(-3, 3, 50)[:, None]
    >>> error = []
    >>> for sharing in (0.0, 0.95):
    ...     model = MultiTaskKernelRidge(alpha=0.01, kernel="rbf", gamma=1.0, sharing=sharing)
    ...     at_c = model.fit(x, y, task=hospital).predict(grid, task=["C"] * 50)
    ...     error.append(np.abs(at_c - np.sin(2 * grid[:, 0]) - 1).mean())
    >>> bool(error[1] < error[0] / 2)  # C borrows the shape from A and B, and keeps a level of its own
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        **KernelRidgeModel._parameter_constraints,
        "alpha": [Interval(Real, 0, float("inf"), closed="neither")],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        kernel: Any = "linear",
        task_kernel: Any = "mean",
        sharing: float = 0.5,
        gamma: Any = None,
        degree: float = 3,
        coef0: float = 1,
        kernel_params: Any = None,
        fit_intercept: bool = True,
        scale_targets: bool = False,
    ):
        self.alpha = alpha
        self.kernel = kernel
        self.task_kernel = task_kernel
        self.sharing = sharing
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params
        self.fit_intercept = fit_intercept
        self.scale_targets = scale_targets

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> MultiTaskKernelRidge:
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p), or (n, n) with ``kernel="precomputed"``
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved. Weights of rows keep the eigenvectors.
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
            The certificate is above 1e-6; the message has both numbers.
        """
        training = self._train(X, y, sample_weight, task)
        B = task_matrix(self.task_kernel, self.sharing, training.names)
        k = self._fit_kernel(training.fit, training.weight)
        dual, intercept = self._system(training, k, B).solve(self.alpha * training.mean_weight)
        self._finish(training, k, B, self.alpha, dual, intercept)
        self._fitted_alpha = float(self.alpha)
        return self

    def leave_one_out(self, leave_out: str = "entry") -> np.ndarray:
        """Predictions of each training entry by a fit that has not seen it, in closed form.

        Exactly those of refits to the same objective without the terms of what is left out (the factor 1/n̄ stays).
        The cost is that of a fit, three times where outcomes are missing. Source: Cook and Weisberg, Residuals and
        Influence in Regression, 1982.

        Parameters
        ----------
        leave_out : {"entry", "row"}, default "entry"
            "entry": one outcome of a row, the others are known. "row": all outcomes of the row, as for a new patient.
            Copies (rows of the same features and outcomes) are left out together.

        Returns
        -------
        ndarray of the shape of y
            NaN where unobserved, and for the only entry of a task that has an intercept.
        """
        check_is_fitted(self)
        return self._left_out_table(self._fitted_alpha, leave_out)
