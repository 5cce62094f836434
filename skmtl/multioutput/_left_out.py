"""Models that left entries out, and what they say of numbers and of classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import LeaveOneGroupOut, LeaveOneOut
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.parallel import Parallel, delayed

from skmtl._sklearn import check_method_params, safe_split
from skmtl._splits import MultiTaskKFold, check_task_cv, split_tasks
from skmtl._splits.columns import MAX_WHOLE_CLASSES
from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.metrics._evaluate import list_tasks
from skmtl.metrics._response import fitted_attribute
from skmtl.multioutput._entries import TaskEntries, count_rows
from skmtl.multioutput._inner import fit_argument, last_step, routing_enabled, steps_of, target_kinds

Part = tuple[IntArray, IntArray]


@dataclass(frozen=True)
class Outcomes:
    """What the models are asked for: every task's name, and its classes, None for numbers."""

    names: tuple[object, ...]
    classes: tuple[np.ndarray | None, ...]
    normalized: bool

    @property
    def numeric(self) -> list[int]:
        """Tasks without classes."""
        return [t for t, known in enumerate(self.classes) if known is None]

    @property
    def labelled(self) -> list[int]:
        """Tasks with classes."""
        return [t for t, known in enumerate(self.classes) if known is not None]


def fit_arguments(estimator: Any, sample_weight: Any, task: Any) -> dict[str, Any]:
    """Arguments of the estimator's fit, under the names that it takes."""
    given = {}
    for name, value in (("sample_weight", sample_weight), ("task", task)):
        if value is None:
            continue
        argument = fit_argument(estimator, name)
        if argument is None:
            raise TaskDataError(
                f"{type(last_step(estimator)).__name__}.fit takes no {name}: leave it out, or give an estimator that "
                "takes it."
            )
        given[argument] = value
    return given


def make_parts(
    method: str, cv: Any, estimator: Any, X: Any, y: Any, entries: TaskEntries, task: Any, groups: Any, seed: int
) -> list[Part]:
    """Rows to fit on and rows to calibrate on: one pair for "split", a partition of the rows otherwise."""
    n_rows = count_rows(X)
    if n_rows < 2:
        raise TaskDataError(f"X has {n_rows} sample(s), and one part calibrates the other: give more rows.")
    if method == "jackknife+":
        left_out = LeaveOneOut() if groups is None else LeaveOneGroupOut()
        parts = list(left_out.split(X, groups=groups))
    else:
        classifier = is_classifier(estimator)
        if classifier:
            _check_labels(entries)
        splitter = check_task_cv(cv, classifier=classifier)
        if isinstance(splitter, MultiTaskKFold) and splitter is not cv:
            labels = "label" in target_kinds(estimator, [None])
            splitter.set_params(shuffle=True, random_state=seed)
            y = _observed_targets(entries, n_rows, labels)
        parts = split_tasks(splitter, X, y, groups=groups, task=task)
    if method == "split":
        parts = parts[:1]
    else:
        _check_partition(parts, n_rows)
    observed = np.zeros((n_rows, entries.n_tasks), dtype=bool)
    for t, rows in enumerate(entries.rows):
        observed[rows, t] = True
    # A row without an observed entry calibrates nothing, and needs no model that left it out.
    # Rows in their order, which splitters need not keep: what reads the answers looks rows up by it.
    parts = [(np.sort(train), np.sort(test[observed[test].any(axis=1)])) for train, test in parts]
    parts = [part for part in parts if part[1].size]
    for train, _ in parts:
        absent = np.flatnonzero(~observed[train].any(axis=0)).tolist()
        if absent:
            raise TaskDataError(
                "A training part holds no observed entry of "
                f"{list_tasks([entries.names[t] for t in absent])}: give the outcome more entries, leave it out, or "
                "give a cv that keeps every outcome in every training part."
            )
    return parts


def _check_labels(entries: TaskEntries) -> None:
    """Say that a target has no classes before folds are made by class."""
    for name, y in zip(entries.names, entries.y, strict=True):
        kind = type_of_target(y)
        if kind not in ("binary", "multiclass"):
            raise TaskDataError(
                f"Unknown label type: {kind}. Y (task {name!r}) does not hold classes: use a regressor for it, or turn "
                "it into classes."
            )


def _observed_targets(entries: TaskEntries, n_rows: int, labels: bool) -> Any:
    """Targets for the default folds: None where absent or of weight 0, and measurements as 0.

    So that without classes the folds depend on what was observed, not on its value: the scores of a task stay
    exchangeable with the score of a new entry. A frame where there are several, so that messages name them.
    """
    import pandas as pd

    rows_of_tasks = entries.form == "rows"
    table = np.full((n_rows, 1 if rows_of_tasks else entries.n_tasks), None, dtype=object)
    for t, rows in enumerate(entries.rows):
        y = entries.y[t]
        measured = not labels or (y.dtype.kind == "f" and len(np.unique(y)) > MAX_WHOLE_CLASSES)
        table[rows, 0 if rows_of_tasks else t] = 0.0 if measured else y
    return table[:, 0] if entries.form != "wide" else pd.DataFrame(table, columns=list(entries.names))


def _check_partition(parts: Sequence[Part], n_rows: int) -> None:
    times = np.bincount(np.concatenate([test for _, test in parts]), minlength=n_rows)
    wrong = np.flatnonzero(times != 1)
    if wrong.size:
        raise InvalidParameterError(
            f"cv has to put every row in exactly one test part, and row {wrong[0]} is in {times[wrong[0]]}: give a "
            "partition such as MultiTaskKFold."
        )


def fit_models(
    estimator: Any, X: Any, y: Any, rows: Sequence[IntArray | None], given: Mapping[str, Any], n_jobs: int | None
) -> list[Any]:
    """A clone of the estimator for each set of rows; None is all of them."""
    return list(Parallel(n_jobs=n_jobs)(delayed(_fit_part)(clone(estimator), X, y, part, given) for part in rows))


def _fit_part(model: Any, X: Any, y: Any, rows: IntArray | None, given: Mapping[str, Any]) -> Any:
    if "task" in given and steps_of(model) and routing_enabled():
        # The clone is ours: its Pipeline gets the task ids without a request being set.
        last_step(model).set_fit_request(task=True)
    if rows is None:
        return model.fit(X, y, **given)
    X_part, y_part = safe_split(model, X, y, rows)
    return model.fit(X_part, y_part, **check_method_params(X, given, indices=rows))


def classes_of(model: Any, n_tasks: int) -> list[np.ndarray | None]:
    """Classes of each task that a fitted model knows; None for numbers."""
    known = fitted_attribute(model, "classes_")
    if isinstance(known, list):
        return list(known)
    return [known] * n_tasks


def entries_in_order(estimator: Any, entries: TaskEntries) -> TaskEntries:
    """The entries in the order of the tasks that a fitted estimator knows; none for a task not among them."""
    known = fitted_attribute(estimator, "task_names_")
    if known is None or (entries.form != "rows" and len(known) == entries.n_tasks == 1):
        return entries
    names = known.tolist()
    unknown = [name for name in entries.names if name not in names]
    if unknown:
        raise TaskDataError(
            f"The fitted estimator does not know task {unknown[0]!r}: give outcomes or task ids of its fit only."
        )
    place = [entries.names.index(name) if name in entries.names else None for name in names]
    return TaskEntries(
        tuple(names),
        entries.form,
        [np.arange(0) if p is None else entries.rows[p] for p in place],
        [entries.y[0][:0] if p is None else entries.y[p] for p in place],
        None if entries.weight is None else [np.zeros(0) if p is None else entries.weight[p] for p in place],
    )


def ask_numbers(model: Any, X: Any, outcomes: Outcomes) -> tuple[Array, Array]:
    """Prediction of each task, NaN for one with classes, and what a score is multiplied with; both (n, T)."""
    n_rows, n_tasks = count_rows(X), len(outcomes.names)
    center, spread = np.full((n_rows, n_tasks), np.nan), np.ones((n_rows, n_tasks))
    numeric = outcomes.numeric
    if not numeric:
        return center, spread
    if outcomes.normalized:
        said, deviation = model.predict(X, **std_arguments(model))
        deviation = _table(deviation, n_rows, n_tasks)[:, numeric]
        spread[:, numeric] = np.maximum(deviation, np.finfo(float).tiny)
    else:
        said = model.predict(X)
    center[:, numeric] = _table(said, n_rows, n_tasks)[:, numeric].astype(float)
    return center, spread


def ask_classes(model: Any, X: Any, outcomes: Outcomes) -> list[Array | None]:
    """Probabilities (n, K_t) of each task with classes; None for numbers."""
    answers: list[Array | None] = [None] * len(outcomes.names)
    if not outcomes.labelled:
        return answers
    tables = model.predict_proba(X)
    tables = tables if isinstance(tables, list) else [tables]
    known = classes_of(model, len(outcomes.names))
    for t in outcomes.labelled:
        answers[t] = _all_classes(tables[t], known[t], outcomes.classes[t])
    return answers


def std_arguments(model: Any) -> dict[str, bool]:
    """Arguments of predict that ask for the standard deviation, of a new observation where there is a choice."""
    parameters = signature(last_step(model).predict).parameters
    if "return_std" not in parameters:
        raise InvalidParameterError(
            f"scores='normalized' needs a standard deviation, and {type(last_step(model)).__name__}.predict takes no "
            "return_std: use scores='absolute', or an estimator such as a Gaussian process."
        )
    return {name: True for name in ("return_std", "include_noise") if name in parameters}


def _table(said: Any, n_rows: int, n_tasks: int) -> np.ndarray:
    table = np.asarray(said).reshape(n_rows, -1)
    if table.shape[1] != n_tasks:
        raise TaskDataError(
            f"The estimator predicts {table.shape[1]} outcomes, but y has {n_tasks}: give an estimator that predicts "
            "every outcome, such as one in skmtl.multioutput.IndependentTasks."
        )
    return table


def _all_classes(probability: Any, known: Any, classes: Any) -> Array:
    """Probabilities in the columns of all classes; one that the model did not see has probability 0."""
    probability = np.asarray(probability, dtype=float)
    if np.array_equal(known, classes):
        return probability
    wider = np.zeros((len(probability), len(classes)))
    wider[:, np.searchsorted(classes, known)] = probability
    return wider


__all__ = [
    "Outcomes",
    "Part",
    "ask_classes",
    "ask_numbers",
    "classes_of",
    "entries_in_order",
    "fit_arguments",
    "fit_models",
    "make_parts",
    "std_arguments",
]
