"""A registered model, fitted to a whole table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from skmtl.cli.features import make_preprocessor
from skmtl.cli.store import FittedModel
from skmtl.cli.table import Study
from skmtl.exceptions import TaskDataError
from skmtl.model_selection._compare_candidates import MODELS
from skmtl.model_selection._compare_inner import keep_groups
from skmtl.model_selection._compare_outcomes import read_outcomes


def fit(study: Study, name: str, *, task_column: str | None) -> FittedModel:
    """Fit the preparation of the features and a registered model to all rows.

    Parameters
    ----------
    study : Study
        Groups stay whole in the folds by which the model chooses its strength.
    name : str
        A registered model.
    task_column : str or None

    Returns
    -------
    FittedModel
    """
    outcomes = read_outcomes(study.Y, study.task, None, len(study.X))
    preprocessor = make_preprocessor(study.X)
    X = preprocessor.fit_transform(study.X)
    rows = np.arange(len(study.X))
    estimator = keep_groups(MODELS[name].build(outcomes), outcomes, rows, study.groups)
    asked = {} if outcomes.ids is None else {"task": outcomes.ids}
    try:
        estimator.fit(X, outcomes.y, **asked)
    except ValueError as error:
        raise TaskDataError(f"{name}: {error}") from error
    several = 1 if outcomes.by_rows else len(outcomes.names)
    return FittedModel(
        name=name,
        features=list(study.X.columns),
        numbers=[column for column in study.X.columns if study.X[column].dtype.kind == "f"],
        preprocessor=preprocessor,
        estimator=estimator,
        outcomes=[str(study.Y.name)] if outcomes.by_rows else [str(outcome) for outcome in outcomes.names],
        kinds=list(outcomes.kinds[:several]),
        labels=[None if labels is None else labels.tolist() for labels in outcomes.classes[:several]],
        observed=[outcomes.counts(t)[0] for t in range(len(outcomes.names))],
        task=task_column,
        places=[] if outcomes.ids is None else list(outcomes.names),
        aside=study.aside,
    )


def describe(fitted: FittedModel, title: str) -> str:
    """What was fitted: outcomes with their entries, the strength that was chosen, and whether it converged."""
    names = [str(place) for place in fitted.places] or fitted.outcomes
    kinds = fitted.kinds * (len(names) if fitted.places else 1)
    width = max(map(len, [*names, "outcome"]))
    lines = [title, "", f"{'outcome':<{width}}  kind     observed"]
    lines += [f"{n:<{width}}  {k:<7}  {o:>8}" for n, k, o in zip(names, kinds, fitted.observed, strict=True)]
    lines.append("")
    parts = [(", ".join(served), part) for served, part in _parts(fitted.estimator, names)]
    for label, part in parts:
        lines.append(f"{fitted.name}{f' ({label})' if label else ''}: {_choices(part)}")
    failed = [label or fitted.name for label, part in parts if _converged(part) is False]
    if any(_converged(part) is not None for _, part in parts):
        lines.append("converged: " + (f"no ({', '.join(failed)})" if failed else "yes"))
    return "\n".join(lines)


def _parts(estimator: Any, names: list[str]) -> Iterator[tuple[list[str], Any]]:
    """The fitted estimators inside, each once, with the outcomes they are for; one for all of them has none named."""
    inner = getattr(estimator, "estimators_", None)
    if inner is None:
        yield [], estimator
        return
    if isinstance(inner, dict):  # a guard, whose candidates were each chosen for some of the outcomes they know
        for key, candidate in inner.items():
            for known, part in _parts(candidate, [names[t] for t in estimator._served[key]]):
                served = [name for name, chosen in zip(names, estimator.chosen_, strict=True) if chosen == key]
                served = [name for name in served if not known or name in known]
                if served:
                    yield served, part
        return
    tasks: dict[int, list[str]] = {}
    for name, part in zip(names, inner, strict=True):
        tasks.setdefault(id(part), []).append(name)
    told = {id(part): part for part in inner}
    for key, labels in tasks.items():
        yield labels, told[key]


def _choices(part: Any) -> str:
    """What was chosen by cross-validation."""
    said = [f"alpha {part.alpha_:.4g}"] if hasattr(part, "alpha_") else []
    for attribute in ("l1_ratio", "sharing", "shared_ratio", "penalty"):
        value = getattr(part, attribute + "_", None)
        if value is not None:
            said.append(f"{attribute} {value:.4g}" if isinstance(value, float) else f"{attribute} {value}")
    return ", ".join(said) or "no strength to choose"


def _converged(part: Any) -> bool | None:
    result = getattr(part, "solver_result_", None)
    return None if result is None else bool(result.converged)


__all__ = ["describe", "fit"]
