"""What a penalty is: a convex function of the coefficient matrix.

A penalty is pure structure. It has no strength: ``alpha`` lives on the estimator and on the problem.
``W`` has one row per feature and one column per task (channel): shape (p, C).

Every penalty has ``value``, ``prox``, ``alpha_max`` and ``conic``. Abilities that only some have are
absent elsewhere, so a solver can ask for them by presence:

- ``gradient(W)`` where the penalty is smooth;
- ``task_matrix(n_tasks)`` where it is ½ tr(W M W') for a matrix M over tasks;
- ``conjugate(Z, alpha)``, the convex conjugate of alpha times the penalty;
- ``dual_norm(Z)``, the smallest alpha for which alpha times the norm part of the penalty dominates Z.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from skmtl._params import Params
from skmtl._typing import Array


class Penalty(Params):
    """Convex penalty P(W) >= 0 with P(0) = 0.

    Attributes
    ----------
    separable : {"entry", "row", None}
        Whether P is a sum over entries, or over rows. The ``step`` of `prox` may then differ from entry
        to entry (shape (p, C)) or from row to row (shape (p, 1)); else it is one number.
    smooth : bool
        Whether P has a Lipschitz gradient.
    """

    separable: ClassVar[str | None] = None
    smooth: ClassVar[bool] = False

    @abstractmethod
    def value(self, W: Array) -> float:
        """P(W)."""

    @abstractmethod
    def prox(self, W: Array, step: Array | float) -> Array:
        """argmin_V ½ ‖V - W‖² / step + P(V); ``step`` is the step size times alpha."""

    @abstractmethod
    def alpha_max(self, gradient: Array) -> float:
        """Smallest alpha at which W = 0 is optimal, given the gradient of the loss at W = 0.

        Infinite for a penalty that reaches zero coefficients only in the limit.
        """

    @abstractmethod
    def conic(self, W: Any) -> Any:
        """P(W) as a cvxpy expression."""


__all__ = ["Penalty"]
