"""`make_multitask_scorer`: from a metric, or its name, to a scorer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from skmtl.exceptions import InvalidParameterError
from skmtl.metrics._evaluate import AVERAGES
from skmtl.metrics._scorer import MultiTaskScorer
from skmtl.metrics._scorer_names import NAMED, NamedMetric, find_metric

RESPONSES = ("predict", "predict_proba", "decision_function")


def make_multitask_scorer(
    score_func: str | Callable[..., Any],
    *,
    response_method: str | Sequence[str] | None = None,
    greater_is_better: bool | None = None,
    per_task: bool = False,
    multioutput: Any = "uniform_average",
    tasks: Sequence[Any] | None = None,
    **kwargs: Any,
) -> MultiTaskScorer:
    """Make a scorer that accepts missing outcomes and can report every task.

    The scorer is called as ``scorer(estimator, X, y, sample_weight=None, *, task=None)`` and works as
    ``scoring`` of :func:`sklearn.model_selection.cross_validate` and
    :class:`sklearn.model_selection.GridSearchCV`, with NaN in ``y``.

    Parameters
    ----------
    score_func : str or callable
        A metric of this package, or its name as a scorer: "r2", "explained_variance",
        "neg_mean_squared_error", "neg_root_mean_squared_error", "neg_mean_absolute_error",
        "neg_normalized_mse", "concordance", "accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision",
        "neg_log_loss", "neg_brier_score", "neg_expected_calibration_error". Any other callable
        has to take ``(y_true, y_pred, *, multioutput)``, and ``task`` and ``sample_weight`` where they are passed.
    response_method : {"predict", "predict_proba", "decision_function"} or sequence of them, optional
        The method of the estimator that is called: the first one it has. By default the one that the
        metric needs; "predict" for other callables.
    greater_is_better : bool, optional
        False changes the sign. By default known for the metrics of this package, True for other
        callables.
    per_task : bool, default=False
        Give a dict: the average under the name of the metric, and ``f"{name}_{task}"`` for each task.
        ``GridSearchCV`` takes it with ``refit=name``. Tasks are named by the columns of ``y``, else by
        ``task_names_`` of the estimator, else task0, task1, ...; in the rows form by their ids. The
        keys are the same in every fold: a task that is undefined in a fold is nan there. In the rows
        form with an estimator that has no ``task_names_``, that needs ``tasks``.
    multioutput : {"uniform_average", "entries", "worst"} or array-like of shape (T,)
        The average over tasks, as in the metrics.
    tasks : sequence, optional
        The tasks to score, by name or column number, or by id in the rows form; all by default. In a
        table with numeric and binary outcomes a metric takes one or the other.
    **kwargs : Any
        Options of the metric, ``pos_label`` for instance.

    Returns
    -------
    MultiTaskScorer
        Can be pickled, copied and cloned. With metadata routing it requests ``task`` (as a splitter
        requests ``groups``) and, after ``set_score_request(sample_weight=True)``, the weights; ``task``
        is handed on to the estimator where its ``predict`` takes it.

    Raises
    ------
    InvalidParameterError
        A parameter is not one of its options, or contradicts the metric.

    Notes
    -----
    Not needed for a metric of scikit-learn on complete targets with a single number as the answer:
    its own names do. Where an outcome has no event in a training fold, classes that the estimator has
    not seen count as predicted with probability 0.

    Examples
    --------
    A quarter of the cells is missing. The average error hides that the first outcome has another unit:

    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator, RegressorMixin
    >>> from sklearn.model_selection import cross_validate
    >>> from skmtl.metrics import make_multitask_scorer
    >>> class ColumnMeans(RegressorMixin, BaseEstimator):
    ...     def fit(self, X, Y):
    ...         self.mean_ = np.nanmean(Y, axis=0)
    ...         return self
    ...
    ...     def predict(self, X):
    ...         return np.tile(self.mean_, (len(X), 1))
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(40, 3)), rng.normal(loc=[140.0, 6.0], scale=[3.0, 1.0], size=(40, 2))
    >>> Y[rng.random(Y.shape) < 0.25] = np.nan
    >>> scorer = make_multitask_scorer("neg_root_mean_squared_error", per_task=True)
    >>> scores = cross_validate(ColumnMeans(), X, Y, scoring=scorer)
    >>> for key in sorted(scores)[2:]:
    ...     print(key, scores[key].mean().round(1))
    test_neg_root_mean_squared_error -2.1
    test_neg_root_mean_squared_error_task0 -3.1
    test_neg_root_mean_squared_error_task1 -1.0
    """
    name, function, sign, response = _resolve(score_func, greater_is_better, response_method)
    _check_options(name, function, kwargs)
    if isinstance(multioutput, str) and multioutput not in AVERAGES[1:]:
        hint = ", and per_task=True for one value per task" if multioutput == "raw_values" else ""
        raise InvalidParameterError(
            f"multioutput={multioutput!r} is not a number per scorer: use {', '.join(map(repr, AVERAGES[1:]))} "
            f"or one weight per task{hint}."
        )
    if isinstance(tasks, str) or (tasks is not None and len(tasks) == 0):
        raise InvalidParameterError(f"tasks={tasks!r} is not a list of tasks: give a list of names, or None for all.")
    chosen = None if tasks is None else list(tasks)
    return MultiTaskScorer(name, function, sign, response, per_task, multioutput, chosen, kwargs)


def _resolve(
    score_func: str | Callable[..., Any],
    greater_is_better: bool | None,
    response_method: str | Sequence[str] | None,
) -> tuple[str, Callable[..., Any], int, str | Sequence[str]]:
    """Name, function, sign and response method of the scorer."""
    found: tuple[str, NamedMetric] | None
    if isinstance(score_func, str):
        if score_func not in NAMED:
            raise InvalidParameterError(f"score_func={score_func!r} is not known: use one of {', '.join(NAMED)}.")
        found = score_func, NAMED[score_func]
    elif not callable(score_func):
        raise InvalidParameterError(f"score_func={score_func!r} is neither a name nor a callable.")
    else:
        found = find_metric(score_func)
    methods: tuple[str, ...] = (response_method,) if isinstance(response_method, str) else tuple(response_method or ())
    unknown = [method for method in methods if method not in RESPONSES]
    if unknown:
        raise InvalidParameterError(
            f"response_method={unknown[0]!r} is not known: use {', '.join(map(repr, RESPONSES))}."
        )
    if found is None:
        assert not isinstance(score_func, str)
        better = greater_is_better is None or greater_is_better
        function_name = getattr(score_func, "__name__", type(score_func).__name__)
        name = function_name if better else f"neg_{function_name}"
        return name, score_func, 1 if better else -1, methods or "predict"
    name, entry = found
    # A name says the sign already, so that with a name "greater is better" is true of the scorer.
    contradicts = (
        (greater_is_better is False)
        if isinstance(score_func, str)
        else (greater_is_better is not None and greater_is_better != entry.greater_is_better)
    )
    if contradicts:
        kind = "a score" if entry.greater_is_better else "a loss"
        raise InvalidParameterError(
            f"greater_is_better={greater_is_better} contradicts {name!r}, whose metric is {kind} "
            "and whose sign is known: leave greater_is_better out."
        )
    return name, entry.function, 1 if entry.greater_is_better else -1, methods or entry.response_method


def _check_options(name: str, function: Callable[..., Any], options: dict[str, Any]) -> None:
    """Refuse options that the metric does not have, before a search has cost an hour."""
    parameters = signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    given_in_call = {"y_true", "y_pred", "y_score", "y_proba", "task", "sample_weight"}
    for option in options:
        if option in given_in_call or option not in parameters:
            known = [p for p in list(parameters)[2:] if p not in given_in_call | {"multioutput"}]
            raise InvalidParameterError(
                f"{option!r} is not an option of {name!r}: "
                + (f"its options are {', '.join(known)}." if known else "it has none.")
            )


__all__ = ["make_multitask_scorer"]
