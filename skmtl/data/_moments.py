"""Squared-loss data reduced to sums: all that a least-squares fit needs, whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skmtl._typing import Array
from skmtl.data._container import TaskData
from skmtl.data._design import SharedDesign
from skmtl.exceptions import TaskDataError


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted first and second moments of every task, about a common point.

    With sample weights s, features x - shift_x and targets y - shift_y, task t keeps
    Σ s x x', Σ s x y, Σ s y², Σ s, Σ s x and Σ s y. Tasks that share all rows and weights share one
    Gram (``G = 1``), else there is one per task (``G = T``). Moments add over chunks of rows, folds,
    sites and machines (``a + b``). The shift keeps the sums accurate where features lie far from zero.

    Parameters
    ----------
    xx : ndarray of shape (G, p, p)
    sx : ndarray of shape (p, G)
    xy : ndarray of shape (p, T)
    yy, s, sy : ndarray of shape (T,)
    shift_x : ndarray of shape (p,)
    shift_y : ndarray of shape (T,)

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.data import Moments, as_task_data
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    >>> whole = Moments.from_data(as_task_data(X, Y))
    >>> parts = Moments.from_data(as_task_data(X[:10], Y[:10])) + Moments.from_data(as_task_data(X[10:], Y[10:]))
    >>> bool(np.allclose(whole.centered()[0], parts.centered()[0]))
    True
    """

    xx: Array
    sx: Array
    xy: Array
    yy: Array
    s: Array
    sy: Array
    shift_x: Array
    shift_y: Array

    @classmethod
    def from_data(cls, data: TaskData) -> Moments:
        """Moments of the observed entries, weighted by the sample weights."""
        layout, design, weight = data.layout, data.design, data.weight
        s = layout.sum_by_task(weight)
        raw_sx, _ = design.adjoint(weight)
        shift_x = raw_sx.sum(axis=1) / s.sum()
        shift_y = layout.sum_by_task(weight * data.y) / s
        y = data.y - shift_y[layout.entry_task]
        sy = layout.sum_by_task(weight * y)
        sx = raw_sx - np.outer(shift_x, s)
        xy = design.adjoint(weight * y)[0] - np.outer(shift_x, sy)
        yy = layout.sum_by_task(weight * y * y)
        shared = isinstance(design, SharedDesign) and layout.complete
        if shared:
            table = weight.reshape(layout.n_tasks, layout.n_rows)
            shared = bool((table == table[0]).all())
        tasks = [0] if shared else range(layout.n_tasks)
        xx = np.stack([design.gram(t, weight[layout.entries(t)], shift_x) for t in tasks])
        return cls(xx, sx[:, :1] if shared else sx, xy, yy, s, sy, shift_x, shift_y)

    @property
    def shared(self) -> bool:
        """Whether one Gram serves all tasks."""
        return len(self.xx) == 1

    def about(self, shift_x: Array, shift_y: Array) -> Moments:
        """The same moments about another point."""
        dx, dy = self.shift_x - shift_x, self.shift_y - shift_y
        s_gram = self.s[: len(self.xx)]
        cross = self.sx.T[:, :, None] * dx
        xx = self.xx + cross + cross.transpose(0, 2, 1) + s_gram[:, None, None] * np.outer(dx, dx)
        sx_all = np.broadcast_to(self.sx, self.xy.shape)
        xy = self.xy + sx_all * dy + np.outer(dx, self.sy) + np.outer(dx, self.s * dy)
        yy = self.yy + 2 * dy * self.sy + self.s * dy**2
        return Moments(xx, self.sx + np.outer(dx, s_gram), xy, yy, self.s, self.sy + self.s * dy, shift_x, shift_y)

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        if self.xy.shape != other.xy.shape:
            raise TaskDataError(
                f"Moments of shape (features, tasks) {self.xy.shape} and {other.xy.shape} do not add: they must "
                "come from the same features and tasks."
            )
        other = other.about(self.shift_x, self.shift_y)
        n_grams = max(len(self.xx), len(other.xx))
        wide = (n_grams, *self.xx.shape[1:])
        columns = (len(self.shift_x), n_grams)
        return Moments(
            np.broadcast_to(self.xx, wide) + np.broadcast_to(other.xx, wide),
            np.broadcast_to(self.sx, columns) + np.broadcast_to(other.sx, columns),
            self.xy + other.xy,
            self.yy + other.yy,
            self.s + other.s,
            self.sy + other.sy,
            self.shift_x,
            self.shift_y,
        )

    def centered(self) -> tuple[Array, Array]:
        """Gram (G, p, p) and cross products (p, T) about each task's own means."""
        s_gram = self.s[: len(self.xx)]
        outer = self.sx.T[:, :, None] * self.sx.T[:, None, :]
        return self.xx - outer / s_gram[:, None, None], self.xy - self.sx * (self.sy / self.s)

    def means(self) -> tuple[Array, Array]:
        """Weighted means of the features (p, T) and of the targets (T,) per task."""
        mean_x = self.shift_x[:, None] + self.sx / self.s[: len(self.xx)]
        return np.broadcast_to(mean_x, self.xy.shape), self.shift_y + self.sy / self.s

    def raw(self) -> tuple[Array, Array, Array, Array, Array]:
        """Σ s x x', Σ s x, Σ s x y, Σ s y, Σ s about zero."""
        zero = self.about(np.zeros_like(self.shift_x), np.zeros_like(self.shift_y))
        return zero.xx, zero.sx, zero.xy, zero.sy, zero.s


__all__ = ["Moments"]
