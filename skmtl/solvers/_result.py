"""What a solver returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from skmtl.problem import Certificate, Coefficients


class Status(Enum):
    """How a solve ended; the value is the sentence a user reads."""

    CONVERGED = "The certificate is within the tolerance."
    MAX_ITER = "The iteration limit was reached before the certificate was within the tolerance."
    STALLED = "No further progress is possible in floating point, and the certificate is above the tolerance."
    NONFINITE = "The iterates ceased to be finite."
    FAILED = "The solver gave up."


@dataclass(frozen=True)
class HistoryRow:
    """One line of a solver's record."""

    iteration: int
    objective: float
    certificate: float
    seconds: float


@dataclass(frozen=True, eq=False)
class SolveResult:
    """Outcome of a solve.

    Parameters
    ----------
    coefficients : Coefficients
        The point with intercepts at x = 0, in units of the (standardised) targets the problem was solved with.
    status : Status
    certificate : Certificate
        Computed by the problem at the returned point.
    objective : float
        Value of the objective at the returned point.
    n_iter : int
    solver : str
        Name of the solver that ran.
    tol : float
        Relative tolerance asked for.
    history : tuple of HistoryRow
    detail : str
        What a solver adds to the status, empty when there is nothing to say.
    dual : Coefficients or None
        Coefficients whose residuals the dual point of the gap is made of, where they are not those returned:
        ``problem.certificate(working(coefficients), working(dual))`` is then the certificate.
    """

    coefficients: Coefficients
    status: Status
    certificate: Certificate
    objective: float
    n_iter: int
    solver: str
    tol: float
    history: tuple[HistoryRow, ...] = ()
    detail: str = ""
    dual: Coefficients | None = None

    def __getstate__(self) -> dict[str, Any]:
        # The status by its name: skops, unlike pickle, cannot store an enumeration.
        return {**self.__dict__, "status": self.status.name}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**state, "status": Status[state["status"]]})

    @property
    def converged(self) -> bool:
        """Whether the certificate is within the tolerance."""
        return self.status is Status.CONVERGED

    @property
    def message(self) -> str:
        """The status as a sentence, with the numbers as used."""
        reached = f"{self.certificate.kind} {self.certificate.value:.3g}"
        wanted = f"{self.certificate.threshold(self.tol):.3g} (tol={self.tol:g} times {self.certificate.scale:.3g})"
        extra = f" {self.detail}" if self.detail else ""
        return f"{self.status.value} {self.solver}: {reached}, wanted {wanted}, after {self.n_iter} iterations.{extra}"
