"""The feature matrix as an operator on coefficients, for every data form and for sparse X.

A design knows X and the layout and nothing else. Solvers see ``forward`` and ``adjoint`` only.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from skmtl._typing import Array, IntArray
from skmtl.data._layout import TaskLayout

# Rows per block where a temporary the size of X would otherwise be needed, and numbers per block where rows are long.
_BLOCK_ROWS = 8192
_BLOCK_SIZE = 1 << 17


def row_blocks(X: Any, least: int = 1) -> Iterator[slice]:
    """Rows of X in blocks of which a copy in float64 is nothing to speak of; at least so many rows."""
    n_rows, n_features = X.shape
    size = min(_BLOCK_ROWS, max(least, _BLOCK_SIZE // max(1, n_features)))
    return (slice(start, start + size) for start in range(0, n_rows, size))


def transposed_predictions(X: Any, W: Array) -> Array:
    """W' X' in float64 as an array of shape (C, n) in C order, without a copy of X in another dtype."""
    if sparse.issparse(X):
        return np.ascontiguousarray(np.asarray(X @ W).T)
    if X.dtype == W.dtype:
        values: Array = W.T @ X.T
        return values
    eta = np.empty((W.shape[1], len(X)), dtype=W.dtype)
    for rows in row_blocks(X):
        np.matmul(W.T, X[rows].astype(W.dtype).T, out=eta[:, rows])
    return eta


def transposed_product(X: Any, V: Array) -> Array:
    """X' V in float64 as a dense array, without a copy of X in another dtype."""
    if sparse.issparse(X) or X.dtype == V.dtype:
        return np.asarray(X.T @ V)
    total = np.zeros((X.shape[1], V.shape[1]), dtype=V.dtype)
    for rows in row_blocks(X):
        total += X[rows].astype(V.dtype).T @ V[rows]
    return total


def _squared_product(X: Any, V: Array) -> Array:
    """(X * X)' V in float64 without a second array of the size of X."""
    if sparse.issparse(X):
        X = X.astype(np.float64, copy=False)
        return np.asarray(X.multiply(X).T @ V)
    total = np.zeros((X.shape[1], V.shape[1]))
    for rows in row_blocks(X):
        total += np.square(X[rows], dtype=np.float64).T @ V[rows]
    return total


def _weighted_gram(X: Any, weight: Array, shift: Array | None) -> Array:
    """Σ_i weight_i (x_i - shift)(x_i - shift)' in blocks of rows."""
    n_features = X.shape[1]
    if sparse.issparse(X):
        scaled = X.multiply(weight[:, None]).tocsr()
        gram = np.asarray((X.T @ scaled).todense())
        if shift is not None and shift.any():
            total = weight.sum()
            mean_part = np.asarray(X.T @ weight)
            gram -= np.outer(mean_part, shift) + np.outer(shift, mean_part) - total * np.outer(shift, shift)
        return gram
    gram = np.zeros((n_features, n_features))
    root = np.sqrt(weight)
    # Each block has to earn its p² additions.
    for rows in row_blocks(X, 4 * n_features):
        block = X[rows].astype(np.float64, copy=False)
        block = (block if shift is None else block - shift) * root[rows, None]
        gram += block.T @ block
    return gram


class Design(ABC):
    """Linear map from coefficients (p, C) and intercepts (C,) to linear predictors of observed entries."""

    X: Any
    layout: TaskLayout

    @property
    def n_features(self) -> int:
        """Number of features p."""
        return int(self.X.shape[1])

    @abstractmethod
    def forward(self, W: Array, b: Array) -> Array:
        """Linear predictors of the observed entries, flat, task-major."""

    @abstractmethod
    def adjoint(self, g: Array) -> tuple[Array, Array]:
        """Transpose of `forward`: a flat vector to (p, C) and (C,)."""

    @abstractmethod
    def second_moment(self, g: Array) -> Array:
        """Σ over the entries of each channel of g times the squared features, shape (p, C)."""

    @abstractmethod
    def gram(self, task: int, weight: Array, shift: Array | None = None) -> Array:
        """Weighted Gram of one task's rows, (p, p); ``weight`` holds that task's entries only."""

    @abstractmethod
    def rows(self, task: int) -> Any:
        """Features of one task's entries, dense or sparse as X is, (n_t, p)."""

    def columns(self, task: int, features: np.ndarray) -> Array:
        """A few features of one task's entries as a dense array, (n_t, k)."""
        some = self.rows(task)[:, features]
        values: Array = (some.toarray() if sparse.issparse(some) else some).astype(np.float64, copy=False)
        return values

    @abstractmethod
    def take(self, rows: np.ndarray, layout: TaskLayout, kept: np.ndarray) -> Design:
        """Design of a subset: ``rows`` is a mask over rows, ``kept`` a mask over entries."""


class SharedDesign(Design):
    """One X for all tasks; ``layout`` says which cells of the table are observed."""

    def __init__(self, X: Any, layout: TaskLayout):
        self.X = X
        self.layout = layout

    @cached_property
    def _cells(self) -> IntArray | None:
        """Where each linear predictor stands in a (C, n) table, or None where all do, in order."""
        layout = self.layout
        if layout.complete:
            return None
        cells = [c * layout.n_rows + layout.row_index[layout.entries(t)] for c, t in enumerate(layout.channel_task)]
        return np.concatenate(cells)

    def forward(self, W: Array, b: Array) -> Array:
        """Linear predictors of the observed entries, flat, task-major."""
        # (C, n) in C order is already task-major, so complete data needs no copy.
        eta = transposed_predictions(self.X, W)
        eta += b[:, None]
        return eta.ravel() if self._cells is None else eta.ravel()[self._cells]

    def _table(self, g: Array) -> Array:
        """A flat vector of entries as a (C, n) table, zero where unobserved."""
        n_channels, n_rows = self.layout.n_channels, self.layout.n_rows
        if self._cells is None:
            return g.reshape(n_channels, n_rows)
        table = np.zeros(n_channels * n_rows)
        table[self._cells] = g
        return table.reshape(n_channels, n_rows)

    def adjoint(self, g: Array) -> tuple[Array, Array]:
        """Transpose of `forward`: a flat vector to (p, C) and (C,)."""
        table = self._table(g)
        return transposed_product(self.X, table.T), table.sum(axis=1)

    def second_moment(self, g: Array) -> Array:
        """Σ over the entries of each channel of g times the squared features, shape (p, C)."""
        return _squared_product(self.X, self._table(g).T)

    def gram(self, task: int, weight: Array, shift: Array | None = None) -> Array:
        """Weighted Gram of one task's rows, (p, p)."""
        return _weighted_gram(self.rows(task), weight, shift)

    def rows(self, task: int) -> Any:
        """Features of one task's entries, (n_t, p)."""
        rows = self.layout.row_index[self.layout.entries(task)]
        return self.X if len(rows) == self.layout.n_rows else self.X[rows]

    def columns(self, task: int, features: np.ndarray) -> Array:
        """A few features of one task's entries as a dense array, (n_t, k), without a copy of all features."""
        if sparse.issparse(self.X):
            return super().columns(task, features)
        rows = self.layout.row_index[self.layout.entries(task)]
        some = self.X[:, features] if len(rows) == self.layout.n_rows else self.X[rows[:, None], features]
        values: Array = some.astype(np.float64, copy=False)
        return values

    def take(self, rows: np.ndarray, layout: TaskLayout, kept: np.ndarray) -> SharedDesign:
        """Design of a subset of the rows."""
        return SharedDesign(self.X[rows], layout)


class RowDesign(Design):
    """Rows that belong to one task each; ``X`` is stored in the order of the entries."""

    def __init__(self, X: Any, layout: TaskLayout):
        self.X = X
        self.layout = layout

    # One product per task keeps up with one batched product over rows padded to the largest task, which takes 1.7 times
    # the memory of X here: 4.9 and 6.7 ms for 1000 tasks of 100 rows on average, p = 50; .26 and .11 ms for 139 of 83
    # rows, p = 27. So it is for Grams, (T, p, p): 22 and 26 ms, .93 and 1.20 ms.

    def forward(self, W: Array, b: Array) -> Array:
        """Linear predictors of the observed entries, flat, task-major."""
        eta = np.empty(int(self.layout.eta_ptr[-1]))
        by_channel = np.ascontiguousarray(W.T)
        for entries, channels, block in self._tasks:
            if channels.stop - channels.start == 1 and self.X.dtype == W.dtype:
                eta[block] = self.X[entries] @ by_channel[channels.start]
            else:
                eta[block] = transposed_predictions(self.X[entries], by_channel[channels].T).ravel()
        eta += np.repeat(b, np.diff(self.layout.eta_ptr))
        return eta

    @cached_property
    def _tasks(self) -> list[tuple[slice, slice, slice]]:
        """Of each task its entries, its channels, and its block in a flat vector of linear predictors."""
        layout = self.layout
        entries, channels, blocks = (
            [slice(start, stop) for start, stop in itertools.pairwise(pointer.tolist())]
            for pointer in (layout.task_ptr, layout.channel_ptr, layout.eta_ptr[layout.channel_ptr])
        )
        return list(zip(entries, channels, blocks, strict=True))

    def _per_channel(self, g: Array, squared: bool) -> Array:
        by_channel = np.empty((self.layout.n_channels, self.n_features))
        product = _squared_product if squared else transposed_product
        for entries, channels, block in self._tasks:
            own = g[block].reshape(channels.stop - channels.start, -1)
            by_channel[channels] = product(self.X[entries], own.T).T
        return np.ascontiguousarray(by_channel.T)

    def adjoint(self, g: Array) -> tuple[Array, Array]:
        """Transpose of `forward`: a flat vector to (p, C) and (C,)."""
        return self._per_channel(g, squared=False), self.layout.sum_by_channel(g)

    def second_moment(self, g: Array) -> Array:
        """Σ over the entries of each channel of g times the squared features, shape (p, C)."""
        return self._per_channel(g, squared=True)

    def gram(self, task: int, weight: Array, shift: Array | None = None) -> Array:
        """Weighted Gram of one task's rows, (p, p)."""
        return _weighted_gram(self.rows(task), weight, shift)

    def rows(self, task: int) -> Any:
        """Features of one task's entries, (n_t, p)."""
        return self.X[self.layout.entries(task)]

    def take(self, rows: np.ndarray, layout: TaskLayout, kept: np.ndarray) -> RowDesign:
        """Design of a subset of the rows."""
        return RowDesign(self.X[kept], layout)
