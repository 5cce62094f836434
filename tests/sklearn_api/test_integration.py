"""The estimators inside scikit-learn: copies, files, grids, pipelines, routing, frames."""

import pickle
import re

import cases
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import skops.io
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import r2_score as sk_r2
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import (
    MeanRegularizedRidge,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLassoCV,
    MultiTaskLogisticRegression,
    MultiTaskLogisticRegressionCV,
)
from skmtl.metrics import make_multitask_scorer
from skmtl.model_selection import MultiTaskKFold
from skmtl.multioutput import TaskColumn
from skmtl.penalties import MeanRegularization

N, P, T = 47, 4, 3


def fitted(convex, **options):
    data = cases.table(2, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    return data, data.fit(convex.make(T, **options))


# -- copies and files ---------------------------------------------------------------------------------


def test_clone_fits_the_same(convex):
    data, model = fitted(convex)
    copy = clone(model)
    assert not hasattr(copy, "coef_")
    np.testing.assert_array_equal(data.fit(copy).coef_, model.coef_)


def test_pickle_round_trip(convex):
    data, model = fitted(convex)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(data.X), model.predict(data.X))
    assert again.solver_result_.message == model.solver_result_.message


def test_skops_round_trip(convex):
    data, model = fitted(convex)
    blob = skops.io.dumps(model)
    trusted = skops.io.get_untrusted_types(data=blob)
    # Only classes of this library need trust.
    assert all(name.startswith("skmtl.") for name in trusted), trusted
    again = skops.io.loads(blob, trusted=trusted)
    np.testing.assert_array_equal(again.predict(data.X), model.predict(data.X))
    assert again.solver_result_.message == model.solver_result_.message


@pytest.mark.filterwarnings("ignore:.*is the smallest of the grid:UserWarning")  # five strengths only
@pytest.mark.parametrize("name", list(cases.CV))
def test_round_trips_of_cross_validated(name):
    kind = cases.kind_of_cv(name)
    data = cases.table(2, kind=kind, scenario="missing", n=N, p=P, T=T)
    model = cases.CV[name]().fit(data.X, data.Y)
    blob = skops.io.dumps(model)
    for again in (
        pickle.loads(pickle.dumps(model)),
        skops.io.loads(blob, trusted=skops.io.get_untrusted_types(data=blob)),
    ):
        np.testing.assert_array_equal(again.predict(data.X), model.predict(data.X))
        assert again.alpha_ == model.alpha_


def test_pickle_of_labels_and_rows():
    data = cases.table(2, kind="binary", n=N, p=P, T=T)
    y = np.where(data.Y[:, 0] > 0, "yes", "no")
    task = np.array(["a", "b", "c"])[np.arange(N) % T]
    model = MultiTaskLogisticRegression().fit(data.X, y, task=task)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(data.X, task=task), model.predict(data.X, task=task))
    assert set(again.predict(data.X, task=task)) <= {"yes", "no"}


# -- grids and pipelines ------------------------------------------------------------------------------


def test_grid_search_over_a_pipeline_with_missing_targets():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    pipeline = make_pipeline(StandardScaler(), MultiTaskLasso())
    alphas = [0.001, 0.1, 10.0]
    search = GridSearchCV(pipeline, {"multitasklasso__alpha": alphas}, cv=MultiTaskKFold(4)).fit(data.X, data.Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["multitasklasso__alpha"] < 10.0
    assert search.predict(data.X).shape == (N, T)
    # The empty model explains nothing of held-out rows.
    assert search.cv_results_["mean_test_score"][2] <= 0.0
    # scikit-learn's own splitter works as well: rows are rows.
    plain = GridSearchCV(pipeline, {"multitasklasso__alpha": alphas}, cv=KFold(4)).fit(data.X, data.Y)
    assert plain.best_params_["multitasklasso__alpha"] < 10.0


def test_grid_search_over_a_classifier_with_missing_labels():
    data = cases.table(3, kind="binary", scenario="missing", n=N, p=P, T=T)
    labels = np.where(np.isnan(data.Y), None, np.where(data.Y == 1, "ill", "well").astype(object))
    pipeline = make_pipeline(StandardScaler(), MultiTaskLogisticRegression())
    grid = {"multitasklogisticregression__alpha": [0.01, 10.0]}
    search = GridSearchCV(pipeline, grid, cv=MultiTaskKFold(3)).fit(data.X, labels)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert set(np.unique(search.predict(data.X))) == {"ill", "well"}
    assert len(search.predict_proba(data.X)) == T


def test_penalty_parameters_in_a_grid():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    model = MultiTaskGLM(penalty=MeanRegularization(), alpha=0.1)
    search = GridSearchCV(model, {"penalty__sharing": [0.0, 1.0]}, cv=MultiTaskKFold(3)).fit(data.X, data.Y)
    first, last = search.cv_results_["mean_test_score"]
    assert first != last
    assert model.penalty.sharing == 0.5
    best = search.best_estimator_
    direct = MeanRegularizedRidge(alpha=0.1, sharing=best.penalty.sharing).fit(data.X, data.Y)
    np.testing.assert_allclose(best.coef_, direct.coef_, atol=1e-6)


def test_set_params_takes_effect():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    model = MultiTaskLasso().set_params(alpha=0.05, scale_targets=True).fit(data.X, data.Y)
    np.testing.assert_array_equal(model.coef_, MultiTaskLasso(0.05, scale_targets=True).fit(data.X, data.Y).coef_)
    with pytest.raises(ValueError, match="Invalid parameter 'rho'"):
        MultiTaskLasso().set_params(rho=1)


def test_fit_changes_no_parameter(convex):
    data = cases.table(2, kind=convex.kind, n=N, p=P, T=T)
    model = convex.make(T)
    before = {name: repr(value) for name, value in model.get_params().items()}
    data.fit(model)
    assert {name: repr(value) for name, value in model.get_params().items()} == before


# -- rows of tasks ------------------------------------------------------------------------------------


@pytest.fixture
def rows():
    data = cases.table(4, n=N, p=P, T=T)
    task = np.array(["north", "south", "west"])[np.random.default_rng(0).permutation(np.arange(N) % T)]
    codes = np.array(["north", "south", "west"]).searchsorted(task)
    return data.X, data.Y[np.arange(N), codes], task


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# Before release 1.8 of scikit-learn a search asks a Pipeline's own score for nothing: there a scorer has to ask.
SCORES = ["scorer"] if parse_version(sklearn.__version__) < parse_version("1.8") else ["scorer", "score"]


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("kind", SCORES)
def test_rows_through_metadata_routing(rows, kind):
    X, y, task = rows
    ridge = MeanRegularizedRidge().set_fit_request(task=True).set_predict_request(task=True)
    pipeline = make_pipeline(StandardScaler(), ridge.set_score_request(task=True))
    scorer = make_multitask_scorer("r2").set_score_request(task=True) if kind == "scorer" else None
    search = GridSearchCV(
        pipeline,
        {"meanregularizedridge__alpha": [0.01, 100.0], "meanregularizedridge__sharing": [0.3]},
        cv=MultiTaskKFold(3).set_split_request(task=True),
        scoring=scorer,
    ).fit(X, y, task=task)
    assert search.best_estimator_[-1].task_names_.tolist() == ["north", "south", "west"]
    # The score of each fold is that of a fit by hand.
    scores = []
    for train, test in MultiTaskKFold(3).split(X, y, task=task):
        scaler = StandardScaler().fit(X[train])
        model = MeanRegularizedRidge(alpha=0.01, sharing=0.3).fit(
            scaler.transform(X[train]), y[train], task=task[train]
        )
        held = scaler.transform(X[test])
        if kind == "score":
            scores.append(model.score(held, y[test], task=task[test]))
        else:
            predicted = model.predict(held, task=task[test])
            mine = [task[test] == name for name in ("north", "south", "west")]
            scores.append(np.mean([sk_r2(y[test][one], predicted[one]) for one in mine]))
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(np.mean(scores), rel=1e-10)
    # A search has no predict(X, task=...) of its own; what it found has.
    assert search.best_estimator_.predict(X, task=task).shape == (N,)


@pytest.mark.usefixtures("routing")
def test_cross_validate_routes_weights_and_tasks(rows):
    X, y, task = rows
    weight = np.random.default_rng(1).integers(1, 4, size=N).astype(float)
    model = MeanRegularizedRidge().set_fit_request(task=True, sample_weight=True)
    model = model.set_score_request(task=True, sample_weight=False)
    scores = cross_validate(model, X, y, params={"task": task, "sample_weight": weight}, cv=KFold(3))["test_score"]
    for score, (train, test) in zip(scores, KFold(3).split(X), strict=True):
        hand = MeanRegularizedRidge().fit(X[train], y[train], weight[train], task=task[train])
        assert score == pytest.approx(hand.score(X[test], y[test], task=task[test]), rel=1e-12)


def test_score_without_task_says_what_to_do(rows):
    X, y, task = rows
    model = MeanRegularizedRidge().fit(X, y, task=task)
    expected = (
        "This MeanRegularizedRidge was fitted on rows of tasks, so score needs task, the task id of each row: pass "
        "score(X, y, task=...). Inside a Pipeline, GridSearchCV or cross_validate, call "
        "sklearn.set_config(enable_metadata_routing=True) and request it with "
        "set_fit_request(task=True).set_predict_request(task=True).set_score_request(task=True), or wrap the "
        "estimator in TaskColumn."
    )
    with pytest.raises(TaskDataError, match=f"^{re.escape(expected)}$"):
        model.score(X, y)
    assert np.isfinite(model.score(X, y, task=task))


@pytest.mark.parametrize("make", [MultiTaskLogisticRegression, lambda: MultiTaskGLM(loss="logistic")])
def test_score_without_task_of_classifiers(rows, make):
    X, y, task = rows
    model = make().fit(X, y > np.median(y), task=task)
    with pytest.raises(TaskDataError, match="was fitted on rows of tasks, so score needs task"):
        model.score(X, y > np.median(y))


def test_task_column_needs_no_routing(rows):
    X, y, task = rows
    frame = pd.DataFrame(X, columns=list("abcd")).assign(site=task)
    direct = MeanRegularizedRidge(alpha=0.2).fit(pd.DataFrame(X, columns=list("abcd")), y, task=task)
    wrapped = TaskColumn(MeanRegularizedRidge(alpha=0.2), "site").fit(frame, y)
    np.testing.assert_allclose(wrapped.predict(frame), direct.predict(frame[list("abcd")], task=task))


def test_predict_of_an_unknown_task(rows):
    X, y, task = rows
    model = MeanRegularizedRidge().fit(X, y, task=task)
    expected = (
        "task 'east' was not seen in fit (known: 'north', 'south', 'west'): predict for known tasks only, or call "
        "predict without task for the predictions of every task."
    )
    with pytest.raises(TaskDataError, match=f"^{re.escape(expected)}$"):
        model.predict(X, task=np.where(task == "west", "east", task))
    # All tasks at once need no id.
    np.testing.assert_array_equal(
        model.predict(X)[np.arange(N), np.searchsorted(model.task_names_, task)], model.predict(X, task=task)
    )


def test_prediction_needs_a_fit(convex):
    with pytest.raises(NotFittedError):
        convex.make(T).predict(np.zeros((2, P)))


# -- frames -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_names_of_frames(frame):
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    X = frame({name: data.X[:, j] for j, name in enumerate(["age", "bmi", "hdl", "ldl"])})
    Y = frame({name: data.Y[:, t] for t, name in enumerate(["los", "died", "cost"])})
    model = MultiTaskLasso(0.05).fit(X, Y)
    # Old releases of scikit-learn read no names from new releases of polars, here as in their own estimators.
    named = hasattr(StandardScaler().fit(X), "feature_names_in_")
    assert named or frame is pl.DataFrame
    if named:
        assert model.feature_names_in_.tolist() == ["age", "bmi", "hdl", "ldl"]
    assert model.task_names_.tolist() == ["los", "died", "cost"]
    plain = MultiTaskLasso(0.05).fit(data.X, data.Y)
    np.testing.assert_allclose(model.coef_, plain.coef_, atol=1e-12)
    np.testing.assert_allclose(model.predict(X), plain.predict(data.X), atol=1e-12)
    assert model.score(X, Y) == pytest.approx(plain.score(data.X, data.Y))
    if named:
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(X[["bmi", "age", "hdl", "ldl"]])


def test_missing_values_of_frames():
    """None, pandas.NA, NaN and polars null are the same hole."""
    data = cases.table(2, n=N, p=P, T=2)
    holes = np.arange(N) % 5 == 0
    plain = data.Y.copy()
    plain[holes, 0] = np.nan
    plain[:, 1] = np.round(plain[:, 1])
    expected = MultiTaskLasso(0.05).fit(data.X, plain).coef_
    nullable = pd.DataFrame({"a": pd.array(plain[:, 0], dtype="Float64"), "b": pd.array(plain[:, 1], dtype="Int64")})
    objects = pd.DataFrame({"a": plain[:, 0].astype(object), "b": plain[:, 1].astype(object)})
    objects.loc[holes, "a"] = None
    null = pl.DataFrame({"a": [None if h else v for h, v in zip(holes, plain[:, 0], strict=True)], "b": plain[:, 1]})
    lists = [[None if h else a, b] for h, (a, b) in zip(holes, plain, strict=True)]
    for Y in (nullable, objects, null, lists):
        np.testing.assert_allclose(MultiTaskLasso(0.05).fit(data.X, Y).coef_, expected, atol=1e-12)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_string_labels_in_frames(library):
    data = cases.table(3, kind="binary", n=N, p=P, T=2)
    columns = {
        "died": ["dead" if v else "alive" for v in data.Y[:, 0]],
        "icu": [None if i % 6 == 0 else ("yes" if v else "no") for i, v in enumerate(data.Y[:, 1])],
    }
    Y = pd.DataFrame(columns) if library == "pandas" else pl.DataFrame(columns)
    model = MultiTaskLogisticRegression(alpha=0.02).fit(data.X, Y)
    assert [c.tolist() for c in model.classes_] == [["alive", "dead"], ["no", "yes"]]
    predicted = model.predict(data.X)
    assert set(predicted[:, 0]) == {"alive", "dead"}
    assert set(predicted[:, 1]) == {"no", "yes"}
    numbers = MultiTaskLogisticRegression(alpha=0.02).fit(
        data.X, np.column_stack([data.Y[:, 0], np.where(np.arange(N) % 6 == 0, np.nan, data.Y[:, 1])])
    )
    np.testing.assert_allclose(model.coef_, numbers.coef_, atol=1e-12)
    np.testing.assert_array_equal(predicted[:, 0] == "dead", numbers.predict(data.X)[:, 0] == 1)
    assert model.score(data.X, Y) == pytest.approx(
        np.mean(
            [
                (predicted[:, 0] == columns["died"]).mean(),
                np.mean([p == v for p, v in zip(predicted[:, 1], columns["icu"], strict=True) if v is not None]),
            ]
        )
    )


def test_categorical_and_boolean_columns():
    data = cases.table(3, kind="binary", n=N, p=P, T=2)
    Y = pd.DataFrame(
        {
            "grade": pd.Categorical(np.where(data.Y[:, 0] == 1, "high", "low")),
            "flag": data.Y[:, 1].astype(bool),
        }
    )
    model = MultiTaskLogisticRegression().fit(data.X, Y)
    assert [c.tolist() for c in model.classes_] == [["high", "low"], [False, True]]
    assert set(model.predict(data.X)[:, 0]) <= {"high", "low"}


# -- what predictions look like -----------------------------------------------------------------------


def test_shapes_of_predictions():
    data = cases.table(3, kind="binary", n=N, p=P, T=T)
    model = MultiTaskLogisticRegression().fit(data.X, data.Y)
    eta = model.linear_predictor(data.X)
    np.testing.assert_allclose(eta, data.X @ model.coef_.T + model.intercept_, atol=1e-12)
    for t, proba in enumerate(model.predict_proba(data.X)):
        np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-eta[:, t])), atol=1e-14)
        np.testing.assert_allclose(proba.sum(axis=1), 1.0)
        np.testing.assert_array_equal(model.predict(data.X)[:, t], (proba[:, 1] > 0.5).astype(float))
    assert not hasattr(model, "decision_function")
    single = MultiTaskLogisticRegression().fit(data.X, data.Y[:, 0])
    np.testing.assert_allclose(single.decision_function(data.X), single.linear_predictor(data.X))
    assert single.predict_proba(data.X).shape == (N, 2)
    task = np.arange(N) % T
    picked = model.predict_proba(data.X, task=task)
    np.testing.assert_array_equal(picked, np.array(model.predict_proba(data.X))[task, np.arange(N)])


def test_mixed_predictions():
    data = cases.table(3, kind="mixed", n=N, p=P, T=T)
    model = MultiTaskGLM(loss=["squared", "logistic", "squared"], alpha=0.01).fit(data.X, data.Y)
    assert [c is None for c in model.classes_] == [True, False, True]
    assert model.predict(data.X).dtype == float
    mean, eta = model.predict_mean(data.X), model.linear_predictor(data.X)
    np.testing.assert_allclose(mean[:, [0, 2]], eta[:, [0, 2]])
    np.testing.assert_allclose(mean[:, 1], 1 / (1 + np.exp(-eta[:, 1])))
    proba = model.predict_proba(data.X)
    assert (proba[0], proba[2]) == (None, None)
    np.testing.assert_allclose(proba[1][:, 1], mean[:, 1])
    # Share of the deviance explained, outcome by outcome.
    expected = []
    for t, loss in enumerate(cases.CONVEX_BY_ID["glm_mixed_group"].losses(T)):
        y = data.Y[:, t]
        null = y.mean() if loss.id == "squared" else np.log(y.mean() / (1 - y.mean()))
        reached = sum(loss.naive(v, e) for v, e in zip(y, eta[:, t], strict=True))
        expected.append(1 - reached / sum(loss.naive(v, null) for v in y))
    assert model.score(data.X, data.Y) == pytest.approx(np.mean(expected), rel=1e-12)
    assert not hasattr(MultiTaskGLM(), "predict_proba")
    assert hasattr(MultiTaskGLM(loss={"a": "squared", "b": "logistic"}), "predict_proba")


def test_glm_score_knows_the_labels_of_the_fit():
    """Labels of a held-out part are coded as in the fit, even where one class is absent."""
    data = cases.table(3, kind="binary", n=N, p=P, T=2)
    Y = np.where(data.Y == 1, "ill", "well")
    model = MultiTaskGLM(loss="logistic", alpha=0.01).fit(data.X, Y)
    whole = model.score(data.X, Y)
    assert 0 < whole < 1
    weight = np.ones((N, 2))
    weight[Y[:, 0] == "well", 0] = 1e-9
    assert np.isfinite(model.score(data.X, Y, weight))
    ill = Y[:, 0] == "ill"
    eta = model.linear_predictor(data.X[ill])
    y = 1 - data.Y[ill, 1]  # "well" comes second
    null = np.log(y.mean() / (1 - y.mean()))
    naive = cases.LOSS["logistic"].naive
    second = 1 - sum(map(naive, y, eta[:, 1])) / sum(naive(v, null) for v in y)
    # An outcome of one class has nothing to explain: it counts as 0, as a constant target does in R2.
    assert model.score(data.X[ill], Y[ill]) == pytest.approx(second / 2, rel=1e-12)
    with pytest.raises(TaskDataError, match="'sick'"):
        model.score(data.X, np.where(Y == "ill", "sick", Y))


# -- warm start ---------------------------------------------------------------------------------------


def test_warm_start_begins_at_the_previous_fit(convex):
    data = cases.table(2, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    model = convex.make(T, warm_start=True)
    model.fit(data.X, data.Y)
    first, steps = model.coef_, model.n_iter_
    model.fit(data.X, data.Y)
    np.testing.assert_allclose(model.coef_, first, atol=1e-6)
    if model.solver_result_.solver != "closed_form":
        assert model.n_iter_ == 0 < steps


def test_warm_start_with_other_shapes_starts_cold():
    data = cases.table(2, scenario="missing", n=N, p=P, T=T)
    model = MultiTaskLasso(0.05, warm_start=True).fit(data.X, data.Y)
    model.fit(data.X[:, :3], data.Y)
    np.testing.assert_allclose(model.coef_, MultiTaskLasso(0.05).fit(data.X[:, :3], data.Y).coef_, atol=1e-12)


def test_parameters_are_checked_in_fit_only():
    model = MultiTaskLasso(alpha="strong")
    with pytest.raises(InvalidParameterError):
        model.fit(np.eye(3), np.eye(3))


@pytest.mark.parametrize("model", [MultiTaskLassoCV(alphas=3, cv=3), MultiTaskLogisticRegressionCV(alphas=3, cv=3)])
def test_cross_validated_models_take_rows(rows, model):
    X, y, task = rows
    target = y > np.median(y) if hasattr(model, "penalty") else y
    model.fit(X, target, task=task)
    assert model.predict(X, task=task).shape == (N,)
    assert np.isfinite(model.score(X, target, task=task))
