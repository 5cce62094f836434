"""From one value per task to what the user asked for: averages, the worst task, undefined tasks."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skmtl.exceptions import TaskDataError
from skmtl.metrics._align import Targets

AVERAGES = ("raw_values", "uniform_average", "entries", "worst")
NO_ENTRIES = "no observed entries"


def check_multioutput(multioutput: Any, targets: Targets) -> Any:
    """Check the ``multioutput`` argument; an array comes back as floats."""
    if isinstance(multioutput, str):
        if multioutput not in AVERAGES:
            options = ", ".join(repr(option) for option in AVERAGES)
            raise TaskDataError(f"multioutput={multioutput!r} is not known: use {options} or one weight per task.")
        return multioutput
    try:
        weights = np.asarray(multioutput, dtype=float)
    except (TypeError, ValueError):
        weights = np.array(np.nan)
    if weights.shape != (targets.n_tasks,):
        raise TaskDataError(
            f"multioutput has the shape {weights.shape} but there are {targets.n_tasks} tasks: "
            "give one weight per task."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise TaskDataError(
            "multioutput holds a weight that is negative or not finite, or no positive weight: "
            "give weights of at least zero, one of them positive."
        )
    return weights


def evaluate(
    metric: str,
    targets: Targets,
    multioutput: Any,
    greater_is_better: bool | float,
    reason: Callable[[int], str | None],
    score: Callable[[int], float],
    score_all: Callable[[], np.ndarray] | None = None,
    stacklevel: int = 3,
) -> float | np.ndarray:
    """Score every task and aggregate.

    Parameters
    ----------
    metric : str
        Name of the metric in messages.
    targets : Targets
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array of shape (T,)
        Checked already.
    greater_is_better : bool or float
        Decides which task is the worst; a float is the ideal value, and the worst is the farthest from it.
    reason : callable of the task number
        Why the metric is undefined for the task, or None.
    score : callable of the task number
        The value of a task for which the metric is defined.
    score_all : callable, optional
        All values in one call; used on complete tables, where it has to equal scikit-learn's 2-D
        call to the last digit (a sum down a column adds in another order than a 1-D sum).
    stacklevel : int, default=3
        Warnings point at the line that called the metric: this function, the metric, the caller.

    Returns
    -------
    float or ndarray of shape (T,)

    Warns
    -----
    UndefinedMetricWarning
        Once, with the names of the tasks for which the metric is undefined.
    """
    reasons = [reason(t) if len(targets.rows[t]) else NO_ENTRIES for t in range(targets.n_tasks)]
    defined = np.array([why is None for why in reasons])
    if score_all is not None and targets.complete and defined.all():
        values = np.asarray(score_all())
    else:
        values = np.full(targets.n_tasks, np.nan)
        spoken: dict[tuple[str, type[Warning]], list[object]] = {}
        for t in np.flatnonzero(defined):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                values[t] = score(int(t))
            for warning in caught:
                spoken.setdefault((str(warning.message), warning.category), []).append(targets.names[t])
        for (message, category), tasks in spoken.items():
            warnings.warn(f"{metric} of {list_tasks(tasks)}: {message}", category, stacklevel=stacklevel)
    if not defined.all():
        warnings.warn(_undefined_message(metric, targets, reasons), UndefinedMetricWarning, stacklevel=stacklevel)
    return _aggregate(values, defined, targets, multioutput, greater_is_better)


def _aggregate(
    values: np.ndarray, defined: np.ndarray, targets: Targets, multioutput: Any, greater_is_better: bool | float
) -> float | np.ndarray:
    if isinstance(multioutput, str) and multioutput == "raw_values":
        return values
    if not defined.any():
        return float("nan")
    kept = values[defined]
    if isinstance(multioutput, str):
        if multioutput == "worst":
            if not isinstance(greater_is_better, bool):
                return float(kept[np.argmax(np.abs(kept - greater_is_better))])
            return float(kept.min() if greater_is_better else kept.max())
        if multioutput == "uniform_average":
            return float(np.average(kept))
        return float(np.average(kept, weights=targets.totals()[defined]))
    weights = multioutput[defined]
    return float(np.average(kept, weights=weights)) if weights.any() else float("nan")


def _undefined_message(metric: str, targets: Targets, reasons: Sequence[str | None]) -> str:
    groups: dict[str, list[object]] = {}
    for t, why in enumerate(reasons):
        if why is not None:
            groups.setdefault(why, []).append(targets.names[t])
    parts = [f"{list_tasks(tasks)} ({why})" for why, tasks in groups.items()]
    left_out = sum(map(len, groups.values()))
    end = "the value is nan" if left_out == targets.n_tasks else "raw values are nan there, averages skip these tasks"
    return f"{metric} is undefined for {' and '.join(parts)}: {end}."


def list_tasks(names: Sequence[object], longest: int = 10) -> str:
    """Task names for a message: "task 'a'" or "tasks 'a', 'b'", shortened where there are many."""
    more = f" and {len(names) - longest} more" if len(names) > longest else ""
    return ("task " if len(names) == 1 else "tasks ") + ", ".join(map(repr, names[:longest])) + more


__all__ = ["AVERAGES", "NO_ENTRIES", "check_multioutput", "evaluate", "list_tasks"]
