"""Intervals of `MultiTaskConformal`: against refits written out, and the laws of missing outcomes and units."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, PredefinedSplit, ShuffleSplit

from skmtl.calibration import MultiTaskConformal
from skmtl.calibration._conformal_scores import entry_scores
from skmtl.gaussian_process import MultiTaskGPRegressor
from skmtl.linear_model import MeanRegularizedRidge
from skmtl.multioutput import IndependentTasks
from skmtl.multioutput._entries import read_entries
from skmtl.multioutput._left_out import Outcomes

N, P, T = 61, 3, 2


@pytest.fixture
def table():
    rng = np.random.default_rng(5)
    X, X_new = rng.normal(size=(N, P)), rng.normal(size=(7, P))
    Y = X @ rng.normal(size=(P, T)) + rng.normal(size=(N, T)) * [1, 20] + [0, 300]
    Y[rng.random((N, T)) < 0.3] = np.nan
    return X, Y, X_new


def by_hand(estimator, parts, X, y, X_new, coverage):
    """CV+ of one outcome, row by row and entry by entry."""
    low, high = [[] for _ in X_new], [[] for _ in X_new]
    for train, test in parts:
        seen = train[~np.isnan(y[train])]
        model = clone(estimator).fit(X[seen], y[seen])
        for i in test:
            if not np.isnan(y[i]):
                residual = abs(y[i] - model.predict(X[[i]])[0])
                for row, prediction in enumerate(model.predict(X_new)):
                    low[row].append(prediction - residual)
                    high[row].append(prediction + residual)
    n = len(low[0])
    up = int(np.ceil((n + 1) * coverage - 1e-9))
    return [sorted(v)[n - up] for v in low], [sorted(v)[up - 1] for v in high]


@pytest.mark.parametrize("method", ["cv+", "jackknife+", "split"])
@pytest.mark.parametrize("coverage", [0.7, 0.8])
def test_each_task_is_the_double_loop_over_its_observed_rows(table, method, coverage):
    X, Y, X_new = table
    cv = PredefinedSplit(np.arange(N) % 4)
    model = MultiTaskConformal(IndependentTasks(Ridge(0.5)), method=method, cv=cv).fit(X, Y)
    lower, upper = model.predict_interval(X_new, coverage)
    parts = list(KFold(N).split(X)) if method == "jackknife+" else list(cv.split())
    parts = parts[:1] if method == "split" else parts
    for t in range(T):
        low, high = by_hand(Ridge(0.5), parts, X, Y[:, t], X_new, coverage)
        np.testing.assert_allclose(lower[:, t], low, rtol=1e-10)
        np.testing.assert_allclose(upper[:, t], high, rtol=1e-10)
    fitted_on = parts[0][0] if method == "split" else np.arange(N)
    expected = IndependentTasks(Ridge(0.5)).fit(X[fitted_on], Y[fitted_on]).predict(X_new)
    np.testing.assert_allclose(model.predict(X_new), expected)


def test_jackknife_residuals_of_ridge_have_a_closed_form(table):
    """Left-out residual = residual / (1 - leverage) for ridge without intercept; no refit on this side."""
    X, Y, _ = table
    X, y = X[~np.isnan(Y[:, 0])], Y[~np.isnan(Y[:, 0]), 0]
    hat = X @ np.linalg.solve(X.T @ X + 0.7 * np.eye(P), X.T)
    model = MultiTaskConformal(Ridge(0.7, fit_intercept=False), method="jackknife+").fit(X, y)
    expected = np.abs(y - hat @ y) / (1 - np.diag(hat))
    np.testing.assert_allclose(model.calibration_scores_[0], expected, rtol=1e-10)


@pytest.mark.parametrize("method", ["cv+", "split", "jackknife+"])
@pytest.mark.parametrize("calibrate_by", ["task", "all"])
def test_rows_form_is_the_wide_form(table, method, calibrate_by, monkeypatch):
    """Every row as T rows of tasks, with folds that keep the copies of a row together."""
    X, Y, X_new = table
    fold, task = np.arange(N) % 4, np.repeat(["a", "b"], N)
    options = {"method": method, "calibrate_by": calibrate_by}
    if calibrate_by == "all":
        # Tasks of one unit have their scales drawn together, unless they say nothing of each other.
        monkeypatch.setattr("skmtl.calibration._conformal_scores._components", lambda *_: (0.0, 1.0))
    wide = MultiTaskConformal(IndependentTasks(Ridge()), cv=PredefinedSplit(fold), **options)
    wide.fit(X, pd.DataFrame(Y, columns=["a", "b"]))
    rows = MultiTaskConformal(IndependentTasks(Ridge()), cv=PredefinedSplit(np.tile(fold, T)), **options)
    groups = np.tile(np.arange(N), T)
    groups = groups if method == "jackknife+" else None  # PredefinedSplit has its own
    rows.fit(np.tile(X, (T, 1)), Y.T.ravel(), task=task, groups=groups)
    assert rows.task_names_.tolist() == wide.task_names_.tolist() == ["a", "b"]
    np.testing.assert_array_equal(rows.n_calibration_, wide.n_calibration_)
    for got, expected in zip(rows.predict_interval(X_new, 0.8), wide.predict_interval(X_new, 0.8), strict=True):
        np.testing.assert_allclose(got, expected)
    of_task = rows.predict_interval(X_new, [0.8, 0.7], task=["b", "a", "a", "b", "b", "a", "a"])
    every = rows.predict_interval(X_new, [0.8, 0.7])
    for got, expected in zip(of_task, every, strict=True):
        assert got.shape == (7, 2)
        np.testing.assert_array_equal(got, expected[np.arange(7), [1, 0, 0, 1, 1, 0, 0]])


@pytest.mark.parametrize("method", ["cv+", "split", "jackknife+"])
def test_missing_is_weight_zero_is_row_absent(table, method):
    X, Y, X_new = table
    y = Y[:, 1]
    seen = ~np.isnan(y)
    fold = np.arange(N) % 4
    missing = MultiTaskConformal(IndependentTasks(Ridge()), method=method, cv=PredefinedSplit(fold)).fit(X, y)
    absent = MultiTaskConformal(Ridge(), method=method, cv=PredefinedSplit(fold[seen])).fit(X[seen], y[seen])
    filled = np.where(seen, y, 1e6)
    weighted = MultiTaskConformal(IndependentTasks(Ridge()), method=method, cv=PredefinedSplit(fold))
    weighted.fit(X, filled, sample_weight=seen.astype(float))
    expected = absent.predict_interval(X_new, 0.8)
    for model in (missing, weighted):
        np.testing.assert_allclose(model.predict_interval(X_new, 0.8), expected)
        np.testing.assert_array_equal(model.n_calibration_, absent.n_calibration_)


def test_default_folds_see_what_is_observed_and_nothing_else(table):
    """Neither the values, nor the value under a weight of 0, move a row to another fold."""
    X, Y, X_new = table
    seen = ~np.isnan(Y)
    model = MultiTaskConformal(IndependentTasks(Ridge()), random_state=3)
    expected = clone(model).fit(X, Y)
    filled = np.where(seen, Y, 1e6)
    weighted = clone(model).fit(X, filled, sample_weight=seen.astype(float))
    np.testing.assert_allclose(weighted.predict_interval(X_new, 0.8), expected.predict_interval(X_new, 0.8))
    binary = clone(model).fit(X, np.where(seen, Y > np.nanmedian(Y, axis=0), np.nan))
    for one, other in zip(binary._scores, expected._scores, strict=True):
        np.testing.assert_array_equal(one.fold, other.fold)


@pytest.mark.parametrize("joint", [None, "max", "bonferroni"])
@pytest.mark.parametrize("calibrate_by", ["task", "all"])
def test_units_and_offsets(table, joint, calibrate_by):
    X, Y, X_new = table
    factor, offset = np.array([-0.01, 250.0]), np.array([7.0, -3.0])
    model = MultiTaskConformal(IndependentTasks(Ridge()), cv=4, calibrate_by=calibrate_by, random_state=0)
    lower, upper = clone(model).fit(X, Y).predict_interval(X_new, 0.7, joint=joint)
    other = clone(model).fit(X, Y * factor + offset).predict_interval(X_new, 0.7, joint=joint)
    expected = np.sort([lower * factor + offset, upper * factor + offset], axis=0)
    np.testing.assert_allclose(other, expected, rtol=1e-9)


def test_joint_max_is_the_largest_scaled_residual_of_complete_rows(table):
    X, Y, X_new = table
    model = MultiTaskConformal(IndependentTasks(Ridge()), method="split", cv=PredefinedSplit(np.arange(N) % 2)).fit(
        X, Y
    )
    test = np.flatnonzero(np.arange(N) % 2 == 0)
    residual = np.abs(Y[test] - model.predict(X[test]))
    scale = np.nanmean(residual, axis=0)
    np.testing.assert_allclose(model.scale_, scale)
    seen = (~np.isnan(residual)).sum(axis=0)
    others = (seen * scale - residual) / (seen - 1)  # each residual by the mean of the others
    largest = np.sort((residual / others).max(axis=1)[~np.isnan(residual).any(axis=1)])
    q = largest[int(np.ceil((len(largest) + 1) * 0.8)) - 1]
    lower, upper = model.predict_interval(X_new, 0.8, joint="max")
    np.testing.assert_allclose(lower, model.predict(X_new) - q * scale)
    np.testing.assert_allclose(upper, model.predict(X_new) + q * scale)


def test_joint_bonferroni_shares_alpha_out(table):
    X, Y, X_new = table
    model = MultiTaskConformal(IndependentTasks(Ridge()), random_state=0).fit(X, Y)
    joint = model.predict_interval(X_new, [0.8, 0.9], joint="bonferroni")
    np.testing.assert_array_equal(joint, model.predict_interval(X_new, [0.9, 0.95]))


def test_normalized_scores_divide_by_the_standard_deviation(table):
    X, Y, X_new = table
    gp = MultiTaskGPRegressor(optimizer=None)
    model = MultiTaskConformal(gp, method="split", cv=PredefinedSplit(np.arange(N) % 2), scores="normalized")
    model.fit(X, Y)
    test = np.flatnonzero(np.arange(N) % 2 == 0)
    mean, std = model.estimator_.predict(X[test], return_std=True, include_noise=True)
    mean_new, std_new = model.estimator_.predict(X_new, return_std=True, include_noise=True)
    lower, upper = model.predict_interval(X_new, 0.8)
    for t in range(T):
        seen = ~np.isnan(Y[test, t])
        score = np.sort(np.abs(Y[test, t] - mean[:, t])[seen] / std[seen, t])
        q = score[int(np.ceil((len(score) + 1) * 0.8)) - 1]
        np.testing.assert_allclose(lower[:, t], mean_new[:, t] - q * std_new[:, t])
        np.testing.assert_allclose(upper[:, t], mean_new[:, t] + q * std_new[:, t])
    assert np.ptp(upper[:, 0] - lower[:, 0]) > 0


def test_a_fitted_model_calibrated_at_a_new_site(table):
    """Prefit: nothing is fitted, every entry calibrates, a task without entries is infinite."""
    X, Y, X_new = table
    task = np.where(np.arange(N) % 2, "north", "south")
    y = np.where(np.isnan(Y[:, 0]), 0.0, Y[:, 0])
    fitted = MeanRegularizedRidge(0.01).fit(X[:30], y[:30], task=task[:30])
    model = MultiTaskConformal(fitted, method="split", cv="prefit")
    later = np.flatnonzero((np.arange(N) >= 30) & (task == "north"))
    model.fit(X[later], y[later], task=task[later])
    assert model.estimator_ is fitted
    assert model.n_calibration_.tolist() == [len(later), 0]
    residual = np.sort(np.abs(y[later] - fitted.predict(X[later], task=task[later])))
    q = residual[int(np.ceil((len(later) + 1) * 0.8)) - 1]
    with pytest.warns(RuntimeWarning, match="infinite.*task 'south'"):
        lower, upper = model.predict_interval(X_new, 0.8)
    np.testing.assert_allclose(upper[:, 0], fitted.predict(X_new)[:, 0] + q)
    assert np.isinf(lower[:, 1]).all()
    model.predict_interval(X_new, 0.8, task=["north"] * 7)  # nothing to warn of

    with pytest.raises(ValueError, match="does not know task 'west'"):
        MultiTaskConformal(fitted, method="split", cv="prefit").fit(X, y, task=["west"] * N)


def test_groups_are_left_out_whole(table):
    X, Y, _ = table
    y, groups = Y[:, 0], np.arange(N) // 2
    y = np.where(np.isnan(y), 0.0, y)

    class Watched(Ridge):
        def fit(self, X, y):
            self.rows_ = {tuple(row) for row in X}
            return super().fit(X, y)

    for method, n_models in (("cv+", 5), ("jackknife+", len(np.unique(groups))), ("split", 1)):
        model = MultiTaskConformal(Watched(), method=method, random_state=0).fit(X, y, groups=groups)
        assert len(model.estimators_) == n_models
        out = [frozenset(groups[[tuple(row) not in fit.rows_ for row in X]].tolist()) for fit in model.estimators_]
        kept = [frozenset(groups[[tuple(row) in fit.rows_ for row in X]].tolist()) for fit in model.estimators_]
        assert all(not left & fitted for left, fitted in zip(out, kept, strict=True))
        if method != "split":
            assert sum(map(len, out)) == len(np.unique(groups))


def test_too_few_entries_are_infinite_and_say_so_once(table):
    X, Y, X_new = table
    Y[12:, 1] = np.nan
    model = MultiTaskConformal(IndependentTasks(Ridge()), cv=3, random_state=0).fit(X, Y)
    n = int(model.n_calibration_[1])
    with pytest.warns(RuntimeWarning) as caught:
        lower, upper = model.predict_interval(X_new, [0.6, 0.95])
    assert len(caught) == 1
    message = str(caught[0].message)
    assert "task 1" in message
    assert f"fewer than 19 calibration entries at coverage 0.95: task 1 (with {n})" in message
    assert np.isinf(lower[:, 1, 1]).all()
    assert np.isinf(upper[:, 1, 1]).all()
    assert np.isfinite(lower[:, 1, 0]).all()
    assert np.isfinite(lower[:, 0]).all()
    assert not np.isnan(lower).any()

    shared = MultiTaskConformal(IndependentTasks(Ridge()), cv=3, random_state=0, calibrate_by="all").fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(shared.predict_interval(X_new, 0.95)).all()


def test_too_few_complete_rows_point_to_bonferroni(table):
    X, Y, X_new = table
    Y[::2, 0], Y[1::2, 1] = np.nan, np.nan
    model = MultiTaskConformal(IndependentTasks(Ridge()), cv=3, random_state=0).fit(X, Y)
    with pytest.warns(RuntimeWarning, match=r"fewer than 4 complete rows.*with|down to.*bonferroni"):
        lower, _ = model.predict_interval(X_new, 0.8, joint="max")
    assert np.isinf(lower).all()
    assert np.isfinite(model.predict_interval(X_new, 0.8, joint="bonferroni")).all()


def test_nothing_given_is_modified(table):
    X, Y, X_new = table
    copies = X.copy(), Y.copy(), X_new.copy()
    estimator = IndependentTasks(Ridge())
    MultiTaskConformal(estimator, random_state=0).fit(X, Y).predict_interval(X_new, 0.8)
    for before, after in zip(copies, (X, Y, X_new), strict=True):
        np.testing.assert_array_equal(before, after)
    assert not hasattr(estimator, "estimators_")


def test_splitters_need_not_keep_the_order_of_the_rows(table):
    X, Y, _ = table
    inner = IndependentTasks(Ridge(0.5))
    train, test = next(ShuffleSplit(1, test_size=0.4, random_state=0).split(X))
    shuffled = MultiTaskConformal(inner, method="split", cv=ShuffleSplit(1, test_size=0.4, random_state=0)).fit(X, Y)
    fitted = clone(inner).fit(X[np.sort(train)], Y[np.sort(train)]).predict(X)
    for t in range(T):
        rows = np.sort(test[~np.isnan(Y[test, t])])
        residual = np.abs(Y[rows, t] - fitted[rows, t])
        np.testing.assert_allclose(shuffled.calibration_scores_[t], residual, rtol=1e-9)
    parts = np.array_split(np.random.default_rng(0).permutation(N), 4)
    rest = [np.setdiff1d(np.arange(N), part) for part in parts]
    permuted = MultiTaskConformal(inner, cv=list(zip(rest, parts, strict=True))).fit(X, Y)
    ordered = MultiTaskConformal(inner, cv=[(r, np.sort(p)) for r, p in zip(rest, parts, strict=True)]).fit(X, Y)
    for t in range(T):
        np.testing.assert_allclose(permuted.calibration_scores_[t], ordered.calibration_scores_[t], rtol=1e-9)


def test_scores_stand_with_their_entries_in_any_order_of_the_test_rows(table):
    """The part that looks scores up asks for no order by itself."""
    X, Y, _ = table
    full = np.nan_to_num(Y[:, :1])
    entries = read_entries(
        X, full[:, 0], task=None, sample_weight=None, kinds=lambda names: ["numeric"] * len(names), owner="test"
    )
    model = Ridge(0.5).fit(X, full[:, 0])
    outcomes = Outcomes(entries.names, (None,), False)
    test = np.random.default_rng(0).permutation(N)
    (scores,) = entry_scores([model], X, entries, [(np.arange(0), test)], outcomes, "lac", 0)
    np.testing.assert_allclose(scores.value, np.abs(full[:, 0] - model.predict(X)), rtol=1e-9)


def test_other_outcomes_are_a_cure_where_there_are_some(table):
    X, Y, X_new = table
    for outcomes, helps in ((Y, True), (np.nan_to_num(Y[:, 0]), False)):
        model = MultiTaskConformal(IndependentTasks(Ridge(0.5)), random_state=0).fit(X, outcomes)
        with pytest.warns(RuntimeWarning, match="Give more entries") as said:
            model.predict_interval(X_new, 0.99)
        assert ("calibrate_by='all'" in str(said[0].message)) == helps
