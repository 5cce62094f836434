"""What an estimator answers: which method is called, with the task ids or without, and for which classes."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.utils.metadata_routing import get_routing_for_object

from skmtl.metrics._labels import zero_one
from skmtl.metrics._table import Table, missing_cells, plain_column


def choose_method(estimator: Any, methods: str | Sequence[str]) -> str:
    """The first of the methods that the estimator has."""
    methods = [methods] if isinstance(methods, str) else list(methods)
    for method in methods:
        if hasattr(estimator, method):
            return method
    raise AttributeError(
        f"{type(estimator).__name__} has none of the following attributes: {', '.join(methods)}: "
        "choose another metric or response_method."
    )


def respond(estimator: Any, method: str, X: Any, task: Any, aliases: Sequence[str]) -> Any:
    """Call the method, with the task ids if they are there and the estimator takes them.

    Scikit-learn routes metadata to ``fit`` and ``score``, not to the ``predict`` that a scorer calls,
    so the scorer has to hand the task ids on.
    """
    argument = None if task is None else _task_argument(estimator, method, aliases)
    options = {} if argument is None else {argument: task}
    return getattr(estimator, method)(X, **options)


def _task_argument(estimator: Any, method: str, aliases: Sequence[str]) -> str | None:
    """Under which name ``method`` takes the task ids; None if it does not take them."""
    if "task" in signature(getattr(estimator, method)).parameters:
        return "task"
    if get_config()["enable_metadata_routing"]:
        requested = get_routing_for_object(estimator).consumes(method=method, params=aliases)
        if requested:
            return next(alias for alias in aliases if alias in requested)
    # A pipeline takes **params. If its last step wants the ids and no request was set, handing them on
    # makes scikit-learn say which request to set; leaving them out would fail without that hint.
    last = _inner(estimator)
    if last is not None and "task" in signature(getattr(last, method)).parameters:
        return "task"
    return None


def _inner(estimator: Any) -> Any:
    """Last step of a pipeline."""
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if isinstance(steps, list) and steps else None


def fitted_attribute(estimator: Any, name: str) -> Any:
    """A fitted attribute of an estimator, of the last step of a pipeline, or of a search's best estimator."""
    while estimator is not None:
        if hasattr(estimator, name):
            return getattr(estimator, name)
        best = getattr(estimator, "best_estimator_", None)
        estimator = _inner(estimator) if best is None else best
    return None


def probabilities_of_all_classes(response: Any, classes: Any, table: Table) -> tuple[Any, Any]:
    """Give classes that were not seen in training their column of zeros.

    Parameters
    ----------
    response : ndarray of shape (n, K) or list of T arrays or None
        What ``predict_proba`` gave.
    classes : array or list of T arrays or None
        The estimator's ``classes_``.
    table : Table
        The targets, whose labels have to be among the classes.

    Returns
    -------
    response, labels
        In the same form; labels are None where the classes are not known.
    """
    if isinstance(response, list | tuple):
        if not isinstance(classes, list | tuple) or len(classes) != len(response):
            return response, None
        if len(response) != table.values.shape[1]:
            return response, None
        pairs = [
            _with_all_classes(entry, known, table.values[:, t])
            for t, (entry, known) in enumerate(zip(response, classes, strict=True))
        ]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if table.values.shape[1] > 1:
        return response, None
    if isinstance(classes, list | tuple):  # one outcome, in one task or in many
        classes = classes[0] if all(np.array_equal(known, classes[0]) for known in classes) else None
    return _with_all_classes(response, classes, table.values[:, 0])


def _with_all_classes(response: Any, classes: Any, column: np.ndarray) -> tuple[Any, np.ndarray | None]:
    if response is None or classes is None or np.shape(response)[1:] != np.shape(classes):
        return response, None
    classes = plain_column(np.asarray(classes), "classes_")
    seen = np.unique(plain_column(column[~missing_cells(column)], "y_true"))
    if len(seen) and (seen.dtype.kind == "U") != (classes.dtype.kind == "U"):
        return response, classes  # the metric says what is wrong
    labels = np.union1d(classes, seen) if len(seen) else classes
    both = zero_one(labels)
    labels = labels if both is None else both
    if len(labels) == len(classes):
        return response, classes
    wider = np.zeros((len(response), len(labels)))
    wider[:, np.searchsorted(labels, classes)] = response
    return wider, labels


__all__ = ["choose_method", "fitted_attribute", "probabilities_of_all_classes", "respond"]
