"""`TaskColumn` against the wrapped estimator called with ``task=``."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skmtl.linear_model import MeanRegularizedRidge, MultiTaskLogisticRegression, MultiTaskRidge
from skmtl.multioutput import IndependentTasks, PooledTasks, TaskColumn

NAMES = ["age", "bmi", "hr", "bp"]


@pytest.fixture
def frame(table):
    X = pd.DataFrame(table.X, columns=NAMES)
    X.insert(2, "site", table.task)
    return X


@pytest.fixture
def frame_new(table):
    X = pd.DataFrame(table.X_new, columns=NAMES)
    X.insert(0, "site", table.task_new)  # the place of the column does not matter, its name does
    return X


@pytest.fixture(params=[False, True], ids=["no routing", "routing"])
def routing(request):
    with sklearn.config_context(enable_metadata_routing=request.param):
        yield request.param


REGRESSORS = [
    MeanRegularizedRidge(alpha=0.1),
    IndependentTasks(Ridge()),
    make_pipeline(StandardScaler(), MeanRegularizedRidge(alpha=0.1)),
    make_pipeline(StandardScaler(), make_pipeline("passthrough", MeanRegularizedRidge(alpha=0.1))),
    make_pipeline(MeanRegularizedRidge(alpha=0.1)),
]


@pytest.mark.parametrize("estimator", REGRESSORS, ids=repr)
def test_same_as_task_argument(table, frame, frame_new, estimator, routing):
    y = table.Y_nan[:, 0]
    model = TaskColumn(estimator, "site").fit(frame, y)
    last, X, X_new = estimator, table.X, table.X_new
    if hasattr(estimator, "steps"):
        last = estimator.steps[-1][1]
        last = last.steps[-1][1] if hasattr(last, "steps") else last
        if len(estimator.steps) > 1:
            scaler = StandardScaler().fit(X)
            X, X_new = scaler.transform(X), scaler.transform(X_new)
    by_hand = clone(last).fit(X, y, task=table.task)
    expected = by_hand.predict(X_new, task=table.task_new)
    np.testing.assert_allclose(model.predict(frame_new), expected, rtol=1e-10)
    assert model.score(frame, y) == pytest.approx(by_hand.score(X, y, task=table.task))
    assert model.task_names_.tolist() == ["east", "north", "west"]
    assert model.n_tasks_ == 3
    assert model.n_features_in_ == 5
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    assert is_regressor(model)
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "decision_function")
    assert not hasattr(estimator, "task_names_")


@pytest.mark.parametrize(
    "estimator",
    [
        MultiTaskLogisticRegression(alpha=0.1),
        IndependentTasks(LogisticRegression()),
        make_pipeline("passthrough", PooledTasks(LogisticRegression())),
    ],
    ids=repr,
)
def test_classifiers(table, frame, frame_new, estimator, routing):
    y = table.B[:, 0]
    model = TaskColumn(estimator, "site").fit(frame, y)
    by_hand = clone(estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator)
    by_hand.fit(table.X, y, task=table.task)
    for method in ("predict", "predict_proba", "decision_function"):
        expected = getattr(by_hand, method)(table.X_new, task=table.task_new)
        assert len(expected) == 11
        given = getattr(model, method)(frame_new)
        if method == "predict":
            assert given.tolist() == expected.tolist()
        else:
            np.testing.assert_allclose(given, expected, rtol=1e-10)
    assert model.score(frame, y) == by_hand.score(table.X, y, task=table.task)
    assert model.classes_.tolist() == ["no", "yes"]
    assert is_classifier(model)


@pytest.mark.parametrize(
    "estimator", [MeanRegularizedRidge(), make_pipeline("passthrough", MeanRegularizedRidge())], ids=repr
)
def test_sample_weight_reaches_the_estimator(table, frame, frame_new, estimator):
    y, weight = table.Y[:, 0], table.weight[:, 0]
    model = TaskColumn(estimator, "site").fit(frame, y, sample_weight=weight)
    by_hand = MeanRegularizedRidge().fit(table.X, y, task=table.task, sample_weight=weight)
    np.testing.assert_array_equal(model.predict(frame_new), by_hand.predict(table.X_new, task=table.task_new))
    assert model.score(frame, y, weight) == by_hand.score(table.X, y, weight, task=table.task)
    unweighted = TaskColumn(estimator, "site").fit(frame, y)
    assert not np.allclose(model.predict(frame_new), unweighted.predict(frame_new), rtol=1e-3)


def test_sample_weight_with_routing_goes_where_it_is_requested(table, frame, frame_new):
    with sklearn.config_context(enable_metadata_routing=True):
        ridge = MeanRegularizedRidge().set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        y, weight = table.Y[:, 0], table.weight[:, 0]
        model = TaskColumn(make_pipeline(scaler, ridge), "site").fit(frame, y, sample_weight=weight)
    scaler = StandardScaler().fit(table.X, sample_weight=weight)
    by_hand = MeanRegularizedRidge().fit(scaler.transform(table.X), y, task=table.task, sample_weight=weight)
    expected = by_hand.predict(scaler.transform(table.X_new), task=table.task_new)
    np.testing.assert_allclose(model.predict(frame_new), expected, rtol=1e-10)


@pytest.mark.parametrize("position", [0, 3, -1])
@pytest.mark.parametrize("kind", ["array", "csr", "csc", "coo", "lists"])
def test_position_in_an_array(table, position, kind):
    """Ids in an array of floats are floats."""
    codes = np.unique(table.task, return_inverse=True)[1] + 10.0
    place = position if position >= 0 else table.X.shape[1]
    X = np.insert(table.X, place, codes, axis=1)
    make = {
        "array": np.asarray,
        "csr": sparse.csr_array,
        "csc": sparse.csc_matrix,
        "coo": sparse.coo_array,
        "lists": np.ndarray.tolist,
    }[kind]
    estimator = IndependentTasks(Ridge(solver="cholesky" if kind in ("array", "lists") else "sparse_cg", tol=1e-12))
    model = TaskColumn(estimator, position).fit(make(X), table.Y_nan[:, 0])
    by_hand = IndependentTasks(Ridge()).fit(table.X, table.Y_nan[:, 0], task=codes)
    expected = by_hand.predict(table.X[:11], task=codes[:11])
    np.testing.assert_allclose(model.predict(make(X[:11])), expected, rtol=1e-6)
    assert model.task_names_.tolist() == [10.0, 11.0, 12.0]
    assert model.n_features_in_ == 5


def test_lists_with_string_ids(table):
    """Numbers and booleans beside the ids do not become words."""
    flag = table.X[:, 0] > 0
    X = [[s, f, *row] for s, f, row in zip(table.task.tolist(), flag.tolist(), table.X.tolist(), strict=True)]
    model = TaskColumn(MultiTaskRidge(), 0).fit(X, table.Y[:, 0])
    features = np.column_stack([flag, table.X])
    by_hand = MultiTaskRidge().fit(features, table.Y[:, 0], task=table.task)
    np.testing.assert_allclose(model.predict(X), by_hand.predict(features, task=table.task), rtol=1e-10)


@pytest.mark.parametrize("kind", [str, int, "category", "Int64", "string"])
def test_ids_of_any_type(table, kind):
    sites = pd.Series(np.unique(table.task, return_inverse=True)[1] + 3)
    sites = sites.astype(kind) if kind != "category" else pd.Series(table.task).astype("category")
    X = pd.DataFrame(table.X, columns=NAMES).assign(site=sites)
    model = TaskColumn(PooledTasks(Ridge(), scale_targets=True), "site").fit(X, table.Y[:, 0])
    by_hand = PooledTasks(Ridge(), scale_targets=True).fit(table.X, table.Y[:, 0], task=table.task)
    expected = by_hand.predict(table.X, task=table.task)
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-10)
    names = {"category": ["east", "north", "west"], str: ["3", "4", "5"], "string": ["3", "4", "5"]}
    assert model.task_names_.tolist() == names.get(kind, [3, 4, 5])


def test_polars(table):
    polars = pytest.importorskip("polars")
    X = polars.DataFrame({**dict(zip(NAMES, table.X.T, strict=True)), "site": table.task})
    model = TaskColumn(IndependentTasks(Ridge()), "site").fit(X, polars.Series("y", table.Y[:, 0]))
    by_hand = IndependentTasks(Ridge()).fit(table.X, table.Y[:, 0], task=table.task)
    np.testing.assert_allclose(model.predict(X), by_hand.predict(table.X, task=table.task), rtol=1e-10)


def test_frame_with_strings_reaches_the_pipeline(table, frame):
    frame["sex"] = np.where(table.X[:, 0] > 0, "f", "m")
    inner = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["sex"]), remainder="passthrough"), MeanRegularizedRidge(alpha=0.1)
    )
    model = TaskColumn(inner, "site").fit(frame, table.Y[:, 0])
    coded = np.column_stack([frame["sex"] == "f", frame["sex"] == "m", table.X]).astype(float)
    by_hand = MeanRegularizedRidge(alpha=0.1).fit(coded, table.Y[:, 0], task=table.task)
    np.testing.assert_allclose(model.predict(frame), by_hand.predict(coded, task=table.task), rtol=1e-10)


def test_without_a_column_it_passes_on(table):
    model = TaskColumn(IndependentTasks(Ridge())).fit(table.X, table.Y_nan)
    plain = IndependentTasks(Ridge()).fit(table.X, table.Y_nan)
    np.testing.assert_array_equal(model.predict(table.X_new), plain.predict(table.X_new))
    assert model.score(table.X, table.Y_nan) == plain.score(table.X, table.Y_nan)
    assert model.n_features_in_ == 4


def test_search_and_cross_validation_without_routing(table, frame):
    y = table.Y_nan[:, 0]
    model = TaskColumn(make_pipeline(StandardScaler(), MeanRegularizedRidge()), "site")
    search = GridSearchCV(model, {"estimator__meanregularizedridge__alpha": [0.01, 100.0]}, cv=3, error_score="raise")
    search.fit(frame, np.nan_to_num(y))
    assert search.best_params_ == {"estimator__meanregularizedridge__alpha": 0.01}
    assert search.predict(frame).shape == (53,)
    scores = cross_validate(model, frame, y, cv=3, error_score="raise")["test_score"]
    parts = np.array_split(np.arange(53), 3)
    for score, test in zip(scores, parts, strict=True):
        train = np.setdiff1d(np.arange(53), test)
        scaler = StandardScaler().fit(table.X[train])
        by_hand = MeanRegularizedRidge().fit(scaler.transform(table.X[train]), y[train], task=table.task[train])
        expected = by_hand.score(scaler.transform(table.X[test]), y[test], task=table.task[test])
        assert score == pytest.approx(expected)
    labels = TaskColumn(MultiTaskLogisticRegression(), "site")
    probability = cross_val_predict(labels, frame, table.B[:, 0], cv=3, method="predict_proba")
    assert probability.shape == (53, 2)


def test_parameters_clone_pickle_and_input(table, frame, frame_new):
    inner = MeanRegularizedRidge(alpha=0.3)
    model = TaskColumn(inner, column="site")
    assert repr(model) == "TaskColumn(column='site', estimator=MeanRegularizedRidge(alpha=0.3))"
    before = frame.copy()
    model.fit(frame, table.Y[:, 0])
    pd.testing.assert_frame_equal(frame, before)
    assert not hasattr(inner, "coef_")
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(frame_new), model.predict(frame_new))
    copy = clone(model).set_params(estimator__alpha=5.0)
    assert (copy.estimator.alpha, copy.column) == (5.0, "site")
    assert not hasattr(copy, "estimator_")
