"""The coefficients of a fitted estimator as one table with names, whatever wrappers are around it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._parts import fitted_parts, task_names
from skmtl._typing import Array, BoolArray, IntArray
from skmtl.exceptions import InvalidParameterError


@dataclass(frozen=True, eq=False)
class CoefficientTable:
    """Coefficients with the names of their rows and columns.

    Parameters
    ----------
    coef : ndarray of shape (C, p)
        A row per outcome, and one per class where an outcome has more than two.
    features : list of length p
    labels : list of length C
        The outcome of each row, with its class where it has several rows.
    outcomes : list of length C
        Without the class.
    shared, specific : ndarray of shape (C, p) or None
        The two parts, where the model has them.
    outliers : ndarray of bool of shape (C,) or None
    clusters : ndarray of int of shape (C,) or None
    """

    coef: Array
    features: list[Hashable]
    labels: list[Hashable]
    outcomes: list[Hashable]
    shared: Array | None = None
    specific: Array | None = None
    outliers: BoolArray | None = None
    clusters: IntArray | None = None


def coefficient_table(estimator: Any, caller: str, outcomes: tuple[Any, ...] | None = None) -> CoefficientTable:
    """Read coefficients and names off a fitted estimator.

    Parameters
    ----------
    estimator : fitted estimator
        A linear model, or one inside a pipeline, a search, `IndependentTasks`, or a guard.
    caller : str
        Who asks, for messages.
    outcomes : tuple, optional
        Names, for estimators that know none.

    Returns
    -------
    CoefficientTable

    Raises
    ------
    InvalidParameterError
        It is not fitted, or an outcome has no coefficients.
    """
    if hasattr(estimator, "chosen_") and isinstance(getattr(estimator, "estimators_", None), dict):
        return _of_guard(estimator, caller)
    parts = list(fitted_parts(estimator, outcomes))
    found = [_one_model(part.model, part.outcomes, part.units, caller) for part in parts]
    widths = {table.coef.shape[1] for table in found}
    if len(widths) > 1:
        raise InvalidParameterError(
            f"{caller}: the models of {type(estimator).__name__} have different numbers of features "
            f"({', '.join(str(width) for width in sorted(widths))}): show them one by one."
        )
    features = _feature_names(estimator, parts[0].model, widths.pop())
    if len(found) == 1:
        return CoefficientTable(**{**found[0].__dict__, "features": features})
    return _stacked(found, features, task_names(estimator))


def _of_guard(guard: Any, caller: str) -> CoefficientTable:
    """Of each outcome the model that it is served by; candidates may know no names of what they were fitted on."""
    names = task_names(guard)
    choice = dict(zip(names, guard.chosen_, strict=True))
    found = []
    for key, candidate in guard.estimators_.items():
        table = coefficient_table(candidate, caller, task_names(candidate) or guard.sharing_sets_.get(key, names))
        kept = [k for k, name in enumerate(table.outcomes) if choice[name] == key]
        labels, outcomes = ([names[k] for k in kept] for names in (table.labels, table.outcomes))
        found.append(CoefficientTable(table.coef[kept], table.features, labels, outcomes))
    return _stacked(found, found[0].features, names)


def _stacked(found: list[CoefficientTable], features: list[Hashable], names: tuple[Any, ...]) -> CoefficientTable:
    """Several models in the order of the table; they have no shared part to show."""
    coef = np.concatenate([table.coef for table in found])
    labels = [label for table in found for label in table.labels]
    outcomes = [name for table in found for name in table.outcomes]
    place = {name: t for t, name in enumerate(names)}
    order = sorted(range(len(coef)), key=lambda k: place.get(outcomes[k], len(place)))
    return CoefficientTable(coef[order], features, [labels[k] for k in order], [outcomes[k] for k in order])


def _one_model(model: Any, outcomes: Sequence[Any], units: Sequence[float], caller: str) -> CoefficientTable:
    coef = getattr(model, "coef_", None)
    if coef is None:
        of = f" for the outcome {outcomes[0]!r}" if len(outcomes) else ""
        raise InvalidParameterError(
            f"{caller}: {type(model).__name__} has no coef_{of}: fit it first, or give a linear model."
        )
    coef = _as_rows(coef)
    shared, specific = _two_parts(model, len(coef))
    task, names = _tasks_of_rows(model, len(coef), outcomes)
    # Of a model behind a guard only the outcomes that it serves.
    served = {name: unit for name, unit in zip(outcomes, units, strict=True)} or dict.fromkeys(names, 1.0)
    kept = np.array([k for k, t in enumerate(task) if names[t] in served], dtype=np.intp)
    # One row that is the same for all outcomes is shown for each.
    at = np.zeros(len(task), dtype=np.intp) if len(coef) == 1 else np.arange(len(task))
    unit = np.array([served[names[t]] for t in task[kept]])[:, None]
    labels = _labels(model, task, names)
    return CoefficientTable(
        coef[at[kept]] * unit,
        [],
        [labels[k] for k in kept],
        [names[t] for t in task[kept]],
        None if shared is None else shared[at[kept]] * unit,
        None if specific is None else specific[at[kept]] * unit,
        # Tasks that were added after the fit have no mark.
        _padded(getattr(model, "outlier_tasks_", None), task[kept], False),
        _padded(getattr(model, "task_clusters_", None), task[kept], -1),
    )


def _tasks_of_rows(model: Any, n_rows: int, outcomes: Sequence[Any]) -> tuple[IntArray, list[Any]]:
    """The outcome of each row, as a position among the names that follow."""
    own = list(task_names(model))
    # A model of one outcome may not know under what name it serves.
    names = own if len(own) > 1 else list(outcomes) or own
    if hasattr(model, "channel_task_"):
        return np.asarray(model.channel_task_, dtype=np.intp), names
    if not names:
        classes = np.ravel(getattr(model, "classes_", []))
        return np.arange(n_rows), list(classes) if len(classes) == n_rows else list(range(n_rows))
    if len(names) == 1:
        return np.zeros(n_rows, dtype=np.intp), names
    if n_rows not in (1, len(names)):
        raise InvalidParameterError(
            f"{type(model).__name__} has {n_rows} rows of coefficients for {len(names)} outcomes: give it by itself."
        )
    return np.arange(len(names)), names


def _two_parts(model: Any, n_rows: int) -> tuple[Array | None, Array | None]:
    if not (hasattr(model, "shared_coef_") and hasattr(model, "specific_coef_")):
        return None, None
    parts = _as_rows(model.shared_coef_), _as_rows(model.specific_coef_)
    return parts if all(len(part) == n_rows for part in parts) else (None, None)


def _as_rows(coef: Any) -> Array:
    return np.atleast_2d(np.asarray(coef.toarray() if hasattr(coef, "toarray") else coef, dtype=np.float64))


def _padded(marks: Any, task: IntArray, blank: Any) -> Any:
    """The mark of each row's outcome."""
    if marks is None:
        return None
    marks = np.asarray(marks)
    full = np.full(max(int(task.max()) + 1, len(marks)), blank, dtype=marks.dtype)
    full[: len(marks)] = marks
    return full[task]


def _labels(model: Any, task: IntArray, names: list[Any]) -> list[Hashable]:
    """Names of rows: the outcome's, and where it has several rows each with its class."""
    classes = getattr(model, "classes_", None)
    labels: list[Hashable] = []
    for k, t in enumerate(task):
        rows = np.flatnonzero(task == t)
        if len(rows) == 1:
            labels.append(names[t])
            continue
        at = int(np.flatnonzero(rows == k)[0])
        own = classes[t] if isinstance(classes, list) else classes
        labels.append(f"{names[t]} = {own[at] if own is not None and len(own) == len(rows) else at}")
    return labels


def _feature_names(estimator: Any, model: Any, n_features: int) -> list[Hashable]:
    """Names of the features as the model got them; x0, x1 and so on where nobody knows them.

    The steps of a pipeline before the model say what they make; prefixes of their parts are left out where names stay
    different without.
    """
    names: list[Any] = []
    pipeline = getattr(estimator, "best_estimator_", estimator)
    if len(getattr(pipeline, "steps", ())) > 1:
        try:
            names = list(pipeline[:-1].get_feature_names_out())
        except (AttributeError, ValueError):  # a step does not say, or was fitted without names
            names = []
    for source in (model, estimator):
        if len(names) != n_features:
            names = list(getattr(source, "feature_names_in_", ()))
    if len(names) != n_features:
        return [f"x{j}" for j in range(n_features)]
    plain = [str(name).split("__", 1)[-1] for name in names]
    prefixed = all("__" in str(name) for name in names) and len(set(plain)) == len(plain)
    return list(plain) if prefixed else names


__all__ = ["CoefficientTable", "coefficient_table"]
