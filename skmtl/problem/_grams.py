"""Grams of the features as operators: held whole, made column by column as coefficients enter, or never made.

All are Σ_i s_it (x_i - center_t)(x_i - center_t)' over the rows i of task t, without the task's scale.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.data import TaskData
from skmtl.data._design import row_blocks, transposed_predictions, transposed_product

if TYPE_CHECKING:
    from skmtl.problem._first_moments import FirstMoments

# The whole Gram of complete data is made at once where it takes so many operations: some 20 milliseconds.
_CHEAP = 6e8
# Rows per block where a product would otherwise need a second array of the size of X.
BLOCK_ROWS = 8192
# OpenBLAS multiplies without packing up to a million operations, in two thirds of the time where the result is small.
_SMALL_PRODUCT = 1e6


def short_block(size: int) -> int:
    """Rows per product for a result of so many numbers."""
    return int(min(max(_SMALL_PRODUCT / size, 256), BLOCK_ROWS))


def gram_about(X: Array, center: Array | None) -> Array:
    """Gram matrix (p, p) of a dense X about a row, in float64 and in blocks of rows; None for zero."""
    gram = np.zeros((X.shape[1], X.shape[1]))
    # Each block has to earn its p² additions.
    for stretch in row_blocks(X, 4 * X.shape[1]):
        rows = X[stretch].astype(np.float64, copy=False)
        rows = rows if center is None else rows - center
        gram += rows.T @ rows
    return gram


class Gram(ABC):
    """The Grams of all tasks, (G, p, p) with G = 1 where one serves all tasks, else G = T."""

    shared: bool

    @abstractmethod
    def product(self, W: Array) -> Array:
        """Each task's Gram times its coefficients, (p, T)."""

    @abstractmethod
    def block(self, rows: IntArray | slice) -> Array:
        """The Grams of some features, (G, k, k)."""

    @abstractmethod
    def full(self) -> Array:
        """The Grams, (G, p, p)."""


class FullGram(Gram):
    """Grams that are held whole.

    Parameters
    ----------
    grams : ndarray of shape (G, p, p)
    """

    def __init__(self, grams: Array):
        self.grams = grams
        self.shared = len(grams) == 1

    def product(self, W: Array) -> Array:
        """Each task's Gram times its coefficients, (p, T)."""
        if self.shared:
            values: Array = self.grams[0] @ W
            return values
        values = np.matmul(self.grams, W.T[:, :, None])[:, :, 0].T
        return values

    def block(self, rows: IntArray | slice) -> Array:
        """The Grams of some features, (G, k, k)."""
        if isinstance(rows, slice):
            return self.grams[:, rows, rows]
        return self.grams[:, rows[:, None], rows]

    def full(self) -> Array:
        """The Grams, (G, p, p)."""
        return self.grams


class LazyGram(Gram):
    """One Gram for all tasks, made column by column: 2 n p operations for each feature that enters, once.

    A fit that keeps k of p features costs one pass over the data for the products with the targets and k columns; from
    p / 2 columns on the whole Gram is cheaper, because it is symmetric.

    Parameters
    ----------
    X : dense ndarray of shape (n, p)
    mean : ndarray of shape (p,)
        Feature means, zero without intercepts.
    far : bool
        Whether means are so large next to the spread that both factors of a product have to be centred.
    make : callable
        Gives the whole Gram, (1, p, p).
    """

    shared = True

    def __init__(self, X: Any, mean: Array, far: bool, make: Callable[[], Array]):
        self.X = X
        self.mean = mean
        self.far = far
        self._make = make
        self._whole: Array | None = None
        self._where = np.full(len(mean), -1)
        self._columns = np.empty((len(mean), 0), order="F")

    def product(self, W: Array) -> Array:
        """The Gram times the coefficients, (p, T)."""
        rows = np.flatnonzero(W.any(axis=1))
        self._ensure(rows)
        if self._whole is not None:
            values: Array = self._whole[0] @ W if len(rows) == len(W) else self._whole[0][:, rows] @ W[rows]
            return values
        return self._columns[:, self._where[rows]] @ W[rows]

    def block(self, rows: IntArray | slice) -> Array:
        """The Gram of some features, (1, k, k)."""
        if isinstance(rows, slice):
            return FullGram(self.full()).block(rows)
        self._ensure(rows)
        if self._whole is not None:
            return self._whole[:, rows[:, None], rows]
        values: Array = self._columns[rows[:, None], self._where[rows]][None]
        return values

    def full(self) -> Array:
        """The Gram, (1, p, p)."""
        if self._whole is None:
            self._whole = self._make()
        return self._whole

    def _ensure(self, rows: IntArray) -> None:
        """Have the columns of these features."""
        if self._whole is not None:
            return
        missing = rows[self._where[rows] < 0]
        if not len(missing):
            return
        held = self._columns.shape[1]
        if held + len(missing) > len(self.mean) // 2:
            self.full()
            return
        # Columns enter in a few steps, each of them a copy of those before.
        columns = np.empty((len(self.mean), held + len(missing)), order="F")
        columns[:, :held] = self._columns
        columns[:, held:] = self._products(missing)
        self._where[missing] = held + np.arange(len(missing))
        self._columns = columns

    def _products(self, features: IntArray) -> Array:
        """X' times some centred features, in blocks of rows."""
        total, rest = np.zeros((len(features), len(self.mean))), np.zeros(len(features))
        short = short_block(total.size)
        for stretch in row_blocks(self.X):
            block = self.X[stretch].astype(np.float64, copy=False)
            block = block - self.mean if self.far else block
            some = block.T[features] - (0.0 if self.far else self.mean[features, None])
            rest += some.sum(axis=1)
            for first in range(0, len(block), short):
                total += some[:, first : first + short] @ block[first : first + short]
        # The centred factor sums to zero but for rounding, which the other's mean would multiply.
        return total.T if self.far else total.T - np.outer(self.mean, rest)


class ThinGram(Gram):
    """The Gram of complete data with fewer rows than features, never made: products go through the rows.

    Parameters
    ----------
    X : dense ndarray of shape (n, p)
    mean : ndarray of shape (p,)
        Feature means, zero without intercepts.
    targets : ndarray of shape (T, n)
        Targets about their means, for residuals.
    make : callable
        Gives the whole Gram, (1, p, p).
    """

    shared = True

    def __init__(self, X: Array, mean: Array, targets: Array, make: Callable[[], Array]):
        self.X = X
        self.mean = mean
        self.targets = targets
        self._make = make
        self._held: FullGram | None = None

    def columns(self, rows: IntArray | slice) -> Array:
        """Some features about their means, (k, n), one row a feature."""
        return np.ascontiguousarray(self.X[:, rows].T) - self.mean[rows, None]

    def fitted(self, W: Array) -> Array:
        """What coefficients predict about the means, (T, n)."""
        rows = np.flatnonzero(W.any(axis=1))
        if 2 * len(rows) > len(W):
            return transposed_predictions(self.X, W) - (self.mean @ W)[:, None]
        return W[rows].T @ self.columns(rows)

    def product(self, W: Array) -> Array:
        """The Gram times the coefficients, (p, T)."""
        if self._held is not None:
            return self._held.product(W)
        table = self.fitted(W)
        return transposed_product(self.X, table.T) - np.outer(self.mean, table.sum(axis=1))

    def block(self, rows: IntArray | slice) -> Array:
        """The Gram of some features, (1, k, k)."""
        if self._held is not None or isinstance(rows, slice):
            return FullGram(self.full()).block(rows)
        columns = self.columns(rows)
        return (columns @ columns.T)[None]

    def full(self) -> Array:
        """The Gram, (1, p, p); from here on products are made with it."""
        if self._held is None:
            self._held = FullGram(self._make())
        return self._held.grams


class PassGram(Gram):
    """Grams that are never made: a product is two passes over the data.

    Parameters
    ----------
    data : TaskData
        With the sample weights, which may be zero nowhere.
    center : ndarray of shape (p, T)
    shared : bool
        Whether all tasks have the same rows and weights.
    make : callable
        Gives the whole Grams, (G, p, p).
    """

    def __init__(self, data: TaskData, center: Array, shared: bool, make: Callable[[], Array]):
        self.data = data
        self.center = center
        self.shared = shared
        self._make = make
        self._held: FullGram | None = None

    def product(self, W: Array) -> Array:
        """Each task's Gram times its coefficients, (p, T)."""
        if self._held is not None:
            return self._held.product(W)
        design = self.data.design
        eta = design.forward(W, -(self.center * W).sum(axis=0))
        eta *= self.data.weight
        first, total = design.adjoint(eta)
        return first - self.center * total

    def block(self, rows: IntArray | slice) -> Array:
        """The Grams of some features, (G, k, k)."""
        if self._held is not None or isinstance(rows, slice):
            return FullGram(self.full()).block(rows)
        layout, design = self.data.layout, self.data.design
        tasks = range(1 if self.shared else layout.n_tasks)
        blocks = np.empty((len(tasks), len(rows), len(rows)))
        for t in tasks:
            columns = design.columns(t, rows) - self.center[rows, t]
            blocks[t] = (columns * self.data.weight[layout.entries(t), None]).T @ columns
        return blocks

    def full(self) -> Array:
        """The Grams, (G, p, p); from here on products are made with them."""
        if self._held is None:
            self._held = FullGram(self._make())
        return self._held.grams


def gram_of(data: TaskData, sums: FirstMoments, make: Callable[[], Array]) -> Gram:
    """The Gram that costs least: whole where it is cheap, else as much of it as is asked for.

    Parameters
    ----------
    data : TaskData
    sums : FirstMoments
        Of the data.
    make : callable
        Gives the whole Grams, (G, p, p).
    """
    n_rows, p = data.layout.n_rows, data.n_features
    if not sums.plain:
        return PassGram(data, sums.center, sums.shared, make)
    if p < n_rows <= _CHEAP / p**2:
        return FullGram(make())
    if p < n_rows:
        return LazyGram(data.design.X, sums.center[:, 0], sums.far, make)
    return ThinGram(data.design.X, sums.center[:, 0], sums.targets(data), make)


__all__ = ["BLOCK_ROWS", "FullGram", "Gram", "LazyGram", "PassGram", "ThinGram", "gram_about", "gram_of", "short_block"]
