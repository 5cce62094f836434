"""The base of all solvers and the one loop that drives the iterative ones."""

from __future__ import annotations

import time
from abc import abstractmethod
from math import isfinite
from typing import Any, ClassVar

from skmtl._params import POSITIVE_INT, TOLERANCE, Params
from skmtl.exceptions import IncompatibleProblemError
from skmtl.problem import Coefficients, Problem
from skmtl.solvers._result import HistoryRow, SolveResult, Status


class Solver(Params):
    """Base of the solvers: ``solve(problem, start)`` gives a `SolveResult`.

    A solver sees the problem only. ``requires`` names the abilities it asks of the problem's parts; they
    are checked before the first iteration.
    """

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()

    def check(self, problem: Problem) -> None:
        """Raise `IncompatibleProblemError` unless the problem has what this solver needs."""
        for ability in self.requires:
            part, attribute = ability.split(".")
            owner = getattr(problem, part)
            has = getattr(owner, attribute, False)
            if not (callable(has) or has):
                kind = type(owner).__name__ if part == "penalty" else "the loss of at least one task"
                raise IncompatibleProblemError(
                    f"solver={self.name!r} needs {attribute!r}, which {kind} does not have: use solver='auto'."
                )

    @abstractmethod
    def solve(self, problem: Problem, start: Coefficients | None = None) -> SolveResult:
        """Solve the problem from a start in original coordinates (None: the model without features)."""


def finish(
    problem: Problem,
    solver: Solver,
    point: Coefficients,
    *,
    tol: float,
    n_iter: int,
    history: Any = (),
    detail: str = "",
) -> SolveResult:
    """Result of a solver that has done what it can: the certificate decides the status."""
    objective, certificate = problem.assess(point)
    if not point.isfinite():
        status = Status.NONFINITE
    elif certificate.satisfied(tol):
        status = Status.CONVERGED
    else:
        status = Status.STALLED
    return SolveResult(
        coefficients=problem.original(point),
        status=status,
        certificate=certificate,
        objective=objective,
        n_iter=n_iter,
        solver=solver.name,
        tol=tol,
        history=tuple(history),
        detail=detail,
    )


class IterativeSolver(Solver):
    """A solver made of ``init``, ``step`` and ``point``; `solve` is the loop around them.

    Parameters
    ----------
    tol : float, default 1e-6
        The solve ends when the certificate is at most ``tol`` times its scale: for a duality gap the
        objective of the model without features, for a residual the residual of that model.
    max_iter : int, default 10000
    check_every : int, default 10
        Iterations between two certificates; one certificate costs as much as one to three iterations.
    """

    _parameter_constraints: ClassVar = {
        "tol": [TOLERANCE],
        "max_iter": [POSITIVE_INT],
        "check_every": [POSITIVE_INT],
    }

    def __init__(self, tol: float = 1e-6, max_iter: int = 10_000, check_every: int = 10):
        self.tol = tol
        self.max_iter = max_iter
        self.check_every = check_every

    @abstractmethod
    def init(self, problem: Problem, start: Coefficients) -> Any:
        """State at a start in working coordinates."""

    @abstractmethod
    def step(self, problem: Problem, state: Any) -> Any:
        """State after one more iteration."""

    @abstractmethod
    def point(self, state: Any) -> Coefficients:
        """The point a state stands for."""

    def stalled(self, state: Any) -> bool:
        """Whether further iterations cannot change the point."""
        return False

    def count(self, state: Any) -> int:
        """Iterations so far, where a step is more than one; else 0."""
        return 0

    def solve(self, problem: Problem, start: Coefficients | None = None) -> SolveResult:
        """Iterate until the certificate is within the tolerance."""
        self.check(problem)
        begin = time.perf_counter()
        state = self.init(problem, problem.null if start is None else problem.admissible(problem.working(start)))
        history = []
        iteration, status = 0, Status.MAX_ITER
        while True:
            point = self.point(state)
            objective, certificate = problem.assess(point)
            if not (point.isfinite() and isfinite(certificate.value)):
                status = Status.NONFINITE
                break
            seconds = time.perf_counter() - begin
            history.append(HistoryRow(iteration, objective, certificate.value, seconds))
            if certificate.satisfied(self.tol):
                status = Status.CONVERGED
                break
            if self.stalled(state):
                status = Status.STALLED
                break
            if iteration >= self.max_iter:
                break
            for _ in range(min(self.check_every, self.max_iter - iteration)):
                state = self.step(problem, state)
                iteration = self.count(state) or iteration + 1
        return SolveResult(
            coefficients=problem.original(point),
            status=status,
            certificate=certificate,
            objective=objective,
            n_iter=iteration,
            solver=self.name,
            tol=self.tol,
            history=tuple(history),
        )
