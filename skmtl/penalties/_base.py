"""What a penalty is: a convex function of the coefficient matrix.

A penalty is pure structure. It has no strength: ``alpha`` lives on the estimator and on the problem.
``W`` has one row per feature and one column per task (channel): shape (p, C). Arrays that a user gives
are oriented like ``coef_``: (p,) per feature, or (C, p) per task and feature.

Every penalty has ``value``, ``prox``, ``alpha_max``, ``conic`` and ``free``. Abilities that only some have
are absent elsewhere, so a solver can ask for them by presence:

- ``gradient(W)`` where the penalty is smooth;
- ``task_matrix(n_tasks)`` where it is ½ tr(W M W') for a matrix M over tasks;
- ``conjugate(Z, alpha)``, the convex conjugate of alpha times the penalty;
- ``row_terms(shape, alpha)``, the numbers of a penalty that is a sum over rows of few terms;
- ``dual_norm(Z)``, the smallest alpha for which alpha times the norm part of the penalty dominates Z;
- ``values(Ws)`` and ``dual_norms(Zs)``, those of several matrices in one call, for paths of many little fits.

A penalty on the parts of a sum W = P + Q has ``parts = 2`` and sees [P; Q], the parts stacked to shape
(2p, C), in ``value``, ``prox`` and ``conic``; its step is a number or broadcasts to that shape. The gradient
of the loss and a dual Z are the same for both parts, so ``alpha_max``, ``dual_norm`` and ``conjugate`` see
them once, with shape (p, C).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from skmtl._params import Params
from skmtl._typing import Array, BoolArray


class Penalty(Params):
    """Convex penalty P(W) >= 0 with P(0) = 0.

    Attributes
    ----------
    separable : {"entry", "row", "column", None}
        Whether P is a sum over entries, over rows or over columns. The ``step`` of `prox` may then differ
        from entry to entry (shape (p, C)), from row to row (shape (p, 1)) or from column to column (shape
        (1, C)); a number always works.
    smooth : bool
        Whether P has a Lipschitz gradient.
    absolute : bool
        Whether P depends on |W| only, and grows with every |w_jt|. On an orthant its prox is then the prox of
        W projected on the orthant, and its conjugate that of the projected Z.
    norm : bool
        Whether P(cW) = c P(W) for every c > 0, and `dual_norm` and `conjugate` are known: the conjugate is then the
        indicator of the dual ball.
    parts : int
        2 for a penalty on the two parts of a sum, stacked; else 1.
    """

    separable: ClassVar[str | None] = None
    smooth: ClassVar[bool] = False
    absolute: ClassVar[bool] = False
    norm: ClassVar[bool] = False
    parts: ClassVar[int] = 1

    @abstractmethod
    def value(self, W: Array) -> float:
        """P(W)."""

    @abstractmethod
    def prox(self, W: Array, step: Array | float) -> Array:
        """argmin_V ½ ‖V - W‖² / step + P(V); ``step`` is the step size times alpha."""

    @abstractmethod
    def alpha_max(self, gradient: Array) -> float:
        """Smallest alpha at which W = 0 is optimal, given the gradient of the loss at W = 0.

        Entries that are not penalised do not count: there the gradient is of a model that has them. Infinite
        for a penalty that reaches zero coefficients only in the limit.
        """

    @abstractmethod
    def conic(self, W: Any) -> Any:
        """P(W) as a cvxpy expression, or the pair of an expression and the constraints on its own variables."""

    @property
    def granularity(self) -> tuple[str | None, ...]:
        """What ``separable`` is of each part."""
        return (self.separable,)

    def free(self, shape: tuple[int, int]) -> BoolArray | None:
        """Entries that are not penalised, as a mask of ``shape`` (p, C); None where there are none."""
        return None


__all__ = ["Penalty"]
