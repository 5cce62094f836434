"""What a saved model says of another table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from skmtl.cli.errors import CommandError, suggestion
from skmtl.cli.store import FittedModel
from skmtl.cli.table import decimals_as_numbers
from skmtl.exceptions import TaskDataError


def label_columns(fitted: FittedModel) -> list[str]:
    """Columns of a .csv that have to be read as they are written, or "2" among "A1" and "2" would be a number.

    Not those of True and False alone, which may be written in several ways.
    """
    labels = [name for name in fitted.features if name not in fitted.numbers]
    _, encoder, encoded = next(part for part in fitted.preprocessor.transformers_ if part[0] == "labels")
    known = dict(zip(encoded, encoder.categories_, strict=True)) if labels else {}
    columns = [name for name in labels if {k for k in known[name] if isinstance(k, str)} - {"True", "False"}]
    if fitted.task is not None and all(isinstance(place, str) for place in fitted.places):
        columns.append(fitted.task)
    return columns


def predict(fitted: FittedModel, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Predict every row of a table.

    Parameters
    ----------
    fitted : FittedModel
    frame : DataFrame
        With the columns the model was fitted on; the outcomes may be among them and are not looked at.
    source : str
        Name of the file, for messages.

    Returns
    -------
    DataFrame
        Rows as in `frame`. A number has one column, its name; a binary outcome the probability of its second label,
        ``name=label``; several classes one such column for each label.

    Raises
    ------
    CommandError
        A column is missing or holds something else than it did.

    Warns
    -----
    UserWarning
        The table has columns that the model does not know.
    """
    X = _features(fitted, frame, source)
    asked = {}
    if fitted.task is not None:
        asked["task"] = _places(fitted, frame, source)
    prepared = fitted.preprocessor.transform(X)
    try:
        return _answers(fitted, prepared, asked).set_axis(frame.index)
    except TaskDataError as error:
        raise CommandError(f"{source}: {error}") from None


def _features(fitted: FittedModel, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    import warnings

    missing = [name for name in fitted.features if name not in frame.columns]
    if missing:
        listed = ", ".join(map(repr, missing[:5])) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise CommandError(
            f"{source} has no column {listed}, which the model was fitted on: {suggestion(missing[0], frame.columns)}"
        )
    known = {*fitted.features, *fitted.outcomes, *fitted.aside, fitted.task}
    extra = [name for name in frame.columns if name not in known]
    if extra:
        listed = ", ".join(map(repr, extra[:5])) + (f" and {len(extra) - 5} more" if len(extra) > 5 else "")
        warnings.warn(f"{source} has columns that the model does not know and leaves out: {listed}.", stacklevel=2)
    numbers = set(fitted.numbers)
    columns = {name: (_number if name in numbers else _label)(frame[name], source) for name in fitted.features}
    return pd.DataFrame(columns, index=frame.index)


def _number(column: pd.Series, source: str) -> pd.Series:
    if column.isna().all():
        return pd.Series(np.nan, index=column.index)
    column = decimals_as_numbers(column)
    if pd.api.types.is_bool_dtype(column.dtype) or not pd.api.types.is_numeric_dtype(column.dtype):
        raise CommandError(
            f"Column {str(column.name)!r} of {source} held numbers where the model was fitted: give them."
        )
    numbers = pd.Series(column.to_numpy(dtype=float, na_value=np.nan), index=column.index)
    infinite = np.flatnonzero(np.isinf(numbers))
    if infinite.size:
        raise CommandError(
            f"Column {str(column.name)!r} of {source} is infinite in row {infinite[0]} (counted from 0): leave unknown "
            "values empty."
        )
    return numbers


def _label(column: pd.Series, source: str) -> pd.Series:
    missing = column.isna()
    if (
        not missing.all()
        and pd.api.types.is_numeric_dtype(column.dtype)
        and not pd.api.types.is_bool_dtype(column.dtype)
    ):
        raise CommandError(
            f"Column {str(column.name)!r} of {source} holds numbers, and held labels where the model was fitted: write "
            "them as text."
        )
    return column.astype(object).where(~missing, np.nan).map(str, na_action="ignore").astype(object)


def _places(fitted: FittedModel, frame: pd.DataFrame, source: str) -> np.ndarray:
    assert fitted.task is not None
    if fitted.task not in frame.columns:
        raise CommandError(
            f"{source} has no column {fitted.task!r}, the place of each row: {suggestion(fitted.task, frame.columns)}"
        )
    places = frame[fitted.task]
    empty = np.flatnonzero(places.isna())
    if empty.size:
        raise CommandError(
            f"Column {fitted.task!r} of {source} is empty in row {empty[0]} (counted from 0): fill it in."
        )
    unknown = sorted(set(places.tolist()) - set(fitted.places), key=str)
    if unknown:
        raise CommandError(
            f"Column {fitted.task!r} of {source} has {unknown[0]!r}, a place that the model was not fitted on: it "
            f"knows {', '.join(map(repr, fitted.places[:8]))}{' and more' if len(fitted.places) > 8 else ''}."
        )
    return places.to_numpy()


def _answers(fitted: FittedModel, X: Any, asked: dict[str, Any]) -> pd.DataFrame:
    """Columns side by side, so that names may repeat without one replacing another."""
    means, tables = None, None
    names: list[str] = []
    columns: list[Any] = []
    for t, (outcome, kind, labels) in enumerate(zip(fitted.outcomes, fitted.kinds, fitted.labels, strict=True)):
        if kind in ("numeric", "count"):
            if means is None:
                means = np.asarray(fitted.estimator.predict(X, **asked)).reshape(X.shape[0], -1)
            names.append(outcome)
            columns.append(means[:, t])
            continue
        if tables is None:
            said = fitted.estimator.predict_proba(X, **asked)
            tables = said if isinstance(said, list) else [said]
        told = range(1, 2) if kind == "binary" else range(len(labels))
        names += [f"{outcome}={labels[k]}" for k in told]
        columns += [tables[t][:, k] for k in told]
    return pd.DataFrame(np.column_stack(columns).astype(float), columns=names)


__all__ = ["predict"]
