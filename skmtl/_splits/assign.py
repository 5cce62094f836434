"""Deal items out to folds so that every column of a count table is spread as evenly as possible."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from scipy import sparse

from skmtl._splits.even_out import even_out
from skmtl._splits.needs import EVEN, TEST_CLASS, TEST_TASK, TRAINING, Counts, Needs
from skmtl._typing import Array, IntArray

# Steps of the search without improvement after which it gives up, on each level of needs.
_PATIENCE = {TEST_TASK: 3000, TEST_CLASS: 300, EVEN: 300}


def assign(
    counts: sparse.csr_array, quota: IntArray, needs: Needs, weight: Array, rng: RandomState
) -> tuple[IntArray, Counts]:
    """Give each item a fold.

    An item is a row, or a group of rows that must stay together. Three steps: `deal` (iterative
    stratification), `repair` (search for the folds that a column still misses), `even_out` (fold sizes and
    counts, nothing that is met gets lost).

    Parameters
    ----------
    counts : csr_array of shape (n_items, n_columns)
        How often each item holds each column. Column 0 counts the rows of the item, so that the size of the
        folds is balanced like everything else.
    quota : int array of shape (n_folds,)
        Sizes of the folds, up to a common factor.
    needs : Needs
        What it costs that a column misses a fold.
    weight : array of shape (n_columns,)
        How much it counts that a column is spread evenly.
    rng : RandomState
        Breaks the ties of the search.

    Returns
    -------
    fold : array of shape (n_items,)
        The fold of each item.
    held : array of shape (n_columns, n_folds)
        How often each column occurs in each fold.
    """
    kind = kinds(counts)
    fold = deal(counts, kind, quota)
    held = _held(counts, fold, quota.size)
    repair(counts, fold, held, needs, rng)
    even_out(counts, fold, held, quota / quota.sum(), needs, weight)
    settle(kind, fold)
    return fold, held


def kinds(counts: sparse.csr_array) -> IntArray:
    """Number the items so that two items have the same number if they hold the same.

    Compares two 64-bit sums of random numbers, one number a column: over a million items, two different ones are
    taken for the same with a probability below 1e-26.
    """
    draws = np.random.RandomState(0).randint(-(2**62), 2**62, size=(2, counts.shape[1]), dtype=np.int64)
    code = np.zeros(counts.shape[0], dtype=np.intp)
    for numbers in draws:
        value = np.unique(counts @ numbers, return_inverse=True)[1].ravel()
        code = np.unique(code * (int(value.max()) + 1) + value, return_inverse=True)[1].ravel()
    return code


def deal(counts: sparse.csr_array, kind: IntArray, quota: IntArray) -> IntArray:
    """Iterative stratification: the rarest column first, each of its items to the fold that wants it most.

    Sechidis, Tsoumakas and Vlahavas (2011), algorithm 1. Ties go to the fold that wants rows most, then to the
    first. Large items come before small ones, which can still fill the gaps. Of items of the same kind each fold
    first gets its share at once, and only those left over are dealt out one by one.
    """
    n_items, n_columns = counts.shape
    shares = int(quota.sum())
    fold, one_by_one = _deal_shares(kind, quota)
    # What each fold still wants of each column, times the number of shares: whole numbers, so that ties are ties.
    wants = np.outer(counts.sum(axis=0), quota)
    if one_by_one.size < n_items:
        dealt = np.flatnonzero(fold >= 0)
        wants -= shares * _held(counts[dealt], fold[dealt], quota.size)
    counts = counts[one_by_one]
    by_column = counts.tocsc()
    size = counts[:, [0]].toarray().ravel()
    left = np.diff(by_column.indptr).astype(float)
    chosen = np.full(one_by_one.size, -1, dtype=np.intp)
    # Lists, as the loop goes through single numbers.
    wishes, starts = wants.tolist(), counts.indptr.tolist()
    columns, spent = counts.indices.tolist(), (shares * counts.data).tolist()
    rows = wishes[0]
    while left.size:
        column = int(np.argmin(np.where(left > 0, left, np.inf)))
        if left[column] == 0:
            break
        wish = wishes[column]
        items = by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]
        items = items[chosen[items] < 0]
        for item in items[np.argsort(-size[items], kind="stable")].tolist():
            most = max(wish)
            to = wish.index(most)
            if wish.count(most) > 1:
                to = max((k for k in range(len(wish)) if wish[k] == most), key=rows.__getitem__)
            chosen[item] = to
            for entry in range(starts[item], starts[item + 1]):
                wishes[columns[entry]][to] -= spent[entry]
        left -= np.bincount(counts[items].indices, minlength=n_columns)
    fold[one_by_one] = chosen
    return fold


def _deal_shares(kind: IntArray, quota: IntArray) -> tuple[IntArray, IntArray]:
    """Give each fold its whole share of every kind; the items left over keep -1 and are listed."""
    fold = np.full(kind.size, -1, dtype=np.intp)
    size = np.bincount(kind)
    ordered = np.argsort(kind, kind="stable")
    place = np.arange(kind.size) - np.repeat(np.cumsum(size) - size, size)
    start = np.zeros(size.size, dtype=np.intp)
    for k, part in enumerate(quota):
        stop = start + size * int(part) // int(quota.sum())
        code = kind[ordered]
        fold[ordered[(place >= start[code]) & (place < stop[code])]] = k
        start = stop
    return fold, np.flatnonzero(fold < 0)


def repair(counts: sparse.csr_array, fold: IntArray, held: Counts, needs: Needs, rng: RandomState) -> None:
    """Move items, in place, until no column misses a fold that it needs and could have.

    Min-conflicts search with a short memory: take a column that misses a fold, move there the one
    of its items that costs the other columns least, and leave this item alone for some steps. It stops when
    nothing is missing, or when many steps brought no improvement, and keeps the best it saw. What matters most
    is sought first, so that what cannot be had there does not keep the rest from being looked for.
    """
    by_column = counts.tocsc()
    occurs = np.diff(by_column.indptr)
    for level, patience in _PATIENCE.items():
        here = needs.from_level(level)
        least = here.least(occurs)
        # Until which step an item is left alone.
        resting = np.zeros(fold.size, dtype=np.int64)
        best, best_cost = fold.copy(), np.inf
        step = last_gain = 0
        while True:
            cost = here.cost(held)
            if cost.sum() < best_cost:
                best, best_cost, last_gain = fold.copy(), cost.sum(), step
            missing = here.missing(held)
            missing[cost <= least] = 0
            # A training part comes before everything else.
            pairs = np.argwhere(missing >= (TRAINING if (missing >= TRAINING).any() else level))
            if len(pairs) == 0 or step - last_gain >= patience:
                break
            step += 1
            column, to = (int(k) for k in pairs[rng.randint(len(pairs))])
            items = by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]
            items = items[(resting[items] < step) & (fold[items] != to)]
            if items.size == 0:
                continue
            change = _change(counts[items], fold[items], to, held, here)
            item = items[rng.choice(np.flatnonzero(change == change.min()))]
            _move(counts, fold, held, item, to)
            resting[item] = step + rng.randint(1, 2 + items.size)
        fold[:] = best
        held[:] = _held(counts, fold, held.shape[1])


def settle(kind: IntArray, fold: IntArray) -> None:
    """Among items of the same kind, let earlier items be in earlier folds, in place.

    No count of any fold changes. Folds get contiguous where they can be: when all rows are alike they are
    those of `sklearn.model_selection.KFold`.
    """
    fold[np.argsort(kind, kind="stable")] = fold[np.lexsort((fold, kind))]


def _change(items: sparse.csr_array, fold: IntArray, to: int, held: Counts, needs: Needs) -> Array:
    """Give for each item by how much the cost changes if it moves from its fold to the fold ``to``."""
    owner = np.repeat(np.arange(fold.size), np.diff(items.indptr))
    columns, source = items.indices, fold[owner]
    leaves = held[columns, source] == items.data
    enters = held[columns, to] == 0
    before = (held[columns] > 0).sum(axis=1)
    after = before - leaves + enters
    change = leaves * needs.absent[columns, source] - enters * needs.absent[columns, to]
    change += needs.alone[columns] * ((after < 2).astype(float) - (before < 2))
    return np.bincount(owner, weights=change).astype(float)


def _held(counts: sparse.csr_array, fold: IntArray, n_folds: int) -> Counts:
    """Count each column in each fold: an array of shape (n_columns, n_folds)."""
    ones = np.ones(fold.size, dtype=np.int64)
    member = sparse.csr_array((ones, (np.arange(fold.size), fold)), shape=(fold.size, n_folds))
    held: Counts = (counts.T @ member).toarray()
    return held


def _move(counts: sparse.csr_array, fold: IntArray, held: Counts, item: np.integer, to: int) -> None:
    """Put one item into another fold and keep the books."""
    cut = slice(counts.indptr[item], counts.indptr[item + 1])
    columns, values = counts.indices[cut], counts.data[cut]
    held[columns, fold[item]] -= values
    held[columns, to] += values
    fold[item] = to
