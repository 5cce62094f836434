"""What goes with the entries of a table: sample weights, task weights, exposures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmtl._typing import Array
from skmtl.exceptions import TaskDataError

TASK_WEIGHTS = ("entries", "equal", "deviance")


def as_numbers(values: Any, argument: str, cure: str) -> Array:
    """An argument as floats."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise TaskDataError(f"{argument} is not an array of numbers: give {cure}.") from None


def check_sample_weight(
    sample_weight: Any, n_rows: int, n_columns: int, names: Sequence[object] | None = None
) -> Array:
    """Weights as an (n, T) table; ``names`` are those of the outcomes where they came as a frame."""
    if sample_weight is None:
        return np.ones((n_rows, n_columns))
    _check_order(sample_weight, "sample_weight", names)
    weights = as_numbers(sample_weight, "sample_weight", "numbers of zero or more")
    if weights.ndim == 1:
        weights = np.repeat(weights[:, None], n_columns, axis=1)
    _check_shape(weights, sample_weight, "sample_weight", n_rows, n_columns)
    if not np.isfinite(weights).all():
        raise TaskDataError("sample_weight holds NaN or infinity: use 0 for an entry that should not count.")
    if (weights < 0).any():
        raise TaskDataError("sample_weight holds a negative value: weights must be zero or positive.")
    return weights


def check_task_weight(task_weight: Any, names: tuple[object, ...]) -> str | Array:
    """The name of a weighting, or one weight per task."""
    if isinstance(task_weight, str):
        if task_weight not in TASK_WEIGHTS:
            options = ", ".join(repr(option) for option in TASK_WEIGHTS)
            raise TaskDataError(f"task_weight={task_weight!r} is not known: use {options} or one number per task.")
        return task_weight
    weights = as_numbers(task_weight, "task_weight", "one positive number per task")
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


def check_exposure(exposure: Any, n_rows: int, n_columns: int, names: Sequence[object] | None = None) -> Array | None:
    """Exposures as an (n, T) table; they are looked at where a count is observed only."""
    if exposure is None:
        return None
    _check_order(exposure, "exposure", names)
    table = as_numbers(exposure, "exposure", "positive numbers").copy()
    if table.ndim == 1:
        table = np.repeat(table[:, None], n_columns, axis=1)
    _check_shape(table, exposure, "exposure", n_rows, n_columns)
    return table


def exposure_of(exposure: Array, observed: np.ndarray, kind: str, where: str) -> Array:
    """Exposures of one column: those of its observed counts, and ones elsewhere."""
    if kind != "count":
        return np.ones(len(observed))
    wrong = observed & ~(np.isfinite(exposure) & (exposure > 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TaskDataError(
            f"exposure of Y {where} is {exposure[row]:g} in row {row}: give a positive finite number where a count is "
            "observed."
        )
    return np.where(observed, exposure, 1.0)


def _check_order(given: Any, argument: str, names: Sequence[object] | None) -> None:
    """Refuse a frame with the columns of Y in another order: numbers would go to the wrong task."""
    if names is None or not hasattr(given, "columns"):
        return
    columns = list(given.columns)
    if columns != list(names) and len(columns) == len(names) and set(columns) == set(names):
        raise TaskDataError(f"{argument} has the columns of Y in another order: give {argument}[Y.columns].")


def _check_shape(table: Array, given: Any, argument: str, n_rows: int, n_columns: int) -> None:
    if table.shape != (n_rows, n_columns):
        wanted = f"({n_rows},)" if n_columns == 1 else f"({n_rows},) or ({n_rows}, {n_columns})"
        raise TaskDataError(f"{argument} has shape {np.shape(given)}: give it the shape {wanted}.")
