"""Calls to the estimator inside, with the task of each row where it has to be."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from inspect import signature
from typing import Any

from sklearn.utils import Tags, get_tags

from skmtl.base import check_on_unknown
from skmtl.exceptions import TaskDataError
from skmtl.multioutput._inner import fit_argument, last_step, routing_enabled, steps_of


def inner_has(method: str) -> Callable[[Any], bool]:
    """Condition of a method that exists where the wrapped estimator has it, which else says why not."""

    def check(owner: Any) -> bool:
        getattr(getattr(owner, "estimator_", owner.estimator), method)
        return True

    return check


def inner_tags(estimator: Any) -> Tags:
    """Tags of the wrapped estimator."""
    tags: Tags = deepcopy(get_tags(estimator))
    tags.target_tags.required = True
    tags.array_api_support = False
    return tags


def fit_options(inner: Any, owner: str, **given: Any) -> dict[str, Any]:
    """Arguments of ``fit`` under the names which the estimator, or the end of its Pipeline, has for them."""
    options = {}
    for name, value in given.items():
        if value is None:
            continue
        argument = fit_argument(inner, name)
        if argument is None:
            raise TaskDataError(
                f"{type(last_step(inner)).__name__}.fit takes no {name}: leave it out, or give {owner} an estimator "
                "that takes it, such as skmtl.multioutput.IndependentTasks around this one."
            )
        if steps_of(inner) and routing_enabled():
            # The clone is ours, and what we give it is for its last step.
            last_step(inner).set_fit_request(**{name: True})
            if hasattr(last_step(inner), "set_score_request"):
                last_step(inner).set_score_request(**{name: True})
        options[argument] = value
    return options


def takes_argument(inner: Any, method: str, name: str) -> bool:
    """Whether a method of the estimator, or of the end of its Pipeline, takes the argument."""
    parameters = signature(getattr(last_step(inner), method)).parameters
    return name in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def call(
    inner: Any, method: str, X: Any, *args: Any, task: Any = None, on_unknown: Any = "error", **kwargs: Any
) -> Any:
    """Call a method of the fitted estimator, with ``on_unknown`` where it is not the default.

    A Pipeline hands ``task`` on to some methods of its last step and not to others, depending on the version and on
    routing; so its last step is called here.
    """
    check_on_unknown(on_unknown)
    if on_unknown != "error":
        if not takes_argument(inner, method, "on_unknown"):
            raise TaskDataError(
                f"{type(last_step(inner)).__name__}.{method} takes no on_unknown: leave it out, or wrap an estimator "
                "whose tasks share a part, such as MeanRegularizedRidge."
            )
        kwargs["on_unknown"] = on_unknown
    if task is not None:
        kwargs["task"] = task
        while steps_of(inner):
            X = inner[:-1].transform(X) if len(inner.steps) > 1 else X
            inner = inner.steps[-1][1]
    return getattr(inner, method)(X, *args, **kwargs)


__all__ = ["call", "fit_options", "inner_has", "inner_tags", "takes_argument"]
