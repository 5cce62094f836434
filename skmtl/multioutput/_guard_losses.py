"""What candidates lose on entries that were left out, and whether one saves something against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._sklearn import safe_split
from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.multioutput._entries import TaskEntries, count_rows
from skmtl.multioutput._inner import last_step
from skmtl.multioutput._left_out import Outcomes, Part, ask_classes, ask_numbers, classes_of, fit_arguments, fit_models


@dataclass(frozen=True, eq=False)
class Study:
    """The table on which candidates are judged.

    Parameters
    ----------
    X : object with n rows
    y : array or frame of shape (n,) or (n, T)
    task, sample_weight : as given
    entries : TaskEntries
        The observed entries.
    parts : list of (train, test)
        A partition of the rows into test parts.
    unit : ndarray of shape (n,)
        Rows of the same patient have the same number: they are evidence together.
    """

    X: Any
    y: Any
    task: Any
    sample_weight: Any
    entries: TaskEntries
    parts: list[Part]
    unit: IntArray

    def of_tasks(self, estimator: Any, tasks: Sequence[int]) -> tuple[Any, Any, Any, Any, IntArray | None]:
        """X, y, task and sample_weight of some tasks, and the rows of them in the table (None for all)."""
        if len(tasks) == self.entries.n_tasks:
            return self.X, self.y, self.task, self.sample_weight, None
        weight = self.sample_weight
        if self.entries.form == "rows":
            rows = np.sort(np.concatenate([self.entries.rows[t] for t in tasks]))
            X, y = safe_split(estimator, self.X, self.y, rows)
            weight = None if weight is None else np.asarray(weight)[rows]
            return X, y, np.asarray(self.task)[rows], weight, rows
        if weight is not None and np.ndim(weight) == 2:
            weight = _columns(weight, tasks)
        return self.X, _columns(self.y, tasks), None, weight, None


def left_out_losses(
    name: str, estimator: Any, study: Study, tasks: Sequence[int], n_jobs: int | None
) -> dict[int, Array]:
    """Loss of every observed entry of these tasks by a model that did not see its row: squared error, or log loss.

    The estimator is fitted on these tasks only, once without each part.
    """
    X, y, task, weight, rows = study.of_tasks(estimator, tasks)
    given = fit_arguments(estimator, weight, task)
    parts = study.parts
    if rows is not None:
        place = np.full(count_rows(study.X), -1)
        place[rows] = np.arange(len(rows))
        parts = [tuple(p[p >= 0] for p in (place[train], place[test])) for train, test in parts]  # type: ignore[misc]
    try:
        models = fit_models(estimator, X, y, [train for train, _ in parts], given, n_jobs)
    except Exception as error:
        some = "" if len(tasks) == study.entries.n_tasks else f" without {_others(study, tasks)}"
        where = f"Candidate {name!r}{some}, fitted on a training part"
        if isinstance(error, ValueError):
            cure = " An estimator that takes any set of outcomes, or drop_tasks=False, avoids that." if some else ""
            raise TaskDataError(f"{where}: {error}{cure}") from error
        # Other errors keep their type: a missing package or a bug is not bad data.
        error.add_note(f"{where}.")
        raise
    lost = {t: np.full(count_rows(study.X), np.nan) for t in tasks}
    for model, (_, test) in zip(models, parts, strict=True):
        if not len(test):
            continue
        there = test if rows is None else rows[test]
        _fill(lost, name, model, study, tasks, there)
    return {t: values[study.entries.rows[t]] for t, values in lost.items()}


def outcomes_of(name: str, model: Any, study: Study, tasks: Sequence[int]) -> Outcomes:
    """The tasks as a fitted model knows them, in our order."""
    names = tuple(study.entries.names[t] for t in tasks)
    classes = classes_of(model, len(tasks))
    if any(known is not None for known in classes) and not hasattr(model, "predict_proba"):
        raise InvalidParameterError(
            f"Candidate {name!r}, {type(last_step(model)).__name__}, has no predict_proba, and labels are judged by "
            "log loss: give a classifier that has it."
        )
    return Outcomes(names, tuple(classes), False)


def _fill(lost: dict[int, Array], name: str, model: Any, study: Study, tasks: Sequence[int], test: IntArray) -> None:
    """Put the losses of a test part in their rows."""
    entries, outcomes = study.entries, outcomes_of(name, model, study, tasks)
    X = safe_split(model, study.X, None, test)[0]
    numbers, probabilities = ask_numbers(model, X, outcomes)[0], ask_classes(model, X, outcomes)
    for k, t in enumerate(tasks):
        own = np.flatnonzero(np.isin(entries.rows[t], test, assume_unique=True))
        rows = entries.rows[t][own]
        at = np.searchsorted(test, rows)
        y = entries.y[t][own]
        probability = probabilities[k]
        if probability is None:
            lost[t][rows] = (y.astype(float) - numbers[at, k]) ** 2
            continue
        known = outcomes.classes[k]
        assert known is not None
        code = np.minimum(np.searchsorted(known, y), len(known) - 1)
        right = np.where(known[code] == y, probability[at, code], 0.0)
        # A class that no training row showed costs much, and not infinitely much.
        lost[t][rows] = -np.log(np.clip(right, np.finfo(np.float64).eps, 1.0))


@dataclass(frozen=True)
class Saving:
    """Mean loss saved as a share of the independent models' loss, and its standard error."""

    share: float
    error: float

    def passes(self, rule: str) -> bool:
        """Whether it is above 0, by the rule "one_se" by more than one standard error."""
        return self.share > (self.error if rule == "one_se" else 0.0)


def saving(study: Study, base: dict[int, Array], old: dict[int, Array], new: dict[int, Array]) -> Saving:
    """What ``new`` saves against ``old``, mean over the tasks of ``new``, as a share of the loss of ``base``.

    The standard error is that of a ratio of sums over units (patients, or rows without groups), each with all its
    outcomes. By the delta method entry i of an outcome with saving s adds w_i (old_i - new_i - s base_i) / sum(w base).
    """
    total = np.zeros(int(study.unit.max()) + 1)
    share, active = 0.0, np.zeros(len(total), dtype=bool)
    for t in new:
        weight = study.entries.weight_of(t)
        weight = np.ones(len(base[t])) if weight is None else weight
        scale = float(weight @ base[t])
        if scale <= 0:  # independent models make no error: there is nothing to save
            continue
        each = weight * (old[t] - new[t]) / scale
        mean = float(each.sum())
        share += mean / len(new)
        unit = study.unit[study.entries.rows[t]]
        np.add.at(total, unit, (each - mean * weight * base[t] / scale) / len(new))
        active[unit] = True
    count = int(active.sum())
    error = float(np.sqrt(count / max(count - 1, 1) * (total**2).sum()))
    return Saving(share, error if count > 1 else float("inf"))


def _columns(table: Any, tasks: Sequence[int]) -> Any:
    if hasattr(table, "iloc"):
        return table.iloc[:, list(tasks)]
    if hasattr(table, "columns") and hasattr(table, "to_numpy"):  # polars and the like
        return table[[table.columns[t] for t in tasks]]
    return np.asarray(table)[:, list(tasks)]


def _others(study: Study, tasks: Sequence[int]) -> str:
    left = [name for t, name in enumerate(study.entries.names) if t not in set(tasks)]
    return ", ".join(repr(name) for name in left)


__all__ = ["Saving", "Study", "left_out_losses", "outcomes_of", "saving"]
