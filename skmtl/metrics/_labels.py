"""The classes of a task, where they are not all seen among its observed entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from skmtl.exceptions import TaskDataError
from skmtl.metrics._align import Targets, read_targets
from skmtl.metrics._evaluate import check_multioutput
from skmtl.metrics._table import as_labels, plain_column, read_table

ONE_CLASS = "one class in y_true"


def read_labels(labels: Any, targets: Targets) -> list[np.ndarray | None]:
    """The ``labels`` argument as one sorted array, or None, per task.

    ``labels`` is an array for all tasks, or a list with an array or None for each.
    """
    if labels is None:
        return [None] * targets.n_tasks
    if isinstance(labels, list | tuple) and all(entry is None or np.ndim(entry) == 1 for entry in labels):
        if len(labels) != targets.n_tasks:
            raise TaskDataError(
                f"labels has {len(labels)} entries but there are {targets.n_tasks} tasks: give one array per task, "
                "or one array for all."
            )
        return [None if entry is None else _sorted(entry) for entry in labels]
    return [_sorted(labels)] * targets.n_tasks


def _sorted(labels: Any) -> np.ndarray:
    return np.unique(plain_column(read_table(labels, "labels").values[:, 0], "labels"))


class TaskClasses:
    """What is known of the classes of each task: seen, given, or seen in the other tasks' rows.

    Parameters
    ----------
    y_true : list of T arrays
        Class labels of the observed entries.
    labels : array-like or list, optional
        Argument of the metric.
    targets : Targets
        In the rows form one outcome has the same classes in every task.
    """

    def __init__(self, y_true: list[np.ndarray], labels: Any, targets: Targets):
        self.seen = [np.unique(column) for column in y_true]
        self.given = read_labels(labels, targets)
        self.pooled = np.unique(np.concatenate(y_true)) if targets.by_rows else None
        self.targets = targets
        for t, (seen, given) in enumerate(zip(self.seen, self.given, strict=True)):
            if given is None:
                continue
            unknown = [label for label in seen.tolist() if label not in set(given.tolist())]
            if unknown:
                raise TaskDataError(
                    f"{targets.where('y_true', t)} holds {unknown[0]!r}, which is not one of its labels "
                    f"{given.tolist()}: give all classes in labels."
                )

    def of(self, t: int, n_classes: int = 2) -> np.ndarray | None:
        """The sorted classes of task ``t`` if there are ``n_classes`` of them, else None."""
        given, seen = self.given[t], self.seen[t]
        if given is not None:
            return given if len(given) == n_classes else None
        for classes in (seen, self.pooled, zero_one(seen)):
            if classes is not None and len(classes) == n_classes:
                return classes
        return None

    def check_binary(self, t: int, metric: str) -> None:
        """Refuse a task of more than two classes."""
        given = self.given[t]
        classes = self.seen[t] if given is None else given
        if len(classes) > 2:
            raise TaskDataError(
                f"{self.targets.where('y_true', t)} has {len(classes)} classes but {metric} needs two: "
                "leave the task out, or make one column per class."
            )

    def positive(self, t: int, pos_label: Any) -> Any:
        """The positive label of a binary task: ``pos_label``, or the greater one; None if unknown."""
        seen, classes = self.seen[t], self.of(t)
        if len(seen) == 0:
            return pos_label
        if pos_label is None:
            if classes is not None:
                return classes[-1].item()
            return seen[-1].item() if seen.dtype.kind != "U" else None
        known = seen if classes is None else classes
        if isinstance(pos_label, str) != (known.dtype.kind == "U") or (
            len(known) == 2 and pos_label not in known.tolist()
        ):
            raise TaskDataError(
                f"pos_label={pos_label!r} is not a label of task {self.targets.names[t]!r} (its labels are "
                f"{known.tolist()}): give one of them, or pos_label=None for the greater label of each task."
            )
        return pos_label


def zero_one(seen: np.ndarray) -> np.ndarray | None:
    """Both classes of a task of which only 0, 1 or -1 was seen: scikit-learn's convention for binary labels."""
    if len(seen) != 1 or seen.dtype.kind == "U" or seen[0] not in (0, 1, -1):
        return None
    return np.array([-1, 1] if seen[0] == -1 else [0, 1]).astype(seen.dtype)


def read_classes(
    metric: str, y_true: Any, task: Any, sample_weight: Any, multioutput: Any, labels: Any
) -> tuple[Targets, list[np.ndarray], TaskClasses, Any]:
    """Targets, their labels and classes per task, and the checked ``multioutput``."""
    targets = read_targets(y_true, task, sample_weight)
    multioutput = check_multioutput(multioutput, targets)
    true = [as_labels(values, targets.where("y_true", t), metric) for t, values in enumerate(targets.y_true)]
    return targets, true, TaskClasses(true, labels, targets), multioutput


__all__ = ["ONE_CLASS", "TaskClasses", "read_classes", "read_labels", "zero_one"]
