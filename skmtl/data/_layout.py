"""Which entries are observed: the flat, task-major order that the whole library works in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skmtl._typing import IntArray


@dataclass(frozen=True, eq=False)
class TaskLayout:
    """Observed entries in task-major order.

    Entry ``k`` belongs to the task ``t`` with ``task_ptr[t] <= k < task_ptr[t + 1]`` and to the row
    ``row_index[k]`` of the table the user gave. A task has one channel (one linear predictor) unless
    ``channels`` says otherwise; flat vectors of linear predictors hold, task after task and channel
    after channel, one number per observed entry.

    Parameters
    ----------
    names : tuple of length T
        Task labels: column names, task ids, or 0 .. T-1.
    row_index : ndarray of shape (n_entries,)
    task_ptr : ndarray of shape (T + 1,)
    n_rows : int
        Rows of the user's table.
    channels : ndarray of shape (T,)
        Number of linear predictors of each task.
    """

    names: tuple[object, ...]
    row_index: IntArray
    task_ptr: IntArray
    n_rows: int
    channels: IntArray

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return len(self.names)

    @property
    def n_entries(self) -> int:
        """Number of observed entries."""
        return int(self.task_ptr[-1])

    @property
    def n_channels(self) -> int:
        """Total number of linear predictors C; equal to T while every task has one."""
        return int(self.channel_ptr[-1])

    @cached_property
    def channel_ptr(self) -> IntArray:
        """Channels of task t are ``channel_ptr[t] : channel_ptr[t + 1]``."""
        return np.concatenate([[0], np.cumsum(self.channels)]).astype(np.intp)

    @cached_property
    def channel_task(self) -> IntArray:
        """Task of each channel, shape (C,)."""
        return np.repeat(np.arange(self.n_tasks), self.channels)

    @cached_property
    def counts(self) -> IntArray:
        """Observed entries per task, shape (T,)."""
        return np.diff(self.task_ptr)

    @cached_property
    def eta_ptr(self) -> IntArray:
        """Block of channel c in a flat vector of linear predictors: ``eta_ptr[c] : eta_ptr[c + 1]``."""
        return np.concatenate([[0], np.cumsum(self.counts[self.channel_task])]).astype(np.intp)

    @cached_property
    def entry_task(self) -> IntArray:
        """Task of each entry, shape (n_entries,)."""
        return np.repeat(np.arange(self.n_tasks), self.counts)

    @cached_property
    def eta_channel(self) -> IntArray:
        """Channel of each number in a flat vector of linear predictors."""
        return np.repeat(np.arange(self.n_channels), np.diff(self.eta_ptr))

    @cached_property
    def complete(self) -> bool:
        """Whether every task is observed at every row, in the order of the rows."""
        if self.n_entries != self.n_rows * self.n_tasks:
            return False
        return bool(np.array_equal(self.row_index, np.tile(np.arange(self.n_rows), self.n_tasks)))

    def entries(self, task: int) -> slice:
        """Slice of the entries of one task."""
        return slice(int(self.task_ptr[task]), int(self.task_ptr[task + 1]))

    def eta(self, task: int) -> slice:
        """Slice of one task (all its channels) in a flat vector of linear predictors."""
        first, last = self.channel_ptr[task], self.channel_ptr[task + 1]
        return slice(int(self.eta_ptr[first]), int(self.eta_ptr[last]))

    def expand(self, values: np.ndarray) -> np.ndarray:
        """One value per entry as one value per linear predictor."""
        return values if self._entry_of_eta is None else values[self._entry_of_eta]

    @cached_property
    def _entry_of_eta(self) -> IntArray | None:
        """Entry of each number in a flat vector of linear predictors; None where they are the same."""
        if (self.channels == 1).all():
            return None
        blocks = [np.arange(self.task_ptr[t], self.task_ptr[t + 1]) for t in self.channel_task]
        return np.concatenate(blocks).astype(np.intp)

    def sum_by_task(self, values: np.ndarray) -> np.ndarray:
        """Sum an array of one value per entry over each task, in float64, shape (T,)."""
        if self.counts.all():
            return np.add.reduceat(values, self.task_ptr[:-1], dtype=np.float64)
        return np.bincount(self.entry_task, weights=values, minlength=self.n_tasks)

    def per_entry(self, values: np.ndarray) -> np.ndarray:
        """One value per task as one value per entry."""
        return np.repeat(values, self.counts)

    def sum_by_channel(self, values: np.ndarray) -> np.ndarray:
        """Sum an array of one value per linear predictor over each channel, shape (C,)."""
        return np.bincount(self.eta_channel, weights=values, minlength=self.n_channels)


class CompleteLayout(TaskLayout):
    """Every task observed at every row: what others hold as an array of indices follows from the shape.

    Parameters
    ----------
    names : tuple of length T
    n_rows : int
    channels : ndarray of shape (T,), optional
        Ones by default.
    """

    def __init__(self, names: tuple[object, ...], n_rows: int, channels: np.ndarray | None = None):
        n_tasks = len(names)
        self.__dict__.update(
            names=names,
            n_rows=n_rows,
            task_ptr=np.arange(0, (n_tasks + 1) * n_rows, n_rows) if n_rows else np.zeros(n_tasks + 1, dtype=np.intp),
            channels=np.ones(n_tasks, dtype=np.intp) if channels is None else channels,
            complete=True,
        )
        if channels is None:
            self.__dict__.update(
                channel_ptr=np.arange(n_tasks + 1), channel_task=np.arange(n_tasks), eta_ptr=self.task_ptr
            )

    @cached_property
    def row_index(self) -> IntArray:
        """Row of each entry."""
        return np.tile(np.arange(self.n_rows), self.n_tasks)

    def sum_by_task(self, values: np.ndarray) -> np.ndarray:
        """Sum an array of one value per entry over each task, in float64, shape (T,)."""
        result: np.ndarray = values.reshape(self.n_tasks, self.n_rows).sum(axis=1, dtype=np.float64)
        return result


def make_layout(observed: np.ndarray, names: tuple[object, ...], channels: np.ndarray | None = None) -> TaskLayout:
    """Lay out a wide table from its (n, T) mask of observed cells."""
    if observed.all():
        return CompleteLayout(names, len(observed), channels)
    counts = observed.sum(axis=0)
    row_index = np.concatenate([np.flatnonzero(column) for column in observed.T]) if len(names) else np.zeros(0)
    return TaskLayout(
        names=names,
        row_index=row_index.astype(np.intp),
        task_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        n_rows=observed.shape[0],
        channels=np.ones(len(names), dtype=np.intp) if channels is None else channels,
    )


def make_row_layout(
    task_code: np.ndarray, keep: np.ndarray, names: tuple[object, ...], channels: np.ndarray | None = None
) -> TaskLayout:
    """Lay out rows that belong to one task each; ``keep`` marks the rows with an observed target."""
    rows = np.flatnonzero(keep)
    order = np.argsort(task_code[rows], kind="stable")
    counts = np.bincount(task_code[rows], minlength=len(names))
    return TaskLayout(
        names=names,
        row_index=rows[order].astype(np.intp),
        task_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        n_rows=len(task_code),
        channels=np.ones(len(names), dtype=np.intp) if channels is None else channels,
    )
