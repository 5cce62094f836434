"""How far a point is from optimal, computed from the problem and not from the solver."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class Certificate:
    """A number that is zero exactly at an optimum.

    Parameters
    ----------
    kind : {"duality gap", "fixed-point residual", "conic solver"}
        A duality gap bounds the distance of the objective to its minimum. The residual is the length of
        a proximal gradient step, in units in which every feature has unit curvature. "conic solver"
        repeats what a solver of a constrained problem reports of itself: there the problem has no
        certificate of its own.
    value : float
        Zero or positive.
    scale : float
        What a tolerance is relative to. For a gap, the number of tasks times the smallest loss of a task without
        features, so that a task in small units is solved as well as one in large units; for a residual, the
        residual of the model without features.
    floor : float
        What rounding alone can leave.
    """

    kind: str
    value: float
    scale: float
    floor: float = 0.0

    def threshold(self, tol: float) -> float:
        """The value at which a point counts as solved for a relative tolerance."""
        return tol * self.scale + self.floor

    def satisfied(self, tol: float) -> bool:
        """Whether the value is within the tolerance."""
        threshold = self.threshold(tol)
        return isfinite(self.value) and isfinite(threshold) and self.value <= threshold
