"""From what the user gives to `TaskData`: the only branch on the data form, the only input errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from skmtl._typing import Array
from skmtl.data._container import TaskData
from skmtl.data._design import Design, RowDesign, SharedDesign
from skmtl.data._layout import make_layout, make_row_layout
from skmtl.data._targets import TargetEncoder, array_of_list, as_numeric, encode_binary, is_missing, split_columns
from skmtl.exceptions import TaskDataError

Kind = str | TargetEncoder
Kinds = str | Sequence[Kind] | Callable[[Sequence[object]], Sequence[Kind]]
TASK_WEIGHTS = ("entries", "equal", "deviance")


def as_task_data(
    X: Any,
    Y: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    task_weight: Any = "entries",
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
    kinds : {"numeric", "binary"}, a sequence of them (one per task), or a callable
        How each target is read; a callable gets the task names and returns the sequence. In place of a kind
        stands the encoder of a fit, to code labels as they were coded there.
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
    columns, names, wide = split_columns(Y)
    if not columns:
        raise TaskDataError("Y has no column: give one column per outcome.")
    if len(columns[0]) != X.shape[0]:
        raise TaskDataError(
            f"Y has {len(columns[0])} rows but X has {X.shape[0]}: give one row of outcomes per row of features."
        )
    weights = _check_sample_weight(sample_weight, X.shape[0], len(columns))
    if task is None:
        labels = tuple(range(len(columns))) if names is None else tuple(names)
        if len(set(labels)) < len(labels):
            double = next(name for name in labels if labels.count(name) > 1)
            raise TaskDataError(f"Y has two columns named {double!r}: give every outcome a name of its own.")
        return _wide(X, columns, labels, weights, task_weight, kinds, "wide" if wide else "single")
    if wide and len(columns) != 1:
        raise TaskDataError(
            f"task goes with a 1-D Y (one outcome, one task id per row), but Y has {len(columns)} columns: "
            "drop task, or give one column."
        )
    return _rows(X, columns[0], task, weights[:, 0], task_weight, kinds)


def _check_features(X: Any, estimator: BaseEstimator | None) -> Any:
    options = {"accept_sparse": ("csr", "csc"), "dtype": np.float64}
    if estimator is None:
        return check_array(X, input_name="X", **options)
    return validate_data(estimator, X, **options)


def _as_numbers(values: Any, argument: str, cure: str) -> Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise TaskDataError(f"{argument} is not an array of numbers: give {cure}.") from None


def _check_sample_weight(sample_weight: Any, n_rows: int, n_columns: int) -> Array:
    """Weights as an (n, T) table."""
    if sample_weight is None:
        return np.ones((n_rows, n_columns))
    weights = _as_numbers(sample_weight, "sample_weight", "numbers of zero or more")
    if weights.ndim == 1:
        weights = np.repeat(weights[:, None], n_columns, axis=1)
    if weights.shape != (n_rows, n_columns):
        wanted = f"({n_rows},)" if n_columns == 1 else f"({n_rows},) or ({n_rows}, {n_columns})"
        raise TaskDataError(f"sample_weight has shape {np.shape(sample_weight)}: give it the shape {wanted}.")
    if not np.isfinite(weights).all():
        raise TaskDataError("sample_weight holds NaN or infinity: use 0 for an entry that should not count.")
    if (weights < 0).any():
        raise TaskDataError("sample_weight holds a negative value: weights must be zero or positive.")
    return weights


def _check_task_weight(task_weight: Any, names: tuple[object, ...]) -> str | Array:
    if isinstance(task_weight, str):
        if task_weight not in TASK_WEIGHTS:
            options = ", ".join(repr(option) for option in TASK_WEIGHTS)
            raise TaskDataError(f"task_weight={task_weight!r} is not known: use {options} or one number per task.")
        return task_weight
    weights = _as_numbers(task_weight, "task_weight", "one positive number per task")
    if weights.shape != (len(names),):
        raise TaskDataError(
            f"task_weight has shape {weights.shape} but there are {len(names)} tasks: give one number per task."
        )
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        worst = names[int(np.argmin(np.where(np.isfinite(weights), weights, -np.inf)))]
        raise TaskDataError(
            f"task_weight of task {worst!r} is not a positive finite number: give positive weights and leave "
            "an unwanted task out of Y."
        )
    return weights


def _kinds(kinds: Kinds, names: tuple[object, ...]) -> list[Kind]:
    if isinstance(kinds, str):
        return [kinds] * len(names)
    return list(kinds(names) if callable(kinds) else kinds)


def _encode(values: np.ndarray, observed: np.ndarray, kind: Kind, where: str) -> tuple[np.ndarray, TargetEncoder]:
    """A column as floats, 0 where unobserved, and how it was coded."""
    known = kind if isinstance(kind, TargetEncoder) else None
    if _name(kind) == "binary":
        return encode_binary(values, observed, where, known)
    return np.where(observed, values, 0.0), TargetEncoder("numeric") if known is None else known


def _name(kind: Kind) -> str:
    return kind.kind if isinstance(kind, TargetEncoder) else kind


def _read_column(values: np.ndarray, kind: Kind, where: str) -> tuple[np.ndarray, np.ndarray]:
    """A column's values and the mask of its observed cells; infinity is an error."""
    if _name(kind) == "numeric":
        values = as_numeric(values, where)
    if values.dtype.kind == "f" and np.isinf(values).any():
        raise TaskDataError(
            f"Y {where} contains infinity in row {int(np.argmax(np.isinf(values)))}: use NaN for an unobserved value."
        )
    return values, ~is_missing(values)


def _no_entry(where: str, observed: bool) -> TaskDataError:
    if observed:
        return TaskDataError(
            f"sample_weight is zero for every observed entry of Y {where}: leave the task out or give it weight."
        )
    return TaskDataError(
        f"Y {where} contains NaN only, no observed entry: leave the task out or give it at least one value."
    )


def _wide(
    X: Any,
    columns: list[np.ndarray],
    names: tuple[object, ...],
    weights: Array,
    task_weight: Any,
    kinds: Kinds,
    form: str,
) -> TaskData:
    task_weight = _check_task_weight(task_weight, names)
    n_tasks = len(columns)
    observed = np.empty((X.shape[0], n_tasks), dtype=bool)
    Y = np.zeros((X.shape[0], n_tasks))
    encoders = []
    for t, (values, kind) in enumerate(zip(columns, _kinds(kinds, names), strict=True)):
        where = f"(task {names[t]!r})"
        values, present = _read_column(values, kind, where)
        observed[:, t] = present & (weights[:, t] > 0)
        if not observed[:, t].any():
            raise _no_entry(where, bool(present.any()))
        Y[:, t], encoder = _encode(values, observed[:, t], kind, where)
        encoders.append(encoder)
    layout = make_layout(observed, names)
    flat = observed.T
    return TaskData(
        design=SharedDesign(X, layout),
        y=Y.T[flat],
        weight=weights.T[flat],
        layout=layout,
        encoders=tuple(encoders),
        form=form,
        task_weight=task_weight,
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


def _rows(X: Any, values: np.ndarray, task: Any, weight: Array, task_weight: Any, kinds: Kinds) -> TaskData:
    ids = check_task_ids(task, X.shape[0])
    unique, code = np.unique(ids, return_inverse=True)
    names = tuple(unique.tolist())
    task_weight = _check_task_weight(task_weight, names)
    all_kinds = set(_kinds(kinds, names))
    if len(all_kinds) > 1:
        raise TaskDataError("task goes with one outcome, so every task needs the same kind of loss: give one for all.")
    kind = all_kinds.pop()
    values, present = _read_column(values, kind, "(one outcome, rows of tasks)")
    keep = present & (weight > 0)
    for counted, seen in ((present, False), (keep, True)):
        counts = np.bincount(code[counted], minlength=len(names))
        if not counts.all():
            raise _no_entry(f"(task {names[int(np.argmin(counts))]!r})", seen)
    y, encoder = _encode(values, keep, kind, "(one outcome, rows of tasks)")
    layout = make_row_layout(code, keep, names)
    design: Design = RowDesign(X.tocsr()[layout.row_index] if sparse.issparse(X) else X[layout.row_index], layout)
    return TaskData(
        design=design,
        y=y[layout.row_index],
        weight=weight[layout.row_index],
        layout=layout,
        encoders=(encoder,) * len(names),
        form="rows",
        task_weight=task_weight,
    )
