"""Axes that a few extreme values cannot make useless."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array


def robust_limits(values: Array, around: float = 0.0, reach: float = 2.5) -> tuple[float, float]:
    """Ends of an axis: all finite values and ``around``, but for those that reach much farther than most.

    Parameters
    ----------
    values : ndarray
    around : float, default 0.0
        Where distances are measured from.
    reach : float, default 2.5
        Times the distance that four in five values keep within.
    """
    known = values[np.isfinite(values)] - around
    if not known.size or not known.any():
        return around - 1.0, around + 1.0
    far = reach * np.quantile(np.abs(known), 0.8) or np.abs(known).max()
    low, high = max(min(known.min(), 0.0), -far), min(max(known.max(), 0.0), far)
    room = 0.04 * (high - low)
    return float(around + low - room), float(around + high + room)


__all__ = ["robust_limits"]
