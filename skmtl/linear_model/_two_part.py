"""What models have in common whose coefficients are a sum of two parts, one shared and one specific."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from skmtl._convex import ConvexModel
from skmtl._params import NONE, ArrayLike, Interval
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.penalties import Penalty, SharedPlusSpecific

# At an end one part is free and the model without a penalty.
_INSIDE = Interval(Real, 0, 1, closed="neither")


def two_part_texts(limits: str, **own: str) -> dict[str, str]:
    """The texts of a two-part model; ``limits`` says at which ratios one part is zero."""
    return {
        "identified": """\
Only W is identified, not its split: other P and Q of the same sum may be as good. Report ``coef_``; read the parts
as one way to see it.""",
        "shared_ratio": f"""\
shared_ratio : float in (0, 1) or None, default None
    The r of the formula; None for a middle of the useful ratios, see ``SharedPlusSpecific.ratios``.
    {limits}""",
        "shared_ratios": f"""\
shared_ratio : float, list of floats in (0, 1) or None, default None
    The r of the formula, or values to choose from; None for three of the useful ratios.
    {limits}""",
        "parts": """\
shared_coef_, specific_coef_ : ndarray of shape (T, p)
    The two parts, P and Q: ``coef_`` is their sum, and their split is not identified.""",
        **own,
    }


class TwoPartModel(ConvexModel):
    """A model of coefficients W = P + Q; a subclass names the penalty of each part."""

    _shared: ClassVar[str]
    _specific: ClassVar[str]
    _parameter_constraints: ClassVar = {**ConvexModel._parameter_constraints, "shared_ratio": [NONE, _INSIDE]}

    def __init__(
        self,
        alpha: float = 0.1,
        shared_ratio: float | None = None,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        constraints: Any = None,
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: bool = False,
    ):
        self.alpha = alpha
        self.shared_ratio = shared_ratio
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _parts(self, ratio: float | None) -> Penalty:
        return SharedPlusSpecific(self._shared, self._specific, ratio)

    def _make_penalty(self) -> Penalty:
        return self._parts(self.shared_ratio)


class TwoPartModelCV(ConvexModelCV, TwoPartModel):
    """A two-part model whose strength and ratio are chosen by cross-validation."""

    _mix: ClassVar[str | None] = "shared_ratio"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "shared_ratio": [NONE, _INSIDE, ArrayLike()],
    }

    def __init__(
        self,
        shared_ratio: Any = None,
        alphas: Any = 30,
        eps: float = 0.001,
        cv: Any = None,
        rule: str = "min",
        n_jobs: int | None = None,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ):
        self.shared_ratio = shared_ratio
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.rule = rule
        self.n_jobs = n_jobs
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter

    def _penalty_at(self, choice: Any) -> Penalty:
        return self._parts(choice)


__all__ = ["TwoPartModel", "TwoPartModelCV", "two_part_texts"]
