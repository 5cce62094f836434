"""Which rows of the coefficients are worth visiting."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.penalties import Penalty


def violations(penalty: Penalty, W: Array, gradient: Array, alpha: float, metric: Array) -> Array:
    """How far a proximal gradient step would move each row, in the metric, (p,): zero for rows that are optimal.

    Rows without coefficients leave zero only where the gradient exceeds what the penalty can hold.
    """
    step = 1.0 / metric
    moved = penalty.prox(W - step * gradient, alpha * step) - W
    values: Array = np.sqrt((metric * moved * moved).sum(axis=1))
    return values


def working_set(W: Array, score: Array, size: int) -> IntArray:
    """The rows that are not zero, and the worst others, ``size`` in all where there are so many; sorted."""
    active = W.any(axis=1)
    wanted = size - int(active.sum())
    candidates = np.flatnonzero(~active & (score > 0))
    if len(candidates) > wanted:
        worst = np.argpartition(-score[candidates], max(wanted, 1) - 1)[: max(wanted, 1)]
        candidates = candidates[worst]
    return np.sort(np.concatenate([np.flatnonzero(active), candidates]))


__all__ = ["violations", "working_set"]
