"""One outcome under a transformation: its fit, its unit, and the table it goes back into."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler

from skmtl._params import check_parameters
from skmtl._typing import IntArray
from skmtl.base import task_codes
from skmtl.data import check_task_ids
from skmtl.exceptions import TaskDataError
from skmtl.preprocessing import TargetScaler
from skmtl.preprocessing._columns import apply_column, fit_column, fit_scaler

_AFFINE = (StandardScaler, RobustScaler, MaxAbsScaler, MinMaxScaler)


def fit_one(transformer: Any, values: np.ndarray, weight: Any, where: str) -> Any:
    """Fit the transformer of one outcome; of a `TargetScaler` what it is for one column, which takes weights."""
    if isinstance(transformer, TargetScaler):
        check_parameters(transformer, transformer._parameter_constraints)
        return fit_scaler(transformer.method, values, weight, where)
    return fit_column(transformer, values, weight, where)


def unit_of(fitted: Any, name: Any) -> float:
    """What one unit on the transformed scale is in units of the outcome, if that is the same everywhere."""
    if fitted is None:
        return 1.0
    if not isinstance(fitted, _AFFINE) or getattr(fitted, "clip", False):
        raise TaskDataError(
            f"return_std: the transformation of outcome {name!r}, {type(fitted).__name__}, is not a mere change of "
            "unit, so a standard deviation has no counterpart in units of the data: predict without it, or use an "
            "affine transformer such as StandardScaler."
        )
    ends = apply_column(fitted, np.array([0.0, 1.0]), f"(task {name!r})", inverse=True)
    return float(abs(ends[1] - ends[0]))


def codes_of(task: Any, names: np.ndarray, n_rows: int, on_unknown: str, alike: bool) -> IntArray:
    """Number of each row's task; T for one that was not in the fit, where all are transformed ``alike``."""
    codes = task_codes(task, names, n_rows, unknown=len(names) if on_unknown == "prior" else None)
    new = codes == len(names)
    if new.any() and not alike:
        raise TaskDataError(
            f"task {check_task_ids(task, n_rows)[new].tolist()[0]!r} was not in the fit, so its transformation is not "
            "known: predict for known tasks only, or call estimator_.predict(..., on_unknown='prior') for the prior on "
            "the transformed scale."
        )
    return codes


def like(y: Any, table: np.ndarray, form: str) -> Any:
    """Transformed outcomes in the shape in which they came, with their names."""
    if hasattr(y, "columns"):
        import pandas as pd

        frame = pd.DataFrame({t: table[:, t] for t in range(table.shape[1])}, index=getattr(y, "index", None))
        frame.columns = y.columns if hasattr(y, "iloc") else list(y.columns)
        return frame.infer_objects()
    if form == "single":
        table = table[:, 0]
    if hasattr(y, "name") and hasattr(y, "iloc"):
        import pandas as pd

        return pd.Series(table, index=y.index, name=y.name)
    return table


__all__ = ["codes_of", "fit_one", "like", "unit_of"]
