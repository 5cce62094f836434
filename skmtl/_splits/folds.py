"""Turn what has to be spread into one fold per row, or say why that cannot be done."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from scipy import sparse

from skmtl._splits.assign import assign
from skmtl._splits.columns import EVERY_TEST_PART, EVERY_TRAINING_PART, Column, ColumnTable
from skmtl._typing import BoolArray, IntArray
from skmtl.exceptions import TaskDataError


def task_folds(
    table: ColumnTable, n_splits: int, *, group: IntArray | None = None, shuffle: bool = False, rng: RandomState
) -> IntArray:
    """Give each row a fold.

    Parameters
    ----------
    table : ColumnTable
        What has to be spread.
    n_splits : int
        Number of folds.
    group : int array of shape (n_rows,), optional
        Number of the group of each row, 0, 1, ...; rows of a group get the same fold.
    shuffle : bool, default=False
        Whether rows (groups) are dealt out in random order.
    rng : RandomState
        For the shuffle and for ties in the search.

    Returns
    -------
    int array of shape (n_rows,)
        Fold of each row, 0 to ``n_splits - 1``.

    Raises
    ------
    TaskDataError
        If a column occurs too rarely to be spread as it must be, or if no assignment was found that
        spreads all of them.
    """
    counts = table.counts()
    if group is not None:
        one = np.ones(group.size, dtype=np.int64)
        counts = (sparse.csr_array((one, (group, np.arange(group.size)))) @ counts).tocsr()
    counts.sort_indices()
    occurs = np.bincount(counts.indices, minlength=counts.shape[1])
    entries = np.array([rows.size for rows in table.rows])
    _check_size(occurs[0], n_splits, group is not None)
    _check_tasks(table.columns, occurs, entries, n_splits, group is not None)
    _check_classes(table.columns, occurs, entries, group is not None)

    strictness = np.array([column.strictness for column in table.columns])
    required = np.where(strictness == EVERY_TEST_PART, n_splits, 2 * (strictness == EVERY_TRAINING_PART))
    wished = np.maximum(required, np.minimum(n_splits, occurs))
    order = np.arange(counts.shape[0])
    if shuffle:
        rng.shuffle(order)
    fold = np.empty(order.size, dtype=np.intp)
    fold[order], short = assign(counts[order], required, wished, n_splits, rng)
    _check_found(table.columns, short, n_splits, group is not None)
    return fold if group is None else fold[group]


def _check_size(n_items: int, n_splits: int, grouped: bool) -> None:
    if n_items < n_splits:
        limit = f"groups: {n_items}" if grouped else f"samples: n_samples={n_items}"
        raise TaskDataError(f"Cannot have number of splits n_splits={n_splits} greater than the number of {limit}.")


def _check_tasks(columns: list[Column], occurs: IntArray, entries: IntArray, n_splits: int, grouped: bool) -> None:
    low = [c for c, column in enumerate(columns) if column.strictness == EVERY_TEST_PART and occurs[c] < n_splits]
    if not low:
        return
    worst = min(low, key=lambda c: occurs[c])
    where = f", in {_number(occurs[worst], 'group')} that stay together" if grouped else ""
    fewer = f"use at most {occurs[worst]} splits, " if occurs[worst] > 1 else ""
    others = f" {_number(len(low) - 1, 'more task')} also cannot." if len(low) > 1 else ""
    raise TaskDataError(
        f"{_capital(columns[worst])} has {_number(entries[worst], 'observed entry')}{where}, and with "
        f"n_splits={n_splits} it cannot be observed in every test part: {fewer}drop the outcome, or merge it "
        f"with another one.{others}"
    )


def _check_classes(columns: list[Column], occurs: IntArray, entries: IntArray, grouped: bool) -> None:
    for c, column in enumerate(columns):
        if column.strictness == EVERY_TRAINING_PART and occurs[c] < 2:
            where = ", all in one group" if grouped else ""
            raise TaskDataError(
                f"{_capital(column)} has {_number(entries[c], 'observed entry')}{where}, and the training part "
                "without it would not know the class: drop the outcome, merge the class with another one, or "
                "pass stratify=False."
            )


def _check_found(columns: list[Column], short: BoolArray, n_splits: int, grouped: bool) -> None:
    # The search is not exhaustive, so this must not say "impossible".
    if short.any():
        missing = ", ".join(str(columns[c]) for c in np.flatnonzero(short))
        items = "groups" if grouped else "rows"
        raise TaskDataError(
            f"No assignment to n_splits={n_splits} folds was found that has every task in every test part and every "
            f"class in every training part; the best one still fails for {missing}. Each occurs often enough by "
            f"itself, but too few {items} are shared by too many: use fewer splits, or drop or merge an outcome."
        )


def _capital(column: Column) -> str:
    text = str(column)
    return text[0].upper() + text[1:]


def _number(count: int, noun: str) -> str:
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"
