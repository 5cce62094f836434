"""One loss per task, with the face of a single loss over all entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from skmtl._typing import Array
from skmtl.data import TaskLayout
from skmtl.losses._base import Loss, SeparableLoss


class _Run(NamedTuple):
    """Neighbouring tasks that are evaluated in one call."""

    loss: Loss
    start: int  # first task, and the one after the last
    stop: int
    entries: slice  # of y and weight
    eta: slice  # of linear predictors


class PerTaskLoss:
    """The losses of all tasks over the flat vectors of entries and of linear predictors.

    Neighbouring tasks with the same separable loss are evaluated in one call.

    Parameters
    ----------
    losses : sequence of Loss, one per task
    layout : TaskLayout
    """

    def __init__(self, losses: Sequence[Loss], layout: TaskLayout):
        self.losses = tuple(losses)
        self.layout = layout
        self.quadratic = all(loss.quadratic for loss in self.losses)

        single = all(loss is self.losses[0] for loss in self.losses)
        if single and isinstance(self.losses[0], SeparableLoss):
            entries = slice(0, layout.n_entries)
            self._runs = [_Run(self.losses[0], 0, layout.n_tasks, entries, entries)]
            return

        def key(task: int) -> object:
            loss = self.losses[task]
            if not isinstance(loss, SeparableLoss):
                return task
            return single or (type(loss), repr(loss))

        self._runs = []
        for _, run in groupby(range(len(self.losses)), key=key):
            tasks = list(run)
            first, last = tasks[0], tasks[-1]
            entries = slice(layout.entries(first).start, layout.entries(last).stop)
            eta = slice(layout.eta(first).start, layout.eta(last).stop)
            self._runs.append(_Run(self.losses[first], first, last + 1, entries, eta))

    def _each(self, method: str, y: Array, eta: Array, weight: Array) -> list[Any]:
        return [getattr(run.loss, method)(y[run.entries], eta[run.eta], weight[run.entries]) for run in self._runs]

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted losses of all tasks, summed."""
        return float(sum(self._each("value", y, eta, weight)))

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Derivative of the weighted losses in ``eta``."""
        return _joined(self._each("gradient", y, eta, weight))

    def hessian_product(self, y: Array, eta: Array, weight: Array, direction: Array) -> Array:
        """Second derivative of the weighted losses in ``eta`` times a direction."""
        return _joined(
            [
                run.loss.hessian_product(y[run.entries], eta[run.eta], weight[run.entries], direction[run.eta])
                for run in self._runs
            ]
        )

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Sum of the conjugates of all tasks."""
        return float(sum(self._each("conjugate", y, theta, weight)))

    def curvature(self, y: Array, weight: Array) -> Array:
        """Curvature of each task's loss per unit of weight, shape (T,)."""
        return np.array(self._by_task(lambda loss, entries, eta: loss.curvature(y[entries], weight[entries])))

    def value_by_task(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weighted loss of each task, shape (T,)."""
        return np.array(self._by_task(lambda loss, rows, at: loss.value(y[rows], eta[at], weight[rows])))

    def deviance_by_task(self, y: Array, eta: Array, weight: Array) -> Array:
        """Deviance of each task, shape (T,)."""
        return np.array(self._by_task(lambda loss, rows, at: loss.deviance(y[rows], eta[at], weight[rows])))

    def size_by_task(self, y: Array, weight: Array) -> Array:
        """What rounding in each task's loss is relative to, shape (T,)."""
        return np.array(self._by_task(lambda loss, rows, at: loss.size(y[rows], weight[rows])))

    def secant(self, y: Array, eta: Array, weight: Array) -> Array | None:
        """Curvature in each predictor of parabolas that touch the losses and lie above; None where one has none."""
        if not all(hasattr(loss, "secant") for loss in self.losses):
            return None
        return _joined(self._each("secant", y, eta, weight))

    def null_predictor(self, y: Array, weight: Array) -> Array:
        """Best constant predictor of each channel, shape (C,)."""
        return self.recenter(y, np.zeros(int(self.layout.eta_ptr[-1])), weight)

    def recenter(self, y: Array, eta: Array, weight: Array) -> Array:
        """The constants, one per channel, that added to ``eta`` give the least loss, shape (C,)."""
        parts = []
        for run in self._runs:
            mine = y[run.entries], eta[run.eta], weight[run.entries]
            if isinstance(run.loss, SeparableLoss):
                group = self.layout.entry_task[run.entries] - run.start
                parts.append(run.loss.recenter_groups(*mine, group, run.stop - run.start))
            else:
                parts.append(run.loss.recenter(*mine))
        return _joined(parts)

    def _by_task(self, function: Callable[[Loss, slice, slice], float]) -> list[float]:
        layout = self.layout
        return [function(loss, layout.entries(t), layout.eta(t)) for t, loss in enumerate(self.losses)]

    def conic(self, y: Array, etas: Sequence[Any], weight: Array) -> Any:
        """Sum of the losses as a cvxpy expression; ``etas`` holds one expression per task, (m,) or (m, K)."""
        terms = []
        for t, (loss, eta) in enumerate(zip(self.losses, etas, strict=True)):
            block = self.layout.entries(t)
            terms.append(loss.conic(y[block], eta, weight[block]))
        return sum(terms)


def _joined(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
