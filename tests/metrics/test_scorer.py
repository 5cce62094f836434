"""Scorers in cross-validation and searches, with NaN in y."""

import copy
import pickle
import re
import warnings

import numpy as np
import pytest
from sklearn import metrics as sk
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skmtl import metrics
from skmtl.exceptions import TaskDataError
from skmtl.metrics import make_multitask_scorer

NAN = np.nan
REGRESSION = [
    "r2",
    "explained_variance",
    "neg_mean_squared_error",
    "neg_root_mean_squared_error",
    "neg_mean_absolute_error",
    "neg_normalized_mse",
]
LABELS = ["accuracy", "balanced_accuracy", "f1"]
PROBABILITIES = ["roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"]


class RidgePerTask(RegressorMixin, BaseEstimator):
    """Ridge of each column on the rows it is observed in."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def fit(self, X, Y):
        Y = np.asarray(Y, dtype=float)
        self.coef_ = np.zeros((X.shape[1], Y.shape[1]))
        for t, y in enumerate(Y.T):
            rows = ~np.isnan(y)
            gram = X[rows].T @ X[rows] + self.alpha * np.eye(X.shape[1])
            self.coef_[:, t] = np.linalg.solve(gram, X[rows].T @ y[rows])
        return self

    def predict(self, X):
        return X @ self.coef_


class LogisticPerTask(ClassifierMixin, BaseEstimator):
    """Logistic regression of each column; numeric columns (of more than two values) get None."""

    def fit(self, X, Y):
        Y = np.asarray(Y, dtype=float)
        self.models_ = []
        for y in Y.T:
            rows = ~np.isnan(y)
            labels = np.unique(y[rows])
            few = len(labels) < 3
            self.models_.append(
                LogisticRegression(solver="newton-cholesky").fit(X[rows], y[rows]) if len(labels) == 2 else labels[:few]
            )
        self.classes_ = [m if isinstance(m, np.ndarray) else m.classes_ for m in self.models_]
        self.classes_ = [c if len(c) else None for c in self.classes_]
        return self

    def predict(self, X):
        columns = [np.zeros(len(X)) if isinstance(m, np.ndarray) else m.predict(X) for m in self.models_]
        return np.column_stack(columns)

    def predict_proba(self, X):
        out = []
        for m, classes in zip(self.models_, self.classes_, strict=True):
            if classes is None:
                out.append(None)
            else:
                out.append(np.ones((len(X), 1)) if isinstance(m, np.ndarray) else m.predict_proba(X))
        return out


@pytest.fixture
def regression():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    Y = X @ rng.normal(size=(5, 3)) + rng.normal(size=(60, 3))
    holes = rng.random(Y.shape) < 0.3
    return X, Y, np.where(holes, NAN, Y)


@pytest.fixture
def classification():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(90, 5))
    Y = (X @ rng.normal(size=(5, 3)) + rng.normal(size=(90, 3)) > 0).astype(float)
    holes = rng.random(Y.shape) < 0.3
    return X, Y, np.where(holes, NAN, Y)


@pytest.mark.parametrize("name", REGRESSION)
def test_regression_scorers_equal_sklearn(name, regression):
    X, Y, _ = regression
    model = LinearRegression().fit(X, Y)
    scorer = make_multitask_scorer(name)
    if name == "neg_normalized_mse":
        assert scorer(model, X, Y) == pytest.approx(sk.r2_score(Y, model.predict(X)) - 1)
    else:
        assert scorer(model, X, Y) == sk.get_scorer(name)(model, X, Y)


@pytest.mark.parametrize("name", LABELS + PROBABILITIES)
def test_one_outcome_scorers_equal_sklearn(name, classification):
    X, y = classification[0], classification[1][:, 0]
    for model in (
        LogisticRegression(solver="newton-cholesky").fit(X, y),
        make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky")).fit(X, y),
    ):
        assert make_multitask_scorer(name)(model, X, y) == pytest.approx(sk.get_scorer(name)(model, X, y), rel=1e-14)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_list_of_probabilities(name, classification):
    X, Y, missing = classification
    model = RandomForestClassifier(10, max_depth=3, random_state=0).fit(X, Y)
    scores = make_multitask_scorer(name, per_task=True)(model, X, missing)
    function = {
        "roc_auc": sk.roc_auc_score,
        "average_precision": sk.average_precision_score,
        "neg_log_loss": lambda y, p: -sk.log_loss(y, p),
        "neg_brier_score": lambda y, p: -sk.brier_score_loss(y, p),
    }[name]
    for t in range(3):
        rows = ~np.isnan(missing[:, t])
        expected = function(missing[rows, t], model.predict_proba(X)[t][rows, 1])
        assert scores[f"{name}_task{t}"] == pytest.approx(expected, rel=1e-14)
    assert scores[name] == pytest.approx(np.mean([scores[f"{name}_task{t}"] for t in range(3)]))


def test_decision_function_is_preferred_for_ranks(classification):
    X, y = classification[0], classification[1][:, 0]
    model = LinearSVC().fit(X, y)  # has no predict_proba
    assert make_multitask_scorer("roc_auc")(model, X, y) == sk.roc_auc_score(y, model.decision_function(X))
    message = "LinearSVC has none of the following attributes: predict_proba: choose another metric or response_method."
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        make_multitask_scorer("neg_log_loss")(model, X, y)


@pytest.mark.parametrize("multioutput", ["entries", "worst", [1.0, 0.0, 3.0]])
def test_average_over_tasks(multioutput, regression):
    X, _, missing = regression
    model = RidgePerTask().fit(X, missing)
    value = make_multitask_scorer("neg_mean_squared_error", multioutput=multioutput)(model, X, missing)
    assert value == -metrics.mean_squared_error(missing, model.predict(X), multioutput=multioutput)


@pytest.mark.parametrize("name", REGRESSION)
def test_cross_validate_with_nan(name, regression):
    X, _, missing = regression
    folds = KFold(4)
    for model in (RidgePerTask(), make_pipeline(StandardScaler(), RidgePerTask())):
        scores = cross_validate(model, X, missing, scoring=make_multitask_scorer(name, per_task=True), cv=folds)
        train, test = next(iter(folds.split(X)))
        predicted = clone(model).fit(X[train], missing[train]).predict(X[test])
        entry = {"r2": metrics.r2_score, "neg_mean_squared_error": metrics.mean_squared_error}.get(name)
        assert {f"test_{name}", *(f"test_{name}_task{t}" for t in range(3))} <= set(scores)
        if entry is not None:
            raw = entry(missing[test], predicted, multioutput="raw_values")
            sign = -1 if name.startswith("neg_") else 1
            assert [scores[f"test_{name}_task{t}"][0] for t in range(3)] == (sign * raw).tolist()
            assert scores[f"test_{name}"][0] == sign * np.mean(raw)


def test_grid_search_with_nan(regression):
    X, _, missing = regression
    grid = {"ridgepertask__alpha": [0.1, 1000.0]}
    model = make_pipeline(StandardScaler(), RidgePerTask())
    one = GridSearchCV(model, grid, scoring=make_multitask_scorer("neg_mean_squared_error"), cv=3).fit(X, missing)
    many = GridSearchCV(model, grid, scoring=make_multitask_scorer("r2", per_task=True), refit="r2", cv=3)
    many.fit(X, missing)
    assert one.best_params_ == many.best_params_ == {"ridgepertask__alpha": 0.1}
    assert one.best_score_ < 0
    each = [many.cv_results_[f"mean_test_r2_task{t}"] for t in range(3)]
    np.testing.assert_allclose(many.cv_results_["mean_test_r2"], np.mean(each, axis=0))
    assert one.score(X, missing) == make_multitask_scorer("neg_mean_squared_error")(one.best_estimator_, X, missing)


def test_several_scorers_in_one_search(regression):
    X, _, missing = regression
    scoring = {"r2": make_multitask_scorer("r2"), "worst": make_multitask_scorer("r2", multioutput="worst")}
    scores = cross_validate(RidgePerTask(), X, missing, scoring=scoring, cv=3)
    assert (scores["test_worst"] < scores["test_r2"]).all()


def test_keys_are_the_same_where_a_task_is_undefined(regression):
    X, _, missing = regression
    missing[:20, 1] = NAN  # nothing to test in the first of three folds
    scorer = make_multitask_scorer("r2", per_task=True)
    with pytest.warns(UndefinedMetricWarning, match=r"task 'task1' \(no observed entries\)"):
        scores = cross_validate(RidgePerTask(), X, missing, scoring=scorer, cv=KFold(3))
    assert np.isnan(scores["test_r2_task1"]).tolist() == [True, False, False]
    assert np.isfinite(scores["test_r2"]).all()


def test_names_of_tasks(regression):
    pandas = pytest.importorskip("pandas")
    X, _, missing = regression
    scorer = make_multitask_scorer("r2", per_task=True)
    frame = pandas.DataFrame(missing, columns=["hdl", "ldl", 7])
    model = RidgePerTask().fit(X, frame)
    assert list(scorer(model, X, frame)) == ["r2", "r2_hdl", "r2_ldl", "r2_7"]
    assert list(scorer(model, X, missing)) == ["r2", "r2_task0", "r2_task1", "r2_task2"]
    model.task_names_ = ["a", "b", "c"]
    search = GridSearchCV(model, {"alpha": [1.0]}).fit(X, np.zeros((60, 3)))
    search.best_estimator_ = model
    for estimator in (model, make_pipeline(model), search):
        assert list(scorer(estimator, X, missing)) == ["r2", "r2_a", "r2_b", "r2_c"]
    assert list(scorer(model, X, frame))[1:] == ["r2_hdl", "r2_ldl", "r2_7"]


def test_chosen_tasks_of_a_mixed_table(regression, classification):
    pandas = pytest.importorskip("pandas")
    X, numbers, labels = classification[0], regression[2], classification[2]
    Y = np.column_stack([labels[:60, 0], numbers[:, 0], labels[:60, 1]])
    frame = pandas.DataFrame(Y, columns=["died", "los", "back"])
    X = X[:60]
    model = LogisticPerTask().fit(X, Y)
    weight = np.random.default_rng(3).uniform(0.5, 2, size=Y.shape)
    scorer = make_multitask_scorer("neg_log_loss", tasks=["back", "died"], per_task=True)
    scores = scorer(model, X, frame, weight)
    chosen = [2, 0]
    expected = metrics.log_loss(
        Y[:, chosen],
        [model.predict_proba(X)[t] for t in chosen],
        sample_weight=weight[:, chosen],
        multioutput="raw_values",
    )
    assert list(scores.items())[1:] == [("neg_log_loss_back", -expected[0]), ("neg_log_loss_died", -expected[1])]
    assert make_multitask_scorer("neg_log_loss", tasks=[2, -3])(model, X, Y, weight) == scores["neg_log_loss"]
    one = make_multitask_scorer("accuracy", tasks=["died"])(model, X, frame)
    assert one == metrics.accuracy_score(Y[:, 0], model.predict(X)[:, 0])
    with pytest.raises(TaskDataError, match=r"^y_true of task 'los' is continuous: log_loss needs class labels"):
        make_multitask_scorer("neg_log_loss")(model, X, frame)
    with pytest.raises(TaskDataError, match=r"^tasks holds 'dead', which y_true does not have: its tasks are \['died'"):
        make_multitask_scorer("accuracy", tasks=["dead"])(model, X, frame)


@pytest.mark.parametrize("name", PROBABILITIES)
def test_an_outcome_without_events_in_training(name, classification):
    X, _, missing = classification
    train, test = np.arange(60), np.arange(60, 90)
    missing[train, 1] = np.where(np.isnan(missing[train, 1]), NAN, 0.0)
    model = LogisticPerTask().fit(X[train], missing[train])
    assert [p.shape[1] for p in model.predict_proba(X)] == [2, 1, 2]
    score = make_multitask_scorer(name, per_task=True)(model, X[test], missing[test])[f"{name}_task1"]
    y = missing[test, 1][~np.isnan(missing[test, 1])]
    zero = np.zeros(len(y))
    expected = {
        "roc_auc": 0.5,
        "average_precision": y.mean(),
        "neg_log_loss": -sk.log_loss(y, zero),
        "neg_brier_score": -y.mean(),
    }
    assert score == pytest.approx(expected[name])
    # The same with nothing but zeros in the test rows: a perfect prediction, or no area.
    calm = np.where(missing == 1, 0.0, missing)[test][:, [1]]
    single = LogisticPerTask().fit(X[train], missing[train][:, [1]])
    if name in ("roc_auc", "average_precision"):
        with pytest.warns(UndefinedMetricWarning):
            assert np.isnan(make_multitask_scorer(name)(single, X[test], calm))
    else:
        assert make_multitask_scorer(name)(single, X[test], calm) == pytest.approx(0.0, abs=1e-12)


def test_an_outcome_with_nothing_but_events_in_training(classification):
    X, y = classification[0], classification[1][:, [0]]
    model = LogisticPerTask().fit(X, np.ones_like(y))
    assert [c.tolist() for c in model.classes_] == [[1.0]]
    assert make_multitask_scorer("neg_brier_score")(model, X, y) == pytest.approx(y.mean() - 1)


def test_classifier_with_nan(classification):
    X, _, missing = classification
    folds = KFold(3)
    scorer = make_multitask_scorer("roc_auc", per_task=True)
    scores = cross_validate(LogisticPerTask(), X, missing, scoring=scorer, cv=folds)
    for k, (train, test) in enumerate(folds.split(X)):
        model = LogisticPerTask().fit(X[train], missing[train])
        for t in range(3):
            rows = test[~np.isnan(missing[test, t])]
            expected = sk.roc_auc_score(missing[rows, t], model.models_[t].predict_proba(X[rows])[:, 1])
            assert scores[f"test_roc_auc_task{t}"][k] == pytest.approx(expected)


def test_weights(regression):
    X, _, missing = regression
    model = RidgePerTask().fit(X, missing)
    scorer = make_multitask_scorer("r2")
    for weight in (np.arange(60.0), np.arange(180.0).reshape(60, 3)):
        value = scorer(model, X, missing, weight)
        assert value == scorer(model, X, missing, sample_weight=weight)
        assert value == metrics.r2_score(missing, model.predict(X), sample_weight=weight)
        assert value != scorer(model, X, missing)


def test_weights_without_routing_are_treated_as_by_sklearns_scorers(regression):
    X, Y, _ = regression
    weight = np.where(np.arange(60) % 2, 1.0, 0.01)
    ours, theirs = make_multitask_scorer("r2"), sk.get_scorer("r2")
    searches = [
        GridSearchCV(LinearRegression(), {"fit_intercept": [True]}, scoring=scoring, refit=refit, cv=3)
        for scoring, refit in ((ours, True), (theirs, True), ({"a": ours, "b": theirs}, "a"), ({"a": theirs}, "a"))
    ]
    scores = [search.fit(X, Y, sample_weight=weight).best_score_ for search in searches]
    assert scores[0] == scores[1]
    assert scores[2] == scores[3]


def custom_metric(y_true, y_pred, *, task=None, sample_weight=None, multioutput="uniform_average"):
    assert isinstance(y_true, np.ndarray)
    return metrics.mean_absolute_error(y_true, y_pred, task=task, sample_weight=sample_weight, multioutput=multioutput)


def test_own_metric(regression):
    X, _, missing = regression
    model = RidgePerTask().fit(X, missing)
    scores = make_multitask_scorer(custom_metric, greater_is_better=False, per_task=True)(model, X, missing)
    assert list(scores) == ["neg_custom_metric", *(f"neg_custom_metric_task{t}" for t in range(3))]
    assert scores["neg_custom_metric"] == make_multitask_scorer("neg_mean_absolute_error")(model, X, missing)
    assert "custom_metric" in make_multitask_scorer(custom_metric, per_task=True)(model, X, missing)


@pytest.mark.parametrize("how", ["pickle", "deepcopy", "clone"])
def test_copies(how, regression):
    X, _, missing = regression
    model = RidgePerTask().fit(X, missing)
    scorer = make_multitask_scorer(metrics.r2_score, per_task=True, tasks=[2, 0], force_finite=False)
    copies = {"pickle": lambda s: pickle.loads(pickle.dumps(s)), "deepcopy": copy.deepcopy, "clone": clone}
    other = copies[how](scorer)
    assert other is not scorer
    assert repr(other) == repr(scorer) == "make_multitask_scorer('r2', per_task=True, tasks=[2, 0], force_finite=False)"
    assert other(model, X, missing) == scorer(model, X, missing)


def test_clone_of_a_search(regression):
    X, _, missing = regression
    search = GridSearchCV(RidgePerTask(), {"alpha": [1.0]}, scoring=make_multitask_scorer("r2"), cv=3)
    assert clone(search).fit(X, missing).best_score_ == search.fit(X, missing).best_score_


def test_parallel_search(regression):
    X, _, missing = regression
    scorer = make_multitask_scorer("r2", per_task=True)
    a, b = (cross_validate(RidgePerTask(), X, missing, scoring=scorer, cv=2, n_jobs=n) for n in (1, 2))
    assert a["test_r2_task2"].tolist() == b["test_r2_task2"].tolist()


def test_options_reach_the_metric(classification):
    X, Y, _ = classification
    model = RandomForestClassifier(5, max_depth=2, random_state=0).fit(X, Y)
    scorer = make_multitask_scorer("f1", pos_label=0.0, tasks=[1])
    assert scorer(model, X, Y) == sk.f1_score(Y[:, 1], model.predict(X)[:, 1], pos_label=0.0)


def test_per_task_warns_once(regression):
    X, Y, _ = regression
    model = RandomForestRegressor(3, random_state=0).fit(X, Y)
    Y[:, 0] = NAN
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make_multitask_scorer("r2", per_task=True)(model, X, Y)
    assert [w.category for w in caught] == [UndefinedMetricWarning]
