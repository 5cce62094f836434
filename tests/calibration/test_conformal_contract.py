"""Messages, frames, pickling, routing, and use by scikit-learn's tools."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skmtl.calibration import MultiTaskConformal
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLasso
from skmtl.model_selection import MultiTaskKFold, cross_val_predict
from skmtl.multioutput import IndependentTasks, TaskColumn

N, P, T = 60, 3, 2


@pytest.fixture
def table():
    rng = np.random.default_rng(8)
    X = pd.DataFrame(rng.normal(size=(N, P)), columns=["age", "bmi", "sbp"])
    Y = pd.DataFrame(rng.normal(size=(N, T)), columns=["ldl", "hdl"]) + X[["age"]].to_numpy()
    Y[rng.random((N, T)) < 0.2] = np.nan
    task = np.array(["east", "north"])[np.arange(N) % 2]
    return X, Y, task


def test_frames_and_names(table):
    X, Y, _ = table
    model = MultiTaskConformal(MultiTaskLasso(0.01), random_state=0).fit(X, Y)
    assert model.task_names_.tolist() == ["ldl", "hdl"]
    assert model.feature_names_in_.tolist() == ["age", "bmi", "sbp"]
    assert model.n_features_in_ == P
    as_array = MultiTaskConformal(MultiTaskLasso(0.01), random_state=0).fit(X.to_numpy(), Y.to_numpy())
    for got, expected in zip(model.predict_interval(X), as_array.predict_interval(X.to_numpy()), strict=True):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("coverage", [0.8, [0.8], [0.7, 0.8, 0.75]])
def test_shapes(table, coverage):
    X, Y, task = table
    more = () if isinstance(coverage, float) else (len(coverage),)
    y = Y["ldl"].fillna(0.0)
    wide = MultiTaskConformal(MultiTaskLasso(0.01), random_state=0).fit(X, Y)
    rows = MultiTaskConformal(MeanRegularizedRidge(0.01), random_state=0).fit(X, y, task=task)
    single = MultiTaskConformal(Ridge(), random_state=0).fit(X, y)
    for model, given, shape in (
        (wide, {}, (N, T)),
        (wide, {"task": ["hdl"] * N}, (N,)),
        (rows, {}, (N, T)),
        (rows, {"task": task}, (N,)),
        (single, {}, (N,)),
    ):
        assert model.predict(X, **given).shape == shape
        for bound in model.predict_interval(X, coverage, **given):
            assert bound.shape == shape + more
            assert bound.dtype == float
    lower, upper = wide.predict_interval(X, coverage)
    np.testing.assert_array_equal(wide.predict_interval(X, coverage, task=["hdl"] * N), [lower[:, 1], upper[:, 1]])


def test_clone_pickle_and_the_same_numbers_again(table):
    X, Y, _ = table
    model = MultiTaskConformal(MultiTaskLasso(0.01), cv=3, random_state=0).fit(X, Y)
    expected = model.predict_interval(X)
    with joblib.parallel_config(backend="threading"):  # processes take seconds to start
        parallel = clone(model).set_params(n_jobs=2).fit(X, Y)
    for other in (pickle.loads(pickle.dumps(model)), clone(model).fit(X, Y), parallel):
        np.testing.assert_array_equal(other.predict_interval(X), expected)
    assert not hasattr(clone(model), "estimators_")
    other = clone(model).set_params(random_state=1).fit(X, Y).predict_interval(X)
    assert not np.array_equal(other, expected)


def test_scores_and_probabilities_are_those_of_the_estimator(table):
    X, Y, task = table
    y = Y["ldl"].fillna(0.0)
    inner = MeanRegularizedRidge(0.01).fit(X, y, task=task)
    model = MultiTaskConformal(MeanRegularizedRidge(0.01)).fit(X, y, task=task)
    assert model.score(X, y, task=task) == pytest.approx(inner.score(X, y, task=task))
    with pytest.raises(TaskDataError, match="score needs task"):
        model.score(X, y)
    assert not hasattr(model, "predict_proba")
    event = (y > 0).to_numpy()
    logistic = IndependentTasks(LogisticRegression()).fit(X, event, task=task)
    model = MultiTaskConformal(IndependentTasks(LogisticRegression()), cv=3).fit(X, event, task=task)
    np.testing.assert_allclose(model.predict_proba(X, task=task), logistic.predict_proba(X, task=task))
    assert model.classes_.tolist() == [False, True]


def test_in_searches_and_cross_validation(table):
    X, Y, task = table
    predicted = cross_val_predict(MultiTaskConformal(MultiTaskLasso(0.01), cv=3), X, Y, cv=3)
    assert list(predicted.columns) == ["ldl", "hdl"]
    grid = {"estimator__alpha": [0.01, 10.0]}
    y = Y["ldl"].fillna(0.0)
    search = GridSearchCV(MultiTaskConformal(Ridge(), cv=3), grid, cv=2).fit(X, y)
    assert len(search.best_estimator_.predict_interval(X)) == 2
    with_task = X.assign(site=task)
    column = TaskColumn(MultiTaskConformal(MeanRegularizedRidge(0.01), cv=3), "site")
    assert column.fit(with_task, y).estimator_.predict_interval(X, task=task)[0].shape == (N,)


def test_routing(table):
    X, Y, task = table
    y = Y["ldl"].fillna(0.0).to_numpy()
    weight, groups = np.arange(N) % 3 + 1.0, np.arange(N) // 2
    given = {"task": task, "sample_weight": weight, "groups": groups}
    with sklearn.config_context(enable_metadata_routing=True):
        # A Pipeline inside: the task ids go to its end without a request, weights where they are requested.
        inner = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            MeanRegularizedRidge(0.01).set_fit_request(sample_weight=True),
        )
        model = MultiTaskConformal(inner, cv=3, random_state=0)
        model.set_fit_request(task=True, sample_weight=True, groups=True).set_score_request(task=True)
        model.set_score_request(task=True, sample_weight=True)
        result = cross_validate(model, X, y, cv=KFold(2), params=given, return_estimator=True, error_score="raise")
        by_hand = clone(model).fit(X[30:], y[30:], weight[30:], task=task[30:], groups=groups[30:])
        np.testing.assert_array_equal(
            result["estimator"][0].predict_interval(X, task=task), by_hand.predict_interval(X, task=task)
        )
        assert result["test_score"][0] == by_hand.score(X[:30], y[:30], weight[:30], task=task[:30])
    plain = MultiTaskConformal(make_pipeline(StandardScaler(), MeanRegularizedRidge(0.01)), cv=3, random_state=0)
    plain.fit(X[30:], y[30:], weight[30:], task=task[30:], groups=groups[30:])
    np.testing.assert_allclose(plain.predict_interval(X), by_hand.predict_interval(X))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimator": 3}, "'estimator' parameter"),
        ({"method": "cv"}, "'method' parameter"),
        ({"scores": "squared"}, "'scores' parameter"),
        ({"label_scores": "raps"}, "'label_scores' parameter"),
        ({"calibrate_by": "class"}, "'calibrate_by' parameter"),
        ({"cv": "prefit"}, "cv='prefit' does not go with method='cv\\+'"),
        ({"cv": "five", "method": "split"}, "cv='five' does not go"),
        ({"cv": ShuffleSplit(3)}, "every row in exactly one test part"),
        ({"scores": "normalized"}, "Ridge.predict takes no return_std"),
        ({"estimator": LinearSVC()}, "LinearSVC has no predict_proba"),
    ],
)
def test_parameters_are_checked_before_any_fit(table, change, message):
    X, Y, _ = table
    model = MultiTaskConformal(Ridge()).set_params(**change)
    with pytest.raises(InvalidParameterError, match=message):
        model.fit(X, Y["ldl"].fillna(0.0) if "LinearSVC" not in message else (Y["ldl"] > 0))


@pytest.mark.parametrize("coverage", [0.4, 1.0, 90, True, "0.9", [], [0.9, 1.2], None])
def test_bad_coverage(table, coverage):
    X, Y, _ = table
    model = MultiTaskConformal(MultiTaskLasso(0.01)).fit(X, Y)
    with pytest.raises(InvalidParameterError, match=r"coverage must be a float in the range \[0.5, 1\)"):
        model.predict_interval(X, coverage)


def test_the_wrong_question(table):
    X, Y, task = table
    y = Y["ldl"].fillna(0.0)
    numbers = MultiTaskConformal(MultiTaskLasso(0.01)).fit(X, Y)
    with pytest.raises(TaskDataError, match="every outcome is a number: use predict_interval"):
        numbers.predict_set(X)
    with pytest.raises(InvalidParameterError, match="joint must be"):
        numbers.predict_interval(X, joint="sidak")
    with pytest.raises(TaskDataError, match="'glucose' was not seen in fit"):
        numbers.predict_interval(X, task=["glucose"] * N)
    classes = MultiTaskConformal(LogisticRegression()).fit(X, y > 0)
    with pytest.raises(TaskDataError, match="every outcome has classes: use predict_set"):
        classes.predict_interval(X)
    rows = MultiTaskConformal(MeanRegularizedRidge(0.01)).fit(X, y, task=task)
    with pytest.raises(TaskDataError, match=r"rows of tasks.*leave joint out"):
        rows.predict_interval(X, joint="max")
    with pytest.raises(sklearn.exceptions.NotFittedError):
        MultiTaskConformal(Ridge()).predict_interval(X)


def test_bad_tables(table):
    X, Y, task = table
    y = Y["ldl"].fillna(0.0)
    with pytest.raises(TaskDataError, match=r"task 'hdl'.*NaN only"):
        MultiTaskConformal(MultiTaskLasso()).fit(X, Y.assign(hdl=np.nan))
    with pytest.raises(TaskDataError, match="fit takes no task"):
        MultiTaskConformal(Ridge()).fit(X, y, task=task)
    with pytest.raises(TaskDataError, match="1 sample"):
        MultiTaskConformal(Ridge()).fit(X[:1], y[:1])
    one = Y.assign(hdl=[1.0] + [np.nan] * (N - 1))
    with pytest.raises(TaskDataError, match=r"training part holds no observed entry of task 'hdl'"):
        MultiTaskConformal(MultiTaskLasso(), method="jackknife+").fit(X, one)
    with pytest.raises(TaskDataError, match="1 observed entr"):
        MultiTaskConformal(MultiTaskLasso()).fit(X, one)
    labels = pd.DataFrame({"a": np.where(y > 0, "yes", "no"), "b": np.where(y > 1, "high", "low")})
    pooled = MultiTaskConformal(IndependentTasks(LogisticRegression()), calibrate_by="all", class_conditional=True)
    with pytest.raises(TaskDataError, match="same classes in every outcome"):
        pooled.fit(X, labels)


def test_other_peoples_estimators(table):
    """scikit-learn's own multi-output models, and a splitter of one's own."""
    X, Y, _ = table
    Y = Y.fillna(0.0)
    ridge = MultiTaskConformal(Ridge(), cv=MultiTaskKFold(4, shuffle=True, random_state=1)).fit(X, Y)
    assert len(ridge.estimators_) == 4
    assert (np.subtract(*ridge.predict_interval(X)[::-1]) > 0).all()
    forest = MultiTaskConformal(RandomForestClassifier(n_estimators=5, random_state=0), cv=3, random_state=0)
    sets = forest.fit(X, (Y > 0).astype(int)).predict_set(X, 0.8)
    assert [one.shape for one in sets] == [(N, 2), (N, 2)]
    assert [known.tolist() for known in forest.classes_] == [[0, 1], [0, 1]]
