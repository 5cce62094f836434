"""The best constants of separable losses, for all tasks at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skmtl._typing import Array, IntArray

if TYPE_CHECKING:
    from skmtl.losses._base import SeparableLoss

EPS = float(np.finfo(np.float64).eps)


def bounds_of_groups(points: Array, group: IntArray, n_groups: int) -> tuple[Array, Array]:
    """Smallest and largest of ``points`` in each group."""
    low, high = np.full(n_groups, np.inf), np.full(n_groups, -np.inf)
    np.minimum.at(low, group, points)
    np.maximum.at(high, group, points)
    return low, high


def recenter_between(
    loss: SeparableLoss, y: Array, eta: Array, weight: Array, group: IntArray, low: Array, high: Array
) -> Array:
    """Constants in [low, high], one per group, that added to ``eta`` give the least loss.

    Newton steps on the slope, kept in a bracket: a step that leaves it, or is longer than half the one before, is
    replaced by a bisection, so that flat pieces and corners of the slope only cost iterations. The slope has to be
    at most 0 at ``low`` and at least 0 at ``high``.
    """
    n_groups = len(low)
    c: Array = np.clip(0.0, low, high)
    last = high - low
    # The constants are added to numbers of this size, and rounded there.
    size = np.zeros(n_groups)
    np.maximum.at(size, group, np.abs(eta))
    tolerance = EPS * (np.abs(low) + np.abs(high) + size)
    for _ in range(200):
        moved = eta + c[group]
        slope = np.bincount(group, loss.gradient(y, moved, weight), n_groups)
        bend = np.bincount(group, loss.hessian(y, moved, weight), n_groups)
        low, high = np.where(slope <= 0, c, low), np.where(slope >= 0, c, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            proposal = c - slope / bend
        newton = (proposal >= low) & (proposal <= high) & (np.abs(proposal - c) <= 0.5 * last)
        proposal = np.where(newton, proposal, 0.5 * (low + high))
        last, c = np.abs(proposal - c), proposal
        if (last <= tolerance).all():
            break
    return c


__all__ = ["bounds_of_groups", "recenter_between"]
