"""What it costs that a column is missing from a fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from skmtl._splits.columns import CLASS, CLASS_IN_TASK, ROWS, SPREAD, TASK
from skmtl._typing import Array, BoolArray, IntArray

Counts: TypeAlias = NDArray[np.int64]

# A level outweighs everything below it: a training part that lacks something, then a test part that lacks a task,
# then one that lacks a class, then what is only spread.
TRAINING, TEST_TASK, TEST_CLASS, EVEN = 1e12, 1e8, 1e4, 1.0
_TEST = {ROWS: TRAINING, TASK: TEST_TASK, CLASS: TEST_CLASS, CLASS_IN_TASK: TEST_CLASS, SPREAD: EVEN}
_TRAIN = {ROWS: TRAINING, TASK: TRAINING, CLASS: TRAINING, CLASS_IN_TASK: TEST_CLASS, SPREAD: EVEN}


@dataclass(frozen=True)
class Needs:
    """Costs of columns that miss folds.

    Parameters
    ----------
    absent : array of shape (n_columns, n_folds)
        Cost if a column does not occur in a fold.
    alone : array of shape (n_columns,)
        Cost if a column occurs in one fold only: the training part of all other folds then lacks it.
    """

    absent: Array
    alone: Array

    @classmethod
    def of_folds(cls, strictness: list[str], n_splits: int) -> Needs:
        """Every fold is a test part once, the other folds its training part."""
        absent = np.array([[_TEST[kind]] * n_splits for kind in strictness])
        return cls(absent, np.array([0.0 if kind == SPREAD else _TRAIN[kind] for kind in strictness]))

    @classmethod
    def of_split(cls, strictness: list[str], n_folds: int) -> Needs:
        """Fold 0 is the training part, fold 1 the test part; a third fold is left over and needs nothing."""
        absent = np.zeros((len(strictness), n_folds))
        absent[:, 0] = [_TRAIN[kind] for kind in strictness]
        absent[:, 1] = [_TEST[kind] for kind in strictness]
        return cls(absent, np.zeros(len(strictness)))

    def from_level(self, level: float) -> Needs:
        """Leave out the costs below a level."""
        return Needs(self.absent * (self.absent >= level), self.alone * (self.alone >= level))

    def cost(self, held: Counts) -> Array:
        """Cost of each column that occurs `held` (n_columns, n_folds) times in each fold."""
        empty = held == 0
        few = held.shape[1] - empty.sum(axis=1) < 2
        total: Array = (self.absent * empty).sum(axis=1) + self.alone * few
        return total

    def least(self, occurs: IntArray) -> Array:
        """Least cost of each column that occurs in `occurs` (n_columns,) items: one fold each, the costliest first."""
        n_folds = self.absent.shape[1]
        costliest = -np.sort(-self.absent, axis=1)
        unfilled = np.arange(n_folds) >= occurs[:, None]
        total: Array = (costliest * unfilled).sum(axis=1) + self.alone * (occurs < 2)
        return total

    def missing(self, held: Counts) -> Array:
        """What it would save to fill each fold with each column: (n_columns, n_folds), 0 where it is filled."""
        empty = held == 0
        few = held.shape[1] - empty.sum(axis=1) < 2
        saved: Array = empty * (self.absent + (self.alone * few)[:, None])
        return saved

    def lacks_training(self, held: Counts) -> BoolArray:
        """Tell which columns a training part lacks that has to have them."""
        lacks: BoolArray = self.cost(held) >= TRAINING
        return lacks
