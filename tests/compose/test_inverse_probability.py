"""Fits with inverse-probability-of-observation weights."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy.special import expit
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import cross_validate
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.compose import InverseProbabilityWeighted
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import MultiTaskLasso, MultiTaskRidge
from skmtl.multioutput import IndependentTasks
from skmtl.preprocessing import ObservationWeights


def curve(seed, n=1200):
    """y = x² + noise, observed more often where x is large; and an outcome that is always observed."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    full = np.column_stack([X[:, 0] ** 2 + X[:, 0], X[:, 1]]) + 0.3 * rng.normal(size=(n, 2))
    Y = full.copy()
    Y[rng.random(n) > expit(0.5 + X[:, 0]), 0] = np.nan
    return X, Y, full


@pytest.mark.parametrize(
    ("inner", "at_zero"),
    # The best constant is E y = 1, the best line 1 + x: that of the whole table, not of those observed.
    [(DummyRegressor(), 1.0), (LinearRegression(), 1.0)],
)
def test_misspecified_fit_is_that_of_all_rows(inner, at_zero):
    bare, weighted = [], []
    for seed in range(20):
        X, Y, _ = curve(seed)
        bare.append(IndependentTasks(inner).fit(X, Y).predict(np.zeros((1, 2)))[0, 0])
        maker = ObservationWeights(truncate=0, random_state=0)
        model = InverseProbabilityWeighted(IndependentTasks(inner), weights=maker).fit(X, Y)
        weighted.append(model.predict(np.zeros((1, 2)))[0, 0])
    error = np.std(weighted, ddof=1) / np.sqrt(len(weighted))
    assert abs(np.mean(bare) - at_zero) > 0.1
    assert abs(np.mean(weighted) - at_zero) < 3 * error < 0.1


def test_it_is_the_estimator_with_the_weights():
    X, Y, _ = curve(1)
    given = np.random.default_rng(0).uniform(1, 2, size=len(X))
    maker = ObservationWeights(random_state=3)
    model = InverseProbabilityWeighted(MultiTaskRidge(alpha=0.1), weights=maker).fit(X, Y, given)
    weight = clone(maker).fit_weights(X, Y) * given[:, None]
    np.testing.assert_allclose(model.sample_weight_, weight, rtol=1e-12)
    by_hand = MultiTaskRidge(alpha=0.1).fit(X, Y, weight)
    np.testing.assert_allclose(model.predict(X), by_hand.predict(X), rtol=1e-9)
    assert model.score(X, Y) == pytest.approx(by_hand.score(X, Y))
    assert not hasattr(maker, "estimators_")


def test_complete_outcomes_are_the_bare_fit():
    X, _, full = curve(2, 90)
    model = InverseProbabilityWeighted(MultiTaskLasso(alpha=0.01)).fit(X, full)
    np.testing.assert_array_equal(model.predict(X), MultiTaskLasso(alpha=0.01).fit(X, full).predict(X))
    # Nothing to weigh: an estimator that takes no weights will do.
    InverseProbabilityWeighted(IndependentTasks(KNeighborsRegressor())).fit(X, full)


def test_one_outcome_and_any_sklearn_estimator():
    X, Y, _ = curve(3)
    seen = ~np.isnan(Y[:, 0])
    model = InverseProbabilityWeighted(IndependentTasks(Ridge())).fit(X, Y[:, 0])
    weight = model.sample_weight_
    np.testing.assert_allclose(model.predict(X), Ridge().fit(X[seen], Y[seen, 0], weight[seen]).predict(X))


def test_rows_of_tasks_labels_frames_and_pickle():
    X, Y, _ = curve(4, 300)
    frame = pd.DataFrame(X, columns=["age", "a=b"])
    y = pd.Series(np.where(np.isnan(Y[:, 0]), None, np.where(Y[:, 0] > 1, "yes", "no")), name="died")
    task = np.resize(["north", "south"], 300)
    model = InverseProbabilityWeighted(IndependentTasks(LogisticRegression())).fit(frame, y, task=task)
    assert model.sample_weight_.shape == (300,)
    assert (model.sample_weight_[y.isna()] == 0).all()
    assert model.classes_.tolist() == ["no", "yes"]
    assert model.task_names_.tolist() == ["north", "south"]
    assert model.feature_names_in_.tolist() == ["age", "a=b"]
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(frame, task=task), model.predict_proba(frame, task=task))


def test_routing():
    X, Y, _ = curve(5, 300)
    weight = np.random.default_rng(0).uniform(1, 2, size=Y.shape)
    group = np.repeat(np.arange(150), 2)
    with sklearn.config_context(enable_metadata_routing=True):
        model = InverseProbabilityWeighted(make_pipeline(StandardScaler(), MultiTaskRidge()))
        model.estimator[0].set_fit_request(sample_weight=False)
        model.set_fit_request(sample_weight=True, groups=True).set_score_request(sample_weight=True)
        given = {"sample_weight": weight, "groups": group}
        scores = cross_validate(model, X, Y, cv=3, params=given, error_score="raise", return_estimator=True)
    train = np.arange(100, 300)
    maker = ObservationWeights(random_state=0)
    by_hand = maker.fit_weights(X[train], Y[train], weight[train], groups=group[train])
    np.testing.assert_allclose(scores["estimator"][0].sample_weight_, by_hand, rtol=1e-12)


def test_bad_input():
    X, Y, _ = curve(6, 200)
    with pytest.raises(TaskDataError, match="KNeighborsRegressor"):
        InverseProbabilityWeighted(KNeighborsRegressor()).fit(X, Y)
    with pytest.raises(InvalidParameterError, match="'weights' parameter of InverseProbabilityWeighted"):
        InverseProbabilityWeighted(Ridge(), weights=np.ones(3)).fit(X, Y)
    with pytest.raises(TaskDataError, match=r"task 1.*NaN only"):
        InverseProbabilityWeighted(MultiTaskRidge()).fit(X, np.column_stack([Y[:, 0], np.full(200, np.nan)]))
