"""Ids of another type than those of the fit are no new tasks: 1 that was read as "1" is a mistake."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from skmtl.exceptions import TaskDataError
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLogisticRegression

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 2))
Y = X @ [1.0, -1.0] + 0.1 * RNG.normal(size=30)
NUMBERS = np.repeat([1, 2, 3], 10)
NAMES = np.repeat(["a", "b", "c"], 10)
MODELS = {
    "linear": MeanRegularizedRidge(alpha=0.1),
    "gaussian process": MultiTaskGPRegressor(optimizer=None),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(
    ("fitted", "asked", "told"),
    [
        (NUMBERS, ["1", "2"], r"task holds '1' \(str\), but the tasks of the fit are 1, 2, 3 \(int\): give ids of"),
        (NUMBERS, np.array(["1", "9"]), r"task holds '1' \(str\)"),
        (NAMES, [1, 2], r"task holds 1 \(int\), but the tasks of the fit are 'a', 'b', 'c' \(str\): give ids of"),
        (NUMBERS, [False, False], r"task holds False \(bool\)"),
        (NUMBERS > 1, [2, 0], r"task holds 2 \(int\), but the tasks of the fit are False, True \(bool\)"),
    ],
)
def test_ids_of_another_type_are_refused(model, fitted, asked, told):
    model.fit(X, Y, task=fitted)
    with pytest.raises(TaskDataError, match=told):
        model.predict(X[:2], task=asked, on_unknown="prior")


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(("fitted", "name"), [(NUMBERS, "1"), (NAMES, 1), (NUMBERS, False), (NUMBERS > 1, 7)])
def test_adapt_refuses_them_too(model, fitted, name):
    model.fit(X, Y, task=fitted)
    for given in (name, [name] * 4):
        with pytest.raises(TaskDataError, match=r"task holds .*: give ids of the same type as in fit"):
            model.adapt(X[:4], Y[:4], task=given)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_any_number_is_a_number_and_equal_ids_are_one_task(model):
    model.fit(X, Y, task=NUMBERS)
    right = model.predict(X[:2], task=[1, 9], on_unknown="prior")
    for asked in ([1.0, 9.0], [1.0, 1.5], np.array([1, 9], dtype=np.uint8), pd.Series([1, 9], dtype="Int64")):
        np.testing.assert_array_equal(model.predict(X[:2], task=asked, on_unknown="prior"), right)
    np.testing.assert_allclose(model.predict(X[:1], task=[True], on_unknown="prior"), right[:1], rtol=1e-12)
    assert model.adapt(X[:4], Y[:4], task=np.int64(9)).task_names_.tolist() == [1, 2, 3, 9]


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_new_names_like_the_known_ones_are_answered(model):
    model.fit(X, Y, task=NAMES)
    old = model.predict(X[:1], task=["a"])
    new = model.predict(X[:2], task=np.array(["a", "a much longer name"]), on_unknown="prior")
    np.testing.assert_allclose(new[0], old[0], rtol=1e-12)
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]).repeat(10)
    model.fit(X, Y, task=days.astype(object))
    assert np.isfinite(model.predict(X[:1], task=[pd.Timestamp("2025-01-01")], on_unknown="prior")).all()


def test_labels_of_a_new_outcome_are_not_known():
    model = MultiTaskLogisticRegression(alpha=0.01).fit(X, np.column_stack([Y > 0, X[:, 0] > 0]).astype(int))
    told = r"labels of task 9 are not known, .* predict_proba\(\.\.\., on_unknown='prior'\) gives its probabilities"
    with pytest.raises(TaskDataError, match=told):
        model.predict(X[:2], task=[0, 9], on_unknown="prior")
    assert model.predict_proba(X[:2], task=[0, 9], on_unknown="prior").shape == (2, 2)
    np.testing.assert_array_equal(
        model.predict(X[:2], task=[0, 1], on_unknown="prior"), model.predict(X[:2], task=[0, 1])
    )
