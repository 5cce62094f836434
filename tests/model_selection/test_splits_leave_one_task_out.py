"""LeaveOneTaskOut: whole tasks out, patients in one part only."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.model_selection import BaseCrossValidator, GridSearchCV, LeaveOneGroupOut, cross_validate

from skmtl._splits import check_task_cv, split_tasks
from skmtl.exceptions import TaskDataError
from skmtl.model_selection import LeaveOneTaskOut

NAN = np.nan


def parts_of(task, y=None, groups=None):
    return list(LeaveOneTaskOut().split(np.zeros((len(task), 2)), y, groups, task))


@pytest.mark.parametrize("seed", range(40))
def test_random_tables(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(20, 120))
    task = rng.choice([f"site {t}" for t in range(rng.integers(2, 9))], n)
    # Patients of mostly one site: some are at several.
    groups = None if seed % 3 == 0 else rng.integers(0, 2 * n, n)
    parts = parts_of(task, rng.standard_normal(n), groups)
    ids = np.unique(task)
    assert len(parts) == len(ids) == LeaveOneTaskOut().get_n_splits(task=task)
    for name, (train, test) in zip(ids, parts, strict=True):
        np.testing.assert_array_equal(test, np.flatnonzero(task == name))
        # By definition, row by row: out are the rows of the task, and those of its patients.
        out = [task[i] == name or (groups is not None and groups[i] in groups[test]) for i in range(n)]
        np.testing.assert_array_equal(train, np.flatnonzero(~np.array(out)))
    if groups is None:
        theirs = LeaveOneGroupOut().split(np.zeros(n), groups=task)
        for ours, other in zip(parts, theirs, strict=True):
            np.testing.assert_array_equal(ours[0], other[0])
            np.testing.assert_array_equal(ours[1], other[1])


def test_a_patient_at_two_sites_comes_back_when_neither_is_left_out():
    task, patient = np.array([1, 1, 2, 2, 3, 3]), np.array([10, 11, 11, 12, 13, 14])
    trains = [train.tolist() for train, _ in parts_of(task, groups=patient)]
    assert trains == [[3, 4, 5], [0, 4, 5], [0, 1, 2, 3]]


def test_forms_of_the_ids():
    task = ["b", "b", "a", "c", "a"]
    want = [[2, 4], [0, 1], [3]]
    for form in (task, np.array(task), np.array(task, dtype=object)[:, None], pd.Series(task), pd.Categorical(task)):
        parts = parts_of(form)
        assert sorted(test.tolist() for _, test in parts) == sorted(want)
    assert [test.tolist() for _, test in parts_of(np.array(task))] == want
    assert [test.tolist() for _, test in parts_of(np.array([2.5, 2.5, -1.0, 3.0, -1.0]))] == want


def test_unobserved_rows_stay_in_the_parts():
    y = np.array([1.5, NAN, 2.5, NAN])
    assert [test.tolist() for _, test in parts_of([0, 0, 1, 1], y)] == [[0, 1], [2, 3]]


ERRORS = {
    "no task": (
        {"y": np.arange(4.0)},
        "LeaveOneTaskOut leaves out the rows of one task at a time and needs task, the task of each row. Leaving out "
        "one outcome of wide targets would leave no row to test on: for that use MultiTaskKFold.",
    ),
    "wide": (
        {"y": np.ones((4, 2))},
        "LeaveOneTaskOut leaves out the rows of one task at a time and needs task, the task of each row. y has several "
        "columns. Leaving out one outcome of wide targets would leave no row to test on: for that use MultiTaskKFold.",
    ),
    "wide and task": (
        {"y": np.ones((4, 2)), "task": [0, 0, 1, 1]},
        "y has several columns, and with task= it has to be one outcome of shape (n_samples,).",
    ),
    "one task": (
        {"task": ["north"] * 4},
        "task has fewer than two tasks: 'north', and leaving it out would leave nothing to train on.",
    ),
    "missing id": ({"task": ["a", None, "b", "b"]}, "task has a missing id in row 1; every row needs one."),
    "missing group": (
        {"task": [0, 0, 1, 1], "groups": [1.0, NAN, 2.0, 3.0]},
        "groups has a missing id in row 1; every row needs one.",
    ),
    "unobserved task": (
        {"task": [0, 0, 1, 1], "y": [1.5, 2.5, NAN, NAN]},
        "Task 1 has no observed entry, and cannot be tested on: drop its rows.",
    ),
    "all patients at all sites": (
        {"task": [0, 0, 1, 1], "groups": ["u", "v", "u", "v"]},
        "Without task 0 there is nothing to train on, as all other rows are of groups that it shares: drop the task, "
        "or give other groups.",
    ),
    "observed patients at all sites": (
        {"task": [0, 0, 1, 1], "groups": ["u", "v", "u", "w"], "y": [1.5, 2.5, 3.5, NAN]},
        "Without task 0 there is nothing to train on, as no row there is observed: drop the task, or give other "
        "groups.",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_error_messages(case):
    arguments, message = ERRORS[case]
    with pytest.raises(TaskDataError) as caught:
        LeaveOneTaskOut().split(np.zeros((4, 2)), **arguments)
    assert str(caught.value) == message


def test_get_n_splits_needs_the_task():
    with pytest.raises(TaskDataError, match="needs task, the task of each row"):
        LeaveOneTaskOut().get_n_splits(np.zeros((4, 2)), np.zeros(4))


def test_a_class_of_one_task_only_is_a_warning():
    task, dead = np.repeat(["a", "b", "c"], 4), np.zeros(12)
    dead[5:7] = 1
    with pytest.warns(
        UserWarning, match=r"^Class 1.0 has 2 observed entries, and the training part without task 'b'"
    ) as w:
        parts = parts_of(task, dead)
    assert len(w) == 1
    assert w[0].filename == __file__
    assert [len(test) for _, test in parts] == [4, 4, 4]
    dead[0] = 1
    parts_of(task, dead)


def test_clone_pickle_repr_and_kind():
    cv = LeaveOneTaskOut()
    assert repr(cv) == "LeaveOneTaskOut()"
    assert cv.get_params() == {}
    assert isinstance(clone(cv), LeaveOneTaskOut)
    assert isinstance(pickle.loads(pickle.dumps(cv)), LeaveOneTaskOut)
    assert isinstance(cv, BaseCrossValidator)
    assert check_task_cv(cv) is cv
    task = np.array([0, 0, 1, 2])
    assert [test.tolist() for _, test in split_tasks(cv, np.zeros((4, 1)), task=task)] == [[0, 1], [2], [3]]


class Strangers(RegressorMixin, BaseEstimator):
    """Fails unless the tasks of the test part were not trained on; predicts a shrunken mean."""

    def __init__(self, shrink=1.0):
        self.shrink = shrink

    def fit(self, X, y, task):
        self.known_, self.mean_ = set(task.tolist()), self.shrink * y.mean()
        return self

    def score(self, X, y, task):
        assert np.unique(task).size == 1
        # Training error of a search is not asked for: the task is always a stranger.
        assert not set(task.tolist()) & self.known_
        return -np.mean((y - self.mean_) ** 2)


def test_in_cross_validate_and_grid_search_with_routing():
    task = np.repeat([0, 1, 2, 3], 13)
    y = 5.0 + 0.1 * np.random.default_rng(0).standard_normal(52)
    groups = np.r_[np.arange(51), 0]
    X = np.zeros((52, 3))
    with sklearn.config_context(enable_metadata_routing=True):
        model = Strangers().set_fit_request(task=True).set_score_request(task=True)
        given = {"task": task, "groups": groups}
        result = cross_validate(
            model, X, y, cv=LeaveOneTaskOut(), params=given, return_indices=True, error_score="raise"
        )
        assert result["test_score"].shape == (4,)
        # Patient 0 is at the first site and at the last.
        assert [len(train) for train in result["indices"]["train"]] == [38, 39, 39, 38]
        search = GridSearchCV(model, {"shrink": [0.5, 1.0]}, cv=LeaveOneTaskOut()).fit(X, y, **given)
        assert search.n_splits_ == 4
        assert search.best_params_ == {"shrink": 1.0}
