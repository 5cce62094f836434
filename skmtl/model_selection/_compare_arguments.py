"""Arguments of `compare` and of its summary that cannot be used are errors before any work is done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.model_selection._compare_gains import INTERVALS
from skmtl.model_selection._compare_verdicts import ADJUSTMENTS

# With fewer draws the ends of a 95% interval are the outermost of them.
_FEWEST_DRAWS = 100


def check_rows(X: Any, Y: Any, task: Any, groups: Any) -> int:
    """Count the rows of X, which have to be those of everything else.

    Raises
    ------
    InvalidParameterError
        ``X`` or ``Y`` has no length, or ``X`` no row.
    TaskDataError
        Two of them have different numbers of rows.
    """
    n_rows = _count(X, "X", "a table of features")
    if n_rows == 0:
        raise InvalidParameterError("X has no rows: give at least one.")
    others = {"Y": _count(Y, "Y", "a table of outcomes")}
    others |= {
        name: _count(value, name, "one id a row")
        for name, value in (("task", task), ("groups", groups))
        if value is not None
    }
    for name, count in others.items():
        if count != n_rows:
            raise TaskDataError(f"X has {n_rows} rows and {name} has {count}: give them the same rows.")
    return n_rows


def _count(table: Any, name: str, what: str) -> int:
    try:
        return int(table.shape[0]) if hasattr(table, "shape") else len(table)
    except (TypeError, IndexError):
        raise InvalidParameterError(f"{name} has to be {what}. Got {table!r} instead.") from None


def check_arguments(kinds: Any, cv: Any, preprocessor: Any, baseline: Any, n_jobs: Any, progress: Any) -> Any:
    """Check what does not depend on the table, and give the folds back, as a list where they are listed.

    Raises
    ------
    InvalidParameterError
        One of them is of a wrong type or out of its range.
    """
    if kinds is not None and not isinstance(kinds, Mapping):
        raise InvalidParameterError(
            f"kinds has to be a dict from the name of an outcome to its kind. Got {kinds!r} instead."
        )
    if preprocessor is not None and (
        isinstance(preprocessor, type)
        or not all(hasattr(preprocessor, method) for method in ("get_params", "fit_transform", "transform"))
    ):
        got = f"the class {preprocessor.__name__}" if isinstance(preprocessor, type) else repr(preprocessor)
        raise InvalidParameterError(
            f"preprocessor has to be a transformer, with fit_transform and transform, or None. Got {got} instead."
        )
    if not isinstance(baseline, str):
        raise InvalidParameterError(f"baseline has to be the name of an estimator. Got {baseline!r} instead.")
    if n_jobs is not None and (not _is_whole(n_jobs) or n_jobs == 0):
        raise InvalidParameterError(f"n_jobs has to be a whole number other than 0, or None. Got {n_jobs!r} instead.")
    if progress is not None and not callable(progress):
        raise InvalidParameterError(f"progress has to be a callable or None. Got {progress!r} instead.")
    return _check_folds(cv)


def _check_folds(cv: Any) -> Any:
    wanted = "cv has to be a number of folds from 2, a splitter, or a list of (train, test). Got "
    if cv is None or (hasattr(cv, "split") and not isinstance(cv, str)):
        return cv
    if _is_whole(cv):
        if cv < 2:
            raise InvalidParameterError(f"{wanted}{cv!r} instead.")
        return cv
    if isinstance(cv, str) or not isinstance(cv, Iterable):
        raise InvalidParameterError(f"{wanted}{cv!r} instead.")
    folds = list(cv)
    for fold in folds:
        if not hasattr(fold, "__len__") or len(fold) != 2:
            raise InvalidParameterError(f"{wanted}a list with {fold!r} instead.")
    return folds


def check_options(interval: Any, adjust: Any, alpha: Any, n_resamples: Any, random_state: Any) -> None:
    """Check the options of a summary.

    Raises
    ------
    InvalidParameterError
        One of them is of a wrong type or out of its range.
    """
    if not isinstance(interval, str) or interval not in INTERVALS:
        raise InvalidParameterError(f"interval has to be 'bootstrap' or 'corrected_t'. Got {interval!r} instead.")
    if adjust not in ADJUSTMENTS:
        raise InvalidParameterError(f"adjust has to be 'holm', 'fdr_bh' or None. Got {adjust!r} instead.")
    if not isinstance(alpha, Real) or not 0 < float(alpha) < 1:
        raise InvalidParameterError(f"alpha has to be a number between 0 and 1. Got {alpha!r} instead.")
    if not _is_whole(n_resamples) or n_resamples < _FEWEST_DRAWS:
        raise InvalidParameterError(
            f"n_resamples has to be a whole number, {_FEWEST_DRAWS} or more. Got {n_resamples!r} instead."
        )
    if random_state is not None and (not _is_whole(random_state) or random_state < 0):
        raise InvalidParameterError(
            f"random_state has to be a whole number, 0 or more, or None. Got {random_state!r} instead."
        )


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


__all__ = ["check_arguments", "check_options", "check_rows"]
