"""Coefficients of the models of all folds: their mean, and in how many folds each is not zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from skmtl._parts import fitted_parts, task_names
from skmtl._typing import Array

COLUMNS = ["estimator", "outcome", "channel", "feature", "mean", "n_selected", "n_folds"]


def mean_coefficients(fitted: dict[str, list[Any]], outcomes: list[Any], features: list[str]) -> Any:
    """One row per estimator, outcome and feature.

    Parameters
    ----------
    fitted : dict from name to list of fitted estimators
        One for each fold.
    outcomes : list
        Names, for estimators that know none.
    features : list of str
        Columns of X, for estimators that know no names.

    Returns
    -------
    DataFrame
        Columns as ``COLUMNS``.
    """
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for name, models in fitted.items():
        sums: dict[tuple[Any, int, str], list[float]] = {}
        for model in models:
            for key, value in _coefficients(model, outcomes, features):
                sums.setdefault(key, []).append(value)
        # A label that the training rows of a fold did not have is a feature its model lacks: 0 there.
        rows += [
            (name, *key, sum(values) / len(models), sum(value != 0 for value in values), len(models))
            for key, values in sums.items()
        ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    order = {outcome: t for t, outcome in enumerate(outcomes)}
    place = frame["outcome"].map(order).to_numpy()
    estimator = frame["estimator"].map({name: e for e, name in enumerate(fitted)}).to_numpy()
    return frame.iloc[np.lexsort((frame["channel"].to_numpy(), place, estimator))].reset_index(drop=True)


def _coefficients(estimator: Any, outcomes: list[Any], features: list[str]) -> list[tuple[tuple[Any, int, str], float]]:
    """Every coefficient of one fitted estimator with its outcome, channel and feature."""
    found = []
    for served, model, units, known in fitted_parts(estimator):
        coef = getattr(model, "coef_", None)
        if coef is None or hasattr(coef, "toarray") or np.ndim(coef) not in (1, 2):
            continue
        coef = np.atleast_2d(np.asarray(coef, dtype=np.float64))
        if not served or not set(served) <= set(outcomes):
            served = known = tuple(outcomes)
        names = _feature_names(estimator, model, coef.shape[1], features)
        for k, outcome in enumerate(served):
            unit = units[k] if len(units) == len(served) else 1.0
            for channel, row in enumerate(_rows_of(model, coef, outcome, known)):
                found += [((outcome, channel, f), unit * float(v)) for f, v in zip(names, row, strict=True)]
    return found


def _rows_of(model: Any, coef: Array, outcome: Any, known: tuple[Any, ...]) -> Array:
    """The coefficients of one outcome: one row, or one for each of its classes."""
    names = task_names(model)
    if len(names) < 2 and (len(coef) == 1 or len(known) == 1 or names):
        return coef  # a model of this outcome alone, or one that serves several as if they were one
    task = np.asarray(getattr(model, "channel_task_", np.arange(len(coef))))
    return coef[task == (names if outcome in names else known).index(outcome)]


def _feature_names(estimator: Any, model: Any, n_features: int, features: list[str]) -> list[str]:
    """Names of the features as the model got them, without the names of the preprocessor's steps where those add none.

    Numbers where nobody knows names, or where their number is another.
    """
    names: list[str] = []
    before = estimator[:-1] if hasattr(estimator, "steps") and len(estimator.steps) > 1 else None
    if before is not None:
        try:
            names = [str(name) for name in before.get_feature_names_out()]
        except (AttributeError, ValueError):  # a step does not say, or was fitted without names
            names = []
    if len(names) != n_features:
        names = [str(name) for name in getattr(model, "feature_names_in_", features)]
    if len(names) != n_features:
        return [str(j) for j in range(n_features)]
    # Only what a step put in front: "lab__age" may be the name of a column.
    steps = tuple(f"{step}__" for step in _prefixes(before))
    plain = [name.split("__", 1)[-1] for name in names]
    if all(name.startswith(steps) for name in names) and len(set(plain)) == len(plain):
        names = plain
    return _numbered(names)


def _prefixes(transformer: Any) -> list[str]:
    """Names that a transformer of several parts puts in front of its features, also one inside a pipeline."""
    if hasattr(transformer, "steps"):
        return [name for _, step in transformer.steps for name in _prefixes(step)]
    if not getattr(transformer, "verbose_feature_names_out", True):
        return []
    parts = getattr(transformer, "transformers_", None) or getattr(transformer, "transformer_list", [])
    return [part[0] for part in parts]


def _numbered(names: list[str]) -> list[str]:
    """Names that are all different: the second "age" is "age (2)", or the next number that is free."""
    taken, seen, found = set(names), set[str](), []
    for name in names:
        own, k = name, 2
        while own in seen or (own != name and own in taken):
            own, k = f"{name} ({k})", k + 1
        seen.add(own)
        found.append(own)
    return found


__all__ = ["COLUMNS", "mean_coefficients"]
