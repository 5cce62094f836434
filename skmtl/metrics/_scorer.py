"""Scorers for scikit-learn's searches and cross-validation, made of the metrics of this package."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.utils.metadata_routing import MetadataRequest

from skmtl.exceptions import TaskDataError
from skmtl.metrics._align import read_task
from skmtl.metrics._evaluate import NO_ENTRIES, list_tasks
from skmtl.metrics._response import choose_method, fitted_attribute, probabilities_of_all_classes, respond
from skmtl.metrics._scorer_names import find_metric
from skmtl.metrics._table import Table, read_table


class MultiTaskScorer:
    """A callable ``scorer(estimator, X, y, sample_weight=None, *, task=None)``; greater is better.

    Made by `make_multitask_scorer`, where its parameters are described.
    """

    def __init__(
        self,
        name: str,
        score_func: Callable[..., Any],
        sign: int,
        response_method: str | Sequence[str],
        per_task: bool,
        multioutput: Any,
        tasks: Sequence[Any] | None,
        options: dict[str, Any],
    ):
        self._name = name
        self._score_func = score_func
        self._sign = sign
        self._response_method = response_method
        self._per_task = per_task
        self._multioutput = multioutput
        self._tasks = tasks
        self._options = options
        # As `groups` of a splitter: whoever passes task ids to a search wants its scorer to see them.
        self._requests: dict[str, bool | str | None] = {"sample_weight": None, "task": True}

    def __repr__(self) -> str:
        options = {"per_task": self._per_task, "multioutput": self._multioutput, "tasks": self._tasks}
        default = {"per_task": False, "multioutput": "uniform_average", "tasks": None}
        shown = [f"{k}={v!r}" for k, v in options.items() if v is not default[k] and v != default[k]]
        shown += [f"{k}={v!r}" for k, v in self._options.items()]
        return f"make_multitask_scorer({', '.join([repr(self._name), *shown])})"

    def __sklearn_clone__(self) -> MultiTaskScorer:
        return copy.deepcopy(self)

    def __call__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None
    ) -> float | dict[str, float]:
        """Score a fitted estimator.

        Parameters
        ----------
        estimator : object
            A fitted estimator, pipeline or search.
        X : array-like of shape (n, p)
        y : array-like or frame of shape (n,) or (n, T)
            Observed targets; NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Task id of each row; given to the estimator if it takes task ids.

        Returns
        -------
        float or dict of str to float
        """
        table = read_table(y, "y_true")
        method = choose_method(estimator, self._response_method)
        alias = self._requests["task"]
        aliases = ["task", alias] if isinstance(alias, str) else ["task"]
        response = respond(estimator, method, X, task, aliases)
        options = dict(self._options)
        if method == "predict_proba" and self._takes_labels() and "labels" not in options:
            classes = fitted_attribute(estimator, "classes_")
            response, options["labels"] = probabilities_of_all_classes(response, classes, table)
        if sample_weight is not None:
            options["sample_weight"] = sample_weight
        known = fitted_attribute(estimator, "task_names_")
        if task is None:
            return self._score_columns(table, response, known, options)
        return self._score_rows(table, response, known, task, options)

    def _score_columns(
        self, table: Table, response: Any, known: Any, options: dict[str, Any]
    ) -> float | dict[str, float]:
        names = _column_names(table, known)
        if self._tasks is not None:
            chosen = _positions(self._tasks, names)
            if len(names) > 1:
                response = _select(response, chosen, len(names))
                for option in options.keys() & {"sample_weight", "labels"}:
                    options[option] = _select(options[option], chosen, len(names))
                table = Table(table.values[:, chosen], table.names, (table.shape[0], len(chosen)))
            names = [names[t] for t in chosen]
        keys = [str(name) for name in names]
        return self._value(Table(table.values, tuple(names), table.shape), response, options, keys, keys)

    def _score_rows(
        self, table: Table, response: Any, known: Any, task: Any, options: dict[str, Any]
    ) -> float | dict[str, float]:
        names, members = read_task(task, table)
        ids = read_table(task, "task").values[:, 0]
        if self._tasks is not None:
            kept = [k for k, name in enumerate(names) if name in self._tasks]
            names = tuple(names[k] for k in kept)
            rows = np.logical_or.reduce([members[k] for k in kept]) if kept else np.zeros(len(ids), dtype=bool)
            ids, response = ids[rows], np.asarray(response)[rows]
            table = Table(table.values[rows], table.names, (int(rows.sum()), *table.shape[1:]))
            if "sample_weight" in options:
                options["sample_weight"] = np.asarray(options["sample_weight"])[rows]
        wanted = self._tasks if self._tasks is not None else known if known is not None else ()
        present = [str(name) for name in names]
        keys = list(dict.fromkeys([*map(str, wanted), *present]))
        return self._value(table, response, {**options, "task": ids}, keys, present)

    def _value(
        self, table: Table, response: Any, options: dict[str, Any], names: list[str], present: list[str]
    ) -> float | dict[str, float]:
        """One number, or with ``per_task`` one for each of ``names``, nan for those not ``present``."""
        y_true = table if find_metric(self._score_func) else table.values.reshape(table.shape)
        absent = [name for name in names if name not in set(present)]
        if absent and (self._per_task or not present):
            warnings.warn(
                f"{self._name} is undefined for {list_tasks(absent)} ({NO_ENTRIES}): the value is nan.",
                UndefinedMetricWarning,
                stacklevel=4,
            )
        if not present:
            average, raw = float("nan"), np.array([])
        elif not self._per_task:
            return self._sign * self._score_func(y_true, response, multioutput=self._multioutput, **options)
        else:
            raw = self._score_func(y_true, response, multioutput="raw_values", **options)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # said in the line above
                average = self._score_func(y_true, response, multioutput=self._multioutput, **options)
        if not self._per_task:
            return average
        values = dict(zip(present, raw, strict=True))
        scores = {self._name: float(self._sign * average)}
        scores.update({f"{self._name}_{name}": float(self._sign * values.get(name, np.nan)) for name in names})
        return scores

    def _takes_labels(self) -> bool:
        return "labels" in signature(self._score_func).parameters

    def _accept_sample_weight(self) -> bool:
        # Without metadata routing, scikit-learn's dict of scorers asks each of its members this.
        return True

    def set_score_request(self, **requests: bool | str | None) -> MultiTaskScorer:
        """Say which metadata the scorer wants from a search or from cross-validation.

        Parameters
        ----------
        **requests : {True, False, None} or str
            For ``sample_weight`` (None at first: an error if passed) and ``task`` (True at first). A
            string is the name under which the caller passes it.

        Returns
        -------
        self

        Raises
        ------
        RuntimeError
            Metadata routing is not enabled.
        TypeError
            The scorer does not know the metadata.
        """
        if not get_config()["enable_metadata_routing"]:
            raise RuntimeError(
                "set_score_request needs metadata routing: call sklearn.set_config(enable_metadata_routing=True)."
            )
        unknown = sorted(set(requests) - set(self._requests))
        if unknown:
            raise TypeError(f"{unknown[0]!r} is not known to the scorer: request 'sample_weight' or 'task'.")
        self._requests.update(requests)
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Requests of the scorer, for scikit-learn's metadata routing.

        Returns
        -------
        MetadataRequest
        """
        request = MetadataRequest(owner=repr(self))
        for name, alias in self._requests.items():
            request.score.add_request(param=name, alias=alias)
        return request


def _column_names(table: Table, known: Any) -> list[Any]:
    """Names of the columns: their own, else the estimator's, else task0, task1, ..."""
    if table.names is not None:
        return list(table.names)
    n_tasks = table.values.shape[1]
    if known is not None and len(known) == n_tasks and all(isinstance(name, str) for name in known):
        return [str(name) for name in known]
    return [f"task{t}" for t in range(n_tasks)]


def _positions(tasks: Sequence[Any], names: list[Any]) -> list[int]:
    positions = []
    for task in tasks:
        if task in names:
            positions.append(names.index(task))
        elif isinstance(task, int | np.integer) and -len(names) <= task < len(names):
            positions.append(int(task))
        else:
            raise TaskDataError(f"tasks holds {task!r}, which y_true does not have: its tasks are {names}.")
    return positions


def _select(values: Any, chosen: list[int], n_tasks: int) -> Any:
    """The chosen tasks of a list with an array or None for each, or of an array with a column for each."""
    if isinstance(values, list | tuple) and len(values) == n_tasks:
        if all(entry is None or isinstance(entry, np.ndarray) for entry in values):
            return [values[t] for t in chosen]
    array = values.to_numpy() if hasattr(values, "columns") else np.asarray(values)
    return array[:, chosen] if array.ndim == 2 and array.shape[1] == n_tasks else values


__all__ = ["MultiTaskScorer"]
