"""Folds that keep every task observed in every part."""

from __future__ import annotations

from skmtl._splits.check import check_task_cv, split_tasks
from skmtl._splits.kfold import MultiTaskKFold
from skmtl._splits.leave_one_task_out import LeaveOneTaskOut
from skmtl._splits.repeated import RepeatedMultiTaskKFold
from skmtl._splits.train_test import multitask_train_test_split

__all__ = [
    "LeaveOneTaskOut",
    "MultiTaskKFold",
    "RepeatedMultiTaskKFold",
    "check_task_cv",
    "multitask_train_test_split",
    "split_tasks",
]
