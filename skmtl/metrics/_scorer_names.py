"""The scorers by name: metric, sign and response, as scikit-learn names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skmtl.metrics._calibration import expected_calibration_error
from skmtl.metrics._classification import accuracy_score, balanced_accuracy_score, f1_score
from skmtl.metrics._concordance import concordance_index
from skmtl.metrics._errors import (
    mean_absolute_error,
    mean_squared_error,
    normalized_mse,
    root_mean_squared_error,
)
from skmtl.metrics._explained import explained_variance_score, r2_score
from skmtl.metrics._probability import brier_score_loss, log_loss
from skmtl.metrics._ranking import average_precision_score, roc_auc_score


@dataclass(frozen=True)
class NamedMetric:
    """What `make_multitask_scorer` knows of a metric of this package."""

    function: Callable[..., Any]
    greater_is_better: bool
    response_method: str | tuple[str, ...] = "predict"


_SCORES = ("decision_function", "predict_proba")

NAMED: dict[str, NamedMetric] = {
    "r2": NamedMetric(r2_score, True),
    "explained_variance": NamedMetric(explained_variance_score, True),
    "neg_mean_squared_error": NamedMetric(mean_squared_error, False),
    "neg_root_mean_squared_error": NamedMetric(root_mean_squared_error, False),
    "neg_mean_absolute_error": NamedMetric(mean_absolute_error, False),
    "neg_normalized_mse": NamedMetric(normalized_mse, False),
    "concordance": NamedMetric(concordance_index, True),
    "accuracy": NamedMetric(accuracy_score, True),
    "balanced_accuracy": NamedMetric(balanced_accuracy_score, True),
    "f1": NamedMetric(f1_score, True),
    "roc_auc": NamedMetric(roc_auc_score, True, _SCORES),
    "average_precision": NamedMetric(average_precision_score, True, _SCORES),
    "neg_log_loss": NamedMetric(log_loss, False, "predict_proba"),
    "neg_brier_score": NamedMetric(brier_score_loss, False, "predict_proba"),
    "neg_expected_calibration_error": NamedMetric(expected_calibration_error, False, "predict_proba"),
}


def find_metric(score_func: Callable[..., Any]) -> tuple[str, NamedMetric] | None:
    """Name and entry of a metric of this package, None for any other callable."""
    return next(((name, entry) for name, entry in NAMED.items() if entry.function is score_func), None)


__all__ = ["NAMED", "NamedMetric", "find_metric"]
