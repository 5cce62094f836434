"""Which sums over rows the tasks of a table need, and how few of them will do.

Tasks observed at the same rows with the same weights share all sums of features. Where masks differ, rows are grouped
by their *pattern*, the set of tasks observed there: the sums of a task are those of the patterns that have it, and one
pass over the rows serves all tasks of a set of patterns. A few missing panels make few patterns. Masks without
structure make too many, so tasks are taken in runs small enough to have few.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skmtl._typing import Array, BoolArray, IntArray
from skmtl.data._container import TaskData
from skmtl.data._design import SharedDesign

# Patterns of a run of tasks, at least: four tasks have 16, and a task then costs a quarter of a complete one. With 30%
# missing, 16 and 32 are fastest at 5000 rows, 300 features, 20 tasks and at 2000, 200, 10; 128 at 20000, 100, 20, where
# the sums of the patterns would be as large as X.
_LEAST_PATTERNS = 16


@dataclass(frozen=True, eq=False)
class Run:
    """Tasks whose sums are made in one pass over the rows.

    Parameters
    ----------
    tasks : ndarray of shape (k,)
    gram : ndarray of shape (k,)
        Index of each task's sums of features among the g of this run.
    group : ndarray of shape (n,) or None
        Group of each row of the design, below zero where no task of the run is observed; None is one group.
    part : ndarray of shape (c,)
        Part that each group belongs to.
    has : ndarray of shape (g, c)
        Whether a group of rows counts for each of the sums of features.
    weight : ndarray of shape (n,) or None
    """

    tasks: IntArray
    gram: IntArray
    group: IntArray | None
    part: IntArray
    has: BoolArray
    weight: Array | None


def runs_of(data: TaskData, part: IntArray | None, n_parts: int) -> Iterator[Run]:
    """The runs that make the sums of all tasks, over each part of the rows the user gave.

    ``part`` has a number for each row, below zero for rows that belong to none.
    """
    layout = data.layout
    every_part, n_rows = np.arange(n_parts), layout.n_rows
    tasks = np.arange(layout.n_tasks)
    if not isinstance(data.design, SharedDesign):
        group, weight = layout.entry_task, None if data.unweighted else data.weight
        if part is not None:
            own = part[layout.row_index]
            group = np.where(own < 0, -1, group * n_parts + own)
        one_each = np.repeat(np.eye(layout.n_tasks, dtype=bool), n_parts, axis=1)
        yield Run(tasks, tasks, group, np.tile(every_part, layout.n_tasks), one_each, weight)
        return
    if layout.complete and data.unweighted:
        yield Run(tasks, np.zeros_like(tasks), part, every_part, np.ones((1, n_parts), dtype=bool), None)
        return
    row_weight = _row_weight(data)
    if row_weight is None:
        table = np.zeros((layout.n_tasks, n_rows))
        table[layout.entry_task, layout.row_index] = data.weight
    else:
        table = np.zeros((layout.n_tasks, n_rows), dtype=bool)
        for k in range(layout.n_tasks):
            table[k, layout.row_index[layout.entries(k)]] = True
    first, gram = _distinct(table)
    start = np.zeros(n_rows, dtype=np.intp) if part is None else part
    if row_weight is None:
        for g, t in enumerate(first):
            same = np.flatnonzero(gram == g)
            group = np.where(table[t] > 0, start, -1)
            yield Run(same, np.zeros_like(same), group, every_part, np.ones((1, n_parts), dtype=bool), table[t])
        return
    masks = table[first].astype(bool)
    limit = n_parts * max(_LEAST_PATTERNS, n_rows // (4 * n_parts * data.n_features))
    done = 0
    while done < len(first):
        group, n_taken, part_of, has = _patterns(masks[done:], start, n_parts, limit)
        members = np.flatnonzero((gram >= done) & (gram < done + n_taken))
        yield Run(members, gram[members] - done, group, part_of, has, None if data.unweighted else row_weight)
        done += n_taken


def _row_weight(data: TaskData) -> Array | None:
    """One weight for each row where all its entries have the same; else None."""
    if data.unweighted:
        return np.ones(data.layout.n_rows)
    weight = np.zeros(data.layout.n_rows)
    weight[data.layout.row_index] = data.weight
    return weight if bool((weight[data.layout.row_index] == data.weight).all()) else None


def _distinct(table: np.ndarray) -> tuple[list[int], IntArray]:
    """First task with each distinct row of a table, and the index of each task's among them."""
    keys = np.packbits(table, axis=1) if table.dtype == bool else table
    seen: dict[bytes, int] = {}
    gram = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in keys])
    return np.unique(gram, return_index=True)[1].tolist(), gram


def _patterns(masks: BoolArray, start: IntArray, n_parts: int, limit: int) -> tuple[IntArray, int, IntArray, BoolArray]:
    """Group rows by part and by pattern of the first few masks, as many as give at most ``limit`` groups."""
    group, part_of = start, np.arange(n_parts)
    has = np.zeros((0, n_parts), dtype=bool)
    for k, mask in enumerate(masks):
        finer = np.where(group < 0, -1, 2 * group + mask)
        used = np.flatnonzero(np.bincount(finer + 1, minlength=2 * len(part_of) + 1)[1:])
        # Rows that no task has so far are no group in the end.
        n_groups = len(used) - int((~has[:, used // 2].any(axis=0) & (used % 2 == 0)).sum())
        if k and n_groups > limit:
            break
        number = np.full(2 * len(part_of) + 1, -1)
        number[used] = np.arange(len(used))
        group = number[finer]
        part_of = part_of[used // 2]
        has = np.vstack([has[:, used // 2], used % 2 == 1])
    else:
        k = len(masks)
    seen = has.any(axis=0)
    number = np.append(np.where(seen, np.cumsum(seen) - 1, -1), -1)
    return number[group], k, part_of[seen], has[:, seen]


__all__ = ["Run", "runs_of"]
