"""multitask_train_test_split: forms, sizes and messages; test_splits_guarantees.py has what it guarantees."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.model_selection import train_test_split

from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.model_selection import multitask_train_test_split

NAN = np.nan


def table(n=41):
    rng = np.random.default_rng(0)
    Y = pd.DataFrame({"x": rng.standard_normal(n), "dead": rng.random(n) < 0.2, "late": rng.standard_normal(n)})
    Y.loc[rng.random(n) < 0.6, "late"] = NAN
    return rng.standard_normal((n, 3)), Y


def test_every_array_comes_back_in_its_own_form():
    X, Y = table()
    rows = np.arange(41)
    frame = pd.DataFrame(X, index=[f"row {i}" for i in rows], columns=list("abc"))
    others = (sparse.csc_matrix(X), sparse.coo_array(X), rows.tolist(), None, pl.DataFrame({"i": rows}), Y["late"])
    parts = multitask_train_test_split(frame, Y, *others, X[:, :, None], random_state=0)
    assert len(parts) == 18
    train, test = (np.array(parts[k]) for k in (8, 9))
    assert sorted([*train, *test]) == rows.tolist()
    assert np.all(np.diff(train) > 0)
    for k, rows in enumerate((train, test)):
        pd.testing.assert_frame_equal(parts[k], frame.iloc[rows])
        pd.testing.assert_frame_equal(parts[2 + k], Y.iloc[rows])
        assert sparse.issparse(parts[4 + k])
        np.testing.assert_array_equal(parts[4 + k].toarray(), X[rows])
        assert isinstance(parts[6 + k], sparse.sparray)
        np.testing.assert_array_equal(parts[6 + k].toarray(), X[rows])
        assert type(parts[8 + k]) is list
        assert parts[10 + k] is None
        assert isinstance(parts[12 + k], pl.DataFrame)
        assert parts[12 + k]["i"].to_list() == rows.tolist()
        pd.testing.assert_series_equal(parts[14 + k], Y["late"].iloc[rows])
        np.testing.assert_array_equal(parts[16 + k], X[rows][:, :, None])


def test_input_is_unchanged_and_may_be_read_only():
    X, Y = table()
    y = Y[["x", "late"]].to_numpy().copy()
    before = y.copy()
    y.setflags(write=False)
    _, _, train, _ = multitask_train_test_split(X, y, random_state=0)
    np.testing.assert_array_equal(y, before)
    train[:] = 0
    np.testing.assert_array_equal(y, before)


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"test_size": 0.3},
        {"test_size": 7},
        {"train_size": 0.5},
        {"train_size": 9, "test_size": 0.5},
        {"train_size": 0.35, "test_size": 0.35},
        {"test_size": np.float64(0.1)},
        {"train_size": np.int64(30)},
    ],
)
def test_sizes_are_those_of_scikit_learn(sizes):
    X, Y = table()
    ours = multitask_train_test_split(X, Y, random_state=0, **sizes)
    theirs = train_test_split(X, Y, random_state=0, **sizes)
    assert [len(part) for part in ours] == [len(part) for part in theirs]


def test_everything_is_divided_in_proportion():
    rng = np.random.default_rng(0)
    y = np.column_stack([rng.random(400) < 0.05, rng.lognormal(size=400), rng.standard_normal(400)]).astype(float)
    y[rng.random(400) < 0.7, 2] = NAN
    _, test, _, y_test = multitask_train_test_split(np.arange(400), y, test_size=0.2, random_state=0)
    assert test.size == 80
    share = [
        (np.isfinite(part[:, 2]).sum(), (part[:, 0] == 1).sum(), (part[:, 1] > np.sort(y[:, 1])[239]).sum())
        for part in (y_test, y)
    ]
    np.testing.assert_allclose(share[0], np.array(share[1]) / 5, atol=1.5)


def test_random_state():
    Y, rows = table()[1], np.arange(41)
    one, two, other = (multitask_train_test_split(rows, Y, random_state=seed)[1].tolist() for seed in (1, 1, 2))
    assert one == two
    assert one != other
    rng = np.random.RandomState(1)
    assert multitask_train_test_split(rows, Y, random_state=rng)[1].tolist() == one
    assert multitask_train_test_split(rows, Y, random_state=rng)[1].tolist() != one


def test_rows_of_tasks_and_patients():
    rng = np.random.default_rng(0)
    site = rng.permutation(np.repeat(["a", "b", "c"], [60, 30, 10]))
    patient = rng.integers(0, 40, 100)
    y = rng.standard_normal(100)
    parts = multitask_train_test_split(np.zeros((100, 2)), y, site, patient, task=site, groups=patient, random_state=0)
    assert set(parts[4]) == set(parts[5]) == {"a", "b", "c"}
    assert not set(parts[6]) & set(parts[7])
    assert abs(len(parts[1]) - 25) <= 1


def test_a_single_event_is_in_the_training_part():
    for seed in range(10):
        y = np.zeros(20)
        y[7] = 1
        with pytest.warns(
            UserWarning, match=r"^Class 1.0 of the outcome has 1 observed entry, and the test part has none"
        ):
            _, _, train, test = multitask_train_test_split(np.zeros(20), y, random_state=seed)
        assert (train.sum(), test.sum()) == (1, 0)


def test_the_warning_points_at_the_call():
    with warnings.catch_warnings(record=True, action="always") as caught:
        multitask_train_test_split(np.zeros(9), np.array([[0.5, 1.5]] + [[NAN, k / 2] for k in range(8)]))
    assert [str(w.message) for w in caught] == ["Task 0 has 1 observed entry, and the test part has none of it."]
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"test_size": 0.0},
            "test_size must be a float in (0, 1), an int from 1 to 8 (n_samples=9), or None. Got 0.0 inst",
        ),
        (
            {"test_size": 9},
            "test_size must be a float in (0, 1), an int from 1 to 8 (n_samples=9), or None. Got 9 inst",
        ),
        (
            {"train_size": True},
            "train_size must be a float in (0, 1), an int from 1 to 8 (n_samples=9), or None. Got T",
        ),
        ({"train_size": 0.9, "test_size": 0.2}, "test_size=0.2 and train_size=0.9 together are more than all 9 rows: "),
        (
            {"train_size": 0.1},
            "With n_samples=9, test_size=None and train_size=0.1 one of the parts is empty: give other",
        ),
        ({"stratify": "yes"}, "stratify must be 'auto', True or False. Got 'yes' instead."),
    ],
)
def test_parameters(arguments, message):
    with pytest.raises(InvalidParameterError) as caught:
        multitask_train_test_split(np.zeros(9), np.arange(9) / 2, **arguments)
    assert str(caught.value).startswith(message)


def test_data_errors():
    y = np.arange(9) / 2
    with pytest.raises(TaskDataError, match="There is one group only, and a training and a test part need one each"):
        multitask_train_test_split(np.zeros(9), y, groups=np.zeros(9))
    with pytest.raises(TaskDataError, match="Task 1 has no observed entry: drop it"):
        multitask_train_test_split(np.zeros(9), np.column_stack([y, np.full(9, NAN)]))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        multitask_train_test_split(np.zeros(9), y, np.zeros(8))
    # Two outcomes, never in one row, and one row to train on: what is to be known matters more than the size.
    y = np.where(np.eye(3)[:, [0, 2]], 0.5, NAN)
    with pytest.warns(
        UserWarning, match=r"^Task 0 has 1 observed entry, and the test part has none of it. 1 more also"
    ):
        assert multitask_train_test_split([0, 1, 2], y, train_size=1, random_state=0)[0] == [0, 2]
    with pytest.raises(TaskDataError, match=r"^No assignment to 2 parts was found .* still fails for task [01]"):
        multitask_train_test_split(np.zeros(2), y[[0, 2]], train_size=1, random_state=0)
