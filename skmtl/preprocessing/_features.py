"""Features of any kind to numbers, learnt from training rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler
from sklearn.utils import check_array

from skmtl.exceptions import TaskDataError

# Labels beyond the most frequent ones of a column are one label: an id among the features stays harmless.
_MOST_LABELS = 30


def feature_table(X: Any, like: Any = None) -> Any:
    """Features as a frame of floats and labels, NaN where missing; a sparse matrix stays one.

    Nothing is learnt here: a column of numbers (booleans, dates as days) becomes floats, any other one objects.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of shape (n, p)
    like : sequence of p bools, optional
        Which columns held labels at the fit: new rows are read so too, whatever their cells look like by themselves.

    Returns
    -------
    DataFrame or sparse matrix of shape (n, p)
        Column names of a frame are replaced by positions, so that names may repeat or be of any type.

    Raises
    ------
    TaskDataError
        X is infinite somewhere, or has text where ``like`` says numbers.
    ValueError
        X is not 2-D, has no row or no column, or holds complex numbers.
    """
    if sparse.issparse(X):
        return check_array(X, accept_sparse=("csr", "csc"), input_name="X")
    if hasattr(X, "columns"):
        names = [str(name) for name in X.columns]
        columns = [X.iloc[:, j] if hasattr(X, "iloc") else X[name] for j, name in enumerate(X.columns)]
        if not columns or not len(X):
            raise TaskDataError(f"X has shape {tuple(X.shape)}: give at least one row and one column.")
    else:
        array = check_array(X, dtype=None, ensure_all_finite=False, input_name="X")
        names = [str(j) for j in range(array.shape[1])]
        columns = [array[:, j] for j in range(array.shape[1])]
    known = [None] * len(columns) if like is None else like
    return pd.DataFrame({j: _column(column, names[j], known[j]) for j, column in enumerate(columns)})


def holds_labels(table: Any) -> list[bool] | None:
    """Which columns of what `feature_table` gives are labels; None for a sparse matrix."""
    return None if sparse.issparse(table) else [table[j].dtype.kind != "f" for j in table.columns]


def _column(values: Any, name: str, label: bool | None) -> np.ndarray:
    """One column as floats or as objects, NaN where missing; ``label`` says which, None that its cells do."""
    column = pd.Series(np.asarray(values) if not isinstance(values, pd.Series) else values).reset_index(drop=True)
    if column.dtype.kind == "O":
        column = _inferred(column)
    if label:
        return _labels(column)
    if column.dtype.kind in "mM":
        stamps = column.to_numpy().astype("datetime64[s]" if column.dtype.kind == "M" else "timedelta64[s]")
        return np.where(column.isna(), np.nan, stamps.astype(np.int64) / 86400.0)
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        if np.isinf(numbers).any():
            row = int(np.argmax(np.isinf(numbers)))
            raise TaskDataError(f"X contains infinity in column {name!r}, row {row}: use NaN for an unknown value.")
        return numbers
    if label is False:
        example = column[column.notna()].iloc[0]
        raise TaskDataError(f"X holds {example!r} in column {name!r}, which held numbers at the fit: give numbers.")
    return _labels(column)


def _inferred(column: pd.Series) -> pd.Series:
    """A column of objects as what its cells are, whichever of NaN, None and pandas.NA stands for a missing one."""
    column = column.infer_objects()
    if column.dtype != object:
        return column
    if pd.api.types.infer_dtype(column, skipna=True) == "boolean":
        return column.astype("boolean")
    cells = column.to_numpy(dtype=object, copy=True)
    cells[column.isna().to_numpy()] = np.nan
    return pd.Series(cells, dtype=object).infer_objects()


def _labels(column: pd.Series) -> np.ndarray:
    labels = column.astype(object).map(str, na_action="ignore").astype(object)
    return labels.where(~column.isna().to_numpy(), np.nan).to_numpy(dtype=object)


def default_features(table: Any) -> Any:
    """A transformer, not fitted, for what `feature_table` gives.

    Numbers: missing values become the median, then mean 0 and variance 1; a column with missing values gets a second
    one that is 1 where they were. Labels: one column of 0 and 1 for each of the most frequent, a missing label being
    one more. Labels that the training rows did not have are zeros, or the infrequent ones.

    Parameters
    ----------
    table : DataFrame or sparse matrix
        Which columns have missing values is read from all its rows, what replaces them in each fit from its own.
    """
    if sparse.issparse(table):
        return MaxAbsScaler()
    numbers = [j for j in table.columns if table[j].dtype.kind == "f"]
    labels = [j for j in table.columns if table[j].dtype.kind != "f"]
    gaps = [j for j in numbers if table[j].isna().any()]
    scale = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_MOST_LABELS, sparse_output=False)
    return ColumnTransformer(
        [("numbers", scale, numbers), ("missing", MissingIndicator(features="all"), gaps), ("labels", one_hot, labels)]
    )


__all__ = ["default_features", "feature_table", "holds_labels"]
