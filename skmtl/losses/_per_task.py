"""One loss per task, with the face of a single loss over all entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from skmtl._typing import Array
from skmtl.data import TaskLayout
from skmtl.losses._base import Loss


class PerTaskLoss:
    """The losses of all tasks over the flat vector of entries.

    Neighbouring tasks with the same loss are evaluated in one call.

    Parameters
    ----------
    losses : sequence of Loss, one per task
    layout : TaskLayout
    """

    def __init__(self, losses: Sequence[Loss], layout: TaskLayout):
        self.losses = tuple(losses)
        self.layout = layout
        self.quadratic = all(loss.quadratic for loss in self.losses)
        self.curvature = np.array([loss.curvature for loss in self.losses])
        self._runs = []
        stop = 0
        for _, run in groupby(self.losses, key=lambda loss: (type(loss), repr(loss))):
            members = list(run)
            start, stop = stop, stop + len(members)
            self._runs.append((members[0], slice(int(layout.task_ptr[start]), int(layout.task_ptr[stop]))))

    def _each(self, method: str, y: Array, other: Array, weight: Array) -> list[Any]:
        return [getattr(loss, method)(y[run], other[run], weight[run]) for loss, run in self._runs]

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of the losses of all entries."""
        return float(sum(self._each("value", y, eta, weight)))

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weighted first derivative per entry."""
        parts = self._each("gradient", y, eta, weight)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weighted second derivative per entry."""
        parts = self._each("hessian", y, eta, weight)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Sum of the conjugates of all entries."""
        return float(sum(self._each("conjugate", y, theta, weight)))

    def value_by_task(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weighted sum of the losses of each task, shape (T,)."""
        return self._by_task(lambda loss, block: loss.value(y[block], eta[block], weight[block]))

    def null_predictor(self, y: Array, weight: Array) -> Array:
        """Best constant predictor of each task, shape (T,)."""
        return self._by_task(lambda loss, block: loss.null_predictor(y[block], weight[block]))

    def _by_task(self, function: Callable[[Loss, slice], float]) -> Array:
        return np.array([function(loss, self.layout.entries(t)) for t, loss in enumerate(self.losses)])

    def conic(self, y: Array, etas: Sequence[Any], weight: Array) -> Any:
        """Sum of the losses as a cvxpy expression; ``etas`` holds one expression per task."""
        terms = []
        for t, (loss, eta) in enumerate(zip(self.losses, etas, strict=True)):
            block = self.layout.entries(t)
            terms.append(loss.conic(y[block], eta, weight[block]))
        return sum(terms)
