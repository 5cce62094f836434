"""Deal items out to folds so that every column of a count table is spread as evenly as possible."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState
from scipy import sparse

from skmtl._typing import Array, BoolArray, IntArray

# One unmet requirement outweighs all unmet wishes.
_REQUIREMENT = 1e6
# Steps of `repair` without improvement after which it gives up.
_PATIENCE_REQUIRED = 3000
_PATIENCE_WISHED = 300
# `even_out` looks at this many items of each of two folds; the limit on its steps is a safeguard, not a tool.
_N_CANDIDATES = 16
_MAX_EVEN_OUT_STEPS = 5000


def assign(
    counts: sparse.csr_array, required: IntArray, wished: IntArray, n_splits: int, rng: RandomState
) -> tuple[IntArray, BoolArray]:
    """Give each item a fold.

    An item is a row, or a group of rows that must stay together. Three steps: `deal` (iterative
    stratification), `repair` (search for the folds that a column still misses), `even_out` (fold sizes and
    counts, nothing that is met gets lost).

    Parameters
    ----------
    counts : csr_array of shape (n_items, n_columns)
        How often each item holds each column. Column 0 counts the rows of the item, so that the size of the
        folds is balanced like everything else.
    required : array of shape (n_columns,)
        In how many different folds each column has to occur.
    wished : array of shape (n_columns,)
        In how many different folds it should occur if that is possible; at least `required`.
    n_splits : int
        Number of folds.
    rng : RandomState
        Breaks the ties of the search.

    Returns
    -------
    fold : array of shape (n_items,)
        The fold of each item.
    short : bool array of shape (n_columns,)
        The columns that occur in fewer folds than required.
    """
    fold = deal(counts, n_splits)
    held = _held(counts, fold, n_splits)
    repair(counts, fold, held, required, wished, rng)
    even_out(counts, fold, held)
    settle(counts, fold)
    return fold, (held > 0).sum(axis=1) < required


def deal(counts: sparse.csr_array, n_splits: int) -> IntArray:
    """Iterative stratification: the rarest column first, each of its items to the fold that has least of it.

    Sechidis, Tsoumakas and Vlahavas (2011), algorithm 1, with equal folds: the fold that wants a column most
    is then the one that holds least of it. Ties go to the smallest fold, then to the first. Large items
    come before small ones, which can still fill the gaps.
    """
    n_items, n_columns = counts.shape
    by_column = counts.tocsc()
    left = np.diff(by_column.indptr).astype(float)
    fold = np.full(n_items, -1, dtype=np.intp)
    size = counts[:, [0]].toarray().ravel()
    held = np.zeros((n_splits, n_columns), dtype=np.int64)
    big = int(size.sum()) + 1
    while True:
        column = int(np.argmin(np.where(left > 0, left, np.inf)))
        if left[column] == 0:
            return fold
        items = by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]
        items = items[fold[items] < 0]
        for item in items[np.argsort(-size[items], kind="stable")]:
            start, stop = counts.indptr[item], counts.indptr[item + 1]
            chosen = np.argmin(held[:, column] * big + held[:, 0])
            fold[item] = chosen
            held[chosen, counts.indices[start:stop]] += counts.data[start:stop]
        left -= np.bincount(counts[items].indices, minlength=n_columns)


def repair(
    counts: sparse.csr_array,
    fold: IntArray,
    held: IntArray,
    required: IntArray,
    wished: IntArray,
    rng: RandomState,
) -> None:
    """Move items, in place, until every column occurs in as many folds as required and wished.

    Min-conflicts search with a short memory: take a column that is missing in a fold, move there the one
    of its items that costs the other columns least, and leave this item alone for some steps. It stops when
    nothing is missing, or when many steps brought no improvement, and keeps the best it saw.
    """
    by_column = counts.tocsc()
    # Until which step an item is left alone.
    resting = np.zeros(fold.size, dtype=np.int64)
    best, best_cost = fold.copy(), np.inf
    step = last_gain = 0
    while True:
        filled = (held > 0).sum(axis=1)
        cost = _cost(filled, required, wished).sum()
        if cost < best_cost:
            best, best_cost, last_gain = fold.copy(), cost, step
        patience = _PATIENCE_REQUIRED if best_cost >= _REQUIREMENT else _PATIENCE_WISHED
        if best_cost == 0 or step - last_gain >= patience:
            break
        step += 1
        short = np.flatnonzero(filled < required)
        if short.size == 0:
            short = np.flatnonzero(filled < wished)
        column = rng.choice(short)
        to = rng.choice(np.flatnonzero(held[column] == 0))
        items = by_column.indices[by_column.indptr[column] : by_column.indptr[column + 1]]
        items = items[resting[items] < step]
        if items.size == 0:
            continue
        change = _change(counts[items], fold[items], to, held, filled, required, wished)
        item = items[rng.choice(np.flatnonzero(change == change.min()))]
        _move(counts, fold, held, item, to)
        resting[item] = step + rng.randint(1, 2 + items.size)
    fold[:] = best
    held[:] = _held(counts, fold, held.shape[1])


def even_out(counts: sparse.csr_array, fold: IntArray, held: IntArray) -> None:
    """Move and swap items, in place, as long as that makes the folds more alike.

    What decreases is the sum over columns and folds of the squared counts, each column relative to its total
    and the number of rows before all. In each step the two most different folds give each other the best
    of a few promising items (or one gives and gets nothing). A step that would leave a column in fewer
    folds is not made.
    """
    n_splits = held.shape[1]
    weight = 1.0 / held.sum(axis=1)
    weight[0] = 1.0
    nothing = sparse.csr_array((1, counts.shape[1]), dtype=counts.dtype)
    # Pairs of folds that had nothing to give each other since either was last changed.
    done = np.tri(n_splits, dtype=bool)
    for _ in range(_MAX_EVEN_OUT_STEPS):
        unlike = np.einsum("c,cab->ab", weight, (held[:, :, None] - held[:, None, :]) ** 2)
        unlike[done] = 0
        a, b = np.unravel_index(np.argmax(unlike), unlike.shape)
        if unlike[a, b] == 0:
            return
        gap = held[:, a] - held[:, b]
        gain = counts @ (weight * gap)
        from_a, from_b = np.flatnonzero(fold == a), np.flatnonzero(fold == b)
        from_a = _some(from_a[np.argsort(-gain[from_a], kind="stable")])
        from_b = _some(from_b[np.argsort(gain[from_b], kind="stable")])
        gives = sparse.vstack([nothing, counts[from_a]]).toarray()
        gets = sparse.vstack([nothing, counts[from_b]]).toarray()
        net = gives[:, None, :] - gets[None, :, :]
        filled = (held[:, a] > net).astype(int) + (held[:, b] > -net)
        loses = (filled < (held[:, a] > 0).astype(int) + (held[:, b] > 0)).any(axis=2)
        change = np.where(loses, np.inf, (net * (net - gap)) @ weight)
        i, j = np.unravel_index(np.argmin(change), change.shape)
        if change[i, j] > -1e-9:
            done[a, b] = True
            continue
        done[[a, b], :] = done[:, [a, b]] = False
        done |= np.tri(n_splits, dtype=bool)
        if i:
            _move(counts, fold, held, from_a[i - 1], b)
        if j:
            _move(counts, fold, held, from_b[j - 1], a)


def _some(ranked: IntArray) -> IntArray:
    """Take the best items and, as for groups the best pair is often not one of the two best, some of the rest."""
    rest = ranked[_N_CANDIDATES:]
    spread = np.linspace(0, rest.size - 1, min(_N_CANDIDATES, rest.size)).astype(np.intp)
    return np.concatenate([ranked[:_N_CANDIDATES], rest[spread]])


def settle(counts: sparse.csr_array, fold: IntArray) -> None:
    """Among items with the same counts, let earlier items be in earlier folds, in place.

    No count of any fold changes. Folds get contiguous where they can be: when all rows are alike they are
    those of `sklearn.model_selection.KFold`.
    """
    seen: dict[bytes, int] = {}
    kind = np.empty(fold.size, dtype=np.intp)
    for item in range(fold.size):
        cut = slice(counts.indptr[item], counts.indptr[item + 1])
        key = counts.indices[cut].tobytes() + counts.data[cut].tobytes()
        kind[item] = seen.setdefault(key, len(seen))
    fold[np.argsort(kind, kind="stable")] = fold[np.lexsort((fold, kind))]


def _cost(filled: IntArray, required: IntArray, wished: IntArray) -> Array:
    return _REQUIREMENT * np.maximum(required - filled, 0) + np.maximum(wished - filled, 0)


def _change(
    items: sparse.csr_array,
    fold: IntArray,
    to: np.integer,
    held: IntArray,
    filled: IntArray,
    required: IntArray,
    wished: IntArray,
) -> Array:
    """Give for each item by how much the cost changes if it moves from its fold to the fold ``to``."""
    owner = np.repeat(np.arange(fold.size), np.diff(items.indptr))
    columns = items.indices
    before = filled[columns]
    after = before - (held[columns, fold[owner]] == items.data) + (held[columns, to] == 0)
    limits = required[columns], wished[columns]
    return np.bincount(owner, weights=_cost(after, *limits) - _cost(before, *limits)).astype(float)


def _held(counts: sparse.csr_array, fold: IntArray, n_splits: int) -> IntArray:
    """Count each column in each fold: an array of shape (n_columns, n_splits)."""
    ones = np.ones(fold.size, dtype=np.int64)
    member = sparse.csr_array((ones, (np.arange(fold.size), fold)), shape=(fold.size, n_splits))
    held: IntArray = (counts.T @ member).toarray()
    return held


def _move(counts: sparse.csr_array, fold: IntArray, held: IntArray, item: np.integer, to: np.integer) -> None:
    """Put one item into another fold and keep the books."""
    cut = slice(counts.indptr[item], counts.indptr[item + 1])
    columns, values = counts.indices[cut], counts.data[cut]
    held[columns, fold[item]] -= values
    held[columns, to] += values
    fold[item] = to
