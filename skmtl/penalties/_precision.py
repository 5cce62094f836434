"""A quadratic penalty whose matrix over tasks is given: what is known of the covariance of the outcomes' models."""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

import numpy as np

from skmtl._params import NONE, ArrayLike
from skmtl._typing import Array, MatrixLike
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._quadratic import QuadraticPenalty


@lru_cache(maxsize=8)
def _least_eigenvalue(matrix: bytes, n_tasks: int) -> float:
    """Smallest eigenvalue; kept, as every step of a path asks for the same."""
    return float(np.linalg.eigvalsh(np.frombuffer(matrix).reshape(n_tasks, n_tasks))[0])


class TaskPrecision(QuadraticPenalty):
    """½ tr(W M W') with a matrix M of your own over tasks.

    With M the inverse of a covariance B of the tasks' coefficients the fit is the maximum a posteriori under
    w_j ~ N(0, B), and for squared loss the mean of a Gaussian process with the kernel B_st x·x', the linear case of
    the intrinsic coregionalisation model (Bonilla, Chai and Williams, NIPS 2007), where the noise variance is
    alpha n̄. The matrix of `Ridge`, `MeanRegularization`, `GraphRegularization` and `ChainRegularization` can be given
    too. Not with a covariance estimated from the correlations of the outcomes: related outcomes need not have
    related coefficients.

    Parameters
    ----------
    precision : array-like of shape (n_tasks, n_tasks), default None
        Symmetric positive semi-definite, tasks in the order of the columns; None for the identity.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import TaskPrecision
    >>> covariance = np.array([[1.0, 0.5], [0.5, 1.0]])
    >>> penalty = TaskPrecision(np.linalg.inv(covariance))
    >>> round(penalty.value(np.array([[1.0, 1.0]])), 3), round(penalty.value(np.array([[1.0, -1.0]])), 3)
    (0.667, 2.0)
    """

    _parameter_constraints: ClassVar = {"precision": [NONE, ArrayLike()]}

    def __init__(self, precision: MatrixLike = None):
        self.precision = precision

    def task_matrix(self, n_tasks: int) -> Array:
        """The precision as an array, once it is known to be one."""
        if self.precision is None:
            return np.eye(n_tasks)
        try:
            M = np.array(self.precision, dtype=float)
        except (TypeError, ValueError):
            raise InvalidParameterError("precision has to be a matrix of numbers.") from None
        if M.shape != (n_tasks, n_tasks):
            raise InvalidParameterError(
                f"precision has shape {M.shape} but there are {n_tasks} tasks: give it shape ({n_tasks}, {n_tasks})."
            )
        if not np.isfinite(M).all():
            raise InvalidParameterError("precision holds NaN or infinity: give finite numbers.")
        size = float(np.abs(M).max())
        # An inverse is symmetric up to its own rounding.
        asymmetry = np.abs(M - M.T)
        if asymmetry.max() > 1e-8 * size:
            s, t = np.unravel_index(int(np.argmax(asymmetry)), M.shape)
            raise InvalidParameterError(
                f"precision is not symmetric: it has {M[s, t]:g} for tasks {s} and {t} but {M[t, s]:g} for {t} and {s}."
            )
        symmetric: Array = 0.5 * (M + M.T)
        least = _least_eigenvalue(symmetric.tobytes(), n_tasks)
        if least < -1e-10 * size:
            raise InvalidParameterError(
                f"precision is not positive semi-definite (an eigenvalue is {least:.3g}), so the fit is not convex: "
                "give the inverse of a covariance matrix."
            )
        return symmetric
