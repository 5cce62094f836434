"""A scikit-learn transformer on the observed entries of one outcome."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import has_fit_parameter

from skmtl._typing import Array
from skmtl.exceptions import TaskDataError

METHODS = ("standard", "robust", "power", "normal", "log1p")
# With more reference points than this nobody could tell the difference in normal scores.
_MOST_QUANTILES = 1000


def fit_scaler(method: str, values: Array, weight: Array | None, where: str) -> Any:
    """Fit scikit-learn's transformer of one of the `METHODS`; a constant outcome is only moved to 0."""
    if method == "log1p" and values.min() <= -1:
        raise TaskDataError(
            f"Y {where} holds {values.min():g}, and log(1 + y) needs values above -1: give another method."
        )
    constant = np.ptp(values) == 0 and method != "log1p"
    return fit_column(_transformer("standard" if constant else method, len(values)), values, weight, where)


def _transformer(method: str, n_values: int) -> Any:
    if method == "standard":
        return StandardScaler()
    if method == "robust":
        return RobustScaler()
    if method == "power":
        # Alone it is at a loss where values are far from zero for their spread: its powers then cancel all digits.
        return make_pipeline(StandardScaler(), PowerTransformer())
    if method == "normal":
        return QuantileTransformer(
            n_quantiles=min(n_values, _MOST_QUANTILES), output_distribution="normal", subsample=None
        )
    return FunctionTransformer(np.log1p, np.expm1, check_inverse=False)


def fit_column(transformer: Any, values: Array, weight: Array | None, where: str) -> Any:
    """Fit a clone to the observed entries of an outcome.

    Parameters
    ----------
    transformer : transformer of one column, not fitted
        Gets the weights if its ``fit`` takes ``sample_weight``.
    values : ndarray of shape (m,)
        No NaN among them.
    weight : ndarray of shape (m,) or None
    where : str
        The outcome in messages.
    """
    fresh = clone(transformer)
    options = {} if weight is None or not has_fit_parameter(fresh, "sample_weight") else {"sample_weight": weight}
    try:
        # A logarithm of 0 is said in the sentence of `apply_column`, with the name of the outcome.
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            fitted = fresh.fit(values[:, None], **options)
    except ValueError as error:
        raise TaskDataError(f"{type(fresh).__name__} of Y {where}: {error}") from error
    apply_column(fitted, values, where)
    return fitted


def apply_column(fitted: Any, values: Array, where: str, *, inverse: bool = False) -> Array:
    """Transform the entries of a column that are not NaN, or back; NaN stays.

    Raises
    ------
    TaskDataError
        The transformer gives something other than one finite number for each.

    Warns
    -----
    UserWarning
        On the way back a number has no finite counterpart: a power, say, has bounds, and a prediction may be beyond.
    """
    present = ~np.isnan(values)
    result = np.full(values.shape, np.nan)
    if not present.any():
        return result
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"), warnings.catch_warnings():
        if inverse:  # what a transformer says of NaN is said below, with the name of the outcome
            warnings.simplefilter("ignore", UserWarning)
        answer = (fitted.inverse_transform if inverse else fitted.transform)(values[present, None])
    numbers = np.asarray(answer, dtype=float)
    if numbers.size != np.count_nonzero(present):
        raise TaskDataError(
            f"{type(fitted).__name__} turns Y {where} into an array of shape {numbers.shape}: give a transformer of "
            "one column into one column."
        )
    numbers = numbers.ravel()
    lost = int(np.count_nonzero(~np.isfinite(numbers)))
    if lost and inverse:
        warnings.warn(
            f"{lost} of {numbers.size} values for Y {where} have no finite counterpart before {type(fitted).__name__}: "
            "they are beyond its range; give another transformation.",
            UserWarning,
            stacklevel=2,
        )
    elif lost:
        value = values[present][np.flatnonzero(~np.isfinite(numbers))[0]]
        raise TaskDataError(
            f"{type(fitted).__name__} has no finite value for {value:g} in Y {where}: give another transformation, or "
            "leave the outcome as it is."
        )
    result[present] = numbers
    return result


__all__ = ["METHODS", "apply_column", "fit_column", "fit_scaler"]
