"""What `make_multitask_scorer` refuses, with its messages."""

import re

import pytest

from skmtl import metrics
from skmtl.exceptions import InvalidParameterError
from skmtl.metrics import make_multitask_scorer

MISTAKES = {
    "name": (
        {"score_func": "mse"},
        "score_func='mse' is not known: use one of r2, explained_variance, neg_mean_squared_error, "
        "neg_root_mean_squared_error, neg_mean_absolute_error, neg_normalized_mse, concordance, accuracy, "
        "balanced_accuracy, f1, roc_auc, average_precision, neg_log_loss, neg_brier_score, "
        "neg_expected_calibration_error.",
    ),
    "no function": ({"score_func": 3}, "score_func=3 is neither a name nor a callable."),
    "sign": (
        {"score_func": metrics.mean_squared_error, "greater_is_better": True},
        "greater_is_better=True contradicts 'neg_mean_squared_error', whose metric is a loss and whose sign is known: "
        "leave greater_is_better out.",
    ),
    "sign of a name": (
        {"score_func": "r2", "greater_is_better": False},
        "greater_is_better=False contradicts 'r2', whose metric is a score and whose sign is known: "
        "leave greater_is_better out.",
    ),
    "response": (
        {"score_func": "r2", "response_method": "transform"},
        "response_method='transform' is not known: use 'predict', 'predict_proba', 'decision_function'.",
    ),
    "raw values": (
        {"score_func": "r2", "multioutput": "raw_values"},
        "multioutput='raw_values' is not a number per scorer: use 'uniform_average', 'entries', 'worst' or one weight "
        "per task, and per_task=True for one value per task.",
    ),
    "tasks": (
        {"score_func": "r2", "tasks": "hdl"},
        "tasks='hdl' is not a list of tasks: give a list of names, or None for all.",
    ),
    "option": (
        {"score_func": "f1", "beta": 2},
        "'beta' is not an option of 'f1': its options are pos_label, average, zero_division.",
    ),
    "option of none": (
        {"score_func": "accuracy", "normalize": True},
        "'normalize' is not an option of 'accuracy': it has none.",
    ),
    "weights": (
        {"score_func": "r2", "sample_weight": [1.0]},
        "'sample_weight' is not an option of 'r2': its options are force_finite.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(arguments, message):
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
        make_multitask_scorer(**arguments)


def test_sign_that_agrees():
    assert make_multitask_scorer(metrics.mean_squared_error, greater_is_better=False)._sign == -1
    assert make_multitask_scorer("neg_mean_squared_error", greater_is_better=True)._sign == -1
