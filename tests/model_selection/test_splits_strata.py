"""Quantile bins and missingness patterns are spread, and the repeats and the size of the work."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict, cross_validate

from skmtl._splits.strata import MAX_PATTERNS, missingness_patterns, quantile_bins
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model import MultiTaskLassoCV, MultiTaskRidge
from skmtl.model_selection import MultiTaskKFold, RepeatedMultiTaskKFold


def fold_of(parts, n):
    fold = np.full(n, -1)
    for k, (_, test) in enumerate(parts):
        fold[test] = k
    return fold


def split(cv, y, **kwargs):
    return fold_of(cv.split(np.zeros((len(y), 1)), y, **kwargs), len(y))


def counts(fold, mask):
    return np.stack([mask[fold == k].sum(axis=0) for k in range(fold.max() + 1)])


def shuffled(n_splits=5, seed=0, **kwargs):
    return MultiTaskKFold(n_splits, shuffle=True, random_state=seed, **kwargs)


# ---------------------------------------------------------------------------------------------------------
# Quantile bins


@pytest.mark.parametrize(
    ("n", "bin_size", "sizes"), [(23, 5, [6, 6, 6, 5]), (101, 5, [21, 20, 20, 20, 20]), (9, 5, [])]
)
def test_sizes_of_bins(n, bin_size, sizes):
    values = np.random.default_rng(n).standard_normal(n)
    bins = quantile_bins(values, bin_size)
    assert sorted((len(rows) for rows in bins), reverse=True) == sizes
    # Bins are in order, and every value is in one.
    if sizes:
        assert all(values[a].max() < values[b].min() for a, b in itertools.pairwise(bins))
        assert sorted(np.concatenate(bins).tolist()) == list(range(n))


def test_ties_stay_in_one_bin_and_units_do_not_matter():
    # Half of the values are zero, as in costs.
    values = np.r_[np.zeros(25), np.arange(1.0, 26.0)]
    bins = quantile_bins(values, 5)
    assert [np.unique(values[rows]).size == 1 for rows in bins] == [True, False, False, False]
    assert [len(rows) for rows in bins] == [25, 5, 10, 10]
    other = quantile_bins(1e-3 * values - 7, 5)
    assert all(np.array_equal(a, b) for a, b in zip(bins, other, strict=True))
    assert quantile_bins(np.full(50, 3.0), 5) == []


def fifths(y):
    """Which fifth of the sorted values each value lies in."""
    edges = np.sort(y)[np.ceil(np.arange(1, 5) * len(y) / 5).astype(int) - 1]
    return (y[:, None] > edges).sum(axis=1)


@pytest.mark.parametrize("seed", range(10))
def test_fifths_of_a_number_are_spread_where_rows_are_shuffled(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(60, 400))
    y = rng.lognormal(sigma=2.0, size=n)
    of_fifth = fifths(y)[:, None] == np.arange(5)
    fold = split(shuffled(seed=seed), y)
    assert np.ptp(counts(fold, of_fifth), axis=0).max() <= 1
    assert np.ptp(np.bincount(fold)) <= 1
    # Not if one does not want it, nor where folds are to be those of KFold.
    plain = split(shuffled(seed=seed, stratify=False), y)
    assert np.ptp(counts(plain, of_fifth), axis=0).max() >= 3
    np.testing.assert_array_equal(split(MultiTaskKFold(5), y), split(KFold(5), y))


def test_means_of_test_parts_vary_less_than_those_of_plain_folds():
    rng = np.random.default_rng(0)
    ours, plain = [], []
    for seed in range(40):
        y = rng.lognormal(sigma=1.0, size=(100, 4))
        y[rng.random(y.shape) < 0.3] = np.nan
        for cv, spread in ((shuffled(seed=seed), ours), (KFold(5, shuffle=True, random_state=seed), plain)):
            fold = split(cv, y)
            spread.append(np.std([np.nanmean(np.log(y[fold == k]), axis=0) for k in range(5)], axis=0))
    # Half as large a standard deviation or less.
    assert np.mean(ours) < 0.5 * np.mean(plain)


def test_bins_within_tasks_of_the_rows_form():
    rng = np.random.default_rng(0)
    task = rng.permutation(np.repeat([0, 1, 2], [100, 60, 25]))
    # Sites differ so much that bins of the whole would be the sites.
    y = 100.0 * task + rng.standard_normal(task.size)
    fold = split(shuffled(), y, task=task)
    for t in range(3):
        within = fifths(y[task == t])[:, None] == np.arange(5)
        assert np.ptp(counts(fold[task == t], within), axis=0).max() <= 1
        assert np.ptp(counts(fold, task == t)) <= 1


# ---------------------------------------------------------------------------------------------------------
# Missingness patterns


def test_rows_with_the_same_outcomes_observed_are_spread():
    rng = np.random.default_rng(0)
    # Visit schedules: everything, labs only, labs and imaging, nothing.
    schedules = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]], dtype=bool)
    kind = rng.choice(4, 203, p=[0.5, 0.25, 0.15, 0.1])
    y = np.where(schedules[kind], rng.standard_normal((203, 4)), np.nan)
    for cv in (MultiTaskKFold(5), shuffled()):
        fold = split(cv, y)
        assert np.ptp(counts(fold, kind[:, None] == np.arange(4)), axis=0).max() <= 1
        assert np.ptp(np.bincount(fold)) <= 1


def test_patterns_matter_beyond_the_single_outcomes():
    # Both outcomes or none in half of the rows, one of the two in the others: each alone is in every second row.
    both, one = np.array([[1, 1], [0, 0]]), np.array([[1, 0], [0, 1]])
    seen = np.vstack([np.tile(both, (15, 1)), np.tile(one, (15, 1))]).astype(bool)
    y = np.where(seen, np.random.default_rng(0).standard_normal(seen.shape), np.nan)
    np.testing.assert_array_equal(counts(split(shuffled(), y), seen.all(axis=1)), [3] * 5)


def test_strata_of_patterns():
    seen = np.array([[1, 1], [1, 0], [1, 1], [0, 1], [1, 0], [1, 1]], dtype=bool)
    # A pattern with one row alone is no stratum.
    assert [rows.tolist() for rows in missingness_patterns(seen)] == [[0, 2, 5], [1, 4]]
    assert missingness_patterns(np.ones((5, 3), dtype=bool)) == []
    assert missingness_patterns(np.ones((5, 0), dtype=bool)) == []


def test_rare_patterns_are_told_apart_by_the_number_of_outcomes():
    # All pairs out of 12 outcomes, twice each: 66 patterns, of which 50 are strata of their own. Three rows have three.
    pairs = [[i, j] for i in range(12) for j in range(i)] * 2 + [[0, 1, 2], [0, 1, 3], [0, 1, 4]]
    seen = np.zeros((len(pairs), 12), dtype=bool)
    for row, pair in enumerate(pairs):
        seen[row, pair] = True
    strata = missingness_patterns(seen)
    assert len(strata) == MAX_PATTERNS + 2
    assert sorted(len(rows) for rows in strata) == [2] * 50 + [3, 32]
    assert {int(seen[rows].sum(axis=1).min()) for rows in strata[-2:]} == {2, 3}
    assert sorted(np.concatenate(strata).tolist()) == list(range(len(pairs)))


def test_folds_of_a_long_table_with_many_patterns():
    rng = np.random.default_rng(0)
    y = np.where(rng.random((20_000, 12)) < 0.7, rng.standard_normal((20_000, 12)), np.nan)
    fold = split(shuffled(), y)
    assert np.ptp(np.bincount(fold)) == 0
    assert np.ptp(counts(fold, np.isfinite(y)), axis=0).max() <= 4


def test_long_tables_of_few_kinds_of_rows():
    # Whole shares of each kind are dealt at once: 1e5 rows in six kinds.
    rng = np.random.default_rng(0)
    event = (rng.random(100_003) < 0.01).astype(float)
    y = np.column_stack([event, np.where(rng.random(100_003) < 0.5, 0.5, np.nan)])
    fold = split(MultiTaskKFold(7), y)
    assert np.ptp(np.bincount(fold)) <= 1
    assert np.ptp(counts(fold, event == 1)) <= 1
    both = (event == 1) & np.isfinite(y[:, 1])
    assert np.ptp(counts(fold, both)) <= 1


# ---------------------------------------------------------------------------------------------------------
# Repeats


def table(n=53):
    rng = np.random.default_rng(0)
    y = pd.DataFrame({"x": rng.standard_normal(n), "dead": rng.random(n) < 0.2, "late": rng.standard_normal(n)})
    y.loc[rng.random(n) < 0.5, "late"] = np.nan
    return y


def test_repeats_are_new_draws_and_reproducible():
    y, n = table(), 53
    X = np.zeros((n, 1))
    cv = RepeatedMultiTaskKFold(4, n_repeats=3, random_state=7)
    folds = [fold_of(list(cv.split(X, y))[4 * r : 4 * r + 4], n) for r in range(3)]
    assert all(np.any(a != b) for a, b in zip(folds, folds[1:] + folds[:1], strict=True))
    again = list(cv.split(X, y))
    np.testing.assert_array_equal(fold_of(again[4:8], n), folds[1])
    np.testing.assert_array_equal(folds[0], split(shuffled(4, seed=7), y))
    other = RepeatedMultiTaskKFold(4, n_repeats=3, random_state=8)
    assert np.any(fold_of(list(other.split(X, y))[:4], n) != folds[0])
    # A generator goes on where it stands.
    rng = np.random.RandomState(7)
    moving = RepeatedMultiTaskKFold(4, n_repeats=1, random_state=rng)
    first, second = (fold_of(moving.split(X, y), n) for _ in range(2))
    np.testing.assert_array_equal(first, folds[0])
    assert np.any(first != second)


def test_repeats_clone_pickle_repr():
    cv = RepeatedMultiTaskKFold(3, n_repeats=2, random_state=1)
    assert repr(cv) == "RepeatedMultiTaskKFold(n_repeats=2, n_splits=3, random_state=1)"
    assert repr(RepeatedMultiTaskKFold()) == "RepeatedMultiTaskKFold()"
    assert cv.get_n_splits() == cv.get_n_splits(np.zeros((9, 1)), np.zeros(9)) == 6
    assert RepeatedMultiTaskKFold().get_n_splits() == 50
    assert cv.get_params() == {"n_splits": 3, "n_repeats": 2, "random_state": 1, "stratify": "auto"}
    want = [test.tolist() for _, test in cv.split(np.zeros((53, 1)), table())]
    for copy in (clone(cv), pickle.loads(pickle.dumps(cv))):
        assert [test.tolist() for _, test in copy.split(np.zeros((53, 1)), table())] == want


def test_everything_is_checked_by_the_call_of_split():
    y = table().assign(late=[0.5] + [np.nan] * 52)
    with pytest.raises(TaskDataError, match=r"^Task 'late' has 1 observed entry, and the training part without it"):
        RepeatedMultiTaskKFold(4).split(np.zeros((53, 1)), y)
    y = table().assign(late=[0.5] * 3 + [np.nan] * 50)
    with pytest.warns(UserWarning, match=r"^Task 'late' has 3 observed entries, and 1 of 4 test parts has") as caught:
        RepeatedMultiTaskKFold(4, n_repeats=5).split(np.zeros((53, 1)), y)
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_splits": 1}, "The 'n_splits' parameter of RepeatedMultiTaskKFold must be an int in the range [2, inf)"),
        ({"n_repeats": 0}, "The 'n_repeats' parameter of RepeatedMultiTaskKFold must be an int in the range [1, inf)"),
        ({"random_state": -1}, "The 'random_state' parameter of RepeatedMultiTaskKFold must be None, an int"),
        ({"stratify": None}, "The 'stratify' parameter of RepeatedMultiTaskKFold must be one of 'auto' or a bool"),
    ],
)
def test_parameters_of_repeats(params, message):
    cv = RepeatedMultiTaskKFold(**params)
    for use in (lambda: cv.split(np.zeros((9, 2)), np.zeros(9)), cv.get_n_splits):
        with pytest.raises(InvalidParameterError) as caught:
            use()
        assert str(caught.value).startswith(message)


# ---------------------------------------------------------------------------------------------------------
# In scikit-learn's functions


def test_repeats_in_cross_validate_and_folds_in_cross_val_predict():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    Y = X @ rng.standard_normal((3, 2)) + 0.1 * rng.standard_normal((60, 2))
    Y[rng.random((60, 2)) < 0.4] = np.nan
    cv = RepeatedMultiTaskKFold(3, n_repeats=2, random_state=0)
    scores = cross_validate(MultiTaskRidge(alpha=1e-3), X, Y, cv=cv)["test_score"]
    assert scores.shape == (6,)
    assert scores.min() > 0.9
    out = cross_val_predict(MultiTaskRidge(alpha=1e-3), X, Y, cv=MultiTaskKFold(3))
    assert np.nanmax(np.abs(out - Y)) < 1.0
    model = MultiTaskLassoCV(alphas=5, cv=cv).fit(X, Y)
    assert model.mse_path_.shape == (5, 6)


class NeedsEachTask(BaseEstimator):
    """Fails where a task of the test part was not trained on, or a group is in both parts."""

    def fit(self, X, y, task=None):
        self.known_, self.groups_ = set(np.asarray(task).tolist()), set(X[:, 0].tolist())
        return self

    def score(self, X, y, task=None):
        assert set(np.asarray(task).tolist()) <= self.known_
        assert not set(X[:, 0].tolist()) & self.groups_
        return 1.0


def test_groups_and_tasks_are_routed_to_repeats():
    task = np.repeat(["a", "b", "c"], [30, 20, 10])
    groups = np.arange(60) // 2
    with sklearn.config_context(enable_metadata_routing=True):
        model = NeedsEachTask().set_fit_request(task=True).set_score_request(task=True)
        cv = RepeatedMultiTaskKFold(3, n_repeats=2, random_state=0)
        result = cross_validate(
            model, groups[:, None], np.arange(60.0), cv=cv, params={"task": task, "groups": groups}, error_score="raise"
        )
    assert result["test_score"].tolist() == [1.0] * 6


def test_cv_estimators_do_without_a_task_in_a_test_part():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    Y = X @ rng.standard_normal((3, 2)) + 0.1 * rng.standard_normal((40, 2))
    Y[3:, 1] = np.nan
    # Nobody can act on inner folds: they are silent.
    model = MultiTaskLassoCV(alphas=5).fit(X, Y)
    assert np.isfinite(model.mse_path_).all()
    np.testing.assert_array_equal(np.isnan(model.task_mse_path_[:, :, 1]).all(axis=0).sum(), 2)


def test_the_regressor_of_scikit_learn_takes_the_folds():
    y = np.random.default_rng(0).standard_normal(30)
    scores = cross_validate(LinearRegression(), y[:, None], y, cv=RepeatedMultiTaskKFold(3, random_state=0))
    assert scores["test_score"].shape == (30,)
    assert scores["test_score"].min() > 0.99
