"""Which solver: a table, no tuning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skmtl._params import clone
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError
from skmtl.problem import Problem
from skmtl.solvers._block_cd import BlockCD
from skmtl.solvers._closed_form import ClosedForm
from skmtl.solvers._conic import Conic
from skmtl.solvers._driver import Solver
from skmtl.solvers._fista import FISTA
from skmtl.solvers._lbfgs import LBFGS
from skmtl.solvers._newton import Newton
from skmtl.solvers._splitting import Splitting, splitting_pays

SOLVERS: dict[str, type[Solver]] = {
    "closed_form": ClosedForm,
    "block_cd": BlockCD,
    "splitting": Splitting,
    "lbfgs": LBFGS,
    "newton": Newton,
    "fista": FISTA,
    "cvxpy": Conic,
}


def choose(
    problem: Problem,
    solver: str | Solver = "auto",
    *,
    tol: float,
    max_iter: int,
    constraints: Callable[[Any], list[Any]] | None = None,
    target_scale: Array | None = None,
) -> Solver:
    """The solver for a problem.

    =======================================================  =============
    problem                                                  solver="auto"
    =======================================================  =============
    extra constraints                                        cvxpy
    squared loss, quadratic penalty                          closed_form
    squared loss, rows of L1, L2, L∞ and squared terms       block_cd
    squared loss, trace norms, Grams with eigenvectors       splitting
    losses of bounded curvature, quadratic penalty           lbfgs
    anything else                                            newton
    =======================================================  =============

    Quasi-Newton takes half the time of Newton's method on logistic ridge models, and leaves the last digits to it.
    Losses of unbounded curvature (Poisson, square-root) always go to Newton's method, and so does every kink.
    ``benchmarks/solvers.py`` has the measurements. FISTA solves them all, and is the reference.
    """
    chosen: Solver
    if isinstance(solver, Conic):
        extra = {"target_scale": target_scale} if constraints is None else {
            "target_scale": target_scale, "constraints": constraints,
        }  # fmt: skip
        chosen = clone(solver).set_params(**extra)
        chosen.check_params()
        return chosen
    if constraints is not None and solver not in ("auto", "cvxpy"):
        raise InvalidParameterError(
            f"constraints need solver='cvxpy' or solver='auto', but solver={solver!r}: change one of them."
        )
    if isinstance(solver, Solver):
        chosen = clone(solver)
        chosen.check_params()
        return chosen
    if solver == "auto":
        if constraints is not None:
            solver = "cvxpy"
        else:
            solver = _automatic(problem)
    if solver not in SOLVERS:
        names = ", ".join(repr(name) for name in ("auto", *SOLVERS))
        raise InvalidParameterError(f"solver={solver!r} is not known: use {names}, or a solver object.")
    if solver == "cvxpy":
        return Conic(tol=tol, constraints=constraints, target_scale=target_scale)
    return SOLVERS[solver](tol=tol, max_iter=max_iter)


def _automatic(problem: Problem) -> str:
    if splitting_pays(problem):
        return "splitting"
    if not hasattr(problem.penalty, "task_matrix"):
        return "block_cd" if problem.loss.quadratic and hasattr(problem.penalty, "row_terms") else "newton"
    if problem.loss.quadratic:
        return "closed_form"
    return "lbfgs" if all(loss.lipschitz for loss in problem.loss.losses) else "newton"
