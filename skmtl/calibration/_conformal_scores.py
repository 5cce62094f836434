"""Scores of the calibration entries, task by task, for all tasks together, and for whole rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._sklearn import safe_split
from skmtl._typing import Array, IntArray
from skmtl.calibration._conformal_labels import aps_scores, lac_scores, uniform_of_rows
from skmtl.multioutput._entries import TaskEntries, count_rows
from skmtl.multioutput._left_out import Outcomes, Part, ask_classes, ask_numbers

# Scales of perfect predictions are zero, and nothing may be divided by them.
_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of some calibration entries.

    Parameters
    ----------
    value : ndarray of shape (n,)
    fold : ndarray of shape (n,)
        Model that did not see the entry.
    row : ndarray of shape (n,)
        Row of the entry in the table given to ``fit``.
    label : ndarray of shape (n,), or None
        Class of the entry, as its position among the classes; None for numbers.
    """

    value: Array
    fold: IntArray
    row: IntArray
    label: IntArray | None = None


def label_scores(name: str, probability: Array, seed: int, t: int) -> Array:
    """Score of every class of task ``t`` by the method of that name; "aps" is randomised by the seed."""
    if name == "lac":
        return lac_scores(probability)
    return aps_scores(probability, uniform_of_rows(probability, seed, t))


def entry_scores(
    models: Sequence[Any],
    X: Any,
    entries: TaskEntries,
    parts: Sequence[Part],
    outcomes: Outcomes,
    name: str,
    seed: int,
) -> list[Scores]:
    """Score of each entry under the model that did not see it, per task.

    |y - prediction| / spread for numbers, the score of the entry's own label for classes.
    """
    n_rows = count_rows(X)
    fold = np.full(n_rows, -1, dtype=np.intp)
    for k, (_, test) in enumerate(parts):
        fold[test] = k
    scores = []
    for t, classes in enumerate(outcomes.classes):
        kept = fold[entries.rows[t]] >= 0
        row, y = entries.rows[t][kept], entries.y[t][kept]
        label = None if classes is None else np.searchsorted(classes, y)
        scores.append(Scores(np.empty(len(row)), fold[row], row, label))
    for k, (model, (_, test)) in enumerate(zip(models, parts, strict=True)):
        X_test, _ = safe_split(model, X, None, test, np.setdiff1d(np.arange(n_rows), test))
        place = np.zeros(n_rows, dtype=np.intp)  # of a row in X_test: splitters need not keep the order of the rows
        place[test] = np.arange(len(test))
        center, spread = ask_numbers(model, X_test, outcomes)
        probabilities = ask_classes(model, X_test, outcomes)
        for t, score in enumerate(scores):
            own = np.flatnonzero(score.fold == k)
            at = place[score.row[own]]
            y = entries.y[t][np.searchsorted(entries.rows[t], score.row[own])]
            probability = probabilities[t]
            if score.label is None or probability is None:
                score.value[own] = np.abs(y.astype(float) - center[at, t]) / spread[at, t]
            else:
                table = label_scores(name, probability[at], seed, t)
                score.value[own] = table[np.arange(len(own)), score.label[own]]
    return scores


@dataclass(frozen=True, eq=False)
class TaskScales:
    """Mean score of each task, by which the scores of several tasks become comparable.

    Tasks in one unit (rows of tasks) are drawn towards each other as far as their differences are noise. With sums
    S_t of n_t scores, their overall mean m, the variance v within tasks and the variance tau2 between them (analysis
    of variance, at least 0):

        scale_t  =  (1 - share) m + share S_t / n_t,      share  =  tau2 / (tau2 + v / n_t)

    Tasks in units of their own have share = 1.

    Parameters
    ----------
    counts, sums : ndarray of shape (T,)
        n_t and S_t of each task.
    within, between : float
        v and tau2; 0 and 1 for units of their own.
    """

    counts: IntArray
    sums: Array
    within: float
    between: float

    @classmethod
    def of(cls, values: Sequence[Array], *, same_unit: bool) -> TaskScales:
        """Read the scores of T tasks."""
        counts = np.array([len(value) for value in values], dtype=np.intp)
        sums = np.array([float(value.sum()) for value in values])
        within, between = _components(values, counts, sums) if same_unit else (0.0, 1.0)
        return cls(counts, sums, within, between)

    @property
    def _mean(self) -> float:
        return float(self.sums.sum() / self.counts.sum())

    def _share(self, counts: Any) -> Any:
        noise = self.within / np.maximum(counts, 1)
        return np.where(counts > 0, self.between / np.maximum(self.between + noise, _TINY), 0.0)

    def scales(self) -> Array:
        """Scale of each task, positive; of one without entries that of all."""
        share = self._share(self.counts)
        return np.maximum((1 - share) * self._mean + share * self.sums / np.maximum(self.counts, 1), _TINY)

    def transfer(self, t: int, scaled: Array) -> Array:
        """Residuals of task ``t`` that rank among its own as ``scaled`` scores of other tasks do.

        A new residual u of the task takes part in the task's scale as every other did in that of its task, so that
        they stay exchangeable: the scale is a + b u with n_t + 1 entries, and u / (a + b u) > z where
        u > a z / (1 - b z), and nowhere if b z >= 1.
        """
        n = int(self.counts[t]) + 1
        share = float(self._share(np.array(n)))
        if n == 1 and share == 1:
            return np.full(len(scaled), np.inf)  # a unit of which nothing is known
        a, b = (1 - share) * self._mean + share * self.sums[t] / n, share / n
        return np.where(b * scaled < 1, a * scaled / np.maximum(1 - b * scaled, _TINY), np.inf)


def _components(values: Sequence[Array], counts: IntArray, sums: Array) -> tuple[float, float]:
    """Variance within tasks and between them, by one-way analysis of variance with unequal counts."""
    seen = counts > 0
    total, n_tasks = int(counts.sum()), int(seen.sum())
    if n_tasks < 2 or total == n_tasks:
        return 0.0, 0.0
    means = np.divide(sums, counts, out=np.zeros(len(counts)), where=seen)
    within = sum(float(((v - m) ** 2).sum()) for v, m in zip(values, means, strict=True)) / (total - n_tasks)
    mean_square = (counts * (means - sums.sum() / total) ** 2).sum() / (n_tasks - 1)
    # Its expected value is within + size * between.
    size = (total - (counts**2).sum() / total) / (n_tasks - 1)
    return within, max(0.0, float(mean_square - within) / size)


def pooled_scores(scores: Sequence[Scores], tasks: Sequence[int], t: int, scales: TaskScales | None) -> Scores:
    """Scores of several tasks as scores of task ``t``; as they are without scales."""
    values = [scores[s].value for s in tasks]
    if scales is not None:
        each = scales.scales()
        values = [v if s == t else scales.transfer(t, v / each[s]) for s, v in zip(tasks, values, strict=True)]
    labels = [label for s in tasks if (label := scores[s].label) is not None]
    return Scores(
        np.concatenate(values),
        np.concatenate([scores[s].fold for s in tasks]),
        np.concatenate([scores[s].row for s in tasks]),
        np.concatenate(labels) if labels else None,
    )


def row_scores(scores: Sequence[Scores], tasks: Sequence[int]) -> Scores:
    """Largest scaled residual of each row in which all of these tasks were observed.

    The largest over the observed tasks of an incomplete row is too small, and would make the region too small. Each
    residual is divided by the mean of the others of its task, as a new one is divided by a mean it has no part in.
    """
    rows = scores[tasks[0]].row
    for t in tasks[1:]:
        rows = np.intersect1d(rows, scores[t].row, assume_unique=True)
    first = scores[tasks[0]]
    largest = np.zeros(len(rows))
    for t in tasks:
        value = scores[t].value
        others = (value.sum() - value) / max(len(value) - 1, 1)
        scaled = value / np.maximum(others, _TINY)
        largest = np.maximum(largest, scaled[np.searchsorted(scores[t].row, rows)])
    return Scores(largest, first.fold[np.searchsorted(first.row, rows)], rows)


__all__ = ["Scores", "TaskScales", "entry_scores", "label_scores", "pooled_scores", "row_scores"]
