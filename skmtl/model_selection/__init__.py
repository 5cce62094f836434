"""Folds, out-of-fold predictions and honest comparisons for tables with missing outcomes."""

from __future__ import annotations

from skmtl._splits import MultiTaskKFold
from skmtl.model_selection._compare import compare
from skmtl.model_selection._compare_result import Comparison
from skmtl.model_selection._predict import cross_val_predict

__all__ = ["Comparison", "MultiTaskKFold", "compare", "cross_val_predict"]
