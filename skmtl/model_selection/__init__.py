"""Folds, out-of-fold predictions and honest comparisons for tables with missing outcomes."""

from __future__ import annotations

from skmtl._splits import LeaveOneTaskOut, MultiTaskKFold, RepeatedMultiTaskKFold, multitask_train_test_split
from skmtl.model_selection._compare import compare
from skmtl.model_selection._compare_result import Comparison
from skmtl.model_selection._predict import cross_val_predict

__all__ = [
    "Comparison",
    "LeaveOneTaskOut",
    "MultiTaskKFold",
    "RepeatedMultiTaskKFold",
    "compare",
    "cross_val_predict",
    "multitask_train_test_split",
]
