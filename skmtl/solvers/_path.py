"""One problem at a sequence of strengths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from skmtl.problem import Coefficients, Problem
from skmtl.solvers._block_cd import BlockCD
from skmtl.solvers._driver import Solver
from skmtl.solvers._gram_path import has_gram_path
from skmtl.solvers._result import SolveResult


def solve_path(
    problem: Problem,
    alphas: Iterable[float],
    solver_for: Callable[[Problem], Solver],
    start: Coefficients | None = None,
    beside: Sequence[SolveResult] = (),
) -> Iterator[SolveResult]:
    """Solve at each strength in turn, each from the solution before it; nothing is mutated.

    Give the strengths largest first: solutions then grow from the empty model and every start is close. Over two
    strengths, ``beside`` holds the solutions of the same path at a neighbouring mixing ratio: each solve starts from
    the better of its two neighbours.
    """
    alphas = list(alphas)
    if alphas and isinstance(solver := solver_for(problem.with_alpha(alphas[0])), BlockCD) and has_gram_path(problem):
        for alpha, result in zip(alphas, solver.path(problem, alphas, start), strict=True):
            if not result.converged:
                current = problem.with_alpha(alpha)
                result = solver_for(current).solve(current, result.coefficients)
            yield result
        return
    for k, alpha in enumerate(alphas):
        current = problem.with_alpha(alpha)
        if k < len(beside) and beside[k].coefficients.W.shape == problem.null.W.shape:
            start = _better(current, start, beside[k].coefficients)
        result = solver_for(current).solve(current, start)
        start = result.coefficients
        yield result


def _better(problem: Problem, first: Coefficients | None, second: Coefficients) -> Coefficients | None:
    """The start of smaller objective; None is the model without features."""
    values = [
        problem.value(problem.null if point is None else problem.admissible(problem.working(point)))
        for point in (first, second)
    ]
    return second if values[1] < values[0] else first
