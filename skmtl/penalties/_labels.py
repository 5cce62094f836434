"""Names on a matrix over tasks: a frame in another order than the tasks would link the wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from skmtl.exceptions import InvalidParameterError


def check_task_labels(matrix: Any, names: Sequence[Any], argument: str, *, square: bool = True) -> None:
    """Compare the labels of a frame over tasks with the names of the tasks.

    Parameters
    ----------
    matrix : array-like or frame of shape (T, T), or (E, T)
        Only a frame has labels; those that number its columns 0, 1, ... are none.
    names : sequence of length T
        Names of the tasks; those that number them are none, as of an array.
    argument : str
    square : bool, default True
        Whether rows are tasks too, and an index of a pandas frame names them.

    Raises
    ------
    InvalidParameterError
        A label is no task, a task has no label, or their order is another.
    """
    names = list(names)
    if not hasattr(matrix, "columns") or names == list(range(len(names))):
        return
    sides = [("column", list(matrix.columns))]
    if square and hasattr(matrix, "index"):
        sides.append(("row", list(matrix.index)))
    listed = ", ".join(map(repr, names[:5])) + (", ..." if len(names) > 5 else "")
    for side, labels in sides:
        if labels == names or labels == list(range(len(labels))):
            continue
        for label in labels:
            if label not in names:
                raise InvalidParameterError(
                    f"{argument} has a {side} {label!r}, which is no task of the fit ({listed}): name its columns as "
                    "the tasks, or give an array."
                )
        for name in names:
            if name not in labels:
                raise InvalidParameterError(f"{argument} has no {side} for task {name!r}: give it one of each task.")
        if len(labels) == len(names):
            t = next(t for t, name in enumerate(names) if labels[t] != name)
            raise InvalidParameterError(
                f"{argument} has the {side} {labels[t]!r} where the fit has task {names[t]!r}: give it in the order of "
                f"the tasks, {listed}."
            )
        repeated = next(label for label in labels if labels.count(label) > 1)
        raise InvalidParameterError(f"{argument} has several {side}s {repeated!r}: give it one of each task.")


__all__ = ["check_task_labels"]
