"""A new task given the shared part of a fit: fixed points, optimality, limits, forms of data."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import (
    DataSharedLassoClassifier,
    DataSharedLassoRegressor,
    DirtyClassifier,
    DirtyRegressor,
    GraphRegularizedRidge,
    LInfLassoRegressor,
    MeanRegularizedRidge,
    MeanRegularizedRidgeCV,
    MultiTaskElasticNet,
    MultiTaskGLM,
    MultiTaskLasso,
    MultiTaskLogisticRegression,
    MultiTaskRidge,
    MultiTaskSparseGroupLasso,
    RobustLowRankRegressor,
    SparseLowRankRegressor,
    TraceNormClassifier,
    TraceNormRegressor,
)

CHAIN = np.array([[0, 1, 0, 0], [1, 0, 2, 0], [0, 2, 0, 1], [0, 0, 1, 0]], dtype=float)
REGRESSORS = [
    MeanRegularizedRidge(0.3, 0.8),
    MeanRegularizedRidge(0.3, 0.8, share_intercept=True),
    MeanRegularizedRidge(0.3, 0.8, fit_intercept=False),
    GraphRegularizedRidge(0.3, 0.8),
    MultiTaskLasso(0.3, tol=1e-10),
    MultiTaskElasticNet(0.3, tol=1e-10),
    MultiTaskSparseGroupLasso(0.3, tol=1e-10),
    LInfLassoRegressor(0.3, tol=1e-10),
    TraceNormRegressor(0.3, tol=1e-10),
    DataSharedLassoRegressor(0.3, tol=1e-10),
    DirtyRegressor(0.3, tol=1e-10),
    DirtyRegressor(0.3, shared_norm="l2", tol=1e-10),
    SparseLowRankRegressor(0.3, tol=1e-9),
    RobustLowRankRegressor(0.3, tol=1e-9),
]
CLASSIFIERS = [
    MultiTaskLogisticRegression("mean", 0.05, tol=1e-9),
    MultiTaskLogisticRegression("mean", 0.05, share_intercept=True, tol=1e-9),
    MultiTaskLogisticRegression("squared_trace_norm", 0.05, tol=1e-9),
    MultiTaskLogisticRegression("group_lasso", 0.05, tol=1e-9),
    TraceNormClassifier(0.05, tol=1e-9),
    DataSharedLassoClassifier(0.05, tol=1e-9),
    DirtyClassifier(0.05, tol=1e-9),
]


@pytest.fixture(scope="module")
def sites():
    """Four sites of 40 to 70 rows, five features whose means are not zero, intercepts of their own."""
    rng = np.random.default_rng(0)
    counts = [40, 70, 55, 60]
    task = np.repeat(list("ABCD"), counts)
    code = np.repeat(np.arange(4), counts)
    X = rng.normal(size=(len(task), 5)) + 1
    W = rng.normal(size=5)[:, None] + 0.5 * rng.normal(size=(5, 4))
    W[3:] = 0
    eta = (X * W.T[code]).sum(axis=1) + code
    y = eta + rng.normal(size=len(task))
    died = np.where(eta - eta.mean() + rng.logistic(size=len(task)) > 0, "yes", "no")
    return X, y, died, task


def name_of(model):
    return f"{type(model).__name__}-{model.get_params().get('share_intercept', '')}-{getattr(model, 'penalty', '')}"


def assert_gets_its_own_back(model, X, y, task, t, **given):
    """A task of a joint optimum, given the shared part, has the coefficients it has there."""
    rows = task == "ABCD"[t]
    again = model.adapt(X[rows], y[rows], task="new", **given)
    np.testing.assert_allclose(again.coef_[-1], model.coef_[t], atol=2e-7)
    np.testing.assert_allclose(again.intercept_[-1], model.intercept_[t], atol=2e-7)


@pytest.mark.parametrize("model", REGRESSORS, ids=name_of)
def test_a_task_of_the_fit_is_its_own_fixed_point(model, sites):
    X, y, _, task = sites
    fitted = clone(model).fit(X, y, task=task)
    if isinstance(model, GraphRegularizedRidge):  # without a graph every task is linked to every other
        fitted = clone(model).set_params(graph=CHAIN).fit(X, y, task=task)
    for t in (0, 2):
        links = {"links": CHAIN[t]} if isinstance(model, GraphRegularizedRidge) else {}
        assert_gets_its_own_back(fitted, X, y, task, t, **links)


@pytest.mark.parametrize("model", CLASSIFIERS, ids=name_of)
def test_so_it_is_with_classes(model, sites):
    X, _, died, task = sites
    fitted = clone(model).fit(X, died, task=task)
    assert_gets_its_own_back(fitted, X, died, task, 1)


@pytest.mark.parametrize("task_weight", ["entries", "equal", "deviance"])
@pytest.mark.parametrize("scale_targets", [False, True])
def test_weights_and_units_are_those_of_the_fit(task_weight, scale_targets, sites):
    X, y, _, task = sites
    model = MeanRegularizedRidge(0.3, 0.8, task_weight=task_weight, scale_targets=scale_targets)
    assert_gets_its_own_back(model.fit(X, 10 * y, task=task), X, 10 * y, task, 1)


def test_graph_with_shared_intercepts(sites):
    X, y, _, task = sites
    model = GraphRegularizedRidge(0.3, 0.8, graph=CHAIN, share_intercept=True).fit(X, y, task=task)
    assert_gets_its_own_back(model, X, y, task, 2, links=CHAIN[2])


def test_a_scaled_outcome_of_a_wide_table_gets_its_own_unit():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 4))
    Y = pd.DataFrame((X @ rng.normal(size=(4, 3)) + rng.normal(size=(60, 3))) * [1, 100, 0.1], columns=list("abc"))
    model = TraceNormRegressor(0.1, scale_targets=True, tol=1e-11).fit(X, Y)
    again = model.adapt(X, Y["b"], task="new")
    np.testing.assert_allclose(again.coef_[-1], model.coef_[1], atol=1e-5)
    assert again.predict(X).shape == (60, 4)
    np.testing.assert_array_equal(again.predict(X)[:, :3], model.predict(X))
    with pytest.raises(TaskDataError, match="each in its own unit"):
        model.predict(X, task=["new"] * 60, on_unknown="prior")


def test_the_new_coefficients_minimise_the_stated_objective(sites):
    X, y, _, task = sites
    known = task != "D"
    model = MeanRegularizedRidge(0.4, 0.7).fit(X[known], y[known], task=task[known])
    few = np.flatnonzero(~known)[:7]
    weight = np.linspace(0.5, 2, 7)
    adapted = model.adapt(X[few], y[few], weight, task="D")
    prior = 0.7 * model.coef_.mean(axis=0)
    mean_mass = known.sum() / 3

    def objective(v):
        residual = y[few] - X[few] @ v[:5] - v[5]
        return 0.5 * weight @ residual**2 / mean_mass + 0.2 * ((v[:5] - prior) ** 2).sum()

    best = minimize(objective, np.zeros(6), options={"gtol": 1e-9})
    np.testing.assert_allclose(np.append(adapted.coef_[-1], adapted.intercept_[-1]), best.x, atol=1e-5)


def test_logistic_with_a_pulled_intercept_minimises_it_too(sites):
    X, _, died, task = sites
    known = task != "D"
    model = MultiTaskLogisticRegression("mean", 0.05, share_intercept=True, tol=1e-9)
    model.fit(X[known], died[known], task=task[known])
    few = np.flatnonzero(~known & (died == "yes"))[:4]  # one class: the pull holds the intercept
    adapted = model.adapt(X[few], died[few], task="D")
    prior = np.append(0.5 * model.coef_.mean(axis=0), model.intercept_.mean())

    def objective(v):
        losses = np.logaddexp(0, -(X[few] @ v[:5] + v[5]))
        return losses.sum() / (known.sum() / 3) + 0.025 * ((v - prior) ** 2).sum()

    best = minimize(objective, prior, options={"gtol": 1e-9})
    np.testing.assert_allclose(np.append(adapted.coef_[-1], adapted.intercept_[-1]), best.x, atol=1e-5)
    free = MultiTaskLogisticRegression("mean", 0.05).fit(X[known], died[known], task=task[known])
    with pytest.raises(TaskDataError, match=r"one class only.*share_intercept=True"):
        free.adapt(X[few], died[few], task="D")


def test_limits_independent_and_prior(sites):
    X, y, _, task = sites
    known, new = task != "D", task == "D"
    alone = MeanRegularizedRidge(0.4, 0.0).fit(X[known], y[known], task=task[known]).adapt(X[new], y[new], task="D")
    ridge = Ridge(0.4 * known.sum() / 3).fit(X[new], y[new])
    np.testing.assert_allclose(alone.coef_[-1], ridge.coef_, atol=1e-10)
    stiff = MeanRegularizedRidge(1e9, 1.0).fit(X[known], y[known], task=task[known])
    np.testing.assert_allclose(stiff.adapt(X[new], y[new], task="D").coef_[-1], stiff.coef_.mean(axis=0), atol=1e-6)
    weak = MeanRegularizedRidge(1e-9, 0.9).fit(X[known], y[known], task=task[known]).adapt(X[new], y[new], task="D")
    np.testing.assert_allclose(weak.coef_[-1], Ridge(1e-10).fit(X[new], y[new]).coef_, atol=1e-6)


def test_features_that_were_not_selected_stay_out(sites):
    X, y, _, task = sites
    known, new = task != "D", task == "D"
    model = MultiTaskLasso(0.5).fit(X[known], y[known], task=task[known])
    selected = (model.coef_ != 0).any(axis=0)
    assert 0 < selected.sum() < 5
    np.testing.assert_array_equal(model.adapt(X[new], y[new], task="D").coef_[-1] != 0, selected)
    nothing = MultiTaskLasso(1e3).fit(X[known], y[known], task=task[known]).adapt(X[new], y[new], task="D")
    assert not nothing.coef_.any()
    np.testing.assert_allclose(nothing.intercept_[-1], y[new].mean())


def test_the_new_coefficients_stay_in_the_learned_subspace(sites):
    X, y, _, task = sites
    known, new = task != "D", task == "D"
    model = TraceNormRegressor(1.0).fit(X[known], y[known], task=task[known])
    assert model.rank_ == 1
    adapted = model.adapt(X[new], y[new], task="D")
    assert np.linalg.matrix_rank(adapted.coef_, tol=1e-8) == 1
    assert adapted.coef_[-1].any()


def test_the_fitted_model_and_all_it_predicts_stay_as_they_were(sites):
    X, y, _, task = sites
    known, new = task != "D", task == "D"
    model = MeanRegularizedRidge(0.3, 0.8).fit(X[known], y[known], task=task[known])
    before = {key: pickle.dumps(value) for key, value in vars(model).items()}
    adapted = model.adapt(X[new], y[new], task="D")
    assert {key: pickle.dumps(value) for key, value in vars(model).items()} == before
    assert adapted.task_names_.tolist() == ["A", "B", "C", "D"]
    assert (adapted.n_tasks_, adapted.adapted_tasks_) == (4, ["D"])
    np.testing.assert_array_equal(adapted.predict(X)[:, :3], model.predict(X))
    ids = np.full(len(X), "B")
    np.testing.assert_array_equal(adapted.predict(X, task=ids), model.predict(X, task=ids))
    assert adapted.score(X, y, task=task) > 0.5
    assert adapted.fit(X[known], y[known], task=task[known]).task_names_.tolist() == ["A", "B", "C"]
    np.testing.assert_array_equal(adapted.predict(X), model.predict(X))


def test_several_new_tasks_in_any_order(sites):
    X, y, _, task = sites
    known = np.isin(task, ["A", "B"])
    model = MeanRegularizedRidge(0.3, 0.8).fit(X[known], y[known], task=task[known])
    at_once = model.adapt(X[~known], y[~known], task=task[~known])
    step = model.adapt(X[task == "D"], y[task == "D"], task="D").adapt(X[task == "C"], y[task == "C"], task="C")
    assert step.task_names_.tolist() == ["A", "B", "D", "C"]
    np.testing.assert_array_equal(step.coef_[[2, 3]], at_once.coef_[[3, 2]])


def test_duplicated_rows_are_weight_two_and_nan_is_absent(sites):
    X, y, _, task = sites
    known, few = task != "D", np.flatnonzero(task == "D")[:6]
    model = DirtyRegressor(0.2, tol=1e-10).fit(X[known], y[known], task=task[known])
    twice = model.adapt(np.vstack([X[few], X[few[:2]]]), np.append(y[few], y[few[:2]]), task="D")
    weighted = model.adapt(X[few], y[few], [2, 2, 1, 1, 1, 1], task="D")
    np.testing.assert_allclose(twice.coef_, weighted.coef_, atol=1e-7)
    holes = np.append(y[few], np.nan)
    absent = model.adapt(np.vstack([X[few], X[:1]]), holes, task="D")
    np.testing.assert_allclose(absent.coef_, model.adapt(X[few], y[few], task="D").coef_, atol=1e-12)


def test_rows_and_wide_agree():
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(30, 4)), rng.normal(size=(30, 3))
    wide = MeanRegularizedRidge(0.3, 0.8).fit(X, Y).adapt(X[:5], Y[:5, 0] + 1, task=3)
    rows = MeanRegularizedRidge(0.3, 0.8).fit(np.tile(X, (3, 1)), Y.T.ravel(), task=np.repeat([0, 1, 2], 30))
    rows = rows.adapt(X[:5], Y[:5, 0] + 1, task=3)
    np.testing.assert_allclose(wide.coef_, rows.coef_, atol=1e-10)
    np.testing.assert_allclose(wide.predict(X)[:, 3], rows.predict(X, task=[3] * 30), atol=1e-10)


def test_a_new_binary_outcome_brings_its_labels():
    rng = np.random.default_rng(3)
    X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["age", "sex", "dose"])
    Y = pd.DataFrame({"a": rng.random(80) < 0.5, "b": rng.random(80) < 0.4})
    model = MultiTaskLogisticRegression("mean", 0.1).fit(X, Y)
    adapted = model.adapt(X[:20], np.where(np.arange(20) % 3 == 0, "ill", "well"), task="c")
    assert set(adapted.predict(X)[:, 2]) <= {"ill", "well"}
    assert len(adapted.predict_proba(X)) == 3
    with pytest.raises(TaskDataError, match=r"labels of task .c. are not known"):
        model.predict(X, task=["c"] * 80, on_unknown="prior")
    assert model.predict_proba(X, task=["c"] * 80, on_unknown="prior").shape == (80, 2)


# -- the prior ----------------------------------------------------------------------------------------


def test_the_prior_is_the_common_model_at_the_mean_level(sites):
    X, y, _, task = sites
    model = MeanRegularizedRidge(0.3, 0.6).fit(X, y, task=task)
    common = 0.6 * model.coef_.mean(axis=0)
    levels = [y[task == name].mean() - X[task == name].mean(axis=0) @ common for name in "ABCD"]
    said = model.predict(X, task=["Z"] * len(X), on_unknown="prior")
    np.testing.assert_allclose(said, X @ common + np.mean(levels), atol=1e-10)
    shifted = MeanRegularizedRidge(0.3, 0.6).fit(X + 5, y, task=task)
    np.testing.assert_allclose(shifted.predict(X + 5, task=["Z"] * len(X), on_unknown="prior"), said, atol=1e-9)
    pulled = MeanRegularizedRidge(0.3, 1.0, share_intercept=True).fit(X, y, task=task)
    expected = X @ pulled.coef_.mean(axis=0) + pulled.intercept_.mean()
    np.testing.assert_allclose(pulled.predict(X, task=["Z"] * len(X), on_unknown="prior"), expected, atol=1e-10)


def test_known_rows_of_a_mixed_request_are_those_of_their_task(sites):
    X, y, died, task = sites
    for model in (
        MeanRegularizedRidgeCV(alphas=3, cv=3).fit(X, y, task=task),
        MultiTaskLogisticRegression("mean").fit(X, died, task=task),
    ):
        ids = np.where(np.arange(len(X)) % 2, task, "Z")
        mixed = model.predict(X, task=ids, on_unknown="prior")
        np.testing.assert_array_equal(mixed[1::2], model.predict(X, task=task)[1::2])
        np.testing.assert_array_equal(mixed[::2], model.predict(X, task=["Z"] * len(X), on_unknown="prior")[::2])


def test_two_parts_answer_from_the_shared_one(sites):
    X, y, _, task = sites
    model = DataSharedLassoRegressor(0.3).fit(X - X.mean(axis=0), y, task=task)
    said = model.predict(np.eye(5), task=["Z"] * 5, on_unknown="prior")
    none = model.predict(np.zeros((1, 5)), task=["Z"], on_unknown="prior")
    np.testing.assert_allclose(said - none, model.shared_coef_[0], atol=1e-10)


def test_predict_refuses_the_unknown_by_default(sites):
    X, y, _, task = sites
    model = MeanRegularizedRidge().fit(X, y, task=task)
    with pytest.raises(TaskDataError, match="task 'Z' was not seen in fit"):
        model.predict(X[:1], task=["Z"])
    with pytest.raises(InvalidParameterError, match="on_unknown='guess'"):
        model.predict(X[:1], task=["Z"], on_unknown="guess")


# -- errors -------------------------------------------------------------------------------------------


def test_errors_name_the_cure(sites):
    X, y, _, task = sites
    model = MeanRegularizedRidge().fit(X, y, task=task)
    with pytest.raises(TaskDataError, match=r"task 'A' is known already.*another name, or fit again"):
        model.adapt(X[:5], y[:5], task="A")
    with pytest.raises(TaskDataError, match=r"task holds 7 \(int\), but the tasks of the fit are"):
        model.adapt(X[:5], y[:5], task=7)
    with pytest.raises(TaskDataError, match="task has no id in row 1"):
        model.adapt(X[:3], y[:3], task=["new", None, "new"])
    with pytest.raises(TaskDataError, match="task has no id in row 0"):
        model.adapt(X[:3], y[:3], task=None)
    with pytest.raises(TaskDataError, match=r"task has shape \(2,\) but X has 3 rows"):
        model.adapt(X[:3], y[:3], task=["new", "new"])
    with pytest.raises(TaskDataError, match="task 'new'"):
        model.adapt(X[:2], [np.nan, np.nan], task="new")
    with pytest.raises(TaskDataError, match="links goes with graph"):
        model.adapt(X[:5], y[:5], task="new", links=np.ones(4))
    graph = GraphRegularizedRidge(sharing=1.0).fit(X, y, task=task)
    with pytest.raises(TaskDataError, match="links must be 4 finite numbers"):
        graph.adapt(X[:5], y[:5], task="new", links=[1, -1, 0, 0])
    with pytest.raises(TaskDataError, match="link it to one at least"):
        graph.adapt(X[:5], y[:5], task="new", links=np.zeros(4))
    with pytest.raises(TaskDataError, match="bounds, which say nothing of a new task"):
        MeanRegularizedRidge(bounds=(0, np.inf)).fit(X, y, task=task).adapt(X[:5], y[:5], task="new")
    with pytest.raises(TaskDataError, match="nothing shared"):
        MeanRegularizedRidge().fit(X, y).adapt(X[:5], y[:5], task="new")
    with pytest.raises(TaskDataError, match="Ridge has no shared part"):
        MultiTaskRidge().fit(X, y, task=task).adapt(X[:5], y[:5], task="new")
    with pytest.raises(TaskDataError, match="does not take new tasks"):
        MultiTaskGLM().fit(X, y, task=task).adapt(X[:5], y[:5], task="new")
