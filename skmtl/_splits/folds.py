"""Turn what has to be spread into one fold per row, or say why that cannot be done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from scipy import sparse

from skmtl._splits.assign import assign
from skmtl._splits.columns import CLASS_IN_TASK, SPREAD, Column, ColumnTable
from skmtl._splits.needs import Counts, Needs
from skmtl._typing import Array, IntArray
from skmtl.exceptions import TaskDataError

# What is spread for good measure counts less than the tasks and classes themselves.
_WEIGHT_OF_SPREAD = 0.02


@dataclass(frozen=True)
class Plan:
    """What `assign` is to do, checked for what counting alone can tell.

    Parameters
    ----------
    columns : list of Column
        What has to be spread.
    counts : csr_array of shape (n_items, n_columns)
        How often each item (row, or group of rows) holds each column.
    entries : int array of shape (n_columns,)
        In how many rows each column occurs.
    quota : int array of shape (n_folds,)
        Sizes of the folds, up to a common factor.
    needs : Needs
        What it costs that a column misses a fold.
    test : int array
        Which folds are test parts.
    group : int array of shape (n_rows,) or None
        Item of each row, where items are groups.
    """

    columns: list[Column]
    counts: sparse.csr_array
    entries: IntArray
    quota: IntArray
    needs: Needs
    test: IntArray
    group: IntArray | None

    @property
    def occurs(self) -> IntArray:
        """In how many items each column occurs."""
        return np.bincount(self.counts.indices, minlength=self.counts.shape[1])

    @property
    def weight(self) -> Array:
        """How much it counts that a column is spread evenly: the rows above all, then all columns alike."""
        weight = 1.0 / np.maximum(self.entries, 1)
        weight[[column.strictness == SPREAD for column in self.columns]] *= _WEIGHT_OF_SPREAD
        weight[0] = 1.0
        return weight

    def make(self, rng: RandomState, *, shuffle: bool) -> tuple[IntArray, Counts]:
        """Give the fold of each row, and how often each column occurs in each fold.

        Raises
        ------
        TaskDataError
            If no assignment was found that has every task and every class in every training part.
        """
        order = np.arange(self.counts.shape[0])
        if shuffle:
            rng.shuffle(order)
        fold = np.empty(order.size, dtype=np.intp)
        fold[order], held = assign(self.counts[order], self.quota, self.needs, self.weight, rng)
        self._check_training(held)
        return fold if self.group is None else fold[self.group], held

    def _check_training(self, held: Counts) -> None:
        lacks = self.needs.lacks_training(held)
        if lacks.any():
            # The search is not exhaustive, so this must not say "impossible".
            missing = ", ".join(str(self.columns[c]) for c in np.flatnonzero(lacks))
            items = "rows" if self.group is None else "groups"
            raise TaskDataError(
                f"No assignment to {self.quota.size} parts was found that has every task and every class in every "
                f"training part; the best one still fails for {missing}. Each occurs often enough by itself, but too "
                f"few {items} are shared by too many: drop an outcome, or merge it with another one."
            )


def plan_folds(table: ColumnTable, n_splits: int, *, group: IntArray | None = None) -> Plan:
    """Plan folds that are test parts in turn.

    Parameters
    ----------
    table : ColumnTable
        What has to be spread.
    n_splits : int
        Number of folds.
    group : int array of shape (n_rows,), optional
        Number of the group of each row, 0, 1, ...; rows of a group get the same fold.

    Returns
    -------
    Plan

    Raises
    ------
    TaskDataError
        If there are fewer rows (groups) than folds, or if a task, or a class of the outcome, occurs in fewer than two
        of them.
    """
    needs = Needs.of_folds(table.strictness, n_splits)
    plan = _plan(table, group, np.ones(n_splits, dtype=np.intp), needs, np.arange(n_splits))
    occurs = plan.occurs
    if occurs[0] < n_splits:
        limit = f"samples: n_samples={occurs[0]}" if group is None else f"groups: {occurs[0]}"
        raise TaskDataError(f"Cannot have number of splits n_splits={n_splits} greater than the number of {limit}.")
    _check_occurs(plan, least=2)
    return plan


def plan_split(table: ColumnTable, sizes: IntArray, *, group: IntArray | None = None) -> Plan:
    """Plan a training part, fold 0, and a test part, fold 1, with ``sizes`` rows; fold 2, if any, is left over.

    Raises
    ------
    TaskDataError
        If there is one row (group) only, or if a task has no observed entry.
    """
    plan = _plan(table, group, sizes, Needs.of_split(table.strictness, sizes.size), np.array([1]))
    if plan.occurs[0] < 2:
        items = "row" if group is None else "group"
        raise TaskDataError(f"There is one {items} only, and a training and a test part need one each.")
    _check_occurs(plan, least=1)
    return plan


def _plan(table: ColumnTable, group: IntArray | None, quota: IntArray, needs: Needs, test: IntArray) -> Plan:
    counts = table.counts()
    if group is not None:
        one = np.ones(group.size, dtype=np.int64)
        counts = (sparse.csr_array((one, (group, np.arange(group.size)))) @ counts).tocsr()
    counts.sort_indices()
    entries = np.array([rows.size for rows in table.rows])
    return Plan(table.columns, counts, entries, quota, needs, test, group)


def _check_occurs(plan: Plan, least: int) -> None:
    """Check that each task and class occurs in `least` items, so that a training part can have it."""
    occurs = plan.occurs
    low = [
        c
        for c, column in enumerate(plan.columns)
        if occurs[c] < least and column.strictness not in (CLASS_IN_TASK, SPREAD)
    ]
    if not low:
        return
    worst = min(low, key=lambda c: occurs[c])
    column = plan.columns[worst]
    others = f" {number(len(low) - 1, 'more')} also." if len(low) > 1 else ""
    if occurs[worst] == 0:
        raise TaskDataError(f"{capital(column)} has no observed entry: drop it.{others}")
    where = "" if plan.group is None else ", all in one group"
    unknown, cure = "could not fit the task", "or merge it with another one"
    if column.label is not None:
        plain = "pass stratify=False" if plan.test.size == 1 else "use MultiTaskKFold(stratify=False) as cv"
        unknown, cure = "would not know the class", f"merge the class with another one, or {plain}"
    raise TaskDataError(
        f"{capital(column)} has {number(plan.entries[worst], 'observed entry')}{where}, and the training part "
        f"without it {unknown}: drop the outcome, {cure}.{others}"
    )


def shortage(plan: Plan, held: Counts) -> str | None:
    """Say which tasks and classes some test part lacks; None if there are none."""
    n_splits = plan.test.size
    lacks = (held[:, plan.test] == 0).sum(axis=1)
    occurs = plan.occurs
    short = [c for c in np.flatnonzero(lacks) if plan.columns[c].strictness != SPREAD]
    if not short:
        return None
    # Tasks before classes, as that is the greater loss; then the rarest.
    worst = min(short, key=lambda c: (plan.columns[c].label is not None, occurs[c]))
    column, count = plan.columns[worst], occurs[worst]
    where = f", in {number(count, 'group')} that stay together" if plan.group is not None else ""
    text = f"{capital(column)} has {number(plan.entries[worst], 'observed entry')}{where}, and "
    if n_splits == 1:
        text += "the test part has none of it."
        few = count < 2
    else:
        few = count < n_splits
        text += f"{lacks[worst]} of {n_splits} test parts {'has' if lacks[worst] == 1 else 'have'} none of it."
        if few and count > 1:
            text += f" Use at most {count} splits to have it in all."
    if not few:
        text += f" Too few {'rows' if plan.group is None else 'groups'} are shared by too many outcomes, as it seems."
    if len(short) > 1:
        text += f" {number(len(short) - 1, 'more')} also, of all tasks and classes."
    return text


def capital(column: Column) -> str:
    """Write the column at the start of a sentence."""
    text = str(column)
    return text[0].upper() + text[1:]


def number(count: int, noun: str) -> str:
    """Write a count with its noun: 1 entry, 2 entries, 3 groups."""
    if count == 1 or noun == "more":
        return f"{count} {noun}"
    return f"{count} {noun[:-1]}ies" if noun.endswith("y") else f"{count} {noun}s"
