"""Outcomes that a score has entries of; those without have no score, and the mean over outcomes skips them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning

from skmtl._typing import IntArray
from skmtl.data._targets import array_of_list, is_missing, split_columns
from skmtl.data._weights import check_exposure, check_sample_weight
from skmtl.exceptions import TaskDataError
from skmtl.metrics._evaluate import NO_ENTRIES, list_tasks


def with_entries(
    y: Any, sample_weight: Any, exposure: Any, names: Sequence[object], *, stacklevel: int = 3
) -> tuple[Any, Any, Any, IntArray]:
    """Drop the outcomes without an observed entry, and warn of them as the metrics do.

    Parameters
    ----------
    y : array-like or frame of shape (n,) or (n, T)
    sample_weight : array-like of shape (n,) or (n, T), or None
        An entry of weight 0 is not observed.
    exposure : array-like of shape (n,) or (n, T), or None
    names : sequence of length T
        Outcomes, for the warning.
    stacklevel : int, default 3
        The warning points at the line that called ``score``: this function, the score, the caller.

    Returns
    -------
    y, sample_weight, exposure
        What is left of them; as given where nothing is dropped.
    kept : ndarray
        Numbers of the outcomes that are left.

    Raises
    ------
    TaskDataError
        ``y`` has not T columns.

    Warns
    -----
    UndefinedMetricWarning
        An outcome has no observed entry.
    """
    columns, known, _ = split_columns(y)
    every = np.arange(len(names))
    if len(columns) != len(names):
        raise TaskDataError(
            f"y has {len(columns)} outcomes, but the fit had {len(names)}: give the columns of the fit."
        )
    observed = np.column_stack([~is_missing(column) for column in columns])
    weights = None if sample_weight is None else check_sample_weight(sample_weight, len(observed), len(names), known)
    if weights is not None:
        observed &= weights > 0
    kept = np.flatnonzero(observed.any(axis=0))
    if len(kept) == len(names):
        return y, sample_weight, exposure, every
    absent = [name for t, name in enumerate(names) if t not in kept]
    end = "averages skip these tasks" if kept.size else "the value is nan"
    warnings.warn(
        f"score is undefined for {list_tasks(absent)} ({NO_ENTRIES}): {end}.",
        UndefinedMetricWarning,
        stacklevel=stacklevel,
    )
    exposures = check_exposure(exposure, len(observed), len(names), known)
    weights, exposures = (table if table is None else table[:, kept] for table in (weights, exposures))
    return _columns(y, kept), weights, exposures, kept


def _columns(y: Any, kept: IntArray) -> Any:
    if hasattr(y, "iloc"):
        return y.iloc[:, kept] if hasattr(y, "columns") else y
    if hasattr(y, "columns"):
        return y[[y.columns[t] for t in kept]]
    table = np.asarray(y) if hasattr(y, "__array__") else array_of_list(y)
    return table if table.ndim == 1 else table[:, kept]


__all__ = ["with_entries"]
