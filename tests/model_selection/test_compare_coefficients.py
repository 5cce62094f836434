"""Features in `coefficients()` have the names of the user's columns, and each a row of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from skmtl.model_selection import compare
from skmtl.model_selection._compare_coefficients import mean_coefficients

RNG = np.random.default_rng(0)
NAMES = ["lab__age", "lab__ldl", "lab__bp"]
X = pd.DataFrame(RNG.normal(size=(30, 3)), columns=NAMES)
Y = pd.DataFrame(X.to_numpy() @ RNG.normal(size=(3, 2)), columns=["a", "b"])
SCALE = ("numbers", StandardScaler(), NAMES)


@pytest.mark.parametrize(
    ("preprocessor", "names"),
    [
        (None, NAMES),
        (StandardScaler(), NAMES),
        (ColumnTransformer([SCALE]), NAMES),
        (ColumnTransformer([("lab", StandardScaler(), NAMES)], verbose_feature_names_out=False), NAMES),
        (make_pipeline(ColumnTransformer([SCALE]), StandardScaler()), NAMES),
        (FeatureUnion([("numbers", StandardScaler())]), NAMES),
        # Two parts with the same column: the names of the parts tell them apart.
        (
            ColumnTransformer([SCALE, ("again", "passthrough", ["lab__bp"])]),
            [f"numbers__{name}" for name in NAMES] + ["again__lab__bp"],
        ),
        (PolynomialFeatures(1, include_bias=False), NAMES),
    ],
)
def test_prefixes_of_the_user_are_kept_and_those_of_the_preprocessor_are_not(preprocessor, names):
    models = {"ridge": Ridge()}
    found = compare(
        X, Y, models, baseline="ridge", preprocessor=preprocessor, cv=2, random_state=0, return_estimator=True
    )
    assert found.coefficients()["feature"].unique().tolist() == names


def test_columns_of_the_same_name_are_numbered():
    features = ["age", "age", "age (2)", "bp", "age"]
    models = [Ridge().fit(RNG.normal(size=(30, 5)), Y) for _ in range(3)]
    frame = mean_coefficients({"ridge": models}, ["a", "b"], features)
    assert frame["feature"].tolist() == ["age", "age (3)", "age (2)", "bp", "age (4)"] * 2
    assert (frame[["n_selected", "n_folds"]] == 3).all(axis=None)
    np.testing.assert_allclose(frame["mean"], np.mean([model.coef_ for model in models], axis=0).ravel())
