"""What the wrapped estimators are: one for all tasks or one each, what their fit takes, their tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from inspect import Parameter, signature
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import is_classifier
from sklearn.utils import Tags, get_tags

from skmtl._params import HasMethods
from skmtl.exceptions import InvalidParameterError

_ESTIMATOR = HasMethods(("fit", "predict"))
# Tags that forbid something: true of the whole if true of one part. The other tags allow something.
_FORBIDDING = {"pairwise", "positive_only", "poor_score"}


def wrapped(estimator: Any) -> list[Any]:
    """The estimator as a list of one, or the estimators of a dict."""
    return list(estimator.values()) if isinstance(estimator, Mapping) else [estimator]


def check_estimator_parameter(owner: Any) -> None:
    """Check the ``estimator`` parameter: an estimator, or a dict of them."""
    estimator, name = owner.estimator, type(owner).__name__
    if isinstance(estimator, Mapping):
        if not estimator:
            raise InvalidParameterError(f"The 'estimator' parameter of {name} is an empty dict: give every task one.")
        for task, inner in estimator.items():
            if not _ESTIMATOR.allows(inner):
                raise InvalidParameterError(
                    f"The 'estimator' parameter of {name} must have {_ESTIMATOR} for task {task!r}. "
                    f"Got {inner!r} instead."
                )
    elif not _ESTIMATOR.allows(estimator):
        raise InvalidParameterError(
            f"The 'estimator' parameter of {name} must be {_ESTIMATOR}, or a dict from task name to such objects. "
            f"Got {estimator!r} instead."
        )


def estimators_for(estimator: Any, names: Sequence[object]) -> list[Any]:
    """One estimator, not cloned, per task."""
    if not isinstance(estimator, Mapping):
        return [estimator] * len(names)
    unknown = [key for key in estimator if key not in names]
    if unknown:
        raise InvalidParameterError(
            f"estimator names the task {unknown[0]!r}, which is not among the tasks {list(names)}: correct its name."
        )
    absent = [name for name in names if name not in estimator]
    if absent:
        raise InvalidParameterError(f"estimator has no entry for task {absent[0]!r}: give every task an estimator.")
    return [estimator[name] for name in names]


def target_kinds(estimator: Any, names: Sequence[object]) -> list[str]:
    """How each task's target is read: labels for a classifier, numbers for anything else."""
    return ["label" if _reads_labels(inner) else "numeric" for inner in estimators_for(estimator, names)]


def _reads_labels(estimator: Any) -> bool:
    """Whether a target is read as labels: by a classifier, and by what is one or not as its loss says."""
    return is_classifier(estimator) or get_tags(estimator).classifier_tags is not None


def steps_of(estimator: Any) -> list[tuple[str, Any]]:
    """Steps of a Pipeline; empty for anything else."""
    steps = getattr(estimator, "steps", None)
    return list(steps) if isinstance(steps, list) else []


def last_step(estimator: Any) -> Any:
    """The estimator at the end of a Pipeline, or of Pipelines in it; else the estimator itself."""
    while steps_of(estimator):
        estimator = estimator.steps[-1][1]
    return estimator


def fit_argument(estimator: Any, name: str) -> str | None:
    """How ``fit`` calls the argument ``name`` of the estimator that uses it in the end; None if nobody does.

    A Pipeline wants the name of its last step before it, unless metadata routing is enabled; a search and the like
    hand what they do not know to the estimator inside.
    """
    parameters = signature(estimator.fit).parameters
    if name in parameters:
        return name
    if not any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values()):
        return None
    if steps_of(estimator):
        step, inner = estimator.steps[-1]
        argument = fit_argument(inner, name) if hasattr(inner, "fit") else None
        prefix = "" if routing_enabled() else f"{step}__"
        return None if argument is None else prefix + argument
    inner = getattr(estimator, "estimator", getattr(estimator, "regressor", None))
    return fit_argument(inner, name) if hasattr(inner, "fit") else None


def routing_enabled() -> bool:
    """Whether scikit-learn routes metadata by request."""
    return bool(get_config()["enable_metadata_routing"])


def take_attribute(owner: Any, name: str, value: Any) -> None:
    """Set a fitted attribute, or remove what an earlier fit left where there is no value now."""
    if value is not None:
        setattr(owner, name, value)
    elif hasattr(owner, name):
        delattr(owner, name)


def same_estimator(one: Any, other: Any) -> bool:
    """Same class and same parameters, all the way down."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if hasattr(one, "get_params"):
        return same_estimator(one.get_params(deep=False), other.get_params(deep=False))
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same_estimator(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same_estimator, one, other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, float) and np.isnan(one) and np.isnan(other):
        return True
    return bool(np.all(one == other))


def take_tags(tags: Tags, estimator: Any) -> Tags:
    """Tags of a meta-estimator that fits ``estimator`` (one or a dict of them) on single columns of Y."""
    tags.target_tags.required = True
    tags.target_tags.multi_output = True
    parts = [get_tags(inner) for inner in wrapped(estimator)]
    if not parts:  # an empty dict, which fit refuses
        return tags
    types = {part.estimator_type for part in parts}
    # Regressors beside classifiers are neither: scikit-learn would stratify folds by a mixed table.
    tags.estimator_type = types.pop() if len(types) == 1 else None
    if tags.estimator_type == "classifier":
        tags.classifier_tags = _join(part.classifier_tags for part in parts)
    if tags.estimator_type == "regressor":
        tags.regressor_tags = _join(part.regressor_tags for part in parts)
    tags.input_tags = _join(part.input_tags for part in parts)
    tags.target_tags.positive_only = any(part.target_tags.positive_only for part in parts)
    tags.non_deterministic = any(part.non_deterministic for part in parts)
    return tags


def _join(parts: Iterable[Any]) -> Any:
    """One record of true/false tags from several."""
    records = list(parts)
    joined = {}
    for field in fields(records[0]):
        values = [getattr(record, field.name) for record in records]
        joined[field.name] = any(values) if field.name in _FORBIDDING else all(values)
    return type(records[0])(**joined)


__all__ = [
    "check_estimator_parameter",
    "estimators_for",
    "fit_argument",
    "last_step",
    "routing_enabled",
    "same_estimator",
    "steps_of",
    "take_attribute",
    "take_tags",
    "target_kinds",
    "wrapped",
]
