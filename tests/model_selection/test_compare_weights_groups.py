"""Entries of weight 0, groups, and names that tables would stumble over."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import MultiTaskLasso
from skmtl.model_selection import compare
from skmtl.multioutput import IndependentTasks, PooledTasks

RNG = np.random.default_rng(0)
N = 100
X = RNG.normal(size=(N, 3))
Y = pd.DataFrame(X @ RNG.normal(size=(3, 2)) + RNG.normal(size=(N, 2)), columns=["a", "b"])
MODELS = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge())}


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(25), 4)])
@pytest.mark.parametrize("by_rows", [False, True])
def test_weight_zero_is_the_same_as_missing(groups, by_rows):
    weight = np.ones(Y.shape)
    weight[:, 1] = 0
    weight[RNG.choice(N, 30, replace=False), 1] = 1
    models = {**MODELS, "lasso": "lasso"}
    options = {"groups": groups, "random_state": 3, "cv": 4}
    if by_rows:
        options["task"] = np.repeat(["A", "B"], N // 2)
        weighted = compare(X, Y["b"], models, sample_weight=weight[:, 1], **options)
        masked = compare(X, Y["b"].mask(weight[:, 1] == 0), models, **options)
    else:
        weighted = compare(X, Y, models, sample_weight=weight, **options)
        masked = compare(X, Y.mask(weight == 0), models, **options)
    pd.testing.assert_frame_equal(weighted.folds, masked.folds)
    pd.testing.assert_frame_equal(weighted.summary(), masked.summary(), rtol=1e-6)


def test_an_outcome_that_no_fold_tests_has_no_score():
    rows = np.arange(N)
    masked = Y.assign(b=Y["b"].where(rows >= 20))
    found = compare(X, masked, MODELS, cv=[(rows[10:], rows[:10]), (np.r_[0:10, 20:N], rows[10:20])])
    row = found.summary().set_index(["outcome", "estimator"]).loc[("b", "pooled")]
    assert np.isnan(row["score"])
    assert np.isnan(row["baseline"])


def test_inner_folds_are_no_more_than_the_patients_left():
    found = compare(X, Y, ["independent", "lasso", "mean"], groups=np.arange(N) % 5, cv=5, random_state=0)
    assert found.table()[["independent", "lasso", "mean"]].notna().all(axis=None)
    with pytest.raises(TaskDataError, match=r"has 1 group"):
        compare(X, Y, {"lasso": "lasso"}, baseline="lasso", groups=np.arange(N) % 2, cv=2)


@pytest.mark.parametrize("names", [[True, False], [1, 2], ["x", "y"]])
def test_names_of_any_type_reach_the_summary(names):
    found = compare(X, Y.set_axis(names, axis=1), MODELS, cv=3)
    assert found.summary(interval="corrected_t")["outcome"].tolist() == names
    by_rows = compare(X, Y["a"], MODELS, task=np.array(names, dtype=object)[np.arange(N) % 2], cv=3)
    assert set(by_rows.summary(interval="corrected_t")["outcome"]) == set(names)


def test_groups_may_be_a_column_and_need_an_id_in_every_row():
    groups = np.repeat(np.arange(25.0), 4)
    column = compare(X, Y, MODELS, groups=groups[:, None], cv=3, random_state=0).summary()
    pd.testing.assert_frame_equal(column, compare(X, Y, MODELS, groups=groups, cv=3, random_state=0).summary())
    groups[7] = np.nan
    rows = np.arange(N)
    with pytest.raises(TaskDataError, match="groups has a missing id in row 7"):
        compare(X, Y, MODELS, groups=groups, cv=[(rows[50:], rows[:50]), (rows[:50], rows[50:])])


def test_an_estimator_without_weights_is_named_before_any_fit():
    with pytest.raises(TaskDataError, match="'neighbours' takes no sample_weight in fit"):
        compare(X, Y, {**MODELS, "neighbours": KNeighborsRegressor()}, sample_weight=np.ones(N))
    compare(X, Y, {**MODELS, "lasso": MultiTaskLasso(alpha=0.1)}, sample_weight=np.ones(N), cv=3)


@pytest.mark.parametrize("name", ["metric", "observed", "events", None])
def test_an_estimator_may_not_be_called_like_a_column(name):
    with pytest.raises(InvalidParameterError, match="columns of the tables"):
        compare(X, Y, {"independent": MODELS["independent"], name: MODELS["pooled"]})
