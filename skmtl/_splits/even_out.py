"""Make folds alike by moving and swapping items."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from skmtl._splits.needs import EVEN, Counts, Needs
from skmtl._typing import Array, BoolArray, IntArray

# Looked at: this many items of each of two folds, out of at most so many a fold. The limit on the steps is a
# safeguard, not a tool.
_N_CANDIDATES = 16
_POOL = 1000
_MAX_STEPS = 5000


def even_out(counts: sparse.csr_array, fold: IntArray, held: Counts, share: Array, needs: Needs, weight: Array) -> None:
    """Move and swap items, in place, as long as that makes the folds more alike.

    What decreases is the sum over columns c and folds k of weight_c (held_ck - share_k total_c)² / share_k. In each
    step the two most different folds give each other the best of a few promising items (or one gives and gets
    nothing). A step by which a column would miss a fold that it has and needs is not made.

    Parameters
    ----------
    counts : csr_array of shape (n_items, n_columns)
        How often each item holds each column.
    fold : int array of shape (n_items,)
        Fold of each item; changed.
    held : int array of shape (n_columns, n_folds)
        How often each column occurs in each fold; changed.
    share : array of shape (n_folds,)
        Which part of everything each fold is to have; sums to 1.
    needs : Needs
    weight : array of shape (n_columns,)
    """
    n_folds = share.size
    total = held.sum(axis=1, keepdims=True)
    halves = (1 / share[:, None] + 1 / share) / 2
    # A few hundred items of each fold offer every exchange that is worth making.
    pool = np.unique(np.linspace(0, fold.size - 1, min(fold.size, n_folds * _POOL)).astype(np.intp))
    counts, everything, fold = counts[pool], fold, fold[pool]
    # Pairs of folds that had nothing to give each other since either was last changed.
    done = np.tri(n_folds, dtype=bool)
    surplus = held / share - total
    unlike = np.einsum("c,cab->ab", weight, (surplus[:, :, None] - surplus[:, None, :]) ** 2) / halves
    for _ in range(_MAX_STEPS):
        a, b = (int(k) for k in np.unravel_index(np.argmax(np.where(done, 0, unlike)), unlike.shape))
        if done[a, b] or unlike[a, b] < 1e-9:
            break
        # How much of each column a should give b.
        gap = (surplus[:, a] - surplus[:, b]) / halves[a, b]
        gain = counts @ (weight * gap)
        from_a, from_b = _best(gain, fold == a), _best(-gain, fold == b)
        i, j = _exchange(counts, from_a, from_b, gap, weight, held[:, [a, b]], needs.absent[:, [a, b]])
        if i < 0:
            done[a, b] = True
            continue
        for items, k, to in ((from_a, i, b), (from_b, j, a)):
            if k > 0:
                cut = slice(counts.indptr[items[k - 1]], counts.indptr[items[k - 1] + 1])
                held[counts.indices[cut], fold[items[k - 1]]] -= counts.data[cut]
                held[counts.indices[cut], to] += counts.data[cut]
                fold[items[k - 1]] = to
        done[[a, b], :] = done[:, [a, b]] = False
        done |= np.tri(n_folds, dtype=bool)
        for k in (a, b):
            surplus[:, k] = held[:, k] / share[k] - total[:, 0]
        for k in (a, b):
            unlike[k] = unlike[:, k] = weight @ (surplus - surplus[:, [k]]) ** 2 / halves[k]
    everything[pool] = fold


def _best(gain: Array, member: BoolArray) -> IntArray:
    """Take the members of largest gain and, as with groups the best pair is often not one of these, some others."""
    items = np.flatnonzero(member)
    ranked = items[np.argsort(-gain[items], kind="stable")]
    rest = ranked[_N_CANDIDATES:]
    spread = np.linspace(0, rest.size - 1, min(_N_CANDIDATES, rest.size)).astype(np.intp)
    return np.concatenate([ranked[:_N_CANDIDATES], rest[spread]])


def _exchange(
    counts: sparse.csr_array,
    from_a: IntArray,
    from_b: IntArray,
    gap: Array,
    weight: Array,
    held: Counts,
    absent: Array,
) -> tuple[int, int]:
    """Give the best pair to swap, counted from 1, 0 for nothing; (-1, -1) if no swap is an improvement."""
    touched, rows = _dense(counts, np.concatenate([from_a, from_b]))
    nothing = np.zeros((1, touched.size), dtype=np.int64)
    gives, gets = np.vstack([nothing, rows[: from_a.size]]), np.vstack([nothing, rows[from_a.size :]])
    gap, weight, held, absent = gap[touched], weight[touched], held[touched], absent[touched]
    # With x = gives - gets the sum changes by a constant times sum_c weight_c x_c (x_c - gap_c).
    alone_a, alone_b = (gives * (gives - gap)) @ weight, (gets * (gets + gap)) @ weight
    change = alone_a[:, None] + alone_b - 2 * (gives * weight) @ gets.T
    # Only columns near empty can be lost, and what is only spread may be.
    close = np.flatnonzero((rows.max(axis=0, initial=0) >= held.min(axis=1)) & (absent.max(axis=1) > EVEN))
    if close.size:
        net, held, absent = gives[:, None, close] - gets[None, :, close], held[close], absent[close]
        had = held > 0
        lost_a, lost_b = had[:, 0] & (held[:, 0] <= net), had[:, 1] & (held[:, 1] <= -net)
        won_a, won_b = ~had[:, 0] & (net < 0), ~had[:, 1] & (net > 0)
        loss = absent[:, 0] * (lost_a.astype(float) - won_a) + absent[:, 1] * (lost_b.astype(float) - won_b)
        change[(loss > 0).any(axis=2)] = np.inf
    i, j = np.unravel_index(np.argmin(change), change.shape)
    return (int(i), int(j)) if change[i, j] < -1e-9 else (-1, -1)


def _dense(counts: sparse.csr_array, items: IntArray) -> tuple[IntArray, Counts]:
    """Give the columns that some item holds, and what each item holds of them."""
    size = counts.indptr[items + 1] - counts.indptr[items]
    start = np.repeat(counts.indptr[items] - np.cumsum(size) + size, size)
    entry = start + np.arange(size.sum())
    held = np.zeros(counts.shape[1], dtype=bool)
    held[counts.indices[entry]] = True
    touched = np.flatnonzero(held)
    place = np.cumsum(held) - 1
    rows = np.zeros((items.size, touched.size), dtype=np.int64)
    rows[np.repeat(np.arange(items.size), size), place[counts.indices[entry]]] = counts.data[entry]
    return touched, rows
