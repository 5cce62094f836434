"""The feature matrix as an operator on coefficients, for every data form and for sparse X.

A design knows X and the layout and nothing else. Solvers see ``forward`` and ``adjoint`` only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from scipy import sparse

from skmtl._typing import Array
from skmtl.data._layout import TaskLayout

# Rows per block where a temporary the size of X would otherwise be needed.
_BLOCK_ROWS = 8192


def _transposed_product(X: Any, V: Array) -> Array:
    """X' V as a dense array, for dense or sparse X."""
    return np.asarray(X.T @ V)


def _squared_product(X: Any, V: Array) -> Array:
    """(X * X)' V without a second array of the size of X."""
    if sparse.issparse(X):
        return np.asarray(X.multiply(X).T @ V)
    total = np.zeros((X.shape[1], V.shape[1]))
    for start in range(0, X.shape[0], _BLOCK_ROWS):
        block = X[start : start + _BLOCK_ROWS]
        total += (block * block).T @ V[start : start + _BLOCK_ROWS]
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
    for start in range(0, X.shape[0], _BLOCK_ROWS):
        block = X[start : start + _BLOCK_ROWS]
        block = (block if shift is None else block - shift) * root[start : start + _BLOCK_ROWS, None]
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
        return some.toarray() if sparse.issparse(some) else some

    @abstractmethod
    def take(self, rows: np.ndarray, layout: TaskLayout, kept: np.ndarray) -> Design:
        """Design of a subset: ``rows`` is a mask over rows, ``kept`` a mask over entries."""


class SharedDesign(Design):
    """One X for all tasks; ``layout`` says which cells of the table are observed."""

    def __init__(self, X: Any, layout: TaskLayout):
        self.X = X
        self.layout = layout
        self._cells = None
        if not layout.complete:
            cells = [c * layout.n_rows + layout.row_index[layout.entries(t)] for c, t in enumerate(layout.channel_task)]
            self._cells = np.concatenate(cells)

    def forward(self, W: Array, b: Array) -> Array:
        """Linear predictors of the observed entries, flat, task-major."""
        # (C, n) in C order is already task-major, so complete data needs no copy.
        eta = np.asarray(self.X @ W).T if sparse.issparse(self.X) else W.T @ self.X.T
        eta = (eta + b[:, None]).ravel()
        return eta if self._cells is None else eta[self._cells]

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
        return _transposed_product(self.X, table.T), table.sum(axis=1)

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

    def take(self, rows: np.ndarray, layout: TaskLayout, kept: np.ndarray) -> SharedDesign:
        """Design of a subset of the rows."""
        return SharedDesign(self.X[rows], layout)


class RowDesign(Design):
    """Rows that belong to one task each; ``X`` is stored in the order of the entries."""

    def __init__(self, X: Any, layout: TaskLayout):
        self.X = X
        self.layout = layout

    def forward(self, W: Array, b: Array) -> Array:
        """Linear predictors of the observed entries, flat, task-major."""
        blocks = []
        for t in range(self.layout.n_tasks):
            channels = slice(self.layout.channel_ptr[t], self.layout.channel_ptr[t + 1])
            block = np.asarray(self.X[self.layout.entries(t)] @ W[:, channels]) + b[channels]
            blocks.append(block.T.ravel())
        return np.concatenate(blocks)

    def _per_channel(self, g: Array, squared: bool) -> Array:
        columns = np.empty((self.n_features, self.layout.n_channels))
        product = _squared_product if squared else _transposed_product
        for t in range(self.layout.n_tasks):
            channels = slice(self.layout.channel_ptr[t], self.layout.channel_ptr[t + 1])
            block = g[self.layout.eta(t)].reshape(self.layout.channels[t], -1).T
            columns[:, channels] = product(self.X[self.layout.entries(t)], block)
        return columns

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
