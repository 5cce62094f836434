"""On complete data every metric is scikit-learn's, to the last digit."""

import numpy as np
import pytest
from sklearn import metrics as sk

from skmtl import metrics

SHAPES = [(11, 2), (57, 3), (301, 7), (1000, 4)]


# Tables, and gains over something that is a third argument: tests of their own.
OTHERS = {
    "brier_decomposition",
    "calibration_table",
    "make_multitask_scorer",
    "net_benefit",
    "relative_improvement",
    "skill_score",
}


def test_every_public_metric_has_a_case(cases):
    assert sorted(case.name for case in cases) == sorted(set(metrics.__all__) - OTHERS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_sklearn_by_column(case, shape, weighted):
    y_true, prediction = case.data(*shape)
    weight = np.random.default_rng(2).uniform(0.1, 3, size=shape[0]) if weighted else None
    expected = case.by_column(y_true, prediction, weight)
    raw = case.metric(y_true, prediction, sample_weight=weight, multioutput="raw_values")
    average = case.metric(y_true, prediction, sample_weight=weight)
    assert raw.shape == (shape[1],)
    assert isinstance(average, float)
    if case.exact and case.kind != "value":
        assert raw.tolist() == expected.tolist()
        assert average == np.average(expected)
    else:  # a 2-D sum adds in another order than a 1-D sum: see the next test for the last digit
        np.testing.assert_allclose(raw, expected, rtol=case.rtol, atol=1e-14)
        np.testing.assert_allclose(average, expected.mean(), rtol=case.rtol, atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_sklearn_of_the_table(regression_case, shape, order, dtype, weighted):
    y_true, y_pred = (np.asarray(a, dtype=dtype, order=order) for a in regression_case.data(*shape))
    weight = np.random.default_rng(2).uniform(0.1, 3, size=shape[0]) if weighted else None
    for multioutput in ("raw_values", "uniform_average", np.arange(1.0, shape[1] + 1)):
        ours = regression_case.metric(y_true, y_pred, sample_weight=weight, multioutput=multioutput)
        theirs = regression_case.twin(y_true, y_pred, sample_weight=weight, multioutput=multioutput)
        assert np.array_equal(ours, theirs)


def test_weights_per_cell_of_a_complete_table(case):
    y_true, prediction = case.data(57, 3)
    weight = np.random.default_rng(2).uniform(0.1, 3, size=(57, 3))
    raw = case.metric(y_true, prediction, sample_weight=weight, multioutput="raw_values")
    np.testing.assert_allclose(raw, case.by_column(y_true, prediction, weight), rtol=case.rtol)


@pytest.mark.parametrize("name", ["mean_squared_error", "normalized_mse", "r2_score"])
def test_booleans_are_numbers_to_a_regression_metric(name):
    y_true, y_pred = np.array([[True, False], [False, True], [True, True]]), np.ones((3, 2), dtype=bool)
    metric = getattr(metrics, name)
    assert metric(y_true, y_pred) == metric(y_true.astype(float), y_pred.astype(float))


def test_one_column_equals_sklearn(case):
    y_true, prediction = (a[:, 0] for a in case.data(57, 1))
    expected = case.twin(y_true, prediction)
    ours = case.metric(y_true, prediction)
    assert ours == expected if case.exact else ours == pytest.approx(expected, rel=case.rtol)
    assert case.metric(y_true[:, None], prediction[:, None]) == ours
    assert case.metric(y_true, prediction, multioutput="raw_values").tolist() == [ours]
    assert case.metric(y_true.tolist(), prediction.tolist()) == ours


def test_a_task_with_holes_equals_sklearn_on_its_rows(case):
    y_true, prediction = case.data(57, 3)
    holes = case.holes(57, 3)
    y_true[holes] = np.nan
    prediction[holes] = np.nan
    raw = case.metric(y_true, prediction, multioutput="raw_values")
    for t in range(3):
        rows = ~holes[:, t]
        expected = case.twin(y_true[rows, t], prediction[rows, t])
        assert raw[t] == expected if case.exact else raw[t] == pytest.approx(expected, rel=case.rtol)


@pytest.mark.parametrize("name", ["r2_score", "explained_variance_score"])
@pytest.mark.parametrize("force_finite", [True, False])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_force_finite(name, force_finite):
    y_true = np.array([[2.0, 2.0, 1.0], [2.0, 2.0, 2.0], [2.0, 2.0, 4.0], [2.0, 2.0, 0.0]])
    y_pred = np.array([[2.0, 2.0, 1.5], [2.0, 2.0, 2.0], [2.0, 2.5, 3.0], [2.0, 2.0, 0.0]])
    options = {"multioutput": "raw_values", "force_finite": force_finite}
    ours, theirs = getattr(metrics, name)(y_true, y_pred, **options), getattr(sk, name)(y_true, y_pred, **options)
    assert np.array_equal(ours, theirs, equal_nan=True)
    assert ours[:2].tolist() == [1.0, 0.0] if force_finite else np.isnan(ours[0]) and np.isneginf(ours[1])
    holes = y_true.copy()
    holes[0, 2] = np.nan  # not complete: task by task
    assert np.array_equal(getattr(metrics, name)(holes, y_pred, **options)[:2], theirs[:2], equal_nan=True)


@pytest.mark.parametrize("name", ["accuracy_score", "balanced_accuracy_score"])
@pytest.mark.parametrize("labels", [["high", "low", "mid"], [3, 5, 9]])
def test_many_classes(name, labels):
    rng = np.random.default_rng(3)
    y_true, y_pred = rng.choice(labels, size=(40, 2)), rng.choice(labels, size=(40, 2))
    raw = getattr(metrics, name)(y_true, y_pred, multioutput="raw_values")
    assert raw.tolist() == [getattr(sk, name)(y_true[:, t], y_pred[:, t]) for t in range(2)]


def test_balanced_accuracy_adjusted():
    rng = np.random.default_rng(3)
    y_true, y_pred = rng.integers(3, size=(40, 2)), rng.integers(3, size=(40, 2))
    raw = metrics.balanced_accuracy_score(y_true, y_pred, adjusted=True, multioutput="raw_values")
    assert raw.tolist() == [sk.balanced_accuracy_score(y_true[:, t], y_pred[:, t], adjusted=True) for t in range(2)]


def test_pos_label_is_of_no_concern_to_an_average_over_classes():
    y_true, y_pred = ["no", "yes", "no"], ["no", "yes", "yes"]
    assert metrics.f1_score(y_true, y_pred, pos_label="yes", average="macro") == sk.f1_score(
        y_true, y_pred, average="macro"
    )


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_f1_average_over_classes(average):
    rng = np.random.default_rng(3)
    y_true, y_pred = rng.integers(3, size=(40, 2)), rng.integers(3, size=(40, 2))
    raw = metrics.f1_score(y_true, y_pred, average=average, multioutput="raw_values")
    assert raw.tolist() == [sk.f1_score(y_true[:, t], y_pred[:, t], average=average) for t in range(2)]


@pytest.mark.parametrize("name", ["f1_score", "average_precision_score", "brier_score_loss"])
@pytest.mark.parametrize("pos_label", ["no", "yes"])
def test_pos_label_of_strings(name, pos_label):
    rng = np.random.default_rng(4)
    y_true = rng.choice(["no", "yes"], size=(40, 3))
    second = rng.choice(["no", "yes"], size=(40, 3)) if name == "f1_score" else rng.random((40, 3))
    raw = getattr(metrics, name)(y_true, second, pos_label=pos_label, multioutput="raw_values")
    assert raw.tolist() == [getattr(sk, name)(y_true[:, t], second[:, t], pos_label=pos_label) for t in range(3)]


def test_roc_auc_of_strings_and_a_part_of_the_curve():
    rng = np.random.default_rng(4)
    y_true, y_score = rng.choice(["no", "yes"], size=(60, 2)), rng.normal(size=(60, 2))
    raw = metrics.roc_auc_score(y_true, y_score, max_fpr=0.4, multioutput="raw_values")
    assert raw.tolist() == [sk.roc_auc_score(y_true[:, t], y_score[:, t], max_fpr=0.4) for t in range(2)]


@pytest.mark.parametrize("values", [[0, 1], [-1, 1], [1, 2], [3, 8], [False, True]])
def test_codes_of_two_classes(classification_case, values):
    y_true, prediction = classification_case.data(57, 2)
    y_true = np.array(values)[y_true.astype(int)]
    if classification_case.kind == "label":
        prediction = np.array(values)[prediction.astype(int)]
    options = {"pos_label": values[1]} if classification_case.name in ("f1_score", "average_precision_score") else {}
    raw = classification_case.metric(y_true, prediction, multioutput="raw_values", **options)
    theirs = [classification_case.twin(y_true[:, t], prediction[:, t], **options) for t in range(2)]
    if classification_case.exact:
        assert raw.tolist() == theirs
    else:
        np.testing.assert_allclose(raw, theirs, rtol=classification_case.rtol)


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1], [2, 2, 2]])
def test_brier_of_one_class(y):
    probability = np.array([0.1, 0.3, 0.8])
    assert metrics.brier_score_loss(y, probability) == sk.brier_score_loss(y, probability)


@pytest.mark.parametrize(("y", "labels"), [(0, [0, 1]), (1, [0, 1]), (-1, [-1, 1])])
def test_log_loss_of_one_class_knows_the_other(y, labels):
    probability = np.array([0.1, 0.3, 0.8])
    ours = metrics.log_loss([y] * 3, probability)
    assert ours == sk.log_loss([y] * 3, probability, labels=labels)
    assert ours == metrics.log_loss([y] * 3, np.column_stack([1 - probability, probability]))
