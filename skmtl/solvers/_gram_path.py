"""A path of strengths on one Gram: each minimum starts from the one before, and all are certified together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import sqrt

import numpy as np

from skmtl.problem import Coefficients, FullGram, MomentTerm, Problem
from skmtl.solvers._result import HistoryRow, SolveResult, Status

# Features up to which all of them are visited at every strength.
_MOST_FEATURES = 512
# Length of the last sweep relative to the root of the tolerance.
_CLOSE = 0.01
# Features up to which a sweep takes microseconds.
_FEW_FEATURES = 64


def admissible_start(problem: Problem, start: Coefficients) -> Coefficients:
    """A start in working coordinates within the penalty's domain, and without coefficients that change nothing."""
    point, constant = problem.admissible(problem.working(start)), getattr(problem.term, "constant", None)
    if constant is None:
        return point
    # Descent has no curvature to move them by.
    useless = constant if problem.free is None else constant & ~problem.free
    return Coefficients(np.where(useless, 0.0, point.W), point.b)


def is_empty(problem: Problem, alpha: float) -> bool:
    """Whether the model without features is optimal, at this strength, but for rounding."""
    return alpha * (1 + 1e-10) >= problem.penalty.alpha_max(-problem.term.cross)  # type: ignore[attr-defined]


def close_enough(term: MomentTerm) -> float:
    """How short the last sweep of a lone solve has to be: little problems get digits for nothing."""
    return 1e-7 if term.shape[0] <= _FEW_FEATURES else _CLOSE


def has_gram_path(problem: Problem) -> bool:
    """Whether the Gram is at hand, is small, and every coefficient is penalised."""
    term = problem.term
    small = isinstance(term, MomentTerm) and isinstance(term.gram, FullGram) and term.shape[0] <= _MOST_FEATURES
    return small and problem.free is None and hasattr(problem.penalty, "row_terms")


def gram_path(
    problem: Problem, alphas: Sequence[float], start: Coefficients | None, *, tol: float, max_iter: int, name: str
) -> list[SolveResult]:
    """Solve at each strength; a result that is not converged is to be solved further.

    Parameters
    ----------
    problem : Problem
        For which `has_gram_path` holds.
    alphas : sequence of float
    start : Coefficients or None
        In original coordinates.
    tol, max_iter
        As of a solver; ``name`` is its name.
    """
    from skmtl.solvers._row_descent import GramDescent

    begin = time.perf_counter()
    term = problem.term
    assert isinstance(term, MomentTerm)  # as has_gram_path found
    W = np.zeros(term.shape) if start is None else admissible_start(problem, start).W.copy()
    descent = GramDescent(term.block(slice(None)), np.ascontiguousarray(term.cross), W)
    close = _CLOSE * sqrt(max(tol * term.gap_scale + term.gap_floor, 0.0))
    one = problem.penalty.row_terms(term.shape, 1.0)
    points, sweeps, seconds = [], [], []
    for alpha in alphas:
        # Without strength a product would let in what infinite weights leave out.
        terms = one.times(alpha) if alpha > 0 else problem.penalty.row_terms(term.shape, alpha)
        empty = not W.any() and is_empty(problem, alpha)
        used = 0 if empty else descent.minimise(terms, close, max_iter)[0]
        points.append(Coefficients(W.copy(), term.null.b))
        sweeps.append(used)
        seconds.append(time.perf_counter() - begin)
    # Intercepts as users see them, of all at once.
    shifts = np.einsum("jt,ajt->at", term.center, np.stack([point.W for point in points]))
    results = []
    for k, (objective, certificate) in enumerate(problem.assess_each(alphas, points)):
        results.append(
            SolveResult(
                coefficients=Coefficients(points[k].W, points[k].b - shifts[k]),
                status=Status.CONVERGED if certificate.satisfied(tol) else Status.STALLED,
                certificate=certificate,
                objective=objective,
                n_iter=sweeps[k],
                solver=name,
                tol=tol,
                history=(
                    HistoryRow(sweeps[k], objective, certificate.value, seconds[k] - (seconds[k - 1] if k else 0)),
                ),
            )
        )
    return results


__all__ = ["admissible_start", "close_enough", "gram_path", "has_gram_path", "is_empty"]
