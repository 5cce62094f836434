"""The few coefficients that no penalty holds, solved exactly: intercepts and unpenalised features of each task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skmtl._typing import Array
from skmtl.problem._coefficients import Coefficients
from skmtl.problem._grams import Gram

if TYPE_CHECKING:
    from skmtl.problem._data_term import DataTerm

_LARGEST_NEWTON = 100


def refit(term: DataTerm, point: Coefficients, free: np.ndarray) -> Coefficients:
    """Minimise the loss over intercepts and the coefficients marked in ``free`` (p, C), the others held.

    Tasks are apart here, and few coefficients are free: a damped Newton method per task, to rounding.
    """
    if term.constant is not None and term.fit_intercept:
        # What does not vary predicts nothing but what the intercept does.
        point = Coefficients(np.where(free & term.constant, 0.0, point.W), point.b)
        free = free & ~term.constant
    W, b = point.W.copy(), term.refit_intercept(point).b.copy()
    layout = term.data.layout
    for t in range(layout.n_tasks):
        channels = np.arange(layout.channel_ptr[t], layout.channel_ptr[t + 1])
        features, owners = np.nonzero(free[:, channels])
        if len(features):
            _refit_task(term, t, W, b, features, channels[owners])
    return Coefficients(W, b)


def _refit_task(term: DataTerm, t: int, W: Array, b: Array, features: np.ndarray, owners: np.ndarray) -> None:
    """Newton's method for one task, in place: coefficient (features[k], owners[k]) and the task's intercepts."""
    layout, loss = term.data.layout, term.loss.losses[t]
    entries, block = layout.entries(t), layout.eta(t)
    y, weight = term.data.y[entries], term.weight[entries]
    channels = np.arange(layout.channel_ptr[t], layout.channel_ptr[t + 1])
    size = len(y)
    columns = term.data.design.columns(t, features) - term.center[features, owners]
    # One column per unknown over the task's linear predictors, channel after channel.
    n_free = len(features)
    unknowns = np.zeros((len(channels) * size, n_free + (len(channels) if term.fit_intercept else 0)))
    for k, owner in enumerate(owners):
        start = (owner - channels[0]) * size
        unknowns[start : start + size, k] = columns[:, k]
    for k in range(len(channels)) if term.fit_intercept else ():
        unknowns[k * size : (k + 1) * size, n_free + k] = 1.0
    eta = term.predictor(Coefficients(W, b))[block]
    value = loss.value(y, eta, weight)
    for _ in range(_LARGEST_NEWTON):
        slope = unknowns.T @ loss.gradient(y, eta, weight)
        hessian = np.column_stack(
            [unknowns.T @ loss.hessian_product(y, eta, weight, unknowns[:, k]) for k in range(unknowns.shape[1])]
        )
        # In units in which every unknown has unit curvature: else small units pass for rounding.
        unit = np.sqrt(np.maximum(hessian.diagonal(), 0.0))
        unit[unit == 0] = 1.0
        step = -np.linalg.lstsq(hessian / np.outer(unit, unit), slope / unit, rcond=1e-12)[0] / unit
        decrease = float(slope @ step)
        length = 1.0
        while length > 1e-10:
            moved = eta + length * (unknowns @ step)
            reached = loss.value(y, moved, weight)
            if reached <= value + 1e-4 * length * decrease + 1e-15 * abs(value):
                break
            length *= 0.5
        else:
            break
        eta, value = moved, reached
        W[features, owners] += length * step[:n_free]
        b[channels] += length * step[n_free:] if term.fit_intercept else 0.0
        if -decrease <= 1e-26 * max(abs(value), 1e-300) or loss.quadratic:
            break


def refit_on_grams(gram: Gram, cross: Array, W: Array, free: np.ndarray) -> Array:
    """The best coefficients marked in ``free``, zero in W, for squared loss with these Grams and cross products."""
    W, image = W.copy(), gram.product(W)
    for t in range(W.shape[1]):
        rows = np.flatnonzero(free[:, t])
        if not len(rows):
            continue
        grams = gram.block(rows)
        own = grams[t if len(grams) > 1 else 0]
        # In units in which every feature has unit curvature: else small units pass for rounding.
        unit = np.sqrt(np.maximum(own.diagonal(), 0.0))
        unit[unit == 0] = 1.0
        rest = (cross[rows, t] - image[rows, t]) / unit
        W[rows, t] = np.linalg.lstsq(own / np.outer(unit, unit), rest, rcond=1e-12)[0] / unit
    return W


__all__ = ["refit", "refit_on_grams"]
