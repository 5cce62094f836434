"""From what the user gives to `TaskData`: the only branch on the data form, the only input errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skmtl._typing import Array
from skmtl.data._container import TaskData
from skmtl.data._design import Design, RowDesign, SharedDesign
from skmtl.data._layout import CompleteLayout, TaskLayout, make_layout, make_row_layout
from skmtl.data._targets import (
    TargetEncoder,
    array_of_list,
    as_numeric,
    check_counts,
    declared_labels,
    encode_labels,
    is_missing,
    kind_of,
    split_columns,
)
from skmtl.data._weights import check_exposure, check_sample_weight, check_task_weight, exposure_of
from skmtl.exceptions import TaskDataError

Kind = str | TargetEncoder
Kinds = str | Sequence[Kind] | Callable[[Sequence[object]], Sequence[Kind]]
# Features stay as they are in either precision; every sum over them is in float64.
_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))
# Weights of entries that count once are this number, repeated: as numpy.broadcast_to, at a tenth of its time.
_ONE = np.ones(1).tobytes()


def as_task_data(
    X: Any,
    Y: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    task_weight: Any = "entries",
    exposure: Any = None,
    kinds: Kinds = "numeric",
    estimator: BaseEstimator | None = None,
) -> TaskData:
    """Read a multi-task table into a `TaskData`.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of shape (n, p)
        Features, finite.
    Y : array-like or frame of shape (n,) or (n, T)
        Targets; NaN, None and pandas.NA mean unobserved, infinity is an error.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``Y``: one outcome in several places.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Non-negative, finite. Weight 0 means the entry is absent.
    task_weight : {"entries", "equal", "deviance"} or array-like of shape (T,)
        How much each task counts in the loss.
    exposure : array-like of shape (n,) or (n, T), optional
        What each count was counted over (person-years, area), positive. A count is then read as the rate per unit
        of exposure. Not looked at where a target is unobserved or no count.
    kinds : {"numeric", "binary", "classes", "count", "auto"}, a sequence of them (one per task), or a callable
        How each target is read; a callable gets the task names and returns the sequence. "auto" reads labels
        (strings, booleans, categoricals) as binary or, if more than two, as classes, the numbers 0 and 1 as binary,
        other numbers as numeric: a count or an ordered score is not guessed. In place of a kind stands the encoder
        of a fit, to code labels as they were coded there.
    estimator : BaseEstimator, optional
        Estimator whose ``n_features_in_`` and ``feature_names_in_`` are set by the way.

    Returns
    -------
    TaskData

    Raises
    ------
    TaskDataError
        The input cannot be read; the message names the argument, the task and the cure.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.data import as_task_data
    >>> Y = np.array([[1.0, np.nan], [2.0, 5.0], [3.0, np.nan]])
    >>> data = as_task_data(np.eye(3), Y)
    >>> data.y, data.layout.counts
    (array([1., 2., 3., 5.]), array([3, 1]))
    """
    X = _check_features(X, estimator)
    if Y is None:
        name = "This estimator" if estimator is None else f"This {type(estimator).__name__} estimator"
        raise TaskDataError(f"{name} requires y to be passed, but the target y is None: give the outcomes.")
    if sparse.issparse(Y):
        raise TaskDataError("Y is a sparse matrix: give it dense, with NaN (not 0) for what is unobserved.")
    if task is None and sample_weight is None and exposure is None:
        plain = _plain(X, Y, task_weight, kinds)
        if plain is not None:
            return plain
    columns, names, wide = split_columns(Y)
    if not columns:
        raise TaskDataError("Y has no column: give one column per outcome.")
    if len(columns[0]) != X.shape[0]:
        raise TaskDataError(
            f"Y has {len(columns[0])} rows but X has {X.shape[0]}: give one row of outcomes per row of features."
        )
    shape = X.shape[0], len(columns)
    weights = (
        np.broadcast_to(1.0, shape)
        if sample_weight is None
        else check_sample_weight(sample_weight, *shape, names=names)
    )
    exposures = check_exposure(exposure, *shape, names=names)
    labelled = declared_labels(Y, len(columns))
    if task is None:
        labels = tuple(range(len(columns))) if names is None else tuple(names)
        if len(set(labels)) < len(labels):
            double = next(name for name in labels if labels.count(name) > 1)
            raise TaskDataError(f"Y has two columns named {double!r}: give every outcome a name of its own.")
        return _wide(X, columns, labels, labelled, weights, exposures, task_weight, kinds, "wide" if wide else "single")
    if wide and len(columns) != 1:
        raise TaskDataError(
            f"task goes with a 1-D Y (one outcome, one task id per row), but Y has {len(columns)} columns: "
            "drop task, or give one column."
        )
    exposed = None if exposures is None else exposures[:, 0]
    return _rows(X, columns[0], task, labelled[0], weights[:, 0], exposed, task_weight, kinds)


def _check_features(X: Any, estimator: BaseEstimator | None) -> Any:
    if type(X) is np.ndarray and X.dtype in _FLOATS and X.ndim == 2 and X.size and _all_finite(X):
        # What scikit-learn's validate_data finds of such an array, at a fraction of a small fit's time.
        if estimator is not None:
            estimator.n_features_in_ = X.shape[1]
            estimator.__dict__.pop("feature_names_in_", None)
        return X
    options = {"accept_sparse": ("csr", "csc"), "dtype": _FLOATS}
    if estimator is None:
        return check_array(X, input_name="X", **options)
    return validate_data(estimator, X, **options)


def _all_finite(X: np.ndarray) -> bool:
    """Whether every number is finite, and the sum of their squares; where this is not so a closer look is needed."""
    if X.flags.forc and X.dtype in _FLOATS:
        flat = X.ravel(order="K")  # a view
        return isfinite(np.dot(flat, flat))
    with np.errstate(invalid="ignore", over="ignore"):
        return isfinite(X.sum(dtype=np.float64))


def _kinds(kinds: Kinds, names: tuple[object, ...]) -> list[Kind]:
    if isinstance(kinds, str):
        return [kinds] * len(names)
    return list(kinds(names) if callable(kinds) else kinds)


def _name(kind: Kind) -> str:
    return kind.kind if isinstance(kind, TargetEncoder) else kind


def _settled(kind: Kind, values: np.ndarray, labelled: bool) -> Kind:
    """The kind of a column, found where "auto" stands."""
    return kind_of(values, labelled) if isinstance(kind, str) and kind == "auto" else kind


def _read_column(values: np.ndarray, kind: Kind, where: str) -> tuple[np.ndarray, np.ndarray]:
    """A column's values and the mask of its observed cells; infinity is an error."""
    if _name(kind) in ("numeric", "count"):
        values = as_numeric(values, where)
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise TaskDataError(
            f"Y {where} contains infinity in row {int(np.argmax(np.isinf(values)))}: use NaN for an unobserved value."
        )
    return values, ~is_missing(values)


def _encode(values: np.ndarray, observed: np.ndarray, kind: Kind, where: str) -> tuple[np.ndarray, TargetEncoder]:
    """A column as floats, 0 where unobserved, and how it was coded."""
    known, name = (kind, kind.kind) if isinstance(kind, TargetEncoder) else (None, kind)
    if name in ("binary", "classes"):
        return encode_labels(values, observed, name, where, known)
    if name == "count":
        check_counts(values, observed, where)
    return np.where(observed, values, 0.0), TargetEncoder(name) if known is None else known


def _check_exposed(exposure: Array | None, encoders: Sequence[TargetEncoder]) -> None:
    if exposure is not None and not any(encoder.kind == "count" for encoder in encoders):
        raise TaskDataError(
            "exposure goes with counts, but no outcome is read as a count: drop exposure, or use loss='poisson' for "
            "an outcome that is one."
        )


def _no_entry(where: str, observed: bool) -> TaskDataError:
    if observed:
        return TaskDataError(
            f"sample_weight is zero for every observed entry of Y {where}: leave the task out or give it weight."
        )
    return TaskDataError(
        f"Y {where} contains NaN only, no observed entry: leave the task out or give it at least one value."
    )


def _plain(X: Any, Y: Any, task_weight: Any, kinds: Kinds) -> TaskData | None:
    """An array of numbers without weights, which needs no look at single columns; None where it does."""
    if not (type(Y) is np.ndarray and Y.dtype.kind in "fiu" and Y.ndim in (1, 2) and Y.size and len(Y) == X.shape[0]):
        return None
    table = Y if Y.ndim == 2 else Y[:, None]
    names = tuple(range(table.shape[1]))
    if any(kind != "numeric" for kind in _kinds(kinds, names)):
        return None
    if _all_finite(table):
        layout: TaskLayout = CompleteLayout(names, len(table))
        y = table.T.ravel()
    else:
        # In C order (T, n): that of the entries.
        observed = np.logical_not(np.isnan(table.T, order="C"))
        if not observed.any(axis=1).all():
            return None
        y = table.T[observed]
        if np.isinf(y).any():
            return None
        layout = make_layout(observed.T, names)
    y = y if y.dtype in _FLOATS else y.astype(np.float64)
    return TaskData(
        design=SharedDesign(X, layout),
        y=y,
        weight=np.ndarray(y.shape, buffer=_ONE, strides=(0,)),
        layout=layout,
        encoders=(TargetEncoder("numeric"),) * len(names),
        form="wide" if Y.ndim == 2 else "single",
        task_weight=check_task_weight(task_weight, names),
    )


def _wide(
    X: Any,
    columns: list[np.ndarray],
    names: tuple[object, ...],
    labelled: Sequence[bool],
    weights: Array,
    exposures: Array | None,
    task_weight: Any,
    kinds: Kinds,
    form: str,
) -> TaskData:
    task_weight = check_task_weight(task_weight, names)
    n_tasks = len(columns)
    observed = np.empty((X.shape[0], n_tasks), dtype=bool)
    Y = np.zeros((X.shape[0], n_tasks))
    encoders = []
    for t, (values, kind) in enumerate(zip(columns, _kinds(kinds, names), strict=True)):
        where = f"(task {names[t]!r})"
        kind = _settled(kind, values, labelled[t])
        values, present = _read_column(values, kind, where)
        observed[:, t] = present & (weights[:, t] > 0)
        if not observed[:, t].any():
            raise _no_entry(where, bool(present.any()))
        Y[:, t], encoder = _encode(values, observed[:, t], kind, where)
        encoders.append(encoder)
        if exposures is not None:
            exposures[:, t] = exposure_of(exposures[:, t], observed[:, t], encoder.kind, where)
            Y[:, t] /= exposures[:, t]
    _check_exposed(exposures, encoders)
    layout = make_layout(observed, names, _channels(encoders))
    flat = observed.T
    return TaskData(
        design=SharedDesign(X, layout),
        y=Y.T[flat],
        weight=_weight_of(weights.T, flat),
        layout=layout,
        encoders=tuple(encoders),
        form=form,
        task_weight=task_weight,
        exposure=None if exposures is None else exposures.T[flat],
    )


def check_task_ids(task: Any, n_rows: int) -> np.ndarray:
    """Task ids as a 1-D array without missing values."""
    ids = task if hasattr(task, "__array__") else array_of_list(task)
    ids = np.asarray(ids)
    if ids.shape != (n_rows,):
        raise TaskDataError(f"task has shape {ids.shape} but X has {n_rows} rows: give one task id per row.")
    missing = is_missing(ids)
    if missing.any():
        raise TaskDataError(f"task has no id in row {int(np.argmax(missing))}: give every row an id or drop the row.")
    if ids.dtype.kind == "O":
        kinds = {type(v).__name__ for v in ids.tolist()}
        if len(kinds) > 1:
            raise TaskDataError(f"task mixes ids of several types ({', '.join(sorted(kinds))}): give ids of one type.")
        ids = np.array(ids.tolist())
    return ids


def _weight_of(weights: Array, entries: np.ndarray) -> Array:
    """Weights of some entries, which are one number, repeated, where none were given."""
    if any(weights.strides):
        values: Array = weights[entries]
        return values
    return np.broadcast_to(1.0, int(np.count_nonzero(entries)) if entries.dtype == bool else len(entries))


def _channels(encoders: Sequence[TargetEncoder]) -> np.ndarray:
    return np.array([encoder.n_channels for encoder in encoders], dtype=np.intp)


def _rows(
    X: Any,
    values: np.ndarray,
    task: Any,
    labelled: bool,
    weight: Array,
    exposure: Array | None,
    task_weight: Any,
    kinds: Kinds,
) -> TaskData:
    ids = check_task_ids(task, X.shape[0])
    unique, code = np.unique(ids, return_inverse=True)
    names = tuple(unique.tolist())
    task_weight = check_task_weight(task_weight, names)
    all_kinds = set(_kinds(kinds, names))
    if len(all_kinds) > 1:
        raise TaskDataError("task goes with one outcome, so every task needs the same kind of loss: give one for all.")
    where = "(one outcome, rows of tasks)"
    kind = _settled(all_kinds.pop(), values, labelled)
    values, present = _read_column(values, kind, where)
    keep = present & (weight > 0)
    for counted, seen in ((present, False), (keep, True)):
        counts = np.bincount(code[counted], minlength=len(names))
        if not counts.all():
            raise _no_entry(f"(task {names[int(np.argmin(counts))]!r})", seen)
    y, encoder = _encode(values, keep, kind, where)
    encoders = (encoder,) * len(names)
    _check_exposed(exposure, encoders)
    if exposure is not None:
        exposure = exposure_of(exposure, keep, encoder.kind, where)
        y = y / exposure
    layout = make_row_layout(code, keep, names, _channels(encoders))
    design: Design = RowDesign(X.tocsr()[layout.row_index] if sparse.issparse(X) else X[layout.row_index], layout)
    return TaskData(
        design=design,
        y=y[layout.row_index],
        weight=_weight_of(weight, layout.row_index),
        layout=layout,
        encoders=encoders,
        form="rows",
        task_weight=task_weight,
        exposure=None if exposure is None else exposure[layout.row_index],
    )
