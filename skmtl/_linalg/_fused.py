"""Proximal map of a weighted one-dimensional total variation, for many rows at once."""

from __future__ import annotations

import numpy as np

from skmtl._typing import Array, IntArray


def total_variation_prox(W: Array, step: Array) -> Array:
    """argmin_v ½ ‖v - w‖² + Σ_t step_t |v_{t+1} - v_t| for every row w of W, exactly.

    Dynamic programming over the chain (Johnson, JCGS 22:246-260, 2013), all rows in step. With

        f_t(b) = d/db min over v_1 .. v_{t-1} of the terms up to v_t = b

    the recursion is f_t(b) = b - w_t + clip(f_{t-1}(b), ∓step_{t-1}), v_T is the root of f_T, and v_t is v_{t+1}
    clipped to the interval where f_t lies between ∓step_t. Each f_t is continuous, increasing and piecewise
    linear, with slope 1 outside its knots. Clipping moves the knots beyond the interval to its ends and adds one
    knot at each end, so that 2t knots, in order, stand in the middle of an array of 2T: no insertion, no search
    tree, and T² numbers a row. Every operation is monotone in floating point too, so the order holds exactly.

    Parameters
    ----------
    W : ndarray of shape (p, T)
    step : ndarray that broadcasts to (p, T - 1), non-negative
    """
    n_rows, n_tasks = W.shape
    if n_tasks < 2:
        return W.copy()
    # The solution moves with w, and the dual of a link cannot exceed the sum of |w - v| over the shorter side of
    # it: subtracting the middle and bounding the steps changes nothing but the rounding, which is then of the size
    # of the range.
    low, high = W.min(axis=1), W.max(axis=1)
    middle = low + 0.5 * (high - low)
    w = np.ascontiguousarray((W - middle[:, None]).T)
    side = np.minimum(np.arange(1, n_tasks), np.arange(n_tasks - 1, 0, -1))
    step = np.minimum(np.broadcast_to(step, (n_rows, n_tasks - 1)).T, side[:, None] * (high - low))

    knots = np.empty((2 * n_tasks, n_rows))
    clipped = np.empty((2 * n_tasks, n_rows))  # of f_t, at the knots
    columns = np.arange(n_rows)
    left, right = np.empty((n_tasks - 1, n_rows)), np.empty((n_tasks - 1, n_rows))
    left[0], right[0] = w[0] - step[0], w[0] + step[0]
    knots[n_tasks - 1], knots[n_tasks] = left[0], right[0]
    clipped[n_tasks - 1], clipped[n_tasks] = -step[0], step[0]
    for t in range(1, n_tasks - 1):
        x, f = knots[n_tasks - t : n_tasks + t], clipped[n_tasks - t : n_tasks + t]
        f += x - w[t]
        left[t], right[t] = _crossing(x, f, -step[t], columns), _crossing(x, f, step[t], columns)
        np.clip(x, left[t], right[t], out=x)
        np.clip(f, -step[t], step[t], out=f)
        knots[n_tasks - t - 1], knots[n_tasks + t] = left[t], right[t]
        clipped[n_tasks - t - 1], clipped[n_tasks + t] = -step[t], step[t]
    x, f = knots[1:-1], clipped[1:-1]
    f += x - w[-1]
    v = np.empty_like(w)
    v[-1] = _crossing(x, f, np.zeros(n_rows), columns)
    for t in range(n_tasks - 2, -1, -1):
        v[t] = np.clip(v[t + 1], left[t], right[t])
    return np.ascontiguousarray(v.T) + middle[:, None]


def _crossing(x: Array, f: Array, level: Array, columns: IntArray) -> Array:
    """Where each column's piecewise linear function, f at the ascending knots x, slope 1 beyond them, is ``level``."""
    above = (f < level).sum(axis=0)
    base, following = np.maximum(above - 1, 0), np.minimum(above, len(x) - 1)
    x_base, f_base, x_next = x[base, columns], f[base, columns], x[following, columns]
    rise = f[following, columns] - f_base
    # Beyond the last knot on either side the two coincide and the slope is 1.
    slope = np.divide(x_next - x_base, rise, out=np.ones_like(rise), where=rise > 0)
    crossing = x_base + (level - f_base) * slope
    return np.where(following > base, np.minimum(crossing, x_next), crossing)


__all__ = ["total_variation_prox"]
