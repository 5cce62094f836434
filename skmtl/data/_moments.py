"""Squared-loss data reduced to sums: all that a least-squares fit needs, whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from skmtl._typing import Array, BoolArray, IntArray
from skmtl.data._container import TaskData
from skmtl.data._design import SharedDesign
from skmtl.data._row_sums import row_sums
from skmtl.data._task_sums import runs_of
from skmtl.exceptions import TaskDataError

EPS = float(np.finfo(np.float64).eps)
# Rows that say where the features lie.
_FIRST_ROWS = 1024
# Sums about zero lose at most two digits to means up to this many standard deviations, and need no shifted copy of X.
_FAR = 10.0
# What a subtraction may leave of a sum of squares: from 1e-5 of it rounding costs some 1e-16 / 1e-5 < 1e-10.
_LEAST_LEFT = 1e-5


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted first and second moments of every task, about a common point.

    With sample weights s, features x - shift_x and targets y - shift_y, task t keeps
    Σ s x x', Σ s x y, Σ s y², Σ s, Σ s x and Σ s y. Tasks with the same rows and weights share one
    Gram: ``G = 1`` where all do, ``G = T`` where no two do. Moments add over chunks of rows, folds,
    sites and machines (``a + b``). The shift keeps the sums accurate where features lie far from zero.

    Parameters
    ----------
    xx : ndarray of shape (G, p, p)
    sx : ndarray of shape (p, 1) where G = 1, else (p, T)
    xy : ndarray of shape (p, T)
    yy, s, sy : ndarray of shape (T,)
    shift_x : ndarray of shape (p,)
    shift_y : ndarray of shape (T,)
    gram_of : ndarray of shape (T,), optional
        Index in ``xx`` of each task's Gram; by default the first, or the task's own where there are T.

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
    gram_of: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.intp))

    def __post_init__(self) -> None:
        if len(self.gram_of) != len(self.s):
            n_tasks = len(self.s)
            default = np.arange(n_tasks) if len(self.xx) == n_tasks else np.zeros(n_tasks, dtype=np.intp)
            object.__setattr__(self, "gram_of", default)

    @classmethod
    def from_data(cls, data: TaskData) -> Moments:
        """Moments of the observed entries, weighted by the sample weights, with G = 1 or G = T."""
        moments = cls.of_parts(data, None, 1)[0]
        xx = moments.by_task(moments.xx)
        return moments if xx is moments.xx else replace(moments, xx=xx, gram_of=np.arange(len(moments.s)))

    @classmethod
    def of_parts(cls, data: TaskData, part: IntArray | None, n_parts: int) -> list[Moments]:
        """Moments of each part of the rows, all about one point, in one pass over the data.

        Parameters
        ----------
        data : TaskData
        part : ndarray of shape (n_rows,) or None
            Part of each row the user gave, below zero where it belongs to none; None is one part of all rows.
        n_parts : int

        Returns
        -------
        list of Moments
            A part may lack a task: its sums are zero there.
        """
        shift = None if sparse.issparse(data.design.X) else _place(data)
        parts = _sum_parts(cls, data, part, n_parts, shift)
        if not sparse.issparse(data.design.X):
            mean = _mean_if_far(parts)
            if mean is not None:
                parts = _sum_parts(cls, data, part, n_parts, mean)
        return parts

    @property
    def shared(self) -> bool:
        """Whether one Gram serves all tasks."""
        return len(self.xx) == 1

    @property
    def s_gram(self) -> Array:
        """Σ s of each Gram, shape (G,)."""
        s = np.empty(len(self.xx))
        s[self.gram_of] = self.s
        return s

    def _by_gram(self, by_task: Array) -> Array:
        """The columns of an array (p, T) that differ, (p, G)."""
        if by_task.shape[1] == len(self.xx):
            return by_task
        columns = np.empty((len(by_task), len(self.xx)))
        columns[:, self.gram_of] = by_task
        return columns

    def by_task(self, grams: Array) -> Array:
        """Grams as one for each task, unless one serves all."""
        return grams if len(grams) in (1, len(self.s)) else grams[self.gram_of]

    def about(self, shift_x: Array, shift_y: Array) -> Moments:
        """The same moments about another point."""
        dx, dy = self.shift_x - shift_x, self.shift_y - shift_y
        xx, sx = self.xx, self.sx
        if dx.any():
            s = self.s_gram
            cross = self._by_gram(sx).T[:, :, None] * dx
            xx = xx + cross + cross.transpose(0, 2, 1) + s[:, None, None] * np.outer(dx, dx)
            sx = sx + np.outer(dx, self.s[: sx.shape[1]])
        xy = self.xy + self.sx * dy + np.outer(dx, self.sy) + np.outer(dx, self.s * dy)
        yy = self.yy + 2 * dy * self.sy + self.s * dy**2
        return replace(self, xx=xx, sx=sx, xy=xy, yy=yy, sy=self.sy + self.s * dy, shift_x=shift_x, shift_y=shift_y)

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        return self._combined(other, np.add)

    def __sub__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        return self._combined(other, np.subtract)

    def _combined(self, other: Moments, operation: np.ufunc) -> Moments:
        if self.xy.shape != other.xy.shape:
            raise TaskDataError(
                f"Moments of shape (features, tasks) {self.xy.shape} and {other.xy.shape} do not add: they must "
                "come from the same features and tasks."
            )
        if other.shift_x is not self.shift_x or other.shift_y is not self.shift_y:
            other = other.about(self.shift_x, self.shift_y)
        mine, its, gram_of = self.xx, other.xx, self.gram_of
        if not np.array_equal(gram_of, other.gram_of):
            pairs = gram_of * len(its) + other.gram_of
            distinct, gram_of = np.unique(pairs, return_inverse=True)
            mine, its = mine[distinct // len(its)], its[distinct % len(its)]
        return Moments(
            operation(mine, its),
            operation(self.sx, other.sx),
            operation(self.xy, other.xy),
            operation(self.yy, other.yy),
            operation(self.s, other.s),
            operation(self.sy, other.sy),
            self.shift_x,
            self.shift_y,
            gram_of,
        )

    def without(self, part: Moments) -> Moments | None:
        """The moments of the other rows, or None where too little of a sum of squares is left to be accurate.

        What is left about its own mean has to be 1e-5 of what there was about the common point: rounding is some 1e-16
        of the latter, so that the difference is good to 1e-10 relative. Sums of more than that have to be made anew.
        """
        rest = self - part
        if (rest.s <= _LEAST_LEFT * self.s).any():
            return None
        left_y = rest.yy - rest.sy**2 / rest.s
        left_x = rest.diagonal() - rest._by_gram(rest.sx) ** 2 / rest.s_gram
        had_x = self.diagonal()
        if had_x.shape[1] < left_x.shape[1]:
            had_x = np.broadcast_to(had_x, left_x.shape) if self.shared else had_x[:, self.gram_of]
            left_x = left_x if left_x.shape == had_x.shape else left_x[:, rest.gram_of]
        enough = (left_y >= _LEAST_LEFT * self.yy).all() and (left_x >= _LEAST_LEFT * had_x).all()
        return rest if enough else None

    def diagonal(self) -> Array:
        """Σ s x² of each Gram, (p, G)."""
        return np.diagonal(self.xx, axis1=1, axis2=2).T

    def centered(self) -> tuple[Array, Array]:
        """Gram, (1, p, p) or (T, p, p), and cross products (p, T) about each task's own means."""
        sx = self._by_gram(self.sx)
        outer = sx.T[:, :, None] * (sx / self.s_gram).T[:, None, :]
        return self.by_task(self.xx - outer), self.xy - self.sx * (self.sy / self.s)

    def means(self) -> tuple[Array, Array]:
        """Weighted means of the features (p, T) and of the targets (T,) per task."""
        mean_x = self.shift_x[:, None] + self.sx / self.s[: self.sx.shape[1]]
        return np.broadcast_to(mean_x, self.xy.shape), self.shift_y + self.sy / self.s

    def raw(self) -> tuple[Array, Array, Array, Array, Array]:
        """Σ s x x', Σ s x, Σ s x y, Σ s y, Σ s about zero; Grams are (1, p, p) or (T, p, p)."""
        zero = self.about(np.zeros_like(self.shift_x), np.zeros_like(self.shift_y))
        return self.by_task(zero.xx), zero.sx, zero.xy, zero.sy, zero.s


def _place(data: TaskData) -> Array | None:
    """Where the features lie, judged by the first rows; None where that is near zero."""
    first = data.design.X[:_FIRST_ROWS].astype(np.float64)
    mean = first.mean(axis=0)
    spread = np.sqrt(np.square(first - mean).mean(axis=0))
    return mean if (np.abs(mean) > _FAR * spread).any() else None


def _mean_if_far(parts: list[Moments]) -> Array | None:
    """The mean of the features over all tasks where sums about the point of the parts have lost digits, else None."""
    n_grams = len(parts[0].xx)
    s = sum(part.s_gram.sum() for part in parts)
    sx = sum(part._by_gram(part.sx).sum(axis=1) for part in parts)
    square = sum(part.diagonal().sum(axis=1) for part in parts)
    shift = parts[0].shift_x
    spread = square / s - (sx / s) ** 2
    # What is left of a constant about itself is rounding, about any point.
    far = (sx / s) ** 2 > (10 * _FAR) ** 2 * np.maximum(spread, (10 * EPS * shift) ** 2)
    return shift + sx / s if n_grams and far.any() else None


def _sum_parts(
    cls: type[Moments], data: TaskData, part: IntArray | None, n_parts: int, shift: Array | None
) -> list[Moments]:
    """Moments of each part about a given point."""
    layout, design = data.layout, data.design
    n_tasks, p = layout.n_tasks, data.n_features
    wide = isinstance(design, SharedDesign)
    mass = layout.counts if data.unweighted else layout.sum_by_task(data.weight)
    mean_y = layout.sum_by_task(data.y if data.unweighted else data.weight * data.y) / mass
    gram_of = np.zeros(n_tasks, dtype=np.intp)
    grams: list[Array] = []
    s, sy, yy = (np.zeros((n_parts, n_tasks)) for _ in range(3))
    sx, xy = (np.zeros((n_parts, p, n_tasks)) for _ in range(2))
    for run in runs_of(data, part, n_parts):
        if not wide:
            Y, shift_y = (data.y - layout.per_entry(mean_y))[None], None
        elif layout.complete:
            Y, shift_y = data.y.reshape(n_tasks, -1), mean_y
            if len(run.tasks) < n_tasks:
                Y, shift_y = Y[run.tasks], mean_y[run.tasks]
        else:
            Y, shift_y = _filled(data, run.tasks, mean_y), None
        sums = row_sums(
            design.X,
            Y,
            group=run.group,
            n_groups=len(run.part),
            weight=run.weight,
            shift_x=shift,
            shift_y=shift_y,
        )
        first = sum(len(made[0]) for made in grams)
        gram_of[run.tasks] = first + run.gram
        n_grams = len(run.has)
        own = np.empty((n_parts, n_grams, p, p))
        for k in range(n_parts):
            mine = np.flatnonzero(run.part == k)
            own[k] = _of_groups(run.has[:, mine], sums.xx, mine)
            by_gram = run.has[:, mine].astype(float)
            s[k, run.tasks] = (by_gram @ sums.s[mine])[run.gram]
            sx[k][:, run.tasks] = (by_gram @ sums.sx[mine])[run.gram].T
            if wide:
                sy[k, run.tasks], yy[k, run.tasks] = sums.sy[mine].sum(axis=0), sums.yy[mine].sum(axis=0)
                xy[k][:, run.tasks] = sums.xy[mine].sum(axis=0)
            else:
                sy[k], yy[k], xy[k] = sums.sy[mine, 0], sums.yy[mine, 0], sums.xy[mine, :, 0].T
        grams.append(own)
    shift_x = np.zeros(p) if shift is None else shift
    whole = grams[0] if len(grams) == 1 else np.concatenate(grams, axis=1)
    one = whole.shape[1] == 1
    return [
        cls(whole[k], sx[k][:, :1] if one else sx[k], xy[k], yy[k], s[k], sy[k], shift_x, mean_y, gram_of)
        for k in range(n_parts)
    ]


def _filled(data: TaskData, tasks: IntArray, mean: Array) -> Array:
    """Targets of some tasks about their means at all rows, zero where unobserved, (k, n)."""
    layout = data.layout
    Y = np.zeros((len(tasks), layout.n_rows))
    for k, t in enumerate(tasks.tolist()):
        own = layout.entries(t)
        # NumPy 1 subtracts a number from single precision in single precision.
        Y[k, layout.row_index[own]] = np.subtract(data.y[own], mean[t], dtype=np.float64)
    return Y


def _of_groups(has: BoolArray, sums: Array, groups: IntArray) -> Array:
    """Sums over groups of rows added up to those of which they count, (g, p, p)."""
    own = sums if len(groups) == len(sums) else sums[groups]
    if len(has) == len(groups) and np.array_equal(has, np.eye(len(has), dtype=bool)):
        return own
    return (has.astype(float) @ own.reshape(len(own), -1)).reshape(len(has), *own.shape[1:])


__all__ = ["Moments"]
