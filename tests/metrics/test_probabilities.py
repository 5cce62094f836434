"""Every form in which estimators give probabilities says the same."""

import numpy as np
import pytest
from sklearn import metrics as sk

from skmtl import metrics

NAMES = ["roc_auc_score", "average_precision_score", "log_loss", "brier_score_loss"]


@pytest.fixture
def binary():
    rng = np.random.default_rng(0)
    y_true = (rng.random((50, 3)) < 0.4).astype(float)
    y_true[rng.random((50, 3)) < 0.3] = np.nan
    return y_true, rng.random((50, 3))


def both_columns(p):
    return np.column_stack([1 - p, p])


@pytest.mark.parametrize("name", NAMES)
def test_list_of_arrays_equals_one_column_per_task(name, binary):
    y_true, p = binary
    metric = getattr(metrics, name)
    raw = metric(y_true, p, multioutput="raw_values")
    arrays = [both_columns(p[:, t]) for t in range(3)]
    for form in (arrays, tuple(arrays), [a.tolist() for a in arrays]):
        np.testing.assert_allclose(metric(y_true, form, multioutput="raw_values"), raw, rtol=1e-14)
    arrays[1][np.isnan(y_true[:, 1])] = np.nan
    np.testing.assert_allclose(metric(y_true, arrays, multioutput="raw_values"), raw, rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_one_outcome(name, binary):
    y_true, p = binary[0][:, 0], binary[1][:, 0]
    metric = getattr(metrics, name)
    value = metric(y_true, p)
    for form in (p[:, None], both_columns(p), [both_columns(p)]):
        assert metric(y_true, form) == pytest.approx(value, rel=1e-14)
        assert metric(y_true[:, None], form) == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_rows_with_one_or_two_columns(name, binary):
    y_true, p = binary
    metric, site = getattr(metrics, name), np.repeat([10, 20, 30], 50)
    wide = metric(y_true, p, multioutput="raw_values")
    y, q = y_true.T.ravel(), p.T.ravel()
    for form in (q, both_columns(q)):
        np.testing.assert_allclose(metric(y, form, task=site, multioutput="raw_values"), wide, rtol=1e-14)


@pytest.mark.parametrize("name", ["average_precision_score", "brier_score_loss"])
def test_lesser_label_as_the_positive_one(name):
    rng = np.random.default_rng(1)
    y_true, p = rng.choice(["no", "yes"], size=40), rng.random(40)
    expected = getattr(sk, name)(y_true, p, pos_label="no")
    metric = getattr(metrics, name)
    assert metric(y_true, p, pos_label="no") == expected
    assert metric(y_true, np.column_stack([p, 1 - p]), pos_label="no") == expected


def test_log_loss_of_tasks_with_different_numbers_of_classes():
    rng = np.random.default_rng(2)
    stage, died = rng.choice(["high", "low", "mid"], size=60).astype(object), rng.integers(2, size=60)
    p_stage, p_died = rng.dirichlet([1, 1, 1], size=60), rng.dirichlet([1, 1], size=60)
    y_true = np.column_stack([stage, died]).astype(object)
    complete = metrics.log_loss(y_true, [p_stage, p_died], multioutput="raw_values")
    assert complete.tolist() == [sk.log_loss(stage.tolist(), p_stage), sk.log_loss(died, p_died)]
    holes = rng.random((60, 2)) < 0.3
    y_true[holes] = None
    rows = ~holes[:, 0]
    raw = metrics.log_loss(y_true, [p_stage, p_died], multioutput="raw_values")
    assert raw[0] == sk.log_loss(stage[rows].tolist(), p_stage[rows])


def test_classes_that_were_not_observed():
    y_true = ["low", "mid", None, "low"]
    p = np.array([[0.1, 0.7, 0.2], [0.2, 0.3, 0.5], [0.3, 0.3, 0.4], [0.5, 0.4, 0.1]])
    value = metrics.log_loss(y_true, p, labels=["low", "high", "mid"])  # columns are in sorted order
    assert value == pytest.approx(-np.log([0.7, 0.5, 0.4]).mean())
    site = ["a", "a", "a", "b"]
    y_rows = ["low", "mid", "high", "low"]
    raw = metrics.log_loss(y_rows, p, task=site, multioutput="raw_values")  # the other rows show the classes
    np.testing.assert_allclose(raw, [-np.log([0.7, 0.5, 0.3]).mean(), -np.log(0.4)])


def test_frame_of_probabilities(binary):
    pandas = pytest.importorskip("pandas")
    y_true, p = binary
    names = ["a", "b", "c"]
    frames = pandas.DataFrame(y_true, columns=names), pandas.DataFrame(p, columns=names)
    assert metrics.roc_auc_score(*frames) == metrics.roc_auc_score(y_true, p)
