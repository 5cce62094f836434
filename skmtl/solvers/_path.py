"""One problem at a sequence of strengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from skmtl.problem import Coefficients, Problem
from skmtl.solvers._driver import Solver
from skmtl.solvers._result import SolveResult


def solve_path(
    problem: Problem,
    alphas: Iterable[float],
    solver_for: Callable[[Problem], Solver],
    start: Coefficients | None = None,
) -> Iterator[SolveResult]:
    """Solve at each strength in turn, each from the solution before it; nothing is mutated.

    Give the strengths largest first: solutions then grow from the empty model and every start is close.
    """
    for alpha in alphas:
        current = problem.with_alpha(alpha)
        result = solver_for(current).solve(current, start)
        start = result.coefficients
        yield result
