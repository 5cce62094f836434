"""From a user's arguments to a covariance, a noise and an inference with start values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.gaussian_process.kernels import RBF, Kernel, WhiteKernel

from skmtl._typing import Array, IntArray
from skmtl.data import RowDesign, TaskData
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process._coregionalization import LOG_V_BOUNDS, Coregionalization, DescribedTasks
from skmtl.gaussian_process._covariance import Covariance, Term, identified
from skmtl.gaussian_process._dense import DenseInference
from skmtl.gaussian_process._kronecker import KroneckerInference
from skmtl.gaussian_process._noise import LOG_NOISE_BOUNDS, Noise
from skmtl.gaussian_process._optimize import first_loadings
from skmtl.gaussian_process._units import Standard, Units, kernel_unit, standard_of, units_of

# Entries up to which "auto" takes one Cholesky factorisation of all of them (three matrices of 200 MB, and some three
# seconds an evaluation), and rows up to which it takes eigenvectors.
MOST_DENSE = 5000
# Bytes of the square matrices of an exact inference that is asked for by name.
_LARGEST = 4e9
# Entries up to which it takes inducing points.
MOST_INDUCING = 100_000
# Start of the variance that is an outcome's own, and of the noise, where outcomes have unit variance.
_LOG_START = float(np.log(0.25))


@dataclass(frozen=True, eq=False)
class Entries:
    """Observed entries: ``rows`` are positions in ``X``, ``y`` is standardised.

    ``known`` are known noise variances, in standardised units, or None.
    """

    X: Array
    rows: IntArray
    tasks: IntArray
    y: Array
    known: Array | None
    complete: bool

    @property
    def size(self) -> int:
        """Number of entries N."""
        return len(self.y)


def entries_of(data: TaskData, standard: Standard, known: Array | None) -> Entries:
    """The observed entries of a table; ``known`` has one noise variance for each, in squared units of y."""
    task = data.layout.entry_task
    X, rows = rows_of(data)
    return Entries(
        X=X,
        rows=rows,
        tasks=task,
        y=(np.asarray(data.y, dtype=np.float64) - standard.mean[task]) / standard.scale[task],
        known=None if known is None else known / standard.scale[task] ** 2,
        complete=not isinstance(data.design, RowDesign) and len(rows) == len(X) * data.n_tasks,
    )


def rows_of(data: TaskData) -> tuple[Array, IntArray]:
    """Features of the rows that have an observed outcome, as a copy in float64, and the row of each entry."""
    X = data.design.X
    if isinstance(data.design, RowDesign):
        rows = np.arange(data.layout.n_entries)  # it has a row for each entry
    else:
        # Rows without any observed outcome say nothing, and would be in every matrix.
        given, rows = np.unique(data.layout.row_index, return_inverse=True)
        X = X[given]
    return np.array(X, dtype=np.float64, order="C"), rows.ravel()


def known_variance(noise_variance: Any, data: TaskData, n_rows: int) -> Array | None:
    """Known noise variance of each entry from an (n,) or (n, T) table."""
    if noise_variance is None:
        return None
    layout = data.layout
    columns = list(getattr(noise_variance, "columns", []))
    if columns and data.form == "wide" and list(layout.names) != list(range(layout.n_tasks)):
        absent = [name for name in layout.names if name not in columns]
        if absent:
            raise TaskDataError(f"noise_variance has no column for task {absent[0]!r}: give one for each outcome.")
        noise_variance = noise_variance[list(layout.names)]
    try:
        table = np.asarray(noise_variance, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TaskDataError(
            "noise_variance holds something that is not a number: give variances, (n,) or (n, T)."
        ) from error
    wide = (n_rows, layout.n_tasks)
    if table.shape == (n_rows,):
        values = table[layout.row_index]
    elif table.shape == wide and data.form == "wide":
        values = table[layout.row_index, layout.entry_task]
    else:
        raise TaskDataError(
            f"noise_variance has shape {table.shape} but X has {n_rows} rows and there are {layout.n_tasks} outcomes: "
            f"give it the shape ({n_rows},)" + (f" or {wide}." if data.form == "wide" else ".")
        )
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        k = int(np.argmax(bad))
        raise TaskDataError(
            f"noise_variance is {values[k]:g} in row {layout.row_index[k]} of task "
            f"{layout.names[layout.entry_task[k]]!r}: give a finite number >= 0 wherever the outcome is observed."
        )
    return values


def kernels_of(kernel: Any, X: Array, argument: str = "kernel", what: str = "features of X") -> list[Kernel]:
    """The input kernels of all terms, with what B makes redundant fixed."""
    if kernel is None:
        # A feature's own scale, times the root of the number of features: neighbours are then alike at the start.
        spread = X.std(axis=0)
        spread[spread <= 1e-12 * np.abs(X).max(axis=0)] = 1.0  # constant, to rounding
        start = spread * np.sqrt(X.shape[1])
        bounds = np.column_stack([1e-2 * spread, 1e3 * spread])
        return [RBF(start, bounds)]
    given = kernel if isinstance(kernel, list | tuple) else [kernel]
    if not given or not all(isinstance(one, Kernel) for one in given):
        raise InvalidParameterError(
            f"{argument}={kernel!r} is not known: use a kernel of sklearn.gaussian_process.kernels, a list of them "
            "or None."
        )
    kernels = [identified(one) for one in given]
    for one in kernels:
        try:
            value = np.asarray(one(X[:1]), dtype=float)
        except ValueError as error:
            raise InvalidParameterError(f"{argument}={one!r} does not take the {X.shape[1]} {what}: {error}") from error
        if value.shape != (1, 1):
            raise InvalidParameterError(
                f"{argument}={one!r} gives an array of shape {value.shape} between the first row and itself: use a "
                "kernel that gives one number; several kernels go in a list."
            )
        if not np.isfinite(value).all():
            raise InvalidParameterError(
                f"{argument}={one!r} gives {value.ravel()[0]:g} between the first row and itself: use a kernel that is "
                "finite on the features."
            )
    return kernels


def ranks_of(rank: Any, n_terms: int) -> list[int]:
    """One rank per term."""
    ranks = list(rank) if isinstance(rank, list | tuple | np.ndarray) else [rank] * n_terms
    right = all(isinstance(one, Integral) and not isinstance(one, bool) and int(one) >= 0 for one in ranks)
    if len(ranks) != n_terms or not right:
        raise InvalidParameterError(
            f"rank={rank!r} must be an int >= 0, or a list with one for each of the {n_terms} kernels."
        )
    return [int(one) for one in ranks]


def noise_of(noise: Any, standard: Standard, known: Array | None, units: Units) -> Noise:
    """The noise with start values, in standardised units."""
    T = len(standard.scale)
    if isinstance(noise, str):
        if noise not in ("per_task", "shared"):
            raise InvalidParameterError(
                f"noise={noise!r} is not known: use 'per_task', 'shared', a number, or one number per task."
            )
        if noise == "shared":
            units = Units(units.variance.mean(keepdims=True), np.array([bool(units.lone.all())]))
        bounds = units.log_bounds(LOG_NOISE_BOUNDS, _LOG_START)
        return Noise(_LOG_START + np.log(units.variance), True, known, bounds)
    try:
        variance = np.asarray(noise, dtype=np.float64)
    except (TypeError, ValueError):
        variance = np.full(0, np.nan)
    if isinstance(noise, Real) and not isinstance(noise, bool):
        variance = np.full(T, float(noise))
    if variance.shape != (T,) or not (np.isfinite(variance) & (variance >= 0)).all():
        raise InvalidParameterError(
            f"noise={noise!r} must be 'per_task', 'shared', a variance >= 0, or {T} of them, one per task."
        )
    with np.errstate(divide="ignore"):
        return Noise(np.log(variance / standard.scale**2), False, known)


def task_features_of(task_features: Any, names: Sequence[object]) -> Array:
    """Descriptions of the tasks in their order, (T, d); a frame is looked up by task name."""
    if hasattr(task_features, "loc") and hasattr(task_features, "index"):
        absent = [name for name in names if name not in task_features.index]
        if absent:
            raise TaskDataError(f"task_features has no row for task {absent[0]!r}: describe every task.")
        task_features = task_features.loc[list(names)]
    try:
        table = np.asarray(task_features, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TaskDataError("task_features holds something that is not a number: encode it first.") from error
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != len(names):
        raise TaskDataError(
            f"task_features has shape {table.shape} but there are {len(names)} tasks: give one row per task, in the "
            "order of task_names_, or a frame with the task names as its index."
        )
    if not np.isfinite(table).all():
        name = names[int(np.argmin(np.isfinite(table).all(axis=1)))]
        raise TaskDataError(f"task_features of task {name!r} is not finite: fill it in.")
    return table


def covariance_of(
    kernels: list[Kernel],
    ranks: list[int],
    entries: Entries,
    n_tasks: int,
    described: tuple[Kernel, Array] | None,
    units: Units | None = None,
) -> Covariance:
    """The covariance with start values made from the outcomes; None for units of one."""
    units = Units(np.ones(n_tasks), np.zeros(n_tasks, dtype=bool)) if units is None else units
    start = _LOG_START - float(np.log(len(kernels)))
    sizes = [kernel_unit(kernel, entries.X) for kernel in kernels]
    if described is not None:
        kernel, features = described
        log_v, bounds = _own(units, start, sizes[0])
        # Half of the variance is what the descriptions explain.
        log_s = float(np.log(0.5 * units.variance.mean() / sizes[0]))
        return Covariance((Term(kernels[0], DescribedTasks(kernel, features, log_s, log_v, bounds)),))
    deviation = np.sqrt(units.variance)
    table = np.full((len(entries.X), n_tasks), np.nan)
    table[entries.rows, entries.tasks] = entries.y / deviation[entries.tasks]
    loadings = first_loadings(table, sum(ranks)) if entries.X.shape[0] < entries.size else _alike(n_tasks, sum(ranks))
    terms, at = [], 0
    for kernel, rank, size in zip(kernels, ranks, sizes, strict=True):
        scale = deviation / np.sqrt(size)
        L = np.ascontiguousarray(loadings[:, at : at + rank] * scale[:, None])
        terms.append(Term(kernel, Coregionalization(L, *_own(units, start, size), units=scale)))
        at += rank
    return Covariance(tuple(terms))


def _own(units: Units, start: float, kernel: float) -> tuple[Array, Array]:
    """Start values of log v and their bounds, for a kernel of the given unit."""
    return start + np.log(units.variance / kernel), units.log_bounds(LOG_V_BOUNDS, 0.0, kernel)


def _alike(n_tasks: int, rank: int) -> Array:
    """Loadings of tasks that are never seen at one row: alike in the first factor, a little of the others."""
    loadings = 0.1 * np.cos(np.arange(n_tasks)[:, None] * (1.0 + np.arange(rank)))
    loadings[:, :1] = 0.6
    return loadings


def inference_of(name: str, covariance: Covariance, entries: Entries, noise: Noise, n_inducing: int, rng: Any) -> Any:
    """The inference asked for, or the one that suits the entries."""
    positive = noise.free or bool(np.isfinite(noise.log_variance).all())
    separable = entries.complete and len(covariance.terms) == 1 and noise.known is None and positive
    n_variables = min(n_inducing, len(entries.X)) * covariance.n_tasks * len(covariance.terms)
    if name == "auto":
        by_eigenvectors = separable and len(entries.X) <= MOST_DENSE
        # As many inducing variables as entries would cost more than the entries themselves.
        few = entries.size <= MOST_DENSE or (n_variables >= entries.size and _exact_bytes(entries.size) <= _LARGEST)
        name = "kronecker" if by_eigenvectors else "dense" if few else "inducing"
        if name == "inducing" and entries.size > MOST_INDUCING:
            exact = _exact_bytes(len(entries.X) if separable else entries.size)
            raise TaskDataError(
                f"{entries.size} observed outcomes are too many: an exact fit would need {exact / 1e9:.0f} GB, and "
                f"inducing points take up to {MOST_INDUCING}: fit on fewer rows, or set inference='inducing' to try "
                "nevertheless."
            )
    if name == "kronecker":
        if not separable:
            raise TaskDataError(
                "inference='kronecker' needs complete outcomes on shared rows, one kernel, a positive noise and no "
                "noise_variance: use inference='auto'."
            )
        _check_memory(len(entries.X), name, "rows")
        table = np.empty((len(entries.X), covariance.n_tasks))
        table[entries.rows, entries.tasks] = entries.y
        return KroneckerInference(covariance, entries.X, table, noise)
    if name == "dense":
        _check_memory(entries.size, name, "observed outcomes")
        return DenseInference(covariance, entries.X, entries.rows, entries.tasks, entries.y, noise)
    from skmtl.gaussian_process._inducing import InducingInference, inducing_points

    if not positive and noise.known is None:
        raise TaskDataError("inference='inducing' needs a positive noise: use noise='per_task'.")
    if any(isinstance(term.kernel, WhiteKernel) for term in covariance.terms):
        raise InvalidParameterError(
            "kernel has a term that is WhiteKernel alone, of which inducing points say nothing: drop it, the noise of "
            "each outcome is learned in any case."
        )
    if _exact_bytes(n_variables) > _LARGEST:
        raise TaskDataError(
            f"inference='inducing' with {n_inducing} points for each of {covariance.n_tasks} tasks and "
            f"{len(covariance.terms)} kernels would need {_exact_bytes(n_variables) / 1e9:.0f} GB: use a smaller "
            "n_inducing."
        )
    Z = inducing_points(entries.X, n_inducing, rng)
    return InducingInference(covariance, entries.X, entries.rows, entries.tasks, entries.y, noise, Z=Z)


def _exact_bytes(size: int) -> float:
    return 3.0 * 8 * size**2


def _check_memory(size: int, name: str, what: str) -> None:
    if _exact_bytes(size) > _LARGEST:
        raise TaskDataError(
            f"inference={name!r} of {size} {what} would need {_exact_bytes(size) / 1e9:.0f} GB: use inference='auto' "
            "or 'inducing', or fit on fewer rows."
        )


__all__ = [
    "MOST_DENSE",
    "MOST_INDUCING",
    "Entries",
    "Standard",
    "Units",
    "covariance_of",
    "entries_of",
    "inference_of",
    "kernels_of",
    "known_variance",
    "noise_of",
    "ranks_of",
    "rows_of",
    "standard_of",
    "task_features_of",
    "units_of",
]
