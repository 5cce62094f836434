"""The fitted models inside a fitted estimator, each with the outcomes it serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple


class Part(NamedTuple):
    """One fitted model, the outcomes that are predicted by it, and the unit of each inside the model.

    ``known`` are the outcomes it was fitted on, in their order: behind a guard it serves some of them only.
    """

    outcomes: tuple[Any, ...]
    model: Any
    units: tuple[float, ...]
    known: tuple[Any, ...]


def fitted_parts(
    estimator: Any, outcomes: tuple[Any, ...] | None = None, units: tuple[float, ...] | None = None
) -> Iterator[Part]:
    """The models that were fitted, each once: those of wrappers, pipelines, searches and guards, not the wrappers.

    Parameters
    ----------
    estimator : fitted estimator
    outcomes : tuple, default=None
        The outcomes it serves. None: those it knows itself, none where it knows none.
    units : tuple of float, default=None
        What the caller multiplies its predictions by, an outcome each. None: by nothing.

    Yields
    ------
    Part
    """
    if outcomes is None:
        outcomes = task_names(estimator)
    units = units or (1.0,) * len(outcomes)
    inner = getattr(estimator, "estimators_", None)
    if isinstance(inner, dict) and hasattr(estimator, "chosen_"):
        # A guard: of the candidates that were fitted, each serves the outcomes it was chosen for.
        chosen = list(zip(task_names(estimator), estimator.chosen_, strict=True))
        for key, candidate in inner.items():
            served = [name for name, choice in chosen if choice == key and name in outcomes]
            # What it was fitted on; of the independent one the guard knows that it is all of them.
            fitted_on = task_names(candidate) or tuple(estimator.sharing_sets_.get(key, task_names(estimator)))
            for part in fitted_parts(candidate, fitted_on):
                kept = [k for k, name in enumerate(part.outcomes) if name in served]
                if kept:
                    names, units = (tuple(values[k] for k in kept) for values in (part.outcomes, part.units))
                    yield Part(names, part.model, units, part.known)
        return
    # The models of folds, beside one of all rows, are not models of outcomes, though there may be as many.
    of_folds = hasattr(estimator, "estimator_") or not hasattr(estimator, "task_names_")
    if isinstance(inner, list) and not of_folds and len(inner) == len(estimator.task_names_):
        serves: dict[int, list[int]] = {}
        for t, model in enumerate(inner):
            serves.setdefault(id(model), []).append(t)
        names, scale = task_names(estimator), getattr(estimator, "target_scale_", [1.0] * len(inner))
        for tasks in serves.values():
            yield from fitted_parts(inner[tasks[0]], tuple(names[t] for t in tasks), tuple(scale[t] for t in tasks))
        return
    for attribute in ("best_estimator_", "estimator_"):
        if hasattr(estimator, attribute):
            yield from fitted_parts(getattr(estimator, attribute), outcomes or None, units)
            return
    if hasattr(estimator, "steps"):
        yield from fitted_parts(estimator.steps[-1][1], outcomes or None, units)
        return
    yield Part(outcomes, estimator, units, outcomes)


def task_names(estimator: Any) -> tuple[Any, ...]:
    """Names of the outcomes a fitted estimator knows, of Python's types."""
    names = getattr(estimator, "task_names_", None)
    return () if names is None else tuple(names.tolist() if hasattr(names, "tolist") else names)


__all__ = ["Part", "fitted_parts", "task_names"]
