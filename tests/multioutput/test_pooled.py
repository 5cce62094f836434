"""`PooledTasks` against one plain estimator on rows stacked by hand."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor, VotingRegressor
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmtl.multioutput import PooledTasks


def stacked(table):
    """Rows, targets, weights and task numbers of the observed entries, task after task."""
    t, i = np.nonzero(~table.holes.T)
    return table.X[i], table.Y[i, t], table.weight[i, t] + 1, t


@pytest.mark.parametrize("estimator", [Ridge(), RandomForestRegressor(5, random_state=0)], ids=repr)
def test_wide_is_one_model_of_stacked_rows(table, estimator):
    X, y, _, _ = stacked(table)
    by_hand = clone(estimator).fit(np.vstack([X]), y).predict(table.X_new)
    model = PooledTasks(estimator).fit(table.X, table.Y_nan)
    np.testing.assert_array_equal(model.predict(table.X_new), np.column_stack([by_hand] * 3))
    np.testing.assert_array_equal(model.predict(table.X_new, task=np.arange(11) % 3), by_hand)
    assert model.estimators_[0] is model.estimators_[2]
    complete = PooledTasks(Ridge()).fit(table.X, table.Y)
    three_times = Ridge().fit(np.vstack([table.X] * 3), table.Y.T.ravel())
    np.testing.assert_array_equal(complete.predict(table.X_new)[:, 1], three_times.predict(table.X_new))


def test_as_many_entries_as_rows(table):
    """Each row has one outcome: the stacked table is as long as X, and in another order."""
    one = np.arange(53) % 3
    Y = np.where(one[:, None] == np.arange(3), table.Y, np.nan)
    model = PooledTasks(Ridge()).fit(table.X, Y)
    by_hand = Ridge().fit(table.X, table.Y[np.arange(53), one])
    np.testing.assert_allclose(model.predict(table.X_new)[:, 0], by_hand.predict(table.X_new), rtol=1e-10)


def test_precomputed_kernel_of_the_stacked_rows(table):
    model = PooledTasks(KernelRidge(kernel="precomputed"), scale_targets=True)
    model.fit(table.X @ table.X.T, table.Y_nan)
    linear = PooledTasks(KernelRidge(kernel="linear"), scale_targets=True).fit(table.X, table.Y_nan)
    kernel_new = table.X_new @ table.X.T
    np.testing.assert_allclose(model.predict(kernel_new), linear.predict(table.X_new), rtol=1e-9)


def test_the_one_model_is_asked_once(table):
    calls = []

    class Counting(Ridge):
        def predict(self, X):
            calls.append(len(X))
            return super().predict(X)

    PooledTasks(Counting()).fit(table.X, table.Y_nan).predict(table.X_new)
    assert calls == [11]


@pytest.mark.parametrize("weighted", [False, True])
def test_scaled_targets(table, weighted):
    X, y, weight, t = stacked(table)
    weight = weight if weighted else np.ones(len(y))
    mean = np.array([np.average(y[t == k], weights=weight[t == k]) for k in range(3)])
    scale = np.array([np.sqrt(np.cov(y[t == k], aweights=weight[t == k], ddof=0)) for k in range(3)])
    by_hand = Ridge().fit(X, (y - mean[t]) / scale[t], sample_weight=weight).predict(table.X_new)
    model = PooledTasks(Ridge(), scale_targets=True)
    model.fit(table.X, table.Y_nan, sample_weight=table.weight + 1 if weighted else None)
    np.testing.assert_allclose(model.target_mean_, mean)
    np.testing.assert_allclose(model.target_scale_, scale)
    expected = mean + scale * by_hand[:, None]
    np.testing.assert_allclose(model.predict(table.X_new), expected, rtol=1e-10)
    ids = np.arange(11) % 3
    np.testing.assert_allclose(model.predict(table.X_new, task=ids), expected[np.arange(11), ids], rtol=1e-10)


def test_scaled_targets_do_not_depend_on_units(table):
    model = PooledTasks(KernelRidge(kernel="rbf"), scale_targets=True)
    before = model.fit(table.X, table.Y_nan).predict(table.X_new)
    after = model.fit(table.X, table.Y_nan * [1, 1000.0, 1] - [0, 0, 50.0]).predict(table.X_new)
    np.testing.assert_allclose(after, before * [1, 1000.0, 1] - [0, 0, 50.0], rtol=1e-6)
    unscaled = PooledTasks(KernelRidge(kernel="rbf")).fit(table.X, table.Y_nan).predict(table.X_new)
    assert not np.allclose(unscaled, before, rtol=0.1)


def test_constant_target_keeps_its_unit(table):
    Y = table.Y.copy()
    Y[:, 1] = 0.1 + 0.2
    model = PooledTasks(Ridge(), scale_targets=True).fit(table.X, Y)
    assert model.target_scale_[1] == 1.0
    assert model.target_mean_[1] == pytest.approx(0.3)


def test_rows_of_tasks_are_the_plain_estimator(table):
    """In the order of the table, so that also an estimator that draws rows gives the same."""
    forest = RandomForestRegressor(5, random_state=0)
    y = np.where(table.holes[:, 0], np.nan, table.Y[:, 0])
    model = PooledTasks(forest).fit(table.X, y, task=table.task)
    seen = ~table.holes[:, 0]
    by_hand = clone(forest).fit(table.X[seen], y[seen]).predict(table.X_new)
    np.testing.assert_array_equal(model.predict(table.X_new, task=table.task_new), by_hand)
    np.testing.assert_array_equal(model.predict(table.X_new), np.column_stack([by_hand] * 3))


def test_rows_of_tasks_scaled_by_place(table):
    y = table.Y[:, 0] + 100.0 * (table.task == "west")
    model = PooledTasks(LinearRegression(), scale_targets=True).fit(table.X, y, task=table.task)
    shifted = y - 7.0 * (table.task == "north")
    moved = PooledTasks(LinearRegression(), scale_targets=True).fit(table.X, shifted, task=table.task)
    difference = model.predict(table.X_new, task=table.task_new) - moved.predict(table.X_new, task=table.task_new)
    np.testing.assert_allclose(difference, 7.0 * (table.task_new == "north"), atol=1e-9)


def test_missing_is_weight_zero_and_weight_is_repetition(table):
    by_nan = PooledTasks(Ridge(), scale_targets=True).fit(table.X, table.Y_nan).predict(table.X_new)
    zero = (~table.holes).astype(float)
    by_weight = PooledTasks(Ridge(), scale_targets=True).fit(table.X, table.Y, sample_weight=zero)
    np.testing.assert_allclose(by_nan, by_weight.predict(table.X_new), rtol=1e-12)
    row = np.flatnonzero(~table.holes.any(axis=1))[0]
    double = PooledTasks(Ridge(), scale_targets=True).fit(table.X, table.Y_nan, sample_weight=1.0 + np.eye(53)[row])
    twice = np.append(np.arange(53), row)
    repeated = PooledTasks(Ridge(), scale_targets=True).fit(table.X[twice], table.Y_nan[twice])
    np.testing.assert_allclose(double.predict(table.X_new), repeated.predict(table.X_new), rtol=1e-10)
    assert not np.allclose(double.predict(table.X_new), by_nan, rtol=1e-6)


def test_permuted_tasks_give_permuted_predictions(table):
    straight = PooledTasks(Ridge(), scale_targets=True).fit(table.X, table.Y_nan).predict(table.X_new)
    permuted = PooledTasks(Ridge(), scale_targets=True).fit(table.X, table.Y_nan[:, [2, 0, 1]]).predict(table.X_new)
    np.testing.assert_allclose(permuted, straight[:, [2, 0, 1]], rtol=1e-10)


@pytest.mark.parametrize("which", ["B", "B_none"])
def test_labels(table, which):
    Y = getattr(table, which)
    t, i = np.nonzero((Y != np.array(None)).T)
    by_hand = LogisticRegression().fit(table.X[i], table.B[i, t])
    model = PooledTasks(LogisticRegression(), scale_targets=True).fit(table.X, Y)
    assert model.predict(table.X_new)[:, 2].tolist() == by_hand.predict(table.X_new).tolist()
    probability = model.predict_proba(table.X_new)
    assert len(probability) == 3
    np.testing.assert_array_equal(probability[1], by_hand.predict_proba(table.X_new))
    assert [known.tolist() for known in model.classes_] == [["no", "yes"]] * 3
    assert not hasattr(model, "decision_function")


def test_rows_of_tasks_may_lack_a_class(table):
    y = table.B[:, 0].copy()
    y[table.task == "north"] = "no"
    model = PooledTasks(LogisticRegression()).fit(table.X, y, task=table.task)
    by_hand = LogisticRegression().fit(table.X, y)
    np.testing.assert_array_equal(
        model.predict_proba(table.X_new, task=table.task_new), by_hand.predict_proba(table.X_new)
    )
    np.testing.assert_array_equal(
        model.decision_function(table.X_new, task=table.task_new), by_hand.decision_function(table.X_new)
    )
    assert model.score(table.X, y, task=table.task) == by_hand.score(table.X, y)


def test_dict_pools_equal_estimators(table):
    Y = pd.DataFrame(
        {"na": table.Y_nan[:, 0], "dead": table.B_none[:, 0], "k": table.Y_nan[:, 1], "home": table.B_none[:, 1]}
    )
    estimators = {
        "na": make_pipeline(StandardScaler(), Ridge(2.0)),
        "dead": GaussianNB(priors=np.array([0.5, 0.5])),
        "k": make_pipeline(StandardScaler(), Ridge(2.0)),
        "home": GaussianNB(priors=np.array([0.5, 0.5])),
    }
    model = PooledTasks(estimators, scale_targets=True).fit(table.X, Y)
    na, dead, k, home = model.estimators_
    assert na is k
    assert dead is home
    assert na is not dead
    numeric = PooledTasks(estimators["na"], scale_targets=True).fit(table.X, table.Y_nan[:, :2])
    labelled = PooledTasks(estimators["dead"]).fit(table.X, table.B_none[:, :2])
    predicted = model.predict(table.X_new)
    np.testing.assert_array_equal(predicted[:, [0, 2]].astype(float), numeric.predict(table.X_new))
    np.testing.assert_array_equal(predicted[:, [1, 3]], labelled.predict(table.X_new))
    assert model.predict_proba(table.X_new)[2] is None
    assert model.target_scale_[[1, 3]].tolist() == [1.0, 1.0]
    parts = numeric.score(table.X, table.Y_nan[:, :2]), labelled.score(table.X, table.B_none[:, :2])
    assert model.score(table.X, Y) == pytest.approx(np.mean(parts))


@pytest.mark.parametrize(
    "other",
    [
        Ridge(2.0),
        make_pipeline(StandardScaler(), Ridge(2.5)),
        make_pipeline(StandardScaler(with_std=False), Ridge(2.0)),
        make_pipeline(StandardScaler(), "passthrough", Ridge(2.0)),
        make_pipeline(StandardScaler(), Ridge(np.array([2.0]))),
    ],
    ids=repr,
)
def test_dict_keeps_different_estimators_apart(table, other):
    model = PooledTasks({0: make_pipeline(StandardScaler(), Ridge(2.0)), 1: other, 2: other})
    first, second, third = model.fit(table.X, table.Y_nan).estimators_
    assert first is not second
    assert second is third


def test_dict_keeps_a_longer_list_of_estimators_apart(table):
    shorter = VotingRegressor([("ridge", Ridge())])
    longer = VotingRegressor([("ridge", Ridge()), ("line", LinearRegression())])
    first, second, _ = PooledTasks({0: shorter, 1: longer, 2: shorter}).fit(table.X, table.Y_nan).estimators_
    assert first is not second


def test_clone_pickle_and_search(table):
    inner = Ridge()
    model = PooledTasks(inner, scale_targets=True).fit(table.X, table.Y_nan)
    assert not hasattr(inner, "coef_")
    assert clone(model).get_params()["scale_targets"] is True
    again = pickle.loads(pickle.dumps(model))
    assert again.estimators_[0] is again.estimators_[1]
    np.testing.assert_array_equal(again.predict(table.X_new), model.predict(table.X_new))
    # The noise of the targets is of the size of the signal; the third outcome's unit is a thousandth of the second's.
    grid = {"scale_targets": [False, True], "estimator__alpha": [1.0]}
    search = GridSearchCV(PooledTasks(Ridge()), grid, cv=3, error_score="raise").fit(table.X, table.Y_nan)
    assert search.best_params_["scale_targets"] is True
