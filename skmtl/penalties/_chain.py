"""Outcomes along time: the same measurement at successive visits."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import norm_plus_quadratic
from skmtl._params import NONE, RATIO, ArrayLike
from skmtl._typing import Array, MatrixLike
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._base import Penalty
from skmtl.penalties._quadratic import QuadraticPenalty, matrix_eigen


def check_times(times: MatrixLike) -> None:
    """Raise unless ``times`` is None or finite and strictly increasing."""
    if times is None:
        return
    try:
        when = np.asarray(times, dtype=float)
    except (TypeError, ValueError):
        raise InvalidParameterError("times has to hold numbers: give days, months or years since the start.") from None
    if when.ndim != 1:
        raise InvalidParameterError(f"times has shape {when.shape}: give one time per task, shape (n_tasks,).")
    if not np.isfinite(when).all():
        raise InvalidParameterError(f"times holds {when[~np.isfinite(when)][0]}: give every task a finite time.")
    late = np.flatnonzero(np.diff(when) <= 0)
    if late.size:
        t = int(late[0])
        raise InvalidParameterError(
            f"times has to increase from task to task, but task {t} is at {when[t]:g} and task {t + 1} at "
            f"{when[t + 1]:g}: put the tasks in the order of their times."
        )


def chain_weights(times: MatrixLike, n_tasks: int) -> Array:
    """Weight of each link of the chain, shape (n_tasks - 1,): mean gap / gap; 1 without ``times``."""
    if times is None:
        return np.ones(max(n_tasks - 1, 0))
    check_times(times)
    when = np.asarray(times, dtype=float)
    if len(when) != n_tasks:
        raise InvalidParameterError(
            f"times has length {len(when)} but there are {n_tasks} tasks: give one time per task."
        )
    gaps = np.diff(when)
    return gaps.mean() / gaps if gaps.size else gaps


def chain_matrix(times: MatrixLike, sharing: float, n_tasks: int) -> Array:
    """(1 - sharing) I + sharing L, with L the Laplacian of the chain."""
    weights = chain_weights(times, n_tasks)
    links = np.diff(np.eye(n_tasks), axis=0)
    return (1 - sharing) * np.eye(n_tasks) + sharing * (links.T * weights) @ links


class ChainRegularization(QuadraticPenalty):
    """Pull the coefficients of successive outcomes towards each other.

    ½ tr(W M W') = ½ (1 - sharing) ‖W‖² + ½ sharing Σ_t a_t ‖w_{t+1} - w_t‖², tasks in the order of the columns. The
    smooth part of the temporal group lasso (Zhou, Yuan, Liu and Ye, KDD 2011), whose chain has a_t = 1 as if visits
    were regular. Here a_t = (mean gap) / (gap t), so that a slope counts the same over short and long gaps, whatever
    the unit of time, and regular visits give a_t = 1. ``sharing=1`` leaves a common model free. For a model that
    drifts slowly; not where it jumps (`FusedSparseGroupLasso`), nor for tasks without an order
    (`MeanRegularization`, `GraphRegularization`).

    Parameters
    ----------
    times : array-like of shape (n_tasks,), default None
        Strictly increasing times of the tasks; None for regular visits.
    sharing : float in [0, 1], default 0.5

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import ChainRegularization
    >>> W = np.array([[1.0, 2.0, 4.0]])
    >>> ChainRegularization(sharing=1.0).value(W)
    2.5
    >>> ChainRegularization(times=[0, 6, 18], sharing=1.0).value(W)
    2.25
    """

    _parameter_constraints: ClassVar = {"times": [NONE, ArrayLike()], "sharing": [RATIO]}

    def __init__(self, times: MatrixLike = None, sharing: float = 0.5):
        self.times = times
        self.sharing = sharing

    def check_params(self) -> None:
        """Check the constructor parameters; the length of ``times`` waits for the number of tasks."""
        super().check_params()
        check_times(self.times)

    def task_matrix(self, n_tasks: int) -> Array:
        """(1 - sharing) I + sharing L."""
        return chain_matrix(self.times, self.sharing, n_tasks)


class ChainGroupLasso(Penalty):
    """L2,1 norm plus `ChainRegularization`: features selected for all visits, coefficients smooth in time.

    l1_ratio Σ_j ‖w_j‖₂ + ½ (1 - l1_ratio) tr(W M W') with M = (1 - sharing) I + sharing L: the temporal group lasso
    of disease progression (Zhou, Yuan, Liu and Ye, KDD 2011), with gaps of time as in `ChainRegularization`.
    ``sharing=0`` is `GroupElasticNet`, ``l1_ratio=1`` `GroupLasso`, ``l1_ratio=0`` `ChainRegularization`. Not where a
    feature matters at some visits only: `FusedSparseGroupLasso` selects single visits.

    Parameters
    ----------
    times : array-like of shape (n_tasks,), default None
        Strictly increasing times of the tasks; None for regular visits.
    sharing : float in [0, 1], default 0.5
    l1_ratio : float in [0, 1], default 0.5

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import ChainGroupLasso
    >>> penalty = ChainGroupLasso(sharing=1.0, l1_ratio=0.5)
    >>> penalty.prox(np.array([[3.0, 3.0, 3.0], [0.2, 0.1, 0.2]]), 1.0).round(3)
    array([[2.711, 2.711, 2.711],
           [0.   , 0.   , 0.   ]])
    """

    separable: ClassVar[str | None] = "row"
    _parameter_constraints: ClassVar = {"times": [NONE, ArrayLike()], "sharing": [RATIO], "l1_ratio": [RATIO]}

    def __init__(self, times: MatrixLike = None, sharing: float = 0.5, l1_ratio: float = 0.5):
        self.times = times
        self.sharing = sharing
        self.l1_ratio = l1_ratio

    def check_params(self) -> None:
        """Check the constructor parameters; the length of ``times`` waits for the number of tasks."""
        super().check_params()
        check_times(self.times)

    def _eigen(self, n_tasks: int) -> tuple[Array, Array]:
        return matrix_eigen(chain_matrix(self.times, self.sharing, n_tasks))

    def value(self, W: Array) -> float:
        """l1_ratio Σ_j ‖w_j‖ + ½ (1 - l1_ratio) tr(W M W')."""
        M = chain_matrix(self.times, self.sharing, W.shape[1])
        norms = np.linalg.norm(W, axis=1).sum()
        return float(self.l1_ratio * norms + 0.5 * (1 - self.l1_ratio) * np.einsum("jt,jt->", W @ M, W))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Row by row in the eigenbasis of M, where one equation in the norm of the row is left."""
        values, vectors = self._eigen(W.shape[1])
        curvature = 1 + step * (1 - self.l1_ratio) * values
        return norm_plus_quadratic(W @ vectors, step * self.l1_ratio, curvature) @ vectors.T

    def alpha_max(self, gradient: Array) -> float:
        """Largest row norm of the gradient over ``l1_ratio``; infinite at ``l1_ratio=0``."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest ‖z_j‖ over l1_ratio."""
        largest = float(np.linalg.norm(Z, axis=1).max())
        if largest == 0.0:
            return 0.0
        return largest / self.l1_ratio if self.l1_ratio > 0 else float("inf")

    def conjugate(self, Z: Array, alpha: float) -> float:
        """Σ_j min ½ (z_j - u)' M⁻¹ (z_j - u) / (alpha (1 - l1_ratio)) over ‖u‖ <= alpha l1_ratio.

        Where M is singular (``sharing=1``: a common model) z_j - u must not have that direction: infinite for a row
        with more of it than alpha l1_ratio.
        """
        values, vectors = self._eigen(Z.shape[1])
        radius, curvature = alpha * self.l1_ratio, alpha * (1 - self.l1_ratio) * values
        flat = (values <= 1e-12 * values[-1]) | (curvature == 0)
        rows = (Z @ vectors)[np.linalg.norm(Z, axis=1) > radius * (1 + 1e-12)]
        along = np.linalg.norm(rows[:, flat], axis=1)
        if (along > radius * (1 + 1e-12)).any():
            return float("inf")
        # Rows that use up the ball along the flat directions have no maximiser, only the limit u = z there.
        limit = along >= radius * (1 - 1e-12)
        squares = (rows[limit][:, ~flat] ** 2 / curvature[~flat]).sum()
        # Elsewhere z - u = D v at the maximiser v.
        rows, curvature = rows[~limit], np.where(flat, 0.0, curvature)
        v = norm_plus_quadratic(rows, radius, curvature)
        return float(0.5 * (squares + (curvature * v * v).sum()))

    def conic(self, W: Any) -> Any:
        """Sum of row norms plus half the squared norm of W M^½."""
        import cvxpy

        values, vectors = self._eigen(W.shape[1])
        norms = cvxpy.sum(cvxpy.norm(W, 2, axis=1))
        return self.l1_ratio * norms + 0.5 * (1 - self.l1_ratio) * cvxpy.sum_squares(W @ (vectors * np.sqrt(values)))
