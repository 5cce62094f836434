"""Folds of MultiTaskKFold: what they guarantee, how even they are, and what is said when there are none."""

from __future__ import annotations

import itertools
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from scipy import sparse
from scipy.optimize import LinearConstraint, milp
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import BaseCrossValidator, GridSearchCV, KFold, cross_val_score

from skmtl._splits import check_task_cv, split_tasks
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.model_selection import MultiTaskKFold


def parts_of(cv, y, **kwargs):
    return list(cv.split(np.zeros((len(y), 3)), y, **kwargs))


def fold_of(parts, n):
    """The fold of each row, checked to be a partition with complementary training parts."""
    fold = np.full(n, -1)
    for k, (train, test) in enumerate(parts):
        assert np.all(fold[test] == -1)
        fold[test] = k
        np.testing.assert_array_equal(np.setdiff1d(np.arange(n), test), train)
    assert np.all(fold >= 0)
    return fold


def counts(fold, mask):
    """Entries of a mask (n,) or (n, T) in each fold: (K,) or (K, T)."""
    return np.stack([mask[fold == k].sum(axis=0) for k in range(fold.max() + 1)])


def masked_targets(rng, n, n_tasks, rate):
    return np.where(rng.random((n, n_tasks)) < rate, rng.standard_normal((n, n_tasks)), np.nan)


# ---------------------------------------------------------------------------------------------------------
# Guarantees


@pytest.mark.parametrize("seed", range(60))
def test_every_task_is_observed_in_every_part(seed):
    rng = np.random.default_rng(seed)
    n, n_tasks, n_splits = rng.integers(23, 301), rng.integers(1, 9), rng.integers(2, 8)
    y = masked_targets(rng, n, n_tasks, rng.choice([0.2, 0.5, 0.9, 1.1]))
    seen = np.isfinite(y)
    assert seen.sum(axis=0).min() >= n_splits
    shuffle = bool(seed % 2)
    cv = MultiTaskKFold(n_splits, shuffle=shuffle, random_state=seed if shuffle else None)
    fold = fold_of(parts_of(cv, y), n)
    assert counts(fold, seen).min() >= 1
    # Sizes differ by at most one row, the entries of a task by a few.
    assert np.ptp(np.bincount(fold)) <= 1
    assert np.ptp(counts(fold, seen), axis=0).max() <= 2


@pytest.mark.parametrize("seed", range(40))
def test_classes_are_in_every_training_part_and_spread(seed):
    rng = np.random.default_rng(1000 + seed)
    n, n_tasks, n_splits = rng.integers(41, 301), rng.integers(2, 7), rng.integers(2, 7)
    y = masked_targets(rng, n, n_tasks, rng.choice([0.6, 0.8, 1.1]))
    event = rng.random(n) < rng.choice([0.03, 0.1, 0.4])
    y[:, 0] = np.where(np.isfinite(y[:, 0]), event, np.nan)
    seen = np.isfinite(y)
    n_events = int((y[:, 0] == 1).sum())
    cv = MultiTaskKFold(n_splits)
    if n_events == 1:
        with pytest.raises(TaskDataError, match=r"^Class 1.0 of task 0 has 1 observed entry, and the training"):
            parts_of(cv, y)
        return
    with warnings.catch_warnings(record=True, action="always") as caught:
        fold = fold_of(parts_of(cv, y), n)
    assert counts(fold, seen).min() >= 1
    assert len(caught) == (0 < n_events < n_splits)
    if n_events:
        in_test = counts(fold, y[:, 0] == 1)
        # As many different folds as there can be: all of them, or one for each event.
        assert (in_test > 0).sum() == min(n_splits, n_events)
        assert np.ptp(in_test) <= 1
        assert np.ptp(counts(fold, y[:, 0] == 0)) <= 2
    assert np.ptp(np.bincount(fold)) <= 1


@pytest.mark.parametrize("seed", range(40))
def test_groups_stay_together_and_the_rest_holds(seed):
    rng = np.random.default_rng(2000 + seed)
    n, n_tasks, n_splits = rng.integers(60, 301), rng.integers(1, 7), rng.integers(2, 6)
    groups = np.sort(rng.integers(0, n // 4, n))
    groups = rng.permutation(groups)
    y = masked_targets(rng, n, n_tasks, rng.choice([0.3, 0.7, 1.1]))
    seen = np.isfinite(y)
    fold = fold_of(parts_of(MultiTaskKFold(n_splits), y, groups=groups), n)
    assert all(np.unique(fold[groups == g]).size == 1 for g in np.unique(groups))
    assert counts(fold, seen).min() >= 1
    # Many small groups: sizes come out even, entries nearly so.
    assert np.ptp(np.bincount(fold)) <= 2
    assert np.ptp(counts(fold, seen), axis=0).max() <= 10


def test_very_unequal_groups():
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(31), np.r_[40, np.full(30, 3)])
    y = masked_targets(rng, 130, 3, 0.3)
    fold = fold_of(parts_of(MultiTaskKFold(4), y, groups=groups), 130)
    # Group 0 fills a fold alone; the other thirty groups share three folds.
    assert sorted(np.bincount(fold)) == [30, 30, 30, 40]
    assert counts(fold, np.isfinite(y)).min() >= 1


@pytest.mark.parametrize("seed", range(10))
def test_rows_form_spreads_each_task(seed):
    rng = np.random.default_rng(3000 + seed)
    n_tasks, n_splits = rng.integers(2, 41), rng.integers(2, 6)
    sizes = rng.integers(n_splits, 30, n_tasks)
    task = rng.permutation(np.repeat([f"h{t}" for t in range(n_tasks)], sizes))
    n = task.size
    y = rng.standard_normal(n)
    fold = fold_of(parts_of(MultiTaskKFold(n_splits), y, task=task), n)
    of_task = np.stack([task == f"h{t}" for t in range(n_tasks)], axis=1)
    assert np.ptp(counts(fold, of_task), axis=0).max() <= 1
    assert np.ptp(np.bincount(fold)) <= 1
    # The same table as wide targets obeys the same rule.
    wide = np.where(of_task, y[:, None], np.nan)
    assert np.ptp(counts(fold_of(parts_of(MultiTaskKFold(n_splits), wide), n), of_task), axis=0).max() <= 1


def test_rows_form_allows_a_task_with_a_single_event():
    task = np.repeat([0, 1, 2], 11)
    y = np.zeros(33)
    y[[0, 11, 12, 13]] = 1
    with pytest.warns(UserWarning, match=r"^Class 1.0 of task 0 has 1 observed entry, and 2 of 3 test parts have none"):
        fold = fold_of(parts_of(MultiTaskKFold(3), y, task=task), 33)
    assert counts(fold, y == 1).max() <= 2
    # Task 1 has three events, one for each fold; task 2 has none.
    np.testing.assert_array_equal(counts(fold, (y == 1) & (task == 1)), [1, 1, 1])


def test_rows_form_needs_the_class_somewhere_else():
    task = np.repeat([0, 1, 2], 11)
    with pytest.raises(TaskDataError, match=r"^Class 1.0 of the outcome has 1 observed entry"):
        parts_of(MultiTaskKFold(3), np.r_[1.0, np.zeros(32)], task=task)


def test_rows_form_with_unobserved_rows_and_no_y():
    task = np.repeat([3, 4], [8, 5])
    y = np.where(np.arange(13) % 8 < 3, 0.5 + np.arange(13), np.nan)
    fold = fold_of(parts_of(MultiTaskKFold(3), y, task=task), 13)
    np.testing.assert_array_equal(counts(fold, np.isfinite(y)), [2, 2, 2])
    fold = fold_of(list(MultiTaskKFold(5).split(np.zeros((13, 2)), task=task)), 13)
    np.testing.assert_array_equal(counts(fold, task == 4), [1] * 5)


# ---------------------------------------------------------------------------------------------------------
# When several tasks share few rows: an assignment is found whenever there is one


def tight_mask(rng, n, n_tasks, n_splits, slack):
    mask = np.zeros((n, n_tasks), dtype=bool)
    for t in range(n_tasks):
        mask[rng.choice(n, min(n, n_splits + rng.integers(0, slack + 1)), replace=False), t] = True
    return mask


def exists_by_enumeration(mask, n_splits):
    folds = np.array(list(itertools.product(range(n_splits), repeat=len(mask))))
    held = [(folds == k).astype(int) @ mask for k in range(n_splits)]
    return bool(np.any(np.min(held, axis=(0, 2)) > 0))


def exists_by_integer_program(mask, n_splits):
    n = len(mask)
    one_fold = sparse.kron(sparse.identity(n), np.ones((1, n_splits)))
    covered = sparse.kron(mask.T.astype(float), sparse.identity(n_splits))
    rules = [LinearConstraint(one_fold, 1, 1), LinearConstraint(covered, 1, np.inf)]
    result = milp(np.zeros(n * n_splits), constraints=rules, integrality=np.ones(n * n_splits), bounds=(0, 1))
    assert result.status in (0, 2)
    return result.status == 0


def test_small_tables_agree_with_enumeration():
    rng = np.random.default_rng(7)
    found = impossible = 0
    for _ in range(40):
        n, n_splits = rng.integers(6, 9), rng.integers(2, 4)
        mask = tight_mask(rng, n, rng.integers(5, 9), n_splits, 1)
        y = np.where(mask, 0.5, np.nan)
        try:
            fold = fold_of(parts_of(MultiTaskKFold(n_splits), y), n)
        except (TaskDataError, UserWarning):
            assert not exists_by_enumeration(mask, n_splits)
            impossible += 1
        else:
            assert counts(fold, mask).min() > 0
            found += 1
    assert found >= 20
    assert impossible >= 3


@pytest.mark.parametrize(("n", "n_tasks", "n_splits", "slack"), [(13, 5, 3, 1), (23, 8, 5, 2), (31, 12, 4, 2)])
def test_tight_tables_agree_with_an_integer_program(n, n_tasks, n_splits, slack):
    rng = np.random.default_rng(n)
    missed = solvable = 0
    for _ in range(30):
        mask = tight_mask(rng, n, n_tasks, n_splits, slack)
        try:
            fold = fold_of(parts_of(MultiTaskKFold(n_splits), np.where(mask, 0.5, np.nan)), n)
        except (TaskDataError, UserWarning):
            missed += exists_by_integer_program(mask, n_splits)
            solvable += exists_by_integer_program(mask, n_splits)
        else:
            assert counts(fold, mask).min() > 0
            solvable += 1
    assert solvable >= 20
    assert missed == 0


# ---------------------------------------------------------------------------------------------------------
# Relation to scikit-learn's folds, and determinism


@pytest.mark.parametrize("shape", [(23,), (23, 4)])
@pytest.mark.parametrize("kwargs", [{}, {"shuffle": True, "random_state": 3}])
def test_complete_continuous_targets_get_the_folds_of_kfold(shape, kwargs):
    y = np.random.default_rng(0).standard_normal(shape)
    # Shuffled rows are stratified by the bin of their values, unless one says no.
    cv = MultiTaskKFold(5, stratify=False if kwargs else "auto", **kwargs)
    for ours, theirs in zip(parts_of(cv, y), KFold(5, **kwargs).split(y), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_without_targets_it_is_kfold():
    X = np.zeros((11, 2))
    for ours, theirs in zip(MultiTaskKFold(3).split(X), KFold(3).split(X), strict=True):
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_large_table_is_even():
    rng = np.random.default_rng(0)
    y = masked_targets(rng, 4001, 20, 0.6)
    y[:, :5] = np.where(np.isfinite(y[:, :5]), y[:, :5] > 1.6, np.nan)
    fold = fold_of(parts_of(MultiTaskKFold(5), y), 4001)
    assert np.ptp(np.bincount(fold)) == 1
    assert np.ptp(counts(fold, np.isfinite(y)), axis=0).max() <= 4
    assert np.ptp(counts(fold, y == 1), axis=0).max() <= 4


def test_the_shuffle_depends_on_random_state_only():
    y = masked_targets(np.random.default_rng(0), 57, 3, 0.5)
    one, two, other = (
        fold_of(parts_of(MultiTaskKFold(5, shuffle=True, random_state=seed), y), 57) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert np.any(one != other)
    plain = [fold_of(parts_of(MultiTaskKFold(5), y), 57) for _ in range(2)]
    np.testing.assert_array_equal(*plain)
    rng = np.random.RandomState(1)
    np.testing.assert_array_equal(one, fold_of(parts_of(MultiTaskKFold(5, shuffle=True, random_state=rng), y), 57))


def test_input_is_unchanged_and_may_be_read_only():
    y = masked_targets(np.random.default_rng(0), 31, 3, 0.7)
    before = y.copy()
    y.setflags(write=False)
    parts_of(MultiTaskKFold(3), y)
    np.testing.assert_array_equal(y, before)


# ---------------------------------------------------------------------------------------------------------
# Forms of the targets


def test_frames_objects_and_labels_give_the_same_folds():
    rng = np.random.default_rng(0)
    y = masked_targets(rng, 47, 3, 0.7)
    y[:, 2] = np.where(np.isfinite(y[:, 2]), rng.random(47) < 0.3, np.nan)
    want = fold_of(parts_of(MultiTaskKFold(5), y), 47)
    frame = pd.DataFrame(y, columns=["a", "b", "dead"])
    nullable = frame.convert_dtypes()
    with_none = frame.astype(object).where(frame.notna(), None)
    polars = pl.DataFrame({name: [None if np.isnan(v) else v for v in frame[name]] for name in frame})
    assert polars["dead"].null_count() > 0
    for form in (frame, nullable, with_none, with_none.to_numpy(), polars, y.tolist()):
        np.testing.assert_array_equal(fold_of(parts_of(MultiTaskKFold(5), form), 47), want)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_labels_with_missing_entries_are_classes(make):
    state = ["no", "yes", None, "no", "no"] * 5 + ["maybe"] * 2
    y = make({"x": np.arange(27) / 2, "state": state})
    with pytest.warns(
        UserWarning, match=r"^Class 'maybe' of task 'state' has 2 observed entries, and 3 of 5 test parts"
    ):
        fold = fold_of(parts_of(MultiTaskKFold(5), y), 27)
    is_yes, is_maybe = (np.array([v == label for v in state]) for label in ("yes", "maybe"))
    np.testing.assert_array_equal(counts(fold, is_yes), [1] * 5)
    assert counts(fold, is_maybe).max() == 1


def test_booleans_are_classes():
    y = np.zeros(23, dtype=bool)
    y[:4] = True
    np.testing.assert_array_equal(counts(fold_of(parts_of(MultiTaskKFold(4), y), 23), y), [1] * 4)


def test_whole_numbers_with_few_values_are_spread_but_no_reason_for_an_error():
    y = np.repeat([0, 1, 2, 3], [20, 5, 5, 1])
    fold = fold_of(parts_of(MultiTaskKFold(5), y), 31)
    np.testing.assert_array_equal(counts(fold, y == 1), [1] * 5)
    np.testing.assert_array_equal(counts(fold, y == 2), [1] * 5)
    with pytest.raises(TaskDataError, match=r"^Class 3 of the outcome has 1 observed entry"):
        parts_of(MultiTaskKFold(5, stratify=True), y)
    # Twenty values are measurements.
    many = np.arange(40) // 2
    np.testing.assert_array_equal(fold_of(parts_of(MultiTaskKFold(5), many), 40), np.arange(40) // 8)


def test_stratify_false_looks_at_observedness_only():
    y = np.r_[1.0, np.zeros(22)]
    np.testing.assert_array_equal(fold_of(parts_of(MultiTaskKFold(2, stratify=False), y), 23), np.arange(23) // 12)


# ---------------------------------------------------------------------------------------------------------
# What is said when it cannot be done

NAN = np.nan
THREE = pd.DataFrame({"ldl": np.r_[0.5, 1.5, 2.5, np.full(8, NAN)], "hdl": np.arange(11) / 2})
WARNINGS = {
    "few entries": (
        {"y": THREE},
        "Task 'ldl' has 3 observed entries, and 2 of 5 test parts have none of it. Use at most 3 splits to have it in "
        "all.",
    ),
    "entries of few groups": (
        {"y": THREE, "groups": ["a", "a", *range(9)], "n_splits": 3},
        "Task 'ldl' has 3 observed entries, in 2 groups that stay together, and 1 of 3 test parts has none of it. Use "
        "at most 2 splits to have it in all.",
    ),
    "rows of a task": (
        {"y": np.arange(11) / 2, "task": ["north"] * 8 + ["south"] * 3},
        "Task 'south' has 3 observed entries, and 2 of 5 test parts have none of it. Use at most 3 splits to have it "
        "in all.",
    ),
    "several, tasks first": (
        {"y": pd.DataFrame({"dead": [True] * 2 + [False] * 9, "ldl": THREE["ldl"], "hdl": THREE["hdl"]})},
        "Task 'ldl' has 3 observed entries, and 2 of 5 test parts have none of it. Use at most 3 splits to have it in "
        "all. 1 more also, of all tasks and classes.",
    ),
    "rows shared": (
        # Three rows for three folds, and each of three tasks in two of the rows and one other row for all.
        {
            "y": np.where(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1], *[[0, 0, 0]] * 5]) == 1, 0.5, NAN),
            "n_splits": 3,
        },
        None,
    ),
}


@pytest.mark.parametrize("case", WARNINGS)
def test_warnings(case):
    arguments, message = WARNINGS[case]
    arguments = dict(arguments)
    y = arguments.pop("y")
    cv = MultiTaskKFold(arguments.pop("n_splits", 5))
    with warnings.catch_warnings(record=True, action="always") as caught:
        cv.split(np.zeros((y.shape[0], 2)), y, **arguments)
    assert [warning.category for warning in caught] == [UserWarning]
    # It points at the call of split.
    assert caught[0].filename == __file__
    if message is None:
        assert str(caught[0].message).endswith("Too few rows are shared by too many outcomes, as it seems.")
        assert not exists_by_enumeration(np.isfinite(y), 3)
    else:
        assert str(caught[0].message) == message


ERRORS = {
    "one entry, several tasks": (
        {"y": np.column_stack([[0.5, *[NAN] * 10], [0.5, *[NAN] * 10], np.arange(11) / 2])},
        "Task 0 has 1 observed entry, and the training part without it could not fit the task: drop the outcome, or "
        "merge it with another one. 1 more also.",
    ),
    "no entry": (
        {"y": pd.DataFrame({"ldl": np.full(11, NAN), "hdl": np.arange(11) / 2})},
        "Task 'ldl' has no observed entry: drop it.",
    ),
    "entries of one group": (
        {"y": THREE, "groups": ["a", "a", "a", *range(8)], "n_splits": 3},
        "Task 'ldl' has 3 observed entries, all in one group, and the training part without it could not fit the task: "
        "drop the outcome, or merge it with another one.",
    ),
    "single event": (
        {"y": pd.DataFrame({"x": np.arange(11) / 2, "dead": [True] + [False] * 10})},
        "Class True of task 'dead' has 1 observed entry, and the training part without it would not know the class: "
        "drop the outcome, merge the class with another one, or use "
        "MultiTaskKFold(stratify=False) as cv.",
    ),
    "events of one group": (
        {"y": np.array(["ill"] * 2 + ["well"] * 9), "groups": np.r_[0, 0, np.arange(1, 10)]},
        "Class 'ill' of the outcome has 2 observed entries, all in one group, and the training part without it would "
        "not know the class: drop the outcome, merge the class with another one, or use "
        "MultiTaskKFold(stratify=False) as cv.",
    ),
    "rows shared": (
        {
            "y": np.where(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], *[[0, 0, 0]] * 5]) == 1, 0.5, NAN),
            "n_splits": 2,
        },
        "No assignment to 2 parts was found that has every task and every class in every training part; the best one "
        "still fails for task 1. Each occurs often enough by itself, but too few rows are shared by too many: drop an "
        "outcome, or merge it with another one.",
    ),
    "too few rows": (
        {"y": np.arange(3) / 2},
        "Cannot have number of splits n_splits=5 greater than the number of samples: n_samples=3.",
    ),
    "too few groups": (
        {"y": np.arange(11) / 2, "groups": np.arange(11) // 3},
        "Cannot have number of splits n_splits=5 greater than the number of groups: 4.",
    ),
    "missing group": (
        {"y": np.arange(11) / 2, "groups": [*"abcde", None, *"fghij"]},
        "groups has a missing id in row 5; every row needs one.",
    ),
    "missing task": (
        {"y": np.arange(11) / 2, "task": [1, NAN, *[2] * 9]},
        "task has a missing id in row 1; every row needs one.",
    ),
    "tasks in two columns": (
        {"y": np.arange(11) / 2, "task": np.zeros((11, 2))},
        "task has shape (11, 2); it has to be one id a row, (n_samples,).",
    ),
    "wide and task": (
        {"y": THREE, "task": ["a"] * 11},
        "y has 2 columns, and with task= it has to be one outcome of shape (n_samples,).",
    ),
    "cube": (
        {"y": np.zeros((11, 3, 2))},
        "Y must be 1-D or 2-D (rows, outcomes), got an array of shape (11, 3, 2): give one column per outcome.",
    ),
    "sparse": (
        {"y": sparse.csr_array(np.eye(11))},
        "y is sparse, and an absent entry would read as 0; pass a dense y with NaN.",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error_messages(case):
    arguments, message = ERRORS[case]
    arguments = dict(arguments)
    y = arguments.pop("y")
    cv = MultiTaskKFold(arguments.pop("n_splits", 5))
    # Raised by the call of split: nothing is yielded before.
    with pytest.raises(TaskDataError) as caught:
        cv.split(np.zeros((y.shape[0], 2)), y, **arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_splits": 1}, "The 'n_splits' parameter of MultiTaskKFold must be an int in the range [2, inf)."),
        ({"n_splits": 2.5}, "The 'n_splits' parameter of MultiTaskKFold must be an int in the range [2, inf)."),
        ({"shuffle": 1}, "The 'shuffle' parameter of MultiTaskKFold must be a bool."),
        ({"stratify": "yes"}, "The 'stratify' parameter of MultiTaskKFold must be one of 'auto' or a bool."),
        (
            {"shuffle": True, "random_state": "a"},
            "The 'random_state' parameter of MultiTaskKFold must be None, an int in the range [0, 4.29497e+09] or a ",
        ),
        (
            {"random_state": 3},
            "random_state=3 has no effect without shuffle=True: set that, or leave random_state at None.",
        ),
    ],
)
def test_parameters_are_checked_when_used(params, message):
    cv = MultiTaskKFold(**params)
    for use in (lambda: cv.split(np.zeros((9, 2)), np.zeros(9)), cv.get_n_splits):
        with pytest.raises(InvalidParameterError) as caught:
            use()
        assert str(caught.value).startswith(message)


def test_unequal_lengths():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MultiTaskKFold(2).split(np.zeros((9, 2)), np.zeros(8))


# ---------------------------------------------------------------------------------------------------------
# A scikit-learn object


def test_clone_pickle_repr_and_kind():
    cv = MultiTaskKFold(3, shuffle=True, random_state=1)
    assert repr(cv) == "MultiTaskKFold(n_splits=3, random_state=1, shuffle=True)"
    y = masked_targets(np.random.default_rng(0), 31, 3, 0.7)
    want = fold_of(parts_of(cv, y), 31)
    for copy in (clone(cv), pickle.loads(pickle.dumps(cv))):
        np.testing.assert_array_equal(fold_of(parts_of(copy, y), 31), want)
    assert isinstance(cv, BaseCrossValidator)
    assert cv.get_n_splits(y) == 3


class TaskMeans(RegressorMixin, BaseEstimator):
    """Predicts the mean of each row's task; `shrink` gives a grid something to do."""

    def __init__(self, shrink=1.0):
        self.shrink = shrink

    def fit(self, X, y, task):
        self.means_ = {t: self.shrink * y[task == t].mean() for t in np.unique(task)}
        return self

    def score(self, X, y, task):
        return -np.mean((y - np.array([self.means_[t] for t in task])) ** 2)


def test_task_and_groups_are_routed_to_the_splitter():
    rng = np.random.default_rng(0)
    # Sorted by task: without the task, contiguous folds would leave tasks out of training.
    task = np.repeat([0, 1, 2, 3], 13)
    y = task + 0.1 * rng.standard_normal(52)
    groups = np.arange(52) // 2
    X = np.zeros((52, 3))
    cv = MultiTaskKFold(4)
    with sklearn.config_context(enable_metadata_routing=True):
        estimator = TaskMeans().set_fit_request(task=True).set_score_request(task=True)
        scores = cross_val_score(estimator, X, y, cv=cv, params={"task": task, "groups": groups})
        search = GridSearchCV(estimator, {"shrink": [0.5, 1.0]}, cv=cv).fit(X, y, task=task, groups=groups)
        assert scores.min() > -0.05
        assert search.best_params_ == {"shrink": 1.0}
        # And it can be told not to take it: then the folds leave a task out and the fit fails.
        untold = MultiTaskKFold(4).set_split_request(task=False)
        with pytest.raises(KeyError):
            cross_val_score(estimator, X, y, cv=untold, params={"task": task}, error_score="raise")


def test_groups_work_without_routing():
    y = np.random.default_rng(0).standard_normal(52)
    groups = np.arange(52) % 13

    class SeesGroups(BaseEstimator):
        def fit(self, X, y):
            assert np.unique(X[:, 0], return_counts=True)[1].min() == 4
            return self

        def score(self, X, y):
            return 0.0

    cross_val_score(SeesGroups(), groups[:, None], y, groups=groups, cv=MultiTaskKFold(4), error_score="raise")


# ---------------------------------------------------------------------------------------------------------
# cv arguments


def test_check_task_cv():
    assert repr(check_task_cv(None)) == "MultiTaskKFold()"
    assert repr(check_task_cv(np.int64(3), classifier=True)) == "MultiTaskKFold(n_splits=3, stratify=True)"
    splitter = KFold(3)
    assert check_task_cv(splitter) is splitter
    parts = [(np.arange(5), np.arange(5, 9)), (np.arange(4, 9), np.arange(4))]
    wrapped = check_task_cv(iter(parts))
    assert wrapped.get_n_splits() == 2
    assert [list(test) for _, test in wrapped.split(None)] == [[5, 6, 7, 8], [0, 1, 2, 3]]
    with pytest.raises(ValueError, match="cross-validation object"):
        check_task_cv("five")


def test_split_tasks_passes_on_what_the_splitter_takes():
    X, task = np.zeros((13, 2)), np.repeat([0, 1], [4, 9])
    plain = split_tasks(KFold(3), X, np.zeros(13), task=task)
    assert [test.tolist() for _, test in plain] == [list(range(5)), list(range(5, 9)), list(range(9, 13))]
    ours = split_tasks(MultiTaskKFold(4), X, np.zeros(13), task=task)
    assert all((task[test] == 0).sum() == 1 for _, test in ours)
