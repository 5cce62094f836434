"""Sums over the data that squared loss needs besides Grams."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array, BoolArray
from skmtl.data import SharedDesign, TaskData
from skmtl.data._design import row_blocks
from skmtl.problem._grams import short_block
from skmtl.problem._term import EPS

# Where Σ x² exceeds so many times Σ (x - mean)², the difference has lost six of its sixteen digits.
_FAR = 1e6
# Grams are made where they are at most so many times as large as X: a model of many features takes dozens of passes
# over the data, each as long as a twelfth (p = 100) of what the Grams take. A model of few does with five.
_ROOM = 4


# Features up to which the Gram is made although there are fewer rows.
_FEW_FEATURES = 64
# Numbers in X up to which a centred copy is nothing to speak of: a megabyte.
_COPIED = 131072


def varying(diagonal: Array, square: Array) -> BoolArray:
    """Which features vary by more than rounding in sums of squares of this size; overflow hides nothing."""
    return (diagonal > 100 * EPS * square) | ~np.isfinite(square)


def weighs_by_deviance(data: TaskData) -> bool:
    return isinstance(data.task_weight, str) and data.task_weight == "deviance"


def is_plain(data: TaskData) -> bool:
    """Whether every task is observed at every row of a dense X, and counts once."""
    design = data.design
    return (
        data.layout.complete
        and data.unweighted
        and isinstance(design, SharedDesign)
        and isinstance(design.X, np.ndarray)
    )


def is_little(data: TaskData) -> bool:
    """Whether a centred copy of X and the whole Gram are nothing to speak of."""
    return bool(data.design.X.size <= _COPIED and data.n_features <= max(data.layout.n_rows, _FEW_FEATURES))


def _one_for_all(data: TaskData) -> bool:
    """Whether all tasks have the same rows and weights."""
    if not (data.layout.complete and isinstance(data.design, SharedDesign)):
        return False
    table = data.weight.reshape(data.n_tasks, -1)
    return data.unweighted or bool((table == table[0]).all())


def grams_are_small(data: TaskData) -> bool:
    """Whether X is dense, and the Grams of all tasks are no more than a few times as large."""
    if not isinstance(data.design.X, np.ndarray):
        return False
    n_grams = 1 if _one_for_all(data) else data.n_tasks
    return bool(n_grams * data.n_features**2 <= _ROOM * data.design.X.size)


def deviance_of(data: TaskData, mean: Array, unit: Array) -> Array:
    """Weighted sums of squares of the targets about their means, in some units; ``mean`` is what is near them."""
    layout = data.layout
    y = (data.y - layout.per_entry(mean)) / layout.per_entry(unit)
    y -= layout.per_entry(layout.sum_by_task(data.weight * y) / layout.sum_by_task(data.weight))
    return layout.sum_by_task(data.weight * y * y)


class FirstMoments:
    """What a squared loss needs besides Grams, in one pass over X and y.

    Attributes are those of `MomentTerm`; ``shared`` says whether all tasks have the same rows and weights, ``plain``
    whether X is dense besides, and these weights are ones.
    """

    def __init__(self, data: TaskData, mean: Array | None, unit: Array | None, fit_intercept: bool):
        layout, design = data.layout, data.design
        self._given = mean, unit
        self.mass = layout.counts.astype(np.float64) if data.unweighted else layout.sum_by_task(data.weight)
        self.shared = _one_for_all(data)
        self.plain = is_plain(data)
        mean = np.zeros(layout.n_tasks) if mean is None else mean
        unit = np.ones(layout.n_tasks) if unit is None else unit
        self.far, self.square = False, np.zeros(0)
        if self.plain:
            Y = data.y.reshape(layout.n_tasks, -1)
            total, first = self._in_blocks(design.X, Y, mean, unit, None)
            spread = self.square - first**2 / layout.n_rows
            self.far = fit_intercept and bool((_FAR * spread < self.square).any())
        else:
            y = (data.y - layout.per_entry(mean)) / layout.per_entry(unit)
            weighted = data.weight * y
            self.size, total = layout.sum_by_task(weighted * y), layout.sum_by_task(weighted)
            self.cross = design.adjoint(weighted)[0]
            first, self.square = design.adjoint(data.weight)[0], design.second_moment(data.weight)
        if self.far:
            shift = first[:, 0] / layout.n_rows
            total, rest = self._in_blocks(design.X, Y, mean, unit, shift)
            self.diagonal = self.square - rest**2 / layout.n_rows
            self.mean, self.deviance = total / self.mass, self.size - total**2 / self.mass
            self.cross -= np.outer(rest[:, 0], total) / layout.n_rows
            self.center = shift[:, None] + rest / layout.n_rows
            self.square = self.diagonal + EPS * layout.n_rows * self.center**2
            self.center = np.broadcast_to(self.center, self.cross.shape)
            return
        self.mean, self.diagonal = np.zeros_like(total), self.square
        self.deviance = self.size - total**2 / self.mass
        if fit_intercept:
            self.mean = total / self.mass
            self.center = first / self.mass[: first.shape[1]]
            self.cross -= self.center * total
            self.diagonal = self.square - first * self.center
        else:
            self.center = np.zeros_like(first)
        self.center = np.broadcast_to(self.center, self.cross.shape)

    def targets(self, data: TaskData) -> Array:
        """Targets of complete data about their means, in their units, (T, n)."""
        y = data.y.reshape(data.n_tasks, -1)
        mean, unit = self._given
        if mean is not None and unit is not None:
            y = (y - mean[:, None]) / unit[:, None]
        return y - self.mean[:, None]

    def _in_blocks(self, X: Array, Y: Array, mean: Array, unit: Array, shift: Array | None) -> tuple[Array, Array]:
        """Sums over complete data while a block of rows is at hand, about a shift; returns those of y and of X."""
        n_features, n_tasks = X.shape[1], len(Y)
        self.size, total = np.zeros(n_tasks), np.zeros(n_tasks)
        products, square = np.zeros((n_tasks + 1, n_features)), np.zeros(n_features)
        short, scaled = short_block(products.size), bool((unit != 1).any())
        for stretch in row_blocks(X):
            rows = X[stretch].astype(np.float64, copy=False)
            rows = rows if shift is None else rows - shift
            # A row of ones besides the targets: the sums of the features come with the products.
            y = np.ones((n_tasks + 1, len(rows)))
            np.subtract(Y[:, stretch], mean[:, None], out=y[:-1])
            if scaled:
                y[:-1] /= unit[:, None]
            total += y[:-1].sum(axis=1)
            self.size += np.einsum("ij,ij->i", y[:-1], y[:-1])
            for some in range(0, len(rows), short):
                products += y[:, some : some + short] @ rows[some : some + short]
            square += np.einsum("ij,ij->j", rows, rows)
        self.cross = np.ascontiguousarray(products[:-1].T)
        self.square = square[:, None]
        return total, products[-1][:, None]


__all__ = ["FirstMoments", "deviance_of", "grams_are_small", "is_little", "is_plain", "varying", "weighs_by_deviance"]
