"""Mean coefficients over folds are those of the fitted models, in the user's units."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from report.conftest import mixed
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skmtl.exceptions import InvalidParameterError
from skmtl.linear_model import MultiTaskLasso
from skmtl.model_selection import compare
from skmtl.model_selection._compare_coefficients import mean_coefficients
from skmtl.multioutput import IndependentTasks, PooledTasks, TransferGuard


def one(frame, estimator, outcome, feature, channel=0):
    keys = ["estimator", "outcome", "feature", "channel"]
    return frame.set_index(keys).loc[(estimator, outcome, feature, channel)]


def test_mean_and_count_over_folds():
    X, Y, _ = mixed()
    models = {"independent": IndependentTasks(Ridge()), "lasso": MultiTaskLasso(alpha=0.5)}
    found = compare(X, Y[["ldl", "hdl"]], models, cv=4, random_state=0, return_estimator=True)
    frame = found.coefficients()
    assert len(found.fitted["lasso"]) == 4
    coef = np.stack([model.coef_ for model in found.fitted["lasso"]])
    for t, outcome in enumerate(["ldl", "hdl"]):
        for j, feature in enumerate(X.columns):
            row = one(frame, "lasso", outcome, feature)
            assert row["mean"] == pytest.approx(coef[:, t, j].mean())
            assert (row["n_selected"], row["n_folds"]) == ((coef[:, t, j] != 0).sum(), 4)
            singles = [model.estimators_[t].coef_[j] for model in found.fitted["independent"]]
            assert one(frame, "independent", outcome, feature)["mean"] == pytest.approx(np.mean(singles))
    assert 0 < frame["n_selected"].min() < 4


def test_pooled_coefficients_are_in_units_of_the_outcome():
    X, Y, _ = mixed()
    Y = Y[["ldl", "hdl"]].fillna(0.0) * [1.0, 10.0]
    models = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge(), scale_targets=True)}
    found = compare(X, Y, models, cv=2, random_state=0, return_estimator=True)
    frame = found.coefficients()
    for t, outcome in enumerate(["ldl", "hdl"]):
        moved = [
            (model.predict(X + np.array([1.0, 0.0, 0.0])) - model.predict(X))[:, t].mean()
            for model in found.fitted["pooled"]
        ]
        assert one(frame, "pooled", outcome, "age")["mean"] == pytest.approx(np.mean(moved))


def test_guard_gives_those_of_the_chosen_models():
    X, Y, _ = mixed()
    guard = TransferGuard({"pooled": PooledTasks(Ridge())}, independent=IndependentTasks(Ridge()), random_state=0)
    models = {"independent": IndependentTasks(Ridge()), "guard": guard}
    found = compare(X, Y[["ldl", "hdl"]], models, cv=2, random_state=0, return_estimator=True)
    assert {choice for model in found.fitted["guard"] for choice in model.chosen_} == {"independent"}
    frame = found.coefficients().set_index(["estimator", "outcome", "feature"])["mean"]
    np.testing.assert_allclose(frame["guard"], frame["independent"])


def test_guard_over_one_model_of_all_outcomes():
    X, Y, _ = mixed()
    guard = TransferGuard({"pooled": PooledTasks(Ridge())}, independent=Ridge(), random_state=0)
    models = {"independent": IndependentTasks(Ridge()), "guard": guard}
    complete = Y[["ldl", "hdl"]].fillna(0.0)
    found = compare(X, complete, models, cv=2, random_state=0, return_estimator=True)
    frame = found.coefficients()
    assert set(frame["channel"]) == {0}
    assert {choice for model in found.fitted["guard"] for choice in model.chosen_} == {"independent"}
    wide = frame.set_index(["estimator", "outcome", "feature"])["mean"]
    np.testing.assert_allclose(wide["guard"], wide["independent"])


def test_guard_serves_some_outcomes_of_models_that_know_no_names():
    X, Y, _ = mixed()
    Y = Y[["ldl", "hdl"]].fillna(0.0).to_numpy()
    weak, strong = Ridge(1.0).fit(X, Y), Ridge(100.0).fit(X, Y)
    guard = SimpleNamespace(
        task_names_=np.array(["ldl", "hdl"]),
        chosen_=np.array(["strong", "independent"], dtype=object),
        sharing_sets_={"strong": ("ldl", "hdl")},
        estimators_={"strong": strong, "independent": weak},
    )
    frame = mean_coefficients({"guard": [guard]}, ["ldl", "hdl"], list(X.columns))
    np.testing.assert_allclose(frame["mean"], [*strong.coef_[0], *weak.coef_[1]])
    assert frame["outcome"].tolist() == ["ldl"] * 3 + ["hdl"] * 3


def test_names_come_from_the_preprocessor_and_rare_labels_count_as_zero():
    X, Y, _ = mixed()
    X["stage"] = np.tile(["I", "II"], 45)
    X.loc[Y[["ldl", "hdl"]].notna().all(axis=1).idxmax(), "stage"] = "rare"
    prepare = ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["age", "bmi", "crp"]),
            ("labels", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["stage"]),
        ]
    )
    models = {"independent": IndependentTasks(Ridge()), "lasso": MultiTaskLasso(alpha=0.1)}
    found = compare(X, Y[["ldl", "hdl"]], models, cv=3, preprocessor=prepare, random_state=0, return_estimator=True)
    frame = found.coefficients()
    assert frame["feature"].unique().tolist() == ["age", "bmi", "crp", "stage_I", "stage_II", "stage_rare"]
    rare = one(frame, "independent", "ldl", "stage_rare")
    assert rare["n_selected"] == 2
    values = [dict(zip(m[:-1].get_feature_names_out(), m[-1].estimators_[0].coef_, strict=True)) for m in
              found.fitted["independent"]]  # fmt: skip
    assert rare["mean"] == pytest.approx(sum(value.get("labels__stage_rare", 0.0) for value in values) / 3)
    # A kept estimator answers for the table as it is.
    assert found.fitted["lasso"][0].predict(X).shape == (90, 2)


def test_classes_have_a_channel_each_and_others_have_no_rows():
    X, Y, _ = mixed()
    stage = pd.Series(np.tile(["a", "b", "c"], 30), name="stage")
    models = {
        "independent": IndependentTasks({"stage": LogisticRegression(), "died": LogisticRegression()}),
    }
    found = compare(X, pd.DataFrame({"stage": stage, "died": Y["died"]}), models, cv=2, return_estimator=True,
                    random_state=0)  # fmt: skip
    frame = found.coefficients()
    assert frame.groupby("outcome")["channel"].unique().map(list).to_dict() == {"died": [0], "stage": [0, 1, 2]}
    told = found.to_html()
    assert "stage</bdi>, class 3" in told
    models = {"independent": IndependentTasks(KNeighborsRegressor())}
    found = compare(X, Y["ldl"], models, cv=2, random_state=0, return_estimator=True)
    assert found.coefficients().empty
    assert "No model has coefficients" in found.to_html()


def test_pipelines_of_ones_own_and_one_outcome():
    X, Y, _ = mixed()
    own = make_pipeline(StandardScaler(), Ridge())
    models = {"independent": IndependentTasks(own), "one": own}
    found = compare(X, Y["died"] == "yes", {"one": make_pipeline(StandardScaler(), LogisticRegression())},
                    baseline="one", cv=2, random_state=0, return_estimator=True)  # fmt: skip
    assert found.coefficients()["feature"].tolist() == ["age", "bmi", "crp"]
    found = compare(X, Y["ldl"].fillna(0.0), models, cv=2, random_state=0, return_estimator=True)
    frame = found.coefficients()
    assert frame["estimator"].unique().tolist() == ["independent", "one"]
    np.testing.assert_allclose(*(frame.loc[frame["estimator"] == name, "mean"] for name in models))


def test_without_the_estimators_it_is_a_sentence():
    X, Y, _ = mixed()
    found = compare(X, Y["ldl"], {"independent": IndependentTasks(Ridge())}, cv=2, random_state=0)
    assert found.fitted is None
    with pytest.raises(InvalidParameterError, match=r"compare\(\.\.\., return_estimator=True\)"):
        found.coefficients()
