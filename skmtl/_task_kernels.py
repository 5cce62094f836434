"""Product kernels B[s, t] k(x, z) over tasks and rows: what kernel ridge and support vector machines share."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.gaussian_process.kernels import Kernel
from sklearn.metrics.pairwise import kernel_metrics, pairwise_kernels
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._params import NONE, ArrayLike, Constraint, InstanceOf, Interval, IsCallable, OneOf
from skmtl._typing import Array, IntArray
from skmtl.data import RowDesign, TaskData
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.penalties._labels import check_task_labels

# Matrices over observed entries are made up to this many bytes together.
LARGEST_BYTES = 4 * 2**30
# An eigenvalue below minus this part of the largest is no rounding, of single precision either.
_NEGATIVE = 1e-6
# Kernels that are positive semi-definite whatever the rows.
_SAFE = ("linear", "rbf", "laplacian", "cosine", "chi2")

_KERNEL = "an instance of sklearn.gaussian_process.kernels.Kernel"
KERNEL_CONSTRAINTS: dict[str, list[Constraint]] = {
    "kernel": [OneOf((*sorted(kernel_metrics()), "precomputed")), InstanceOf(Kernel, _KERNEL), IsCallable()],
    "task_kernel": [OneOf(("mean", "pooled")), ArrayLike()],
    "sharing": [Interval(Real, 0, 1, closed="left")],
    "degree": [Interval(Real, 0, float("inf"), closed="left")],
    "coef0": [Interval(Real, float("-inf"), float("inf"), closed="neither")],
    "kernel_params": [NONE, InstanceOf(dict, "a dict")],
}


@dataclass(frozen=True, eq=False)
class FitRows:
    """The rows that have an observed entry, and where the entries stand among them.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (m, p)
        Their features; their columns too with ``kernel="precomputed"``, shape (m, m).
    given : ndarray of shape (m,)
        Their numbers in the table the user gave.
    rows, tasks : ndarray of shape (n_entries,)
        Row (0 .. m-1) and task of each entry, task-major, rows ascending within a task.
    """

    X: Any
    given: IntArray
    rows: IntArray
    tasks: IntArray

    @property
    def complete(self) -> bool:
        """Whether every task is observed at every one of these rows."""
        return len(self.rows) == len(self.given) * (int(self.tasks[-1]) + 1)


def fit_rows(data: TaskData, precomputed: bool) -> FitRows:
    """Rows of a table that have an observed entry, in the order given and in float64."""
    layout, X = data.layout, data.design.X
    if precomputed and X.shape[1] != layout.n_rows:
        raise TaskDataError(
            f"X has shape ({layout.n_rows}, {X.shape[1]}) but kernel='precomputed' reads it as a square matrix: give "
            "the kernel between all training rows."
        )
    given, rows = np.unique(layout.row_index, return_inverse=True)
    if isinstance(data.design, RowDesign):
        X = X[np.argsort(layout.row_index)]  # it is in the order of the entries, one a row
    elif len(given) < layout.n_rows:
        X = X[given]
    if precomputed:
        X = (X.toarray() if sparse.issparse(X) else X)[:, given]
    # A copy: the user's table may change after the fit.
    return FitRows(X.astype(np.float64), given, rows.ravel(), layout.entry_task)


def row_codes(X: Any) -> tuple[IntArray, IntArray]:
    """First row of each different one, in an order of their content, and which of these every row equals."""
    if sparse.issparse(X):
        X = X.tocsr(copy=True)
        X.sum_duplicates()
        parts = [slice(start, stop) for start, stop in itertools.pairwise(X.indptr.tolist())]
        content: Any = [X.indices[part].astype(np.int64).tobytes() + X.data[part].tobytes() for part in parts]
    else:
        content = [row.tobytes() for row in np.ascontiguousarray(X)]
    first = {row: i for i, row in reversed(list(enumerate(content)))}
    order = sorted(first)
    code = {row: i for i, row in enumerate(order)}
    return np.array([first[row] for row in order]), np.array([code[row] for row in content])


def check_memory(size: int, matrices: int, what: str) -> None:
    """Refuse square matrices that would not fit, before they are made."""
    wanted = 8 * matrices * size**2
    if wanted > LARGEST_BYTES:
        raise TaskDataError(
            f"{what} needs {matrices} matrices of {size} x {size} numbers at once, {wanted / 1e9:.1f} GB, and the "
            f"limit is {LARGEST_BYTES / 1e9:.1f} GB: give fewer rows of X, or approximate the kernel by features "
            "(sklearn.kernel_approximation.Nystroem) in front of a linear model such as MeanRegularizedRidge."
        )


def check_positive(matrix: Array, argument: str, cure: str) -> None:
    """Refuse a matrix that is not finite, symmetric and positive semi-definite."""
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0].tolist()
        raise InvalidParameterError(f"{argument} is {matrix[row, column]} at ({row}, {column}): {cure}.")
    size = float(np.abs(matrix).max(initial=0.0))
    gap = np.abs(matrix - matrix.T)
    if gap.max(initial=0.0) > 1e-8 * size:
        row, column = np.unravel_index(int(np.argmax(gap)), gap.shape)
        raise InvalidParameterError(
            f"{argument} is not symmetric, {matrix[row, column]:.4g} at ({row}, {column}) and "
            f"{matrix[column, row]:.4g} at ({column}, {row}): {cure}."
        )
    values = np.linalg.eigvalsh(matrix)
    if values[0] < -_NEGATIVE * max(float(values[-1]), -float(values[0])):
        raise InvalidParameterError(
            f"{argument} is not positive semi-definite, its smallest eigenvalue is {values[0]:.4g} and its largest "
            f"{values[-1]:.4g}: {cure}."
        )


def task_matrix(task_kernel: Any, sharing: float, names: tuple[object, ...]) -> Array:
    """The matrix B over tasks, (T, T).

    "mean" is the inverse of I - sharing 11'/T, the matrix of `skmtl.penalties.MeanRegularization`: with a linear kernel
    the norm of the function is that penalty.
    """
    n_tasks = len(names)
    if isinstance(task_kernel, str):
        if task_kernel == "pooled":
            return np.ones((n_tasks, n_tasks))
        return np.eye(n_tasks) + sharing / ((1 - sharing) * n_tasks)
    check_task_labels(task_kernel, names, "task_kernel")
    try:
        B = np.array(task_kernel, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidParameterError("task_kernel is not an array of numbers: give a (T, T) matrix.") from None
    if B.shape != (n_tasks, n_tasks):
        raise InvalidParameterError(
            f"task_kernel has shape {B.shape} but there are {n_tasks} tasks: give it the shape ({n_tasks}, {n_tasks})."
        )
    check_positive(B, "task_kernel", "give a covariance between tasks")
    if not B.diagonal().all():
        name = names[int(np.argmin(B.diagonal()))]
        raise InvalidParameterError(
            f"task_kernel is zero for task {name!r}, whose function would be zero: leave the task out or give it a "
            "positive entry on the diagonal."
        )
    return B


def entry_matrix(k: Array, B: Array, fit: FitRows) -> Array:
    """The product kernel between observed entries, (n_entries, n_entries), without a second array of its size."""
    counts = np.bincount(fit.tasks, minlength=len(B))
    ends = np.concatenate([[0], np.cumsum(counts)])
    matrix = np.empty((len(fit.rows), len(fit.rows)))
    for s in range(len(B)):
        mine = k[fit.rows[ends[s] : ends[s + 1]]]
        for t in range(len(B)):
            columns = slice(ends[t], ends[t + 1])
            np.multiply(mine[:, fit.rows[columns]], B[s, t], out=matrix[ends[s] : ends[s + 1], columns])
    return matrix


class ProductKernelModel:
    """Functions f_t(x) = b_t + Σ_s B_ts Σ_i c_is k(x, x_i) of every task.

    Stands before `skmtl.base.MultiTaskMixin` among the bases. A fit sets
    ``X_fit_``, ``fit_rows_``, ``dual_coef_``, ``task_kernel_`` and ``intercept_``.
    """

    kernel: Any
    gamma: Any
    degree: float
    coef0: float
    X_fit_: Any
    fit_rows_: IntArray
    dual_coef_: Array
    task_kernel_: Array
    intercept_: Array
    _center: Any
    _gamma: float | None
    _dense_only: ClassVar[str] = "Sparse X goes with kernels by name, but kernel={} takes dense rows: give X.toarray()."

    def __sklearn_tags__(self) -> Tags:
        """Tags: X is a kernel between rows with ``kernel="precomputed"``."""
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.pairwise = self._precomputed
        tags.input_tags.sparse = not isinstance(self.kernel, Kernel)
        return tags

    def _origin(self) -> Array | float:
        """What the functions are at x = 0 about the centre, less what they are there about zero."""
        if self._center is None:
            return 0.0
        return (self.X_fit_ @ self._center) @ (self.dual_coef_ @ self.task_kernel_)

    @property
    def _free_intercepts(self) -> bool:
        """Whether every task has an intercept of its own."""
        return bool(getattr(self, "fit_intercept", getattr(self, "intercept", "") == "task"))

    @property
    def _precomputed(self) -> bool:
        return isinstance(self.kernel, str) and self.kernel == "precomputed"

    def _fit_rows(self, data: TaskData) -> FitRows:
        """The rows of the fit, dense where the kernel wants them so."""
        fit = fit_rows(data, self._precomputed)
        if sparse.issparse(fit.X) and isinstance(self.kernel, Kernel):
            raise TaskDataError(self._dense_only.format(self.kernel))
        return fit

    def _settled_gamma(self, fit: FitRows, weight: Array) -> float | None:
        """``gamma`` as a number, or None for scikit-learn's own."""
        gamma = self.gamma
        if not isinstance(gamma, str):
            return gamma
        n_features = fit.X.shape[1]
        if gamma == "auto":
            return 1.0 / n_features
        # Every entry counts its row once, so that a table and its rows of tasks have one variance.
        mass = np.bincount(fit.rows, weights=weight) / (weight.sum() * n_features)
        mean = float(np.asarray(fit.X.sum(axis=1)).ravel() @ mass)
        if sparse.issparse(fit.X):
            variance = float(np.asarray(fit.X.multiply(fit.X).sum(axis=1)).ravel() @ mass) - mean**2
        else:
            variance = float(((fit.X - mean) ** 2).sum(axis=1) @ mass)
        return 1.0 / (n_features * variance) if variance > 0 else 1.0

    def _kernel(self, X: Any, Z: Any = None) -> Array:
        """The kernel k between rows, (n, m)."""
        kernel = self.kernel
        if self._center is not None:
            X, Z = X - self._center, None if Z is None else Z - self._center
        if isinstance(kernel, Kernel):
            return kernel(X, Z)
        if callable(kernel):
            options = getattr(self, "kernel_params", None) or {}
            return pairwise_kernels(X, Z, metric=kernel, **options)
        options = {"gamma": self._gamma, "degree": self.degree, "coef0": self.coef0}
        return pairwise_kernels(X, Z, metric=kernel, filter_params=True, **options)

    def _fit_kernel(self, fit: FitRows, weight: Array) -> Array:
        """The kernel between the rows of the fit, finite and positive semi-definite, (m, m); the rows are kept."""
        self.X_fit_, self.fit_rows_ = fit.X, fit.given
        self._gamma = self._settled_gamma(fit, weight)
        # Dual coefficients of a task with an intercept sum to zero: the origin of a linear kernel is then the
        # intercept's affair, and far from the rows it would only cost digits.
        linear = isinstance(self.kernel, str) and self.kernel == "linear" and not sparse.issparse(fit.X)
        self._center = None
        if linear and self._free_intercepts:
            self._center = np.bincount(fit.rows, weights=weight) @ fit.X / weight.sum()
        check_memory(len(fit.given), 2, f"The kernel between {len(fit.given)} rows")
        k = fit.X if self._precomputed else self._kernel(fit.X)
        kernel = self.kernel
        where = "X, the precomputed kernel," if self._precomputed else f"kernel={kernel!r} between the rows of X"
        safe = isinstance(kernel, Kernel) or kernel in _SAFE
        if kernel in ("poly", "polynomial"):
            safe = self.coef0 >= 0 and self.degree == int(self.degree)
        if not safe or not np.isfinite(k).all():
            check_positive(k, where, "use a kernel such as 'rbf', or other parameters of it")
        return k

    def linear_predictor(self, X: Any, *, task: Any = None) -> np.ndarray:
        """f_t(x) + b_t: the prediction of a numeric outcome, the decision value of a binary one.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the value is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return super().linear_predictor(X, task=task)  # type: ignore[misc]

    def _linear_predictor(self, X: Any) -> Array:
        """f(X), shape (n, T)."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=[np.float64, np.float32], reset=False)
        single = X.dtype == np.float32
        X = X.astype(np.float64, copy=False)
        if self._precomputed:
            k = (X.toarray() if sparse.issparse(X) else X)[:, self.fit_rows_]
        elif sparse.issparse(X) and isinstance(self.kernel, Kernel):
            raise TaskDataError(self._dense_only.format(self.kernel))
        else:
            k = self._kernel(X, self.X_fit_)
        table = k @ (self.dual_coef_ @ self.task_kernel_) + (self.intercept_ + self._origin())
        return table.astype(np.float32) if single else table


def dual_table(dual: Array, fit: FitRows, n_tasks: int) -> Array:
    """Dual coefficients of the entries as a table (m, T), zero where unobserved."""
    table = np.zeros((len(fit.given), n_tasks))
    np.add.at(table, (fit.rows, fit.tasks), dual)
    return table


__all__ = [
    "KERNEL_CONSTRAINTS",
    "FitRows",
    "ProductKernelModel",
    "check_memory",
    "dual_table",
    "entry_matrix",
    "row_codes",
    "task_matrix",
]
