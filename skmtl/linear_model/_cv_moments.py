"""Cross-validation of least squares on moments: one pass over the data serves all folds and the final fit.

Rows are grouped by the training and test parts they belong to. The moments of the groups are made in one pass; those of
a part are the sum over its groups, so that no digits are lost. Where a cross-validation has too many groups to hold
(leave one out, repeated random splits), each test part is taken out of the whole instead, and what a subtraction would
make inaccurate is computed from the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from skmtl._convex import TargetScale, sees_moments
from skmtl._typing import Array, BoolArray, IntArray
from skmtl.data import Moments, RowDesign, TaskData
from skmtl.exceptions import TaskDataError
from skmtl.linear_model._cv_path import FoldPath, follow
from skmtl.losses import PerTaskLoss
from skmtl.problem import Coefficients, MomentTerm, Problem

# Moments are held and added where they take at most so many times the room of the features, and are no more than this:
# then subtraction costs less than additions.
_ROOM = 4
_MOST_GROUPS = 64
# A squared error this much smaller than the sums it is made from has lost eight digits: it is measured on the data.
_TOO_SMALL = 1e-8
# Numbers in the coefficients whose deviances are computed together.
_TOGETHER = 1 << 20

Folds = Sequence[tuple[BoolArray, BoolArray]]


@dataclass(frozen=True, eq=False)
class FoldMoments:
    """Moments of the two parts of one fold, and the masks of their rows."""

    training: Moments
    test: Moments
    train_rows: BoolArray
    test_rows: BoolArray


def moments_pay(model: Any, data: TaskData, loss: PerTaskLoss) -> bool:
    """Whether to fit the folds of a model on moments: it minimises squares, and they are no larger than the data."""
    if not loss.quadratic or not sees_moments(model.solver) or getattr(model, "share_intercept", False):
        return False
    # The whole, the two parts of a fold, and what becomes of one of them in a fit.
    return _room(data) >= 4


def _room(data: TaskData) -> int:
    """How many moments to hold at a time, at most."""
    rows_of_tasks = isinstance(data.design, RowDesign)
    n_grams = 1 if data.layout.complete and not rows_of_tasks else data.n_tasks
    n_rows = data.layout.n_entries if rows_of_tasks else data.layout.n_rows
    return min(_MOST_GROUPS, _ROOM * n_rows // (n_grams * max(1, data.n_features)))


def moments_of_folds(data: TaskData, folds: Folds) -> tuple[Moments, Iterator[FoldMoments]]:
    """Moments of all rows, and of the parts of each fold, one fold at a time."""
    group, in_train, in_test = _groups(folds, _room(data))
    if group is None:
        whole = Moments.from_data(data)
        return whole, (_taken_out(data, whole, *fold) for fold in folds)
    made = Moments.of_parts(data, group, len(in_train[0]))
    whole = reduce(add, made)

    def each() -> Iterator[FoldMoments]:
        for k, (train, test) in enumerate(folds):
            training = reduce(add, [made[g] for g in np.flatnonzero(in_train[k])])
            if _hidden(training):
                training = Moments.from_data(_part(data, train))
            yield FoldMoments(training, reduce(add, [made[g] for g in np.flatnonzero(in_test[k])]), train, test)

    return whole, each()


def _groups(folds: Folds, most: int) -> tuple[IntArray | None, BoolArray, BoolArray]:
    """Group of each row by the parts it is in, and which groups are in each fold's training and test part.

    None in place of the groups where there are more than ``most``.
    """
    masks = np.array([mask for fold in folds for mask in fold])
    first = np.zeros(masks.shape[1], dtype=np.intp)
    member = np.zeros((0, 1), dtype=bool)
    for mask in masks:
        finer = 2 * first + mask
        used = np.flatnonzero(np.bincount(finer, minlength=2 * member.shape[1]))
        if len(used) > most:
            return None, member, member
        number = np.empty(2 * member.shape[1], dtype=np.intp)
        number[used] = np.arange(len(used))
        first = number[finer]
        member = np.vstack([member[:, used // 2], used % 2 == 1])
    return first, member[::2], member[1::2]


def _taken_out(data: TaskData, whole: Moments, train: BoolArray, test: BoolArray) -> FoldMoments:
    """A fold whose training part is all but its test part, or else is summed anew."""
    held = Moments.of_parts(data, np.where(test, 0, -1), 1)[0]
    training = whole.without(held) if np.array_equal(train, ~test) else None
    if training is None:
        training = Moments.from_data(_part(data, train))
    return FoldMoments(training, held, train, test)


def _part(data: TaskData, rows: BoolArray) -> TaskData:
    try:
        return data.take(rows)
    except TaskDataError as error:
        raise TaskDataError(f"In a training part of cv: {error}") from None


def _hidden(moments: Moments) -> bool:
    """Whether a task is absent, or its targets vary so little about their own mean that rounding hides it."""
    if not moments.s.all():
        return True
    return bool((moments.yy - moments.sy**2 / moments.s < 1e-5 * moments.yy).any())


def target_scale(model: Any, data: TaskData, moments: Moments) -> TargetScale:
    """`TargetScale.of` for the rows of some moments; ``data`` gives the form and the kinds of the targets."""
    mean = moments.shift_y + moments.sy / moments.s
    squares = np.maximum(moments.yy - moments.sy**2 / moments.s, 0.0)
    numeric = np.array([encoder.kind == "numeric" for encoder in data.encoders])
    level = mean
    if data.form == "rows":  # one outcome in one unit
        total = moments.s.sum()
        level = np.full_like(mean, (moments.s @ mean) / total)
        spread = np.full_like(mean, np.sqrt((squares + moments.s * (mean - level) ** 2).sum() / total))
    else:
        spread = np.sqrt(squares / moments.s)
    constant = spread <= 1e-12 * np.maximum(np.abs(level), 1e-300)
    return TargetScale(
        np.where(numeric & model.fit_intercept, mean, 0.0),
        np.where(numeric & model.scale_targets & ~constant, spread, 1.0),
        data.layout.channel_task,
    )


def problem_on(model: Any, data: TaskData, moments: Moments, penalty: Any, scale: TargetScale) -> Problem:
    """The problem of a model on the rows of some moments; ``data`` gives names and shapes."""
    term = MomentTerm.from_moments(
        moments,
        data,
        PerTaskLoss(model._losses_of(data), data.layout),
        mean=scale.mean,
        unit=scale.scale,
        fit_intercept=model.fit_intercept,
    )
    return Problem(term, model._bounded(penalty, scale, data.n_features), 1.0)


def path_on_moments(model: Any, data: TaskData, fold: FoldMoments, choices: list[Any], alphas: Array) -> FoldPath:
    """Fit one training part along all strengths and measure the squared error on its test part."""
    scale = target_scale(model, data, fold.training)
    try:
        problem = problem_on(model, data, fold.training, model._penalty_at(choices[0]), scale)
    except TaskDataError as error:
        raise TaskDataError(f"In a training part of cv: {error}") from None

    def deviance_of(points: list[Coefficients]) -> Array:
        unit, shift = scale.unit, scale.shift
        same = bool((unit == 1).all())
        restored = [Coefficients(point.W if same else point.W * unit, point.b * unit + shift) for point in points]
        return squared_error(restored, fold.test, data, fold.test_rows) / scale.scale**2

    problems = [model._at(problem, choice, scale) for choice in choices]
    deviance, unsolved, example = follow(model, problems, alphas, scale, deviance_of)
    importance = problem.term.task_scale * fold.training.s.mean()
    return FoldPath(deviance, fold.test.s, importance, scale.scale**2, unsolved, example)


def squared_error(points: list[Coefficients], moments: Moments, data: TaskData, rows: BoolArray) -> Array:
    """Weighted squared error of each task, (len(points), T), at points in original coordinates.

    With e = b + shift_x w - shift_y it is  Σ s y² + w' Σ s x x' w + e² Σ s - 2 w' Σ s x y - 2 e Σ s y + 2 e w' Σ s x.
    Where that leaves next to nothing of its terms, it is summed over the ``rows`` of the data.
    """
    n_features, n_tasks = points[0].W.shape
    size = max(1, _TOGETHER // max(1, n_features * n_tasks))
    error = np.vstack([_from_moments(points[k : k + size], moments) for k in range(0, len(points), size)])
    hidden = np.flatnonzero(np.isnan(error).any(axis=1))
    if len(hidden):
        held = data.take(rows, every_task=False)
        for k in hidden:
            residual = held.y - held.design.forward(points[k].W, points[k].b)
            error[k] = held.layout.sum_by_task(held.weight * residual**2)
    return error


def _from_moments(points: list[Coefficients], moments: Moments) -> Array:
    """`squared_error` from moments, NaN where too little is left."""
    W = np.stack([point.W for point in points])  # (a, p, T)
    e = np.stack([point.b for point in points]) - moments.shift_y + moments.shift_x @ W
    rows = np.flatnonzero(W.any(axis=(0, 2)))
    W = W[:, rows].transpose(2, 1, 0)  # (T, k, a)
    image = np.empty_like(W)
    for g, gram in enumerate(moments.xx):
        tasks = np.flatnonzero(moments.gram_of == g)
        own = W[tasks]
        flat = own.transpose(1, 0, 2).reshape(len(rows), len(tasks) * len(points))
        image[tasks] = (gram[rows[:, None], rows] @ flat).reshape(len(rows), len(tasks), len(points)).transpose(1, 0, 2)
    square = np.einsum("tka,tka->at", W, image)
    along = np.einsum("tka,kt->at", W, moments.xy[rows])
    first = np.einsum("tka,kt->at", W, np.broadcast_to(moments.sx[rows], moments.xy[rows].shape))
    size = moments.yy + square + moments.s * e**2
    error = size - 2 * along + 2 * e * (first - moments.sy)
    return np.where((error > _TOO_SMALL * size) | (size == 0), error, np.nan)


__all__ = ["FoldMoments", "moments_of_folds", "moments_pay", "path_on_moments", "problem_on", "target_scale"]
