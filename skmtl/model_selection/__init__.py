"""Folds and out-of-fold predictions for tables with missing outcomes."""

from __future__ import annotations

from skmtl._splits import MultiTaskKFold
from skmtl.model_selection._predict import cross_val_predict

__all__ = ["MultiTaskKFold", "cross_val_predict"]
