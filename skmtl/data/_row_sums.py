"""Sums of x x', x y, x, y² over groups of rows, in one pass over a feature matrix."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from skmtl._typing import Array, IntArray

# Rows per block: 1024 x 100 numbers stay in a cache of a megabyte, so that all sums but the first read them there: a
# tenth faster than 256 or 4096 rows. Blocks of many features have to be taller, to earn their p² additions.
_BLOCK_ROWS = 1024
# From here on it pays to copy columns to rows before rows are picked, one line of the cache for each number.
_MANY_GROUPS = 6
# Groups that lengthen a stretch, half a block each: a stretch is copied, and more of them would not stay in a cache.
_LONGEST = 16


@dataclass(frozen=True, eq=False)
class RowSums:
    """Weighted sums over each of c groups of rows, with k columns of targets.

    Parameters
    ----------
    xx : ndarray of shape (c, p, p)
    sx : ndarray of shape (c, p)
    s : ndarray of shape (c,)
    xy : ndarray of shape (c, p, k)
    yy, sy : ndarray of shape (c, k)
    """

    xx: Array
    sx: Array
    s: Array
    xy: Array
    yy: Array
    sy: Array


def row_sums(
    X: Any,
    Y: Array,
    *,
    group: IntArray | None = None,
    n_groups: int = 1,
    weight: Array | None = None,
    shift_x: Array | None = None,
    shift_y: Array | None = None,
) -> RowSums:
    """Sum over the rows of each group.

    Parameters
    ----------
    X : dense or sparse matrix of shape (n, p)
        Of any real dtype; sums are in float64.
    Y : ndarray of shape (k, n)
        Targets; zero (after the shift) where unobserved.
    group : ndarray of shape (n,), optional
        Group of each row; rows of a group below zero are left out. None is one group of all rows.
    n_groups : int
    weight : ndarray of shape (n,), optional
        Ones by default.
    shift_x : ndarray of shape (p,), optional
        Taken off every row of X, which has to be dense.
    shift_y : ndarray of shape (k,), optional
        Taken off every column of targets.

    Returns
    -------
    RowSums
    """
    (n_rows, p), k = X.shape, len(Y)
    shapes = (p, p), (p,), (), (p, k), (k,), (k,)
    sums = RowSums(*(np.zeros((n_groups, *shape)) for shape in shapes))
    thin = sparse.issparse(X)
    if thin and group is not None:
        X = X.tocsr()
    size = n_rows if thin else max(_BLOCK_ROWS, 4 * p)
    for stretch, pieces in _stretches(group, n_groups, n_rows, size):
        here = X if thin else _columns_as_rows(X[stretch], n_groups)
        for g, rows in pieces:
            y = Y[:, stretch][:, rows].astype(np.float64, copy=False)
            if shift_y is not None:
                y = y - shift_y[:, None]
            own = None if weight is None else weight[stretch][rows]
            weighted = y if own is None else y * own
            sums.s[g] += y.shape[1] if own is None else own.sum()
            sums.sy[g] += weighted.sum(axis=1)
            sums.yy[g] += np.einsum("kn,kn->k", weighted, y)
            if thin:
                _add_sparse(sums, g, X if group is None else X[rows], weighted, own)
            else:
                _add_dense(sums, g, _rows(here, rows, shift_x), weighted, own)
    return sums


def _stretches(
    group: IntArray | None, n_groups: int, n_rows: int, size: int
) -> Iterator[tuple[slice, list[tuple[int, slice | IntArray]]]]:
    """Stretches of X, and for each its groups with at most ``size`` of their rows, a slice where these are neighbours.

    All groups take their rows from one stretch, which a cache holds, before the next one's turn: two thirds of the time
    of one group after the other where a line of the cache has rows of several groups (X in Fortran order).
    """
    if group is None:
        for start in range(0, n_rows, size):
            yield slice(start, start + size), [(0, slice(None))]
        return
    # Sorting integers of 16 bits is one pass.
    order = np.argsort(group.astype(np.int16) if n_groups < 2**15 else group, kind="stable")
    ends = np.cumsum(np.bincount(group + 1, minlength=n_groups + 1))
    own = [order[start:stop] for start, stop in itertools.pairwise(ends.tolist())]
    length = max(size, size // 2 * min(n_groups, _LONGEST))
    starts = np.arange(0, n_rows, length)
    cuts = [[*np.searchsorted(rows, starts).tolist(), len(rows)] for rows in own]
    for k, begin in enumerate(starts.tolist()):
        pieces: list[tuple[int, slice | IntArray]] = []
        for g, rows in enumerate(own):
            for start in range(cuts[g][k], cuts[g][k + 1], size):
                piece = rows[start : min(start + size, cuts[g][k + 1])] - begin
                first, last = int(piece[0]), int(piece[-1])
                pieces.append((g, slice(first, last + 1) if last - first == len(piece) - 1 else piece))
        yield slice(begin, begin + length), pieces


def _columns_as_rows(x: Array, n_groups: int) -> Array:
    """A stretch of X as a copy in C order where it is read a few rows at a time, out of columns."""
    return np.ascontiguousarray(x) if n_groups > _MANY_GROUPS and not x.flags.c_contiguous else x


def _rows(x: Array, rows: slice | IntArray, shift: Array | None) -> Array:
    """Some rows in float64, about the shift; a view where it can be."""
    if isinstance(rows, slice):
        x = x[rows]
    elif x.flags.c_contiguous:
        x = x.take(rows, axis=0)
    else:  # along the columns, where neighbours in memory are
        x = x.T[:, rows].T
    return x.astype(np.float64, copy=False) if shift is None else np.subtract(x, shift, dtype=np.float64)


def _add_dense(sums: RowSums, g: int, x: Array, weighted: Array, weight: Array | None) -> None:
    # The product takes four fifths (X in Fortran order) or three fifths (C) of the time of x' y.
    sums.xy[g] += (weighted @ x).T
    if weight is None:
        sums.sx[g] += x.sum(axis=0)
    else:
        sums.sx[g] += weight @ x
        x = np.sqrt(weight)[:, None] * x
    sums.xx[g] += x.T @ x


def _add_sparse(sums: RowSums, g: int, x: Any, weighted: Array, weight: Array | None) -> None:
    x = x.astype(np.float64)
    weight = np.ones(x.shape[0]) if weight is None else weight
    sums.xy[g] += x.T @ weighted.T
    sums.sx[g] += x.T @ weight
    sums.xx[g] += (x.T @ x.multiply(weight[:, None]).tocsr()).toarray()


__all__ = ["RowSums", "row_sums"]
