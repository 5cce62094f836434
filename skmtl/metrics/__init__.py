"""Metrics that accept missing outcomes, task ids and 2-D weights; scorers made of them.

Twins of scikit-learn's functions: the same numbers on complete data, and one rule for the rest. A cell
whose ``y_true`` is NaN, or whose weight is 0, is absent for that task.
"""

from __future__ import annotations

from skmtl.metrics._calibration import calibration_intercept, calibration_slope, expected_calibration_error
from skmtl.metrics._calibration_table import brier_decomposition, calibration_table
from skmtl.metrics._classification import accuracy_score, balanced_accuracy_score, f1_score
from skmtl.metrics._concordance import concordance_index
from skmtl.metrics._decision import net_benefit
from skmtl.metrics._errors import (
    mean_absolute_error,
    mean_squared_error,
    normalized_mse,
    root_mean_squared_error,
)
from skmtl.metrics._explained import explained_variance_score, r2_score
from skmtl.metrics._make_scorer import make_multitask_scorer
from skmtl.metrics._probability import brier_score_loss, log_loss
from skmtl.metrics._ranking import average_precision_score, roc_auc_score
from skmtl.metrics._relative import relative_improvement, skill_score

__all__ = [
    "accuracy_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "brier_decomposition",
    "brier_score_loss",
    "calibration_intercept",
    "calibration_slope",
    "calibration_table",
    "concordance_index",
    "expected_calibration_error",
    "explained_variance_score",
    "f1_score",
    "log_loss",
    "make_multitask_scorer",
    "mean_absolute_error",
    "mean_squared_error",
    "net_benefit",
    "normalized_mse",
    "r2_score",
    "relative_improvement",
    "roc_auc_score",
    "root_mean_squared_error",
    "skill_score",
]
