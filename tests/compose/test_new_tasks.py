"""Tasks that were not in the fit, asked of estimators that wrap one with a shared part."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.compose import InverseProbabilityWeighted, TransformedTaskTarget
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLogisticRegression

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
TASK = np.repeat(["a", "b", "c"], 20)
Y = np.exp(0.3 * (X @ [1.0, -1.0] + 0.1 * RNG.normal(size=60)))
ASKED = ["a", "z", "z"]
RIDGE = MeanRegularizedRidge(alpha=0.1)
PRIOR = {"task": ASKED, "on_unknown": "prior"}


def test_weighted_hands_it_on():
    missing = np.where(RNG.random(60) < 0.3, np.nan, Y)
    model = InverseProbabilityWeighted(RIDGE).fit(X, missing, task=TASK)
    np.testing.assert_array_equal(model.predict(X[:3], **PRIOR), model.estimator_.predict(X[:3], **PRIOR))
    pipe = InverseProbabilityWeighted(make_pipeline(StandardScaler(), RIDGE)).fit(X, missing, task=TASK)
    right = pipe.estimator_[-1].predict(pipe.estimator_[0].transform(X[:3]), **PRIOR)
    np.testing.assert_array_equal(pipe.predict(X[:3], **PRIOR), right)


@pytest.mark.parametrize("wrap", [InverseProbabilityWeighted, TransformedTaskTarget])
def test_classes_of_a_new_task(wrap):
    model = wrap(MultiTaskLogisticRegression("mean", 0.1)).fit(X, (Y > 1).astype(int), task=TASK)
    for method in ("predict", "predict_proba", "decision_function"):
        right = getattr(model.estimator_, method)(X[:3], **PRIOR)
        np.testing.assert_array_equal(getattr(model, method)(X[:3], **PRIOR), right)


def test_one_function_for_all_tasks_is_that_of_a_new_one():
    model = TransformedTaskTarget(RIDGE, func=np.log, inverse_func=np.exp).fit(X, Y, task=TASK)
    bare = MeanRegularizedRidge(alpha=0.1).fit(X, np.log(Y), task=TASK)
    np.testing.assert_allclose(model.predict(X[:3], **PRIOR), np.exp(bare.predict(X[:3], **PRIOR)), rtol=1e-12)
    # Another row in between, and the known ones are what they are without a new one.
    np.testing.assert_allclose(model.predict(X[:1], task=["a"]), model.predict(X[:3], **PRIOR)[:1], rtol=1e-12)


def test_without_a_transformation_the_prior_is_that_of_the_estimator():
    model = TransformedTaskTarget(MultiTaskGPRegressor(optimizer=None)).fit(X, Y, task=TASK)
    for said, right in zip(
        model.predict(X[:3], return_std=True, **PRIOR),
        model.estimator_.predict(X[:3], return_std=True, **PRIOR),
        strict=True,
    ):
        np.testing.assert_array_equal(said, right)


def test_a_learnt_transformation_is_that_of_known_tasks():
    model = TransformedTaskTarget(RIDGE, transformer=StandardScaler()).fit(X, Y, task=TASK)
    with pytest.raises(TaskDataError) as error:
        model.predict(X[:3], **PRIOR)
    assert str(error.value) == (
        "task 'z' was not in the fit, so its transformation is not known: predict for known tasks only, or call "
        "estimator_.predict(..., on_unknown='prior') for the prior on the transformed scale."
    )
    known = model.predict(X[:3], task=["a", "b", "c"], on_unknown="prior")
    np.testing.assert_array_equal(known, model.predict(X[:3], task=["a", "b", "c"]))
    partly = TransformedTaskTarget(RIDGE, transformer={"a": StandardScaler()}).fit(X, Y, task=TASK)
    with pytest.raises(TaskDataError, match="its transformation is not known"):
        partly.predict(X[:3], **PRIOR)


@pytest.mark.parametrize("wrap", [InverseProbabilityWeighted, TransformedTaskTarget])
def test_what_cannot_be_asked(wrap):
    model = wrap(LinearRegression()).fit(X, Y)
    with pytest.raises(TaskDataError, match=r"LinearRegression\.predict takes no on_unknown: leave it out, or wrap"):
        model.predict(X, on_unknown="prior")
    with pytest.raises(InvalidParameterError, match="on_unknown='mean' is not known: use 'error' or 'prior'"):
        model.predict(X, on_unknown="mean")
    with pytest.raises(TaskDataError, match="task 'z' was not seen in fit"):
        wrap(RIDGE).fit(X, Y, task=TASK).predict(X[:3], task=ASKED)
