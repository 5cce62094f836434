"""How far a point is from optimal, computed from the problem and not from the solver."""

from __future__ import annotations

from dataclasses import dataclass


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
        The objective (for a gap) or the residual (for a residual) of the model without features. A
        tolerance is relative to it.
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
        return self.value <= self.threshold(tol)
