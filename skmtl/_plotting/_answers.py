"""What was observed and what was predicted, outcome by outcome: where calibration and decision curves begin."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._typing import Array
from skmtl.exceptions import TaskDataError
from skmtl.metrics._align import Targets, read_targets
from skmtl.metrics._binary import read_binary
from skmtl.metrics._response import choose_method, fitted_attribute, probabilities_of_all_classes, respond
from skmtl.metrics._scores import read_scores
from skmtl.metrics._table import read_table


@dataclass(frozen=True, eq=False)
class Answer:
    """The observed entries of one outcome and the predictions for them.

    Parameters
    ----------
    outcome : hashable
    binary : bool
        Yes or no; else a number.
    observed : ndarray of shape (m,)
        Of binary outcomes 1.0 for the event.
    predicted : ndarray of shape (m,)
        Of binary outcomes the probability of the event.
    """

    outcome: Hashable
    binary: bool
    observed: Array
    predicted: Array


def read_answers(caller: str, Y: Any, given: Any, task: Any = None, labels: Any = None) -> list[Answer]:
    """Pair every observed entry with its prediction.

    Parameters
    ----------
    caller : str
        For messages.
    Y : array-like or frame of shape (n,) or (n, T)
        An outcome of 0 and 1, of booleans or of two labels is binary, any other numbers are numbers.
    given : array-like of shape (n,), (n, T) or (n, K), or list of T arrays
        Probabilities of binary outcomes in any form that the metrics take; predicted values of the others.
    task : array-like of shape (n,), optional
    labels : array-like, or list with an array or None per outcome, optional
        All classes, where ``Y`` does not show them.

    Returns
    -------
    list of Answer, one per outcome

    Raises
    ------
    TaskDataError
        The arguments do not fit together.
    """
    targets = read_targets(Y, task)
    shown = [np.concatenate(targets.y_true)] * targets.n_tasks if targets.by_rows else list(targets.y_true)
    columns = read_scores(given, targets, "y_pred", caller, probability=False)
    # A list has a column per class, and one column for a number.
    single = [column.ndim == 2 and column.shape[1] == 1 for column in columns]
    columns = [column.ravel() if one else column for column, one in zip(columns, single, strict=True)]
    binary = [_is_binary(values, number=one) for values, one in zip(shown, single, strict=True)]
    several = [t for t, column in enumerate(columns) if column.ndim == 2 and not binary[t]]
    if several:
        raise TaskDataError(
            f"{caller} shows outcomes of two classes and numbers, but the outcome {targets.names[several[0]]!r} "
            f"has a column per class for {len(np.unique(shown[several[0]]))} classes: leave it out."
        )
    events = _events(caller, targets, given, task, labels, [t for t in range(targets.n_tasks) if binary[t]])
    return [
        Answer(name, True, *events[t])
        if binary[t]
        else Answer(name, False, targets.y_true[t].astype(np.float64), columns[t].astype(np.float64))
        for t, name in enumerate(targets.names)
    ]


def ask(estimator: Any, X: Any, Y: Any, task: Any = None) -> tuple[Any, Any]:
    """Probabilities where the estimator has them, else predicted values; and the classes it knows."""
    method = choose_method(estimator, ("predict_proba", "predict"))
    given = respond(estimator, method, X, task, ("task",))
    if method == "predict":
        return given, None
    given, labels = probabilities_of_all_classes(given, fitted_attribute(estimator, "classes_"), read_table(Y, "Y"))
    if isinstance(given, list | tuple) and any(entry is None for entry in given):
        # Outcomes without probabilities are numbers.
        values = np.asarray(respond(estimator, "predict", X, task, ("task",)), dtype=object)
        numbers = [t for t, entry in enumerate(given) if entry is None]
        given = [values[:, [t]].astype(np.float64) if t in numbers else given[t] for t in range(len(given))]
        labels = None if labels is None else [None if t in numbers else labels[t] for t in range(len(given))]
    return given, labels


def _is_binary(values: Array, *, number: bool) -> bool:
    """Two labels: strings, 0 and 1, or two other numbers that the predictions do not take for numbers."""
    if values.dtype.kind not in "iuf":
        return True
    seen = np.unique(values)
    return (len(seen) == 2 and not number) or bool(np.isin(seen, (0, 1)).all())


def _events(
    caller: str, targets: Targets, given: Any, task: Any, labels: Any, chosen: list[int]
) -> dict[int, tuple[Array, Array]]:
    """Events and their probabilities for the binary outcomes."""
    if not chosen:
        return {}
    Y: Any = targets.table
    if len(chosen) < targets.n_tasks:
        # The other columns are taken away, as the metrics of events refuse them; names go along.
        import pandas as pd

        names = pd.Index([targets.names[t] for t in chosen], tupleize_cols=False)
        Y = pd.DataFrame(targets.table.values[:, chosen], columns=names)
        if isinstance(given, list | tuple) and len(given) == targets.n_tasks and np.ndim(given[0]) == 2:
            given = [given[t] for t in chosen]
        else:
            given = pd.DataFrame(read_table(given, "y_pred").values[:, chosen], columns=names)
        labels = [labels[t] for t in chosen] if isinstance(labels, list) else None
    outcomes = read_binary(caller, Y, given, task=task, labels=labels)
    return {t: (outcomes.event[k], outcomes.probability[k]) for k, t in enumerate(chosen)}


__all__ = ["Answer", "ask", "read_answers"]
