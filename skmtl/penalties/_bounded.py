"""Bounds on coefficients, added to any penalty."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skmtl._params import ArrayLike, Interval
from skmtl._typing import Array, BoolArray, MatrixLike
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._base import Penalty
from skmtl.penalties._row_terms import RowTerms

INFINITY = float("inf")
# Accelerated Dykstra iterations at most, and within how many the residual has to halve.
MAX_ITER = 20_000
PATIENCE = 1000
PRECISION = 1e-13


class Bounded(Penalty):
    """A penalty within bounds: P(W) where lower <= W <= upper, infinite elsewhere.

    For coefficients whose sign is known (``lower=0``: non-negative least squares with a penalty) or whose size has a
    limit. The prox is exact where the inner penalty is a sum over entries, and where it depends on |W| only and every
    bound is 0 or infinite; else Dykstra's algorithm finds it to rounding (Bauschke and Combettes, Pacific J. Optim.
    4:383-391, 2008), at the price of many inner ones. Not for other constraints, such as sums of coefficients: use
    ``constraints`` of a convex estimator.

    Parameters
    ----------
    penalty : str or Penalty, default "ridge"
    lower : float or array-like of shape (n_features,) or (n_tasks, n_features), default 0.0
        At most 0; -infinity for no bound.
    upper : float or array-like of shape (n_features,) or (n_tasks, n_features), default inf
        At least 0. The bounds of a penalty on W = P + Q hold for the sum.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import Bounded
    >>> Bounded("group_lasso").prox(np.array([[3.0, 4.0, -9.0]]), 1.0)
    array([[2.4, 3.2, 0. ]])
    >>> Bounded("l1", lower=-1.0, upper=1.0).prox(np.array([[3.0, -0.2]]), 0.1)
    array([[ 1. , -0.1]])
    """

    _parameter_constraints: ClassVar = {
        "lower": [Interval(Real, -INFINITY, INFINITY), ArrayLike()],
        "upper": [Interval(Real, -INFINITY, INFINITY), ArrayLike()],
    }

    def __init__(self, penalty: str | Penalty = "ridge", lower: MatrixLike = 0.0, upper: MatrixLike = INFINITY):
        self.penalty = penalty
        self.lower = lower
        self.upper = upper

    # -- parameters -----------------------------------------------------------------------------------

    def check_params(self) -> None:
        """Check the bounds, and the inner penalty with its parameters."""
        super().check_params()
        self._inner.check_params()
        for name, bound in (("lower", self._bound("lower")), ("upper", self._bound("upper"))):
            if bound.ndim > 2:
                raise InvalidParameterError(
                    f"{name} has shape {bound.shape}: give a number, or the shape (n_features,) or "
                    "(n_tasks, n_features)."
                )
            if np.isnan(bound).any() or (bound > 0 if name == "lower" else bound < 0).any():
                sign = "above" if name == "lower" else "below"
                raise InvalidParameterError(
                    f"{name} holds NaN or a bound {sign} 0, but zero coefficients have to be within the bounds: "
                    "for others use constraints= with solver='cvxpy'."
                )

    @property
    def _inner(self) -> Penalty:
        from skmtl.penalties._registry import PENALTIES, make_penalty  # which has this class in it

        if isinstance(self.penalty, Penalty):
            return self.penalty
        if isinstance(self.penalty, str) and self.penalty in PENALTIES:
            return PENALTIES[self.penalty]()
        return make_penalty(self.penalty)  # which says what is wrong

    def _bound(self, name: str) -> Array:
        try:
            return np.asarray(getattr(self, name), dtype=float)
        except (TypeError, ValueError) as error:
            raise InvalidParameterError(f"{name} holds something that is not a number.") from error

    def _box(self, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Bounds in the orientation of W, broadcasting to ``shape`` (p, C)."""
        bounds = []
        for name in ("lower", "upper"):
            bound = self._bound(name)
            wanted = {0: (), 1: shape[:1], 2: shape[::-1]}[bound.ndim]
            if bound.shape != wanted:
                raise InvalidParameterError(
                    f"{name} has shape {bound.shape} but coef_ has shape {shape[::-1]}: give a number, or the shape "
                    f"({shape[0]},) or {shape[::-1]}."
                )
            bounds.append(bound if bound.ndim == 0 else bound[:, None] if bound.ndim == 1 else bound.T)
        return bounds[0], bounds[1]

    def _box_of_parts(self, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Bounds of every part of a stacked W: for bounds of 0 or infinity those of the sum hold for its parts too.

        A part that goes against the sign of the sum only costs, as the inner penalty grows with every |w|.
        """
        p = shape[0] // self.parts
        low, high = (np.broadcast_to(bound, (p, shape[1])) for bound in self._box((p, shape[1])))
        return np.tile(low, (self.parts, 1)), np.tile(high, (self.parts, 1))

    # -- traits ---------------------------------------------------------------------------------------

    @property
    def separable(self) -> str | None:  # type: ignore[override]
        """That of the inner penalty: bounds are entry by entry."""
        return self._inner.separable

    @property
    def absolute(self) -> bool:  # type: ignore[override]
        """Whether the inner penalty is and the bounds are symmetric."""
        lower, upper = self._bound("lower"), self._bound("upper")
        return self._inner.absolute and lower.shape == upper.shape and bool((lower == -upper).all())

    @property
    def parts(self) -> int:  # type: ignore[override]
        """That of the inner penalty."""
        return self._inner.parts

    @property
    def granularity(self) -> tuple[str | None, ...]:
        """That of the inner penalty."""
        return self._inner.granularity

    def _projects(self, inner: Penalty) -> bool:
        """Whether the inner penalty within the bounds is the inner penalty of the projected argument."""
        bounds = [self._bound("lower"), self._bound("upper")]
        if all(np.isinf(bound).all() for bound in bounds):
            return True
        return inner.absolute and all(((bound == 0) | np.isinf(bound)).all() for bound in bounds)

    def free(self, shape: tuple[int, int]) -> BoolArray | None:
        """Entries with neither penalty nor bound."""
        free = self._inner.free(shape)
        if free is None:
            return None
        lower, upper = self._box(shape)
        free = free & (lower == -INFINITY) & (upper == INFINITY)
        return free if free.any() else None

    # -- value and prox -------------------------------------------------------------------------------

    def _joined(self, W: Any) -> Any:
        """What the bounds are on: W, or the sum of its parts."""
        p = W.shape[0] // self.parts
        return W if self.parts == 1 else sum(W[k * p : (k + 1) * p] for k in range(self.parts))

    def value(self, W: Array) -> float:
        """P(W), infinite where W is out of bounds by more than rounding."""
        if self._projects(self._inner):
            joined, (lower, upper) = W, self._box_of_parts(W.shape)
        else:
            joined = self._joined(W)
            lower, upper = self._box(joined.shape)
        slack = 1e-12 * float(np.abs(W).max(initial=0.0))
        inside = (joined >= lower - slack).all() and (joined <= upper + slack).all()
        return self._inner.value(W) if inside else INFINITY

    def prox(self, W: Array, step: Array | float) -> Array:
        """The inner prox within the bounds; where no rule is exact, by Dykstra's algorithm."""
        inner = self._inner
        if inner.parts == 1 and inner.separable == "entry":
            return self._project(inner.prox(W, step), step)
        if self._projects(inner):
            return inner.prox(np.clip(W, *self._box_of_parts(W.shape)), step)
        return self._dykstra(inner, W, step)

    def _project(self, W: Array, step: Array | float) -> Array:
        """Nearest point within the bounds, where distances are measured in units of the steps."""
        joined = self._joined(W)
        lower, upper = self._box(joined.shape)
        if self.parts == 1:
            return np.clip(W, lower, upper)
        # Each part moves in proportion to its step.
        steps = np.broadcast_to(step, W.shape)
        total = self._joined(steps)
        still = np.tile(total == 0, (self.parts, 1))
        share = np.where(still, 1.0 / self.parts, steps / np.tile(np.where(total == 0, 1.0, total), (self.parts, 1)))
        values: Array = W + share * np.tile(np.clip(joined, lower, upper) - joined, (self.parts, 1))
        return values

    def _dykstra(self, inner: Penalty, W: Array, step: Array | float) -> Array:
        """The prox as the point where the inner prox of W - U and a point of normal U at the bounds meet.

        Dykstra's algorithm is proximal gradient descent on the dual in U, with the projection as gradient step; it
        is accelerated here, and restarted where it turns back (O'Donoghue and Candès, FoCM 15:715-732, 2015).
        """
        scale = 1.0 / np.where(np.asarray(step) > 0, step, INFINITY)  # of the metric; steps of zero do not move
        size = PRECISION * max(float(np.abs(W).max(initial=0.0)), float(np.finfo(float).tiny))
        normal = ahead = np.zeros_like(W)
        momentum, smallest, mark, since = 1.0, INFINITY, INFINITY, 0
        best = W
        for iteration in range(MAX_ITER):
            moved = inner.prox(W - ahead, step)
            inside = self._project(ahead + moved, step)
            residual = float(np.abs(moved - inside).max(initial=0.0))
            if residual < smallest:
                smallest, best = residual, inside
            if residual < 0.5 * mark:
                mark, since = residual, iteration
            if residual <= size or iteration - since > PATIENCE or not np.isfinite(residual):
                break
            previous, normal = normal, ahead + moved - inside
            if float((scale * (ahead - normal) * (normal - previous)).sum()) > 0:
                momentum, ahead = 1.0, normal
                continue
            larger = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
            ahead = normal + (momentum - 1) / larger * (normal - previous)
            momentum = larger
        return best

    # -- strength, duals, cone ------------------------------------------------------------------------

    def alpha_max(self, gradient: Array) -> float:
        """That of the inner penalty, for the part of the gradient along which coefficients can leave zero.

        Exact where the inner penalty depends on |W| only; elsewhere an upper bound, as bounds only take directions
        away. Where a weight of 0 meets a bound the gradient is of the model without that coefficient, and the value
        only near.
        """
        inner = self._inner
        if not inner.absolute:
            return inner.alpha_max(gradient)
        lower, upper = self._box(gradient.shape)
        down, up = np.where(lower < 0, -INFINITY, 0.0), np.where(upper > 0, INFINITY, 0.0)
        return inner.alpha_max(np.clip(-gradient, down, up))

    @property
    def dual_norm(self) -> Callable[[Array], float]:
        """That of the inner penalty at the projected Z; absent where that is not exact."""
        ability = self._exact("dual_norm")
        return lambda Z: ability(np.clip(Z, *self._box(Z.shape)))

    @property
    def conjugate(self) -> Callable[[Array, float], float]:
        """That of the inner penalty at the projected Z; absent where that is not exact."""
        ability = self._exact("conjugate")
        return lambda Z, alpha: ability(np.clip(Z, *self._box(Z.shape)), alpha)

    @property
    def row_terms(self) -> Callable[[tuple[int, int], float], RowTerms]:
        """Those of the inner penalty within the bounds; absent where that is not exact."""
        ability = self._exact("row_terms")

        def bounded(shape: tuple[int, int], alpha: float) -> RowTerms:
            lower, upper = (np.array(bound, ndmin=2) for bound in self._box(shape))
            values: RowTerms = ability(shape, alpha)._replace(lower=lower, upper=upper)
            return values

        return bounded

    def _exact(self, name: str) -> Callable[..., Any]:
        inner = self._inner
        if not self._projects(inner) or not hasattr(inner, name):
            raise AttributeError(f"{name} is not known of {type(inner).__name__} within these bounds.")
        values: Callable[..., Any] = getattr(inner, name)
        return values

    def conic(self, W: Any) -> Any:
        """The inner expression, and the bounds as constraints."""
        import cvxpy

        conic = self._inner.conic(W)
        expression, constraints = conic if isinstance(conic, tuple) else (conic, [])
        by_part = self._projects(self._inner)
        joined = W if by_part else self._joined(W)
        constraints = list(constraints)
        for bound, sign in zip((self._box_of_parts if by_part else self._box)(joined.shape), (1.0, -1.0), strict=True):
            there = np.broadcast_to(np.isfinite(bound), joined.shape)
            if there.any():
                limit = np.where(there, bound, 0.0)
                constraints.append(cvxpy.multiply(sign * there, joined) >= sign * limit)
        return (expression, constraints) if constraints else expression
