"""Columns of any kind to a table of numbers, learnt from training rows only."""

from __future__ import annotations

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def make_preprocessor(X: pd.DataFrame) -> ColumnTransformer:
    """A transformer for the columns of a frame.

    Numbers: missing values become the median, then mean 0 and variance 1; a column with missing values gets a second
    one that is 1 where they were. Labels: one column of 0 and 1 for each, a missing label being one more; labels
    that the training rows did not have are all zeros.

    Parameters
    ----------
    X : DataFrame
        Columns of floats are numbers, any others labels. Which columns have missing values is read from all
        rows, what replaces them in each fit from its own.

    Returns
    -------
    ColumnTransformer
        Not fitted.
    """
    numbers = [name for name in X.columns if X[name].dtype.kind == "f"]
    labels = [name for name in X.columns if name not in numbers]
    gaps = [name for name in numbers if X[name].isna().any()]
    scale = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", scale, numbers),
            # Not scaled: a value that is hardly ever missing would become a huge number where it is.
            ("missing", MissingIndicator(features="all"), gaps),
            ("labels", OneHotEncoder(handle_unknown="ignore", sparse_output=False), labels),
        ]
    )


__all__ = ["make_preprocessor"]
