"""Sums: a part that outcomes share and a part of their own, each with its penalty."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skmtl._params import NONE, Interval
from skmtl._typing import Array, BoolArray
from skmtl.exceptions import InvalidParameterError
from skmtl.penalties._base import Penalty
from skmtl.penalties._common import CommonL1
from skmtl.penalties._group import GroupLasso
from skmtl.penalties._l1 import L1
from skmtl.penalties._linf import GroupLInf
from skmtl.penalties._task_group import TaskGroupLasso
from skmtl.penalties._trace import TraceNorm

# For penalties f (shared) and g (specific) on matrices V of shape (p, C): the least and the largest g(V) / f(V).
_WEDGES: dict[tuple[type[Penalty], type[Penalty]], Callable[[int, int], tuple[float, float]]] = {
    (GroupLInf, L1): lambda p, C: (1.0, float(C)),
    (GroupLasso, L1): lambda p, C: (1.0, C**0.5),
    (TraceNorm, L1): lambda p, C: (1.0, (p * C) ** 0.5),
    (TraceNorm, TaskGroupLasso): lambda p, C: (1.0, C**0.5),
    (GroupLasso, TaskGroupLasso): lambda p, C: (p**-0.5, C**0.5),
    # f is infinite, and the ratio zero, for a V whose columns differ.
    (CommonL1, L1): lambda p, C: (0.0 if C > 1 else 1.0, float(C)),
}
# Where the middle of the wedge is far from it: the ratio at which both penalties weigh pure noise alike, from the usual
# sizes of their dual norms of a Gaussian matrix, √p + √C of the largest singular value and √p + √(2 log C) of the
# largest column. (For `TraceNorm` with `L1` the middle recovers planted structure better: benchmarks/recovery.py.)
_MIDDLES: dict[tuple[type[Penalty], type[Penalty]], Callable[[int, int], float]] = {
    (TraceNorm, TaskGroupLasso): lambda p, C: (p**0.5 + C**0.5) / (p**0.5 + (2 * np.log(C)) ** 0.5),
}
# Where a pair is not known: strengths a hundred times apart are as good as one part alone.
_FAR = 100.0


class SharedPlusSpecific(Penalty):
    """A penalty on each part of W = P + Q: P is what outcomes share, Q what each has for itself.

    The smallest shared_ratio f(P) + (1 - shared_ratio) g(Q) over P + Q = W, with f the penalty ``shared`` and g
    ``specific``. Named pairs:

    - `GroupLInf`, `L1`: the dirty model (Jalali, Ravikumar, Sanghavi and Ruan, NIPS 2010);
    - `TraceNorm`, `L1`: sparse plus low rank (Chen, Liu and Ye, KDD 2010);
    - `TraceNorm`, `TaskGroupLasso`: robust multi-task learning (Chen, Zhou and Ye, KDD 2011), whose Q has a column for
      each outlying task;
    - `GroupLasso`, `TaskGroupLasso`: robust multi-task feature learning (Gong, Ye and Zhang, KDD 2012);
    - `CommonL1`, `L1`: the data-shared lasso (Gross and Tibshirani, Comput. Stat. Data Anal. 101:226-235, 2016), whose
      r is 1 / shared_ratio - 1.

    The parts differ from a single penalty inside a wedge of ratios only. Moving a V from Q to P pays where
    shared_ratio f(V) <= (1 - shared_ratio) g(V). So Q is zero where λ = shared_ratio / (1 - shared_ratio) is below the
    least g(V) / f(V), P where it is above the largest; `wedge` has both ends. At an end, and often inside, W is
    determined but its split into P and Q is not: read W, and a part only for what it says of the other. Not where all
    outcomes select the same features, or each its own: one penalty then does, with one parameter less.

    Parameters
    ----------
    shared : str or Penalty, default "group_linf"
    specific : str or Penalty, default "l1"
    shared_ratio : float in (0, 1), default None
        Weight of the shared part's penalty; the larger, the less is shared. None: the middle of the wedge. To leave a
        part out, use the penalty of the other alone.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import SharedPlusSpecific
    >>> penalty = SharedPlusSpecific("group_lasso", "l1", shared_ratio=0.6)
    >>> P, Q = np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]])
    >>> penalty.value(np.vstack([P, Q]))
    3.4
    >>> low, high = penalty.wedge((1, 4))
    >>> round(low, 3), round(high, 3)
    (0.5, 0.667)
    """

    parts: ClassVar[int] = 2
    _parameter_constraints: ClassVar = {"shared_ratio": [NONE, Interval(Real, 0, 1, closed="neither")]}

    def __init__(
        self,
        shared: str | Penalty = "group_linf",
        specific: str | Penalty = "l1",
        shared_ratio: float | None = None,
    ):
        self.shared = shared
        self.specific = specific
        self.shared_ratio = shared_ratio

    def check_params(self) -> None:
        """Check the ratio, and both penalties with their parameters."""
        super().check_params()
        for part in self._penalties():
            part.check_params()

    def _penalties(self) -> tuple[Penalty, Penalty]:
        return self._penalty("shared"), self._penalty("specific")

    def _penalty(self, name: str) -> Penalty:
        from skmtl.penalties._registry import PENALTIES  # which has this class in it

        part = getattr(self, name)
        if isinstance(part, str) and part in PENALTIES:
            part = PENALTIES[part]()
        if not isinstance(part, Penalty):
            names = ", ".join(repr(known) for known, cls in PENALTIES.items() if cls is not type(self))
            raise InvalidParameterError(f"{name}={part!r} is not known: use {names}, or a penalty object.")
        if part.parts != 1:
            raise InvalidParameterError(f"{name}={part!r} is itself a sum of parts: use a penalty on one matrix.")
        return part

    # -- the ratio ------------------------------------------------------------------------------------

    def _strength_wedge(self, shape: tuple[int, int]) -> tuple[float, float]:
        """Ends of the wedge for the strength of the shared penalty over that of the specific one."""
        pair = self._penalties()
        wedge = _WEDGES.get((type(pair[0]), type(pair[1])))
        if wedge is None or any(getattr(part, "weights", None) is not None for part in pair):
            return 0.0, float("inf")
        return wedge(*shape)

    def wedge(self, shape: tuple[int, int]) -> tuple[float, float]:
        """The ratios between which both parts can be other than zero, for W of ``shape`` (p, C).

        (0, 1) where the pair, or one with weights, has no known ends. The ends coincide with one task.
        """
        low, high = self._strength_wedge(shape)
        return low / (1 + low), high / (1 + high) if np.isfinite(high) else 1.0

    def ratios(self, shape: tuple[int, int], n: int) -> Array:
        """Ascending ratios inside the wedge for a grid: ``n``, or one where the wedge is a point.

        Geometric in the ratio of strengths λ, about the middle of the wedge; for `TraceNorm` with `TaskGroupLasso`
        about the λ at which both penalties weigh noise alike, which is far from the middle. Where the wedge reaches
        down to λ = 0 (`CommonL1`) they begin at 1, so that their middle is the square root of the upper end: r = C^-½
        of the data-shared lasso. Where neither end is known they lie between 1/100 and 100.
        """
        low, high = self._strength_wedge(shape)
        if not np.isfinite(high):
            low, high = 1 / _FAR, _FAR
        elif low == 0:
            low = 1.0
        if low == high:
            n = 1
        inside = np.arange(1, n + 1) / (n + 1)
        middle = self._strength_middle(shape, low, high)
        # Geometric from the lower end to the middle, and from there to the upper end.
        share = np.where(inside <= 0.5, 2 * inside, 2 - 2 * inside)
        end = np.where(inside <= 0.5, low, high)
        strengths = middle**share * end ** (1 - share)
        values: Array = strengths / (1 + strengths)
        return values

    def _strength_middle(self, shape: tuple[int, int], low: float, high: float) -> float:
        pair = self._penalties()
        known = _MIDDLES.get((type(pair[0]), type(pair[1])))
        weighted = any(getattr(part, "weights", None) is not None for part in pair)
        if known is None or weighted or min(shape) < 2:
            return float((low * high) ** 0.5)
        return float(np.clip(known(*shape), low**0.9 * high**0.1, low**0.1 * high**0.9))

    def ratio(self, shape: tuple[int, int]) -> float:
        """The ratio in use: ``shared_ratio``, or the middle of the wedge."""
        return float(self.ratios(shape, 1)[0]) if self.shared_ratio is None else float(self.shared_ratio)

    def zero_part(self, shape: tuple[int, int]) -> str | None:
        """Which part is zero at every optimum: "shared", "specific", or None where neither has to be.

        A part is named strictly outside the wedge only. At its ends there are optima with that part zero, and
        others that share the same W in another way.
        """
        low, high = self.wedge(shape)
        ratio = self.ratio(shape)
        if ratio < low - 1e-12:
            return "specific"
        return "shared" if ratio > high + 1e-12 else None

    # -- the penalty ----------------------------------------------------------------------------------

    @property
    def granularity(self) -> tuple[str | None, ...]:
        """What ``separable`` is of each part."""
        return tuple(part.separable for part in self._penalties())

    @property
    def absolute(self) -> bool:  # type: ignore[override]
        """Whether both parts' penalties are: a part that goes against the sign of the sum only costs."""
        return all(part.absolute for part in self._penalties())

    def split(self, W: Any) -> tuple[Any, Any]:
        """P and Q of the stacked [P; Q]."""
        half = W.shape[0] // 2
        return W[:half], W[half:]

    def _weighted(self, shape: tuple[int, int]) -> list[tuple[Penalty, float]]:
        ratio = self.ratio(shape)
        return list(zip(self._penalties(), (ratio, 1 - ratio), strict=True))

    def value(self, W: Array) -> float:
        """shared_ratio f(P) + (1 - shared_ratio) g(Q) of the stacked W = [P; Q]."""
        P, Q = self.split(W)
        return sum(weight * part.value(V) for (part, weight), V in zip(self._weighted(P.shape), (P, Q), strict=True))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Prox of each part of the stacked W, each with its share of the step.

        A step that is an array has to be constant where the part's ``separable`` asks for it.
        """
        P, Q = self.split(W)
        steps = (step, step) if np.ndim(step) == 0 else self.split(np.broadcast_to(step, W.shape))
        return np.vstack(
            [
                part.prox(V, weight * _coarse(block, part.separable))
                for (part, weight), V, block in zip(self._weighted(P.shape), (P, Q), steps, strict=True)
            ]
        )

    def alpha_max(self, gradient: Array) -> float:
        """Largest of what each part needs for the same gradient."""
        return max(part.alpha_max(gradient) / weight for part, weight in self._weighted(gradient.shape))

    def free(self, shape: tuple[int, int]) -> BoolArray | None:
        """None: an entry that is free in one part would make the other part's penalty void."""
        for name in ("shared", "specific"):
            free = self._penalty(name).free(shape)
            if free is not None and free.any():
                raise InvalidParameterError(
                    f"{name} has weights of 0, which leave the other part nothing to do there: use positive weights."
                )
        return None

    def _need(self, ability: str) -> None:
        for part in self._penalties():
            if not hasattr(part, ability):
                raise AttributeError(f"{type(part).__name__} has no {ability}, so their sum has none.")

    @property
    def dual_norm(self) -> Callable[[Array], float]:
        """Largest of the parts' dual norms over their weights; absent where a part has none."""
        self._need("dual_norm")
        return self._dual_norm

    def _dual_norm(self, Z: Array) -> float:
        value: float = max(part.dual_norm(Z) / weight for part, weight in self._weighted(Z.shape))
        return value

    @property
    def conjugate(self) -> Callable[[Array, float], float]:
        """Sum of the parts' conjugates at the same Z; absent where a part has none."""
        self._need("conjugate")
        return self._conjugate

    def _conjugate(self, Z: Array, alpha: float) -> float:
        value: float = sum(part.conjugate(Z, alpha * weight) for part, weight in self._weighted(Z.shape))
        return value

    @property
    def conic(self) -> Callable[[Any], Any]:
        """The value of a stacked cvxpy expression, and the parts' constraints; absent where a part has none."""
        self._need("conic")
        return self._conic

    def _conic(self, W: Any) -> Any:
        P, Q = self.split(W)
        total: Any = 0.0
        constraints: list[Any] = []
        for (part, weight), V in zip(self._weighted(P.shape), (P, Q), strict=True):
            conic = part.conic(V)
            expression, own = conic if isinstance(conic, tuple) else (conic, [])
            total = total + weight * expression
            constraints += own
        return (total, constraints) if constraints else total


def _coarse(step: Array | float, separable: str | None) -> Array | float:
    """A step of one part as fine as the part takes it."""
    if np.ndim(step) == 0 or separable == "entry":
        return step
    block = np.asarray(step)
    if separable == "row":
        return block[:, :1]
    return block[:1] if separable == "column" else float(block[0, 0])


__all__ = ["SharedPlusSpecific"]
