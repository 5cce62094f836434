"""Tasks for which a metric has no value: nan, one warning that names them, averages without them."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import UndefinedMetricWarning

from skmtl import metrics

NAN = np.nan


def only_warning(metric, *args, **kwargs):
    """Value and the message of the one warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = metric(*args, **kwargs)
    assert [w.category for w in caught] == [UndefinedMetricWarning]
    return value, str(caught[0].message)


SKIPPED = ": raw values are nan there, averages skip these tasks."


def test_r2_of_one_entry_and_of_none():
    y_true = np.array([[1.0, 7.0, NAN], [2.0, NAN, NAN], [3.0, NAN, NAN], [5.0, NAN, NAN]])
    y_pred = np.array([[1.0, 7.0, 0.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0], [5.0, 0.0, 0.0]])
    raw, message = only_warning(metrics.r2_score, y_true, y_pred, multioutput="raw_values")
    assert np.isnan(raw[1:]).all()
    assert raw[0] == pytest.approx(1 - 1 / 8.75)
    assert message == (
        "r2_score is undefined for task 1 (fewer than two observed entries) and task 2 (no observed entries)" + SKIPPED
    )


def test_r2_counts_entries_of_positive_weight():
    value, message = only_warning(metrics.r2_score, [1.0, 2.0, 3.0], [1.0, 2.0, 3.5], sample_weight=[0, 2, 0])
    assert np.isnan(value)
    assert message == "r2_score is undefined for task 0 (fewer than two observed entries): the value is nan."


def test_one_entry_is_enough_for_other_errors():
    assert metrics.mean_squared_error([1.0, NAN], [3.0, NAN]) == 4.0
    assert metrics.explained_variance_score([1.0, NAN], [3.0, NAN]) == 1.0  # as scikit-learn


def test_normalized_mse_of_a_constant_target():
    y_true = np.column_stack([[0.1] * 3, np.arange(3.0)])  # rounding lifts the variance of 0.1, 0.1, 0.1 above 0
    raw, message = only_warning(metrics.normalized_mse, y_true, y_true + 1, multioutput="raw_values")
    assert np.isnan(raw[0])
    assert raw[1] == pytest.approx(1.5)
    assert message == "normalized_mse is undefined for task 0 (the observed target is constant)" + SKIPPED


def test_one_class():
    y_true = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 1.0], [1.0, NAN, NAN], [0.0, 1.0, 0.0]])
    weight = np.array([[1.0, 1, 1], [1, 1, 1], [1, 1, 1], [1, 0, 0]])  # hides the other class
    score = np.array([[0.2, 0.1, 0.3], [0.6, 0.1, 0.9], [0.4, 0.1, 0.1], [0.5, 0.1, 0.1]])
    raw, message = only_warning(metrics.roc_auc_score, y_true, score, sample_weight=weight, multioutput="raw_values")
    assert raw[0] == 0.75
    assert np.isnan(raw[1:]).all()
    assert message == "roc_auc_score is undefined for tasks 1, 2 (one class in y_true)" + SKIPPED
    raw, message = only_warning(
        metrics.average_precision_score, y_true, score, sample_weight=weight, multioutput="raw_values"
    )
    assert np.isnan(raw[1])
    assert raw[2] == 1.0  # positives only
    assert message == "average_precision_score is undefined for task 1 (no entry with pos_label=1)" + SKIPPED
    assert metrics.roc_auc_score([0, 1], [0.1, 0.2]) == 1.0


def test_one_class_of_strings():
    probability = np.array([[0.2, 0.1], [0.6, 0.3], [0.4, 0.6]])
    y_true = [["no", "no"], ["yes", None], ["no", "no"]]
    cases = {
        "log_loss": "one class in y_true, the other is unknown",
        "brier_score_loss": "one class in y_true, pos_label unknown",
    }
    for name, why in cases.items():
        raw, message = only_warning(getattr(metrics, name), y_true, probability, multioutput="raw_values")
        assert np.isnan(raw).tolist() == [False, True]
        assert message == f"{name} is undefined for task 1 ({why})" + SKIPPED
    both = {"labels": ["no", "yes"], "multioutput": "raw_values"}
    assert metrics.log_loss(y_true, probability, **both)[1] == pytest.approx(-np.log([0.9, 0.4]).mean())
    assert metrics.brier_score_loss(y_true, probability, **both)[1] == pytest.approx((0.01 + 0.36) / 2)
    per_task = {"labels": [None, np.array(["no", "yes"])], "multioutput": "raw_values"}
    assert np.array_equal(
        metrics.log_loss(y_true, probability, **per_task), metrics.log_loss(y_true, probability, **both)
    )


@pytest.mark.parametrize("name", ["log_loss", "brier_score_loss"])
def test_one_class_is_all_that_labels_hold(name):
    value, message = only_warning(getattr(metrics, name), ["no", "no"], [0.2, 0.1], labels=["no"])
    assert np.isnan(value)
    assert message.startswith(f"{name} is undefined for task 0 (one class in y_true")


@pytest.mark.parametrize("name", ["log_loss", "brier_score_loss", "roc_auc_score", "average_precision_score"])
def test_no_entries_of_a_task_with_columns_per_class(name):
    y_true = np.array([[0.0, NAN], [1.0, NAN], [1.0, NAN]])
    pair = np.array([[0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    three = np.array([[0.2, 0.3, 0.5]] * 3)
    options = {"pos_label": 1} if name in ("brier_score_loss", "average_precision_score") else {}
    for second in (pair, three):
        raw, message = only_warning(getattr(metrics, name), y_true, [pair, second], multioutput="raw_values", **options)
        assert np.isnan(raw).tolist() == [False, True]
        assert message == f"{name} is undefined for task 1 (no observed entries)" + SKIPPED


def test_rows_share_the_classes_of_the_outcome():
    y_true, site = ["no", "no", "yes", "no"], ["a", "a", "b", "b"]
    raw = metrics.log_loss(y_true, [0.1, 0.2, 0.7, 0.4], task=site, multioutput="raw_values")
    np.testing.assert_allclose(raw, [-np.log([0.9, 0.8]).mean(), -np.log([0.7, 0.6]).mean()])


def test_balanced_accuracy_adjusted_of_one_class():
    y = np.array([[1, 0], [1, 1], [1, 1]])
    raw, message = only_warning(metrics.balanced_accuracy_score, y, y, adjusted=True, multioutput="raw_values")
    assert np.isnan(raw[0])
    assert raw[1] == 1.0
    assert message == "balanced_accuracy_score is undefined for task 0 (one class in y_true)" + SKIPPED


def test_f1_zero_division():
    y_true, y_pred = np.array([[0, 1], [0, 0], [0, 1]]), np.array([[0, 1], [0, 1], [0, 1]])
    raw, message = only_warning(metrics.f1_score, y_true, y_pred, multioutput="raw_values")
    assert raw.tolist() == [0.0, 0.8]
    assert message.startswith("f1_score of task 0: F-score is ill-defined")
    assert metrics.f1_score(y_true, y_pred, zero_division=1.0) == 0.9
    value, message = only_warning(metrics.f1_score, y_true, y_pred, zero_division=NAN)
    assert value == 0.8
    assert message == "f1_score is undefined for task 0 (no positive entry in y_true and y_pred)" + SKIPPED


def test_f1_of_one_string_class():
    y = [["no", "no"], ["no", "yes"], ["no", "yes"]]
    raw, message = only_warning(metrics.f1_score, y, y, pos_label=None, multioutput="raw_values")
    assert np.isnan(raw[0])
    assert raw[1] == 1.0
    assert (
        message == "f1_score is undefined for task 0 (one class in y_true and in y_pred, pos_label unknown)" + SKIPPED
    )


def test_sklearn_warnings_name_the_tasks():
    y_true, y_pred = np.array([[0, 0], [1, 0], [1, 0]]), np.array([[0, 0], [1, 0], [1, 1]])
    with pytest.warns(UserWarning, match="balanced_accuracy_score of task 1: y_pred contains classes not in y_true"):
        raw = metrics.balanced_accuracy_score(y_true, y_pred, multioutput="raw_values")
    assert raw == pytest.approx([1.0, 2 / 3])


def test_many_tasks_are_not_all_listed():
    y_true = np.full((3, 25), NAN)
    y_true[:, 0] = 1.0
    _, message = only_warning(metrics.mean_squared_error, y_true, np.zeros((3, 25)))
    assert message == (
        "mean_squared_error is undefined for tasks 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 14 more (no observed entries)"
        + SKIPPED
    )
