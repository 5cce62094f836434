"""The one container behind all data forms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from skmtl._typing import Array
from skmtl.data._design import Design
from skmtl.data._layout import TaskLayout
from skmtl.data._targets import TargetEncoder
from skmtl.exceptions import TaskDataError


@dataclass(frozen=True, eq=False)
class TaskData:
    """Observed entries of a multi-task table, ready for a loss.

    Parameters
    ----------
    design : Design
        The features as an operator.
    y : ndarray of shape (n_entries,)
        Observed targets, task-major; 0/1 for binary tasks, 0 .. K-1 for classes, counts per unit of exposure.
        In float64, or in float32 where the user gave that: sums over them are in float64.
    weight : ndarray of shape (n_entries,)
        Sample weights, all positive: entries of weight zero are absent, as NaN is.
    layout : TaskLayout
    encoders : tuple of TargetEncoder, one per task
    form : {"single", "wide", "rows"}
        What the user gave: a 1-D y, a 2-D Y, or a 1-D y with task ids.
    task_weight : {"entries", "equal", "deviance"} or ndarray of shape (T,)
    exposure : ndarray of shape (n_entries,), optional
        What each count was counted over; 1 for other targets. Their losses are multiplied by it.
    """

    design: Design
    y: Array
    weight: Array
    layout: TaskLayout
    encoders: tuple[TargetEncoder, ...]
    form: str
    task_weight: str | Array = "entries"
    exposure: Array | None = None

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return self.layout.n_tasks

    @property
    def n_features(self) -> int:
        """Number of features p."""
        return self.design.n_features

    @cached_property
    def unweighted(self) -> bool:
        """Whether every entry counts once."""
        weight = self.weight
        return bool(weight[0] == 1.0 if weight.strides == (0,) else (weight == 1.0).all())

    def take(self, rows: np.ndarray, *, every_task: bool = True) -> TaskData:
        """Data of the rows marked in ``rows``, a mask over the rows the user gave.

        A task without an observed entry among them is an error that names it, unless ``every_task`` is False.
        """
        layout = self.layout
        kept = rows[layout.row_index]
        counts = np.bincount(layout.entry_task[kept], minlength=layout.n_tasks)
        if every_task and not counts.all():
            name = layout.names[int(np.argmin(counts))]
            raise TaskDataError(
                f"Task {name!r} has no observed entry in this subset of the rows: use folds that keep every "
                "task observed, such as MultiTaskKFold."
            )
        new_row = np.cumsum(rows) - 1
        subset = TaskLayout(
            names=layout.names,
            row_index=new_row[layout.row_index[kept]],
            task_ptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
            n_rows=int(rows.sum()),
            channels=layout.channels,
        )
        design = self.design.take(rows, subset, kept)
        exposure = None if self.exposure is None else self.exposure[kept]
        return replace(self, design=design, y=self.y[kept], weight=self.weight[kept], layout=subset, exposure=exposure)

    def with_targets(self, y: Array) -> TaskData:
        """The same entries with other target values, for standardised targets."""
        return replace(self, y=y)
