"""Folds that keep every task observed in every part."""

from __future__ import annotations

from skmtl._splits.check import check_task_cv, split_tasks
from skmtl._splits.kfold import MultiTaskKFold

__all__ = ["MultiTaskKFold", "check_task_cv", "split_tasks"]
