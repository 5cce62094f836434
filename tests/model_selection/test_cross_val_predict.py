"""Out-of-fold predictions: equal to scikit-learn's where that works, and what it does where that does not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.model_selection import cross_val_predict as sklearn_cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skmtl.exceptions import TaskDataError
from skmtl.model_selection import MultiTaskKFold, cross_val_predict

N, P, T = 47, 4, 3


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, P))
    Y = X @ rng.standard_normal((P, T)) + 0.1 * rng.standard_normal((N, T))
    return X, Y


class TaskRidge(RegressorMixin, BaseEstimator):
    """A ridge for each task, on the rows that have it."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, Y, sample_weight=None):
        Y = np.asarray(Y, dtype=float)
        self.wide_ = Y.ndim == 2
        Y = Y.reshape(len(Y), -1)
        weights = np.ones(Y.shape) if sample_weight is None else np.asarray(sample_weight).reshape(len(Y), -1)
        weights = np.broadcast_to(weights, Y.shape)
        seen = np.isfinite(Y)
        X = X.toarray() if sparse.issparse(X) else np.asarray(X)
        self.fits_ = [
            Ridge(self.alpha).fit(X[s], y[s], sample_weight=w[s])
            for s, y, w in zip(seen.T, Y.T, weights.T, strict=True)
        ]
        return self

    def predict(self, X):
        X = X.toarray() if sparse.issparse(X) else np.asarray(X)
        out = np.stack([fit.predict(X) for fit in self.fits_], axis=1)
        return out if self.wide_ else out[:, 0]


class Mixed(BaseEstimator):
    """Columns of numbers get their mean, columns of labels their frequencies; `classes_` has None for numbers."""

    def fit(self, X, Y):
        columns = [Y.iloc[:, t] for t in range(Y.shape[1])]
        self.classes_, self.tables_ = [], []
        for column in columns:
            column = column.dropna()
            labelled = not pd.api.types.is_numeric_dtype(column)
            share = column.value_counts(normalize=True).sort_index() if labelled else column.mean()
            self.classes_.append(share.index.to_numpy() if labelled else None)
            self.tables_.append(share.to_numpy() if labelled else share)
        return self

    def predict(self, X):
        best = [c if k is None else k[np.argmax(c)] for k, c in zip(self.classes_, self.tables_, strict=True)]
        return np.array([best] * len(X), dtype=object)

    def predict_proba(self, X):
        return [
            None if k is None else np.tile(c, (len(X), 1)) for k, c in zip(self.classes_, self.tables_, strict=True)
        ]


class Recorder(ClassifierMixin, BaseEstimator):
    """Predicts what it was told for each test row, after checking what it was told for each training row."""

    def fit(self, X, y, sample_weight=None, *, task=None, note=None):
        # Every value carries its row number, so that a wrong row shows.
        row = X[:, 0]
        np.testing.assert_array_equal(y, row % 2)
        if sample_weight is not None:
            np.testing.assert_array_equal(np.asarray(sample_weight).reshape(len(row), -1)[:, 0], row)
        if task is not None:
            assert list(task) == [f"site {int(i) % 3}" for i in row]
        assert note in (None, "constant")
        self.classes_ = np.unique(y)
        self.weights_shape_ = np.shape(sample_weight)
        return self

    def predict(self, X, *, task=None):
        return np.array([f"{int(i)} {t}" for i, t in zip(X[:, 0], task, strict=True)])

    def predict_proba(self, X, *, task=None):
        assert list(task) == [f"site {int(i) % 3}" for i in X[:, 0]]
        return np.column_stack([X[:, 0], -X[:, 0]])

    def decision_function(self, X, *, task=None):
        return self.predict_proba(X, task=task)[:, 0]


ROWS = np.column_stack([np.arange(N), np.zeros((N, P - 1))])
SITE = np.array([f"site {i % 3}" for i in range(N)])
ODD = np.arange(N) % 2


# ---------------------------------------------------------------------------------------------------------
# scikit-learn's numbers on complete data


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("cv", [KFold(4, shuffle=True, random_state=1), None])
def test_predict_equals_sklearn_on_complete_data(data, wide, cv):
    X, Y = data
    y = Y if wide else Y[:, 0]
    # On complete continuous targets the default folds are KFold's.
    want = sklearn_cross_val_predict(LinearRegression(), X, y, cv=cv or KFold(5))
    got = cross_val_predict(LinearRegression(), X, y, cv=cv)
    assert got.shape == y.shape
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba", "decision_function", "predict"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_classifier_equals_sklearn(data, method, n_classes):
    X, Y = data
    y = np.array(["a", "b", "c"])[np.digitize(Y[:, 0], [0, 1][: n_classes - 1])]
    cv = list(MultiTaskKFold(4).split(X, y))
    want = sklearn_cross_val_predict(LinearDiscriminantAnalysis(), X, y, cv=cv, method=method)
    got = cross_val_predict(LinearDiscriminantAnalysis(), X, y, cv=4, method=method)
    if method == "predict":
        np.testing.assert_array_equal(got, want)
    else:
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_several_classifications_equal_sklearn(data):
    X, Y = data
    labels = np.digitize(Y, [0])
    labels[:, 1] += Y[:, 1] > 1
    cv = MultiTaskKFold(4)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0)
    want = sklearn_cross_val_predict(tree, X, labels, cv=cv, method="predict_proba")
    got = cross_val_predict(tree, X, labels, cv=cv, method="predict_proba")
    assert [p.shape for p in got] == [(N, 2), (N, 3), (N, 2)]
    for ours, theirs in zip(got, want, strict=True):
        np.testing.assert_array_equal(ours, theirs)


# ---------------------------------------------------------------------------------------------------------
# Missing targets


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_missing_targets_equal_the_loop_by_hand(data, n_jobs):
    X, Y = data
    Y[np.random.default_rng(1).random(Y.shape) < 0.5] = np.nan
    got = cross_val_predict(TaskRidge(), X, Y, cv=3, n_jobs=n_jobs)
    want = np.full(Y.shape, np.nan)
    for train, test in MultiTaskKFold(3).split(X, Y):
        for t in range(T):
            rows = train[np.isfinite(Y[train, t])]
            want[test, t] = Ridge().fit(X[rows], Y[rows, t]).predict(X[test])
    # A prediction in every cell, observed or not.
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("ndim", [1, 2])
def test_sample_weight_goes_with_the_rows(data, ndim):
    X, Y = data
    rng = np.random.default_rng(2)
    Y[rng.random(Y.shape) < 0.3] = np.nan
    weight = rng.integers(1, 4, (N, T)[:ndim])
    weight[rng.random(weight.shape) < 0.2] = 0
    cv = list(MultiTaskKFold(3).split(X, Y))
    got = cross_val_predict(TaskRidge(), X, Y, cv=cv, sample_weight=weight)
    train, test = cv[1]
    want = TaskRidge().fit(X[train], Y[train], sample_weight=weight[train]).predict(X[test])
    np.testing.assert_array_equal(got[test], want)
    assert not np.allclose(got, cross_val_predict(TaskRidge(), X, Y, cv=cv))
    # A weight of zero is a missing target.
    gone = np.where(np.broadcast_to(weight.reshape(N, -1), Y.shape) == 0, np.nan, Y)
    np.testing.assert_allclose(got, cross_val_predict(TaskRidge(), X, gone, cv=cv, sample_weight=weight), rtol=1e-9)


@pytest.mark.parametrize("convert", [np.asarray, np.ndarray.tolist, sparse.csr_array, pd.DataFrame, pl.DataFrame])
def test_forms_of_features(data, convert):
    X, Y = data
    Y[::3, 1] = np.nan
    want = cross_val_predict(TaskRidge(), X, Y)
    np.testing.assert_allclose(cross_val_predict(TaskRidge(), convert(X), Y), want, rtol=1e-12)


def test_frames_of_targets(data):
    X, Y = data
    Y[::3, 1] = np.nan
    want = cross_val_predict(TaskRidge(), X, Y)
    names = ["glucose", "ldl", "hdl"]
    index = [f"p{i}" for i in range(N)]
    got = cross_val_predict(TaskRidge(), X, pd.DataFrame(Y, columns=names, index=index))
    pd.testing.assert_frame_equal(got, pd.DataFrame(want, columns=names, index=index))
    frame = pl.DataFrame({name: [None if np.isnan(v) else v for v in Y[:, t]] for t, name in enumerate(names)})
    got = cross_val_predict(TaskRidge(), X, frame)
    assert got.columns == names
    assert got.dtypes == [pl.Float64] * 3
    np.testing.assert_array_equal(got.to_numpy(), want)
    one = cross_val_predict(Ridge(), X, pd.DataFrame(Y[:, [0]], columns=["glucose"]))
    assert (one.shape, list(one.columns)) == ((N, 1), ["glucose"])
    np.testing.assert_array_equal(cross_val_predict(TaskRidge(), X, Y.tolist()), want)


# ---------------------------------------------------------------------------------------------------------
# Classes


STATE = ["no", "yes", "no", None, "no"] * 9 + ["maybe", "maybe"]


def mixed_targets():
    x = np.where(np.arange(N) % 4 == 0, np.nan, np.arange(N) / 2)
    return pd.DataFrame({"x": x, "state": np.array(STATE, dtype=object)})


def test_mixed_outcomes():
    y = mixed_targets()
    X = np.zeros((N, P))
    proba = cross_val_predict(Mixed(), X, y, method="predict_proba")
    assert proba[0] is None
    # The sorted classes of the whole column: maybe, no, yes.
    assert proba[1].shape == (N, 3)
    np.testing.assert_allclose(proba[1].sum(axis=1), 1)
    assert np.all(proba[1][:, 1] > 0.5)
    predicted = cross_val_predict(Mixed(), X, y)
    assert predicted.dtypes["x"] == np.float64
    assert set(predicted["state"]) == {"no"}


def test_mixed_outcomes_in_polars():
    class FromPolars(Mixed):
        def fit(self, X, Y):
            return super().fit(X, pd.DataFrame({name: Y[name].to_list() for name in Y.columns}))

    y = pl.DataFrame({"x": [1.5, 2.5, None] * 15 + [0.5, None], "state": STATE})
    got = cross_val_predict(FromPolars(), np.zeros((N, P)), y)
    assert dict(got.schema) == {"x": pl.Float64, "state": pl.String}
    assert set(got["state"]) == {"no"}


def test_a_class_absent_from_a_training_part_has_probability_zero():
    y = mixed_targets()
    # The last rows hold the only entries of "maybe".
    with pytest.warns(RuntimeWarning) as caught:
        proba = cross_val_predict(Mixed(), np.zeros((N, P)), y, cv=KFold(5), method="predict_proba")
    assert [str(w.message) for w in caught] == [
        "A training part holds no entry of class 'maybe' of task 'state'; predict_proba is set to 0 there. Folds of "
        "MultiTaskKFold keep every class in training."
    ]
    last = np.arange(N) >= N - N // 5
    assert np.all(proba[1][last, 0] == 0)
    assert np.all(proba[1][~last, 0] > 0)


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba", "decision_function"])
def test_absent_classes_as_sklearn(data, method):
    X, Y = data
    # Class 0 is in the first test part only, the other three are everywhere.
    y = 1 + np.argsort(np.argsort(Y[:, 0])) % 3
    y[: N // 6] = 0
    with pytest.warns(RuntimeWarning, match="Number of classes in training fold"):
        want = sklearn_cross_val_predict(LinearDiscriminantAnalysis(), X, y, cv=KFold(3), method=method)
    with pytest.warns(RuntimeWarning, match="^A training part holds no entry of class 0 of the outcome; "):
        got = cross_val_predict(LinearDiscriminantAnalysis(), X, y, cv=KFold(3), method=method)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_scores_that_cannot_be_matched_with_classes(data):
    X, _ = data
    y = np.repeat(["a", "b", "c"], [16, 15, 16])
    with pytest.raises(ValueError, match="decision_function of shape") as caught:
        cross_val_predict(LinearDiscriminantAnalysis(), X, y, cv=KFold(3), method="decision_function")
    assert str(caught.value) == (
        "decision_function of shape (16,) cannot be matched with the classes ['a', 'b', 'c'] of the outcome; the "
        "training part knew ['b', 'c']."
    )
    # Four classes give six columns, one for each pair: they are left as they are.
    four = np.array(list("abcd"))[np.arange(N) % 4]
    one_against_one = SVC(decision_function_shape="ovo")
    assert cross_val_predict(one_against_one, X, four, method="decision_function").shape == (N, 6)


def test_one_column_per_outcome_is_left_alone(data):
    X, Y = data

    class Scores(TaskRidge):
        def decision_function(self, X):
            return self.predict(X)

    np.testing.assert_array_equal(
        cross_val_predict(Scores(), X, Y, method="decision_function"), cross_val_predict(TaskRidge(), X, Y)
    )


# ---------------------------------------------------------------------------------------------------------
# Rows of tasks, weights and further arguments


def expected():
    return [f"{i} site {i % 3}" for i in range(N)]


@pytest.mark.parametrize("weight", [None, np.arange(N), np.column_stack([np.arange(N)] * 2)])
def test_each_row_meets_its_own_task_and_weight(weight):
    got = cross_val_predict(Recorder(), ROWS, ODD, task=SITE, sample_weight=weight, params={"note": "constant"})
    assert got.tolist() == expected()
    proba = cross_val_predict(Recorder(), ROWS, ODD, task=pd.Series(SITE), method="predict_proba")
    np.testing.assert_array_equal(proba, np.column_stack([ROWS[:, 0], -ROWS[:, 0]]))


def test_the_task_reaches_the_folds():
    task = np.repeat(["a", "b"], [43, 4])

    class KnowsBoth(Recorder):
        def fit(self, X, y, *, task):
            assert set(task) == {"a", "b"}
            return self

    assert len(cross_val_predict(KnowsBoth(), ROWS, ODD, task=task, cv=4)) == N
    with pytest.raises(AssertionError):
        cross_val_predict(KnowsBoth(), ROWS, ODD, task=task, cv=KFold(4))
    # Five folds: one test part has no row of b, every training part has.
    assert len(cross_val_predict(KnowsBoth(), ROWS, ODD, task=task)) == N


def test_groups_reach_the_folds():
    groups = np.arange(N) // 4

    class SeesWholeGroups(Ridge):
        def fit(self, X, y):
            sizes = np.unique(X[:, 0] // 4, return_counts=True)[1]
            assert sorted(sizes)[1:] == [4] * (len(sizes) - 1)
            return super().fit(X, y)

    cross_val_predict(SeesWholeGroups(), ROWS, ODD / 3, groups=groups, cv=3)


@pytest.mark.parametrize("nested", [False, True])
def test_pipeline_without_routing(nested):
    pipeline = make_pipeline(StandardScaler(with_mean=False, with_std=False), Recorder())
    if nested:
        pipeline = make_pipeline("passthrough", pipeline)
    got = cross_val_predict(pipeline, ROWS, ODD, task=SITE, sample_weight=np.arange(N))
    assert got.tolist() == expected()
    # A Pipeline passes arguments of decision_function on with routing only.
    with pytest.raises(TaskDataError) as caught:
        cross_val_predict(pipeline, ROWS, ODD, task=SITE, method="decision_function")
    assert str(caught.value) == (
        "A Pipeline passes task on to decision_function only with metadata routing: call "
        "sklearn.set_config(enable_metadata_routing=True), and let each step request what it needs."
    )


def test_pipeline_with_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        model = Recorder().set_fit_request(task=True, sample_weight=True).set_predict_request(task=True)
        model.set_decision_function_request(task=True)
        scaler = StandardScaler(with_mean=False, with_std=False).set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, model)
        kwargs = {"task": SITE, "sample_weight": np.arange(N), "groups": np.arange(N) // 2, "n_jobs": 2}
        assert cross_val_predict(pipeline, ROWS, ODD, **kwargs).tolist() == expected()
        scores = cross_val_predict(pipeline, ROWS, ODD, method="decision_function", **kwargs)
        np.testing.assert_array_equal(scores, ROWS[:, 0])
        with pytest.raises(UnsetMetadataPassedError, match="task"):
            cross_val_predict(make_pipeline(scaler, Recorder()), ROWS, ODD, task=SITE)


def test_estimators_without_a_place_for_the_task():
    with pytest.raises(TaskDataError) as caught:
        cross_val_predict(Ridge(), ROWS, ODD, task=SITE)
    assert str(caught.value) == (
        "Ridge.fit takes no task: use an estimator that does, or put the task into a column of X for an estimator "
        "in skmtl.multioutput.TaskColumn."
    )
    with pytest.raises(TaskDataError, match=r"^GridSearchCV.predict takes no task"):
        cross_val_predict(GridSearchCV(Recorder(), {}), ROWS, ODD, task=SITE)


# ---------------------------------------------------------------------------------------------------------
# Folds


@pytest.mark.parametrize(("test_parts", "row", "times"), [(([0, 1], [2, 3]), 4, 0), (([0, 1, 2, 3], [3, 4]), 3, 2)])
def test_folds_have_to_be_a_partition(test_parts, row, times):
    X = np.arange(5.0)[:, None]
    cv = [(np.setdiff1d(np.arange(5), test), np.array(test)) for test in test_parts]
    with pytest.raises(ValueError, match="only works for partitions") as caught:
        cross_val_predict(Ridge(), X, X[:, 0], cv=cv)
    assert str(caught.value) == (
        "cross_val_predict only works for partitions: each row has to be in exactly one test part, and "
        f"row {row} is in {times}."
    )


def test_a_classifier_gets_folds_by_class():
    # Twelve whole numbers would be measurements to a regressor.
    y = np.sort(np.arange(48) % 12)

    class KnowsAll(Recorder):
        def fit(self, X, y):
            assert np.unique(y).size == 12
            return self

        def predict(self, X):
            return X[:, 0]

    cross_val_predict(KnowsAll(), np.zeros((48, P)), y, cv=4)


def test_the_estimator_and_the_input_are_unchanged(data):
    X, Y = data
    Y[::4, 0] = np.nan
    X_before, Y_before = X.copy(), Y.copy()
    for array in (X, Y):
        array.setflags(write=False)
    estimator = TaskRidge()
    cross_val_predict(estimator, X, Y)
    assert not hasattr(estimator, "fits_")
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(Y, Y_before)
