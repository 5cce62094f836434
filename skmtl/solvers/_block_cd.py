"""Block coordinate descent on working sets, for squared loss and penalties that are sums over rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from math import inf, isfinite, sqrt
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from skmtl._params import POSITIVE_INT, TOLERANCE
from skmtl._typing import Array, IntArray
from skmtl.exceptions import IncompatibleProblemError
from skmtl.penalties._row_terms import RowTerms
from skmtl.problem import Coefficients, FullGram, LazyGram, MomentTerm, Problem, ThinGram
from skmtl.solvers._driver import Solver
from skmtl.solvers._gram_path import admissible_start, close_enough, gram_path, is_empty
from skmtl.solvers._newton import finished_by_newton
from skmtl.solvers._result import HistoryRow, SolveResult, Status
from skmtl.solvers._small import is_small, solve_small
from skmtl.solvers._working_set import violations, working_set

if TYPE_CHECKING:
    from skmtl.solvers._row_descent import Trail

# All rows are the working set up to this many, where their Gram is at hand: choosing costs more than it spares.
_SMALL = 512
# The smallest first working set where every row has a price, and where it has none.
_FEWEST, _MANY = 2, 64
# How many times the tolerance a gap may be for a better dual point to be worth a product with the data.
_NEAR = 30.0
_ALL = slice(None)


class BlockCD(Solver):
    """Block coordinate descent: one row of coefficients (one feature, all outcomes) at a time, exactly.

    For squared loss and penalties that are sums over rows or entries of L1, L2, L∞ and squared terms, with bounds of 0
    or infinity: the lasso family (Friedman, Hastie and Tibshirani, J. Stat. Softw. 33(1), 2010; Simon, Friedman and
    Hastie, arXiv:1311.6529, for several outcomes).

    - Only a working set of rows is visited: the rows that are not zero and those that violate optimality most, doubled
      as long as any does (Massias, Gramfort and Salmon, ICML 2018).
    - On the working set, descent runs on the Gram of its rows (k² T a sweep), or, where k exceeds 2 n, on the residuals
      (4 n k T a sweep); both in blocks of rows, as matrix products.
    - Sweeps are extrapolated by Anderson's method, with the objective as guard (Bertrand and Massias, AISTATS 2021).

    The duality gap is that of the whole problem, after every working set.

    Parameters
    ----------
    tol : float, default 1e-6
        The solve ends when the certificate is at most ``tol`` times its scale.
    max_iter : int, default 10000
        Sweeps over working sets.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl.linear_model import MultiTaskLasso
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> fit = MultiTaskLasso(alpha=1.0, solver="block_cd").fit(X, Y)
    >>> fit.solver_result_.solver, fit.solver_result_.converged
    ('block_cd', True)
    """

    name: ClassVar[str] = "block_cd"
    requires: ClassVar[tuple[str, ...]] = ("loss.quadratic", "penalty.row_terms")
    _parameter_constraints: ClassVar = {"tol": [TOLERANCE], "max_iter": [POSITIVE_INT]}

    def __init__(self, tol: float = 1e-6, max_iter: int = 10_000):
        self.tol = tol
        self.max_iter = max_iter

    def solve(self, problem: Problem, start: Coefficients | None = None) -> SolveResult:
        """Solve on growing working sets until the certificate is within the tolerance."""
        self.check(problem)
        begin = time.perf_counter()
        term, shares = problem.term, problem.share_intercept
        if not isinstance(term, MomentTerm):
            if shares:
                raise IncompatibleProblemError("solver='block_cd' has no shared intercepts: use solver='auto'.")
            term = MomentTerm.from_data(problem.data, problem.loss, fit_intercept=problem.fit_intercept)
            problem = Problem(term, problem.penalty, problem.alpha)
        terms = problem.penalty.row_terms(term.shape, problem.alpha)
        point = problem.null if start is None else admissible_start(problem, start)
        whole = term.shape[0] <= _SMALL and isinstance(term.gram, FullGram)
        history: list[HistoryRow] = []
        threshold = self.tol * term.gap_scale + term.gap_floor
        sweeps, last, size = 0, 0.0, 0
        rows: IntArray | slice | None = None
        slow = term.shape[0] > _SMALL or isinstance(term.gram, ThinGram)
        dual, highest, trail = None, -inf, None
        usable = whole and 0 <= threshold < float("inf")
        if usable and start is None and problem.free is None and not is_empty(problem, problem.alpha):
            # Where a solve takes microseconds, so does the certificate of a model without features.
            rows, tol = _ALL, close_enough(term) * sqrt(threshold)
            point, sweeps, last, trail = self._descend(term, terms, point, -term.cross, rows, tol, self.max_iter)
        while True:
            point = term.refit(point, problem.free)
            image = term.predictor(point)
            objective, certificate = problem.assess(point, image)
            own = certificate.value
            if slow and threshold < own < _NEAR * threshold:
                # The gap lags behind the objective, above all with more features than rows. Where sweeps cost next to
                # nothing, the digits that come with waiting for it are worth more.
                ahead = _ahead(term, problem, point, rows, trail)
                if ahead is not None:
                    bound = problem.bound(ahead, term.predictor(ahead))
                    if bound > highest:
                        dual, highest = ahead, bound
            certificate = problem.with_bound(objective, certificate, highest)
            history.append(HistoryRow(sweeps, objective, certificate.value, time.perf_counter() - begin))
            if certificate.satisfied(self.tol):
                status = Status.CONVERGED
                break
            if not (isfinite(certificate.value) and isfinite(threshold)):
                status, point = Status.NONFINITE, problem.null
                break
            if sweeps >= self.max_iter:
                status = Status.MAX_ITER
                break
            previous = rows
            gradient = term.gradient(point, image).W
            if whole:
                rows = _ALL
            else:
                score = violations(problem.penalty, point.W, gradient, problem.alpha, problem.metric)
                active = int(point.W.any(axis=1).sum())
                size = size or _first_size(term, score)
                # A working set that was needed whole was far too small.
                size = max((4 if active > 0.8 * size else 2) * active, size)
                rows = working_set(point.W, score, size)
            if not isinstance(rows, slice) and not len(rows):
                status = Status.STALLED
                break
            inner_tol = 0.03 * sqrt(own)
            if _within(rows, previous):
                # Nothing new to visit: what is left is in the precision.
                inner_tol = min(inner_tol, 0.2 * last)
                if inner_tol < 1e-12 * sqrt(threshold):
                    status = Status.STALLED
                    break
            point, used, last, trail = self._descend(
                term, terms, point, gradient, rows, inner_tol, self.max_iter - sweeps
            )
            sweeps += used
        result = SolveResult(
            coefficients=problem.original(point),
            status=status,
            certificate=certificate,
            objective=objective,
            n_iter=sweeps,
            solver=self.name,
            tol=self.tol,
            history=tuple(history),
            dual=problem.original(dual) if dual is not None and certificate.value < own else None,
        )
        # Where features are all but combinations of each other, descent crawls and a Newton step does not.
        return finished_by_newton(problem, result, self.tol, self.max_iter) if status is Status.STALLED else result

    def path(self, problem: Problem, alphas: Sequence[float], start: Coefficients | None = None) -> list[SolveResult]:
        """Solve at several strengths, where `has_gram_path` holds; what is not converged is to be solved further."""
        return gram_path(problem, alphas, start, tol=self.tol, max_iter=self.max_iter, name=self.name)

    @staticmethod
    def _descend(
        term: MomentTerm,
        terms: RowTerms,
        point: Coefficients,
        gradient: Array,
        rows: IntArray | slice,
        tol: float,
        most: int,
    ) -> tuple[Coefficients, int, float, Trail | None]:
        """Minimise over some rows of W from a point with this gradient; the sweeps, the last move, the trail."""
        W = point.W.copy()
        part = W if rows is _ALL else W[rows]
        some = terms if rows is _ALL else terms.take(rows)
        if isinstance(term.gram, ThinGram) and len(part) > 2 * len(term.gram.X):
            trail = _compiled().Trail()
            used, last = _through_residuals(term, term.gram, some, part, rows, tol, most, trail)
        else:
            H = np.ascontiguousarray(term.block(rows))
            c = -gradient[rows]
            if part.any():
                c += H[0] @ part if len(H) == 1 else np.matmul(H, part.T[:, :, None])[:, :, 0].T
            used, last, trail = 0, float("inf"), None
            if is_small(H, part, some):
                used, last = solve_small(H, c, part, some, tol, most)
            if last > tol and used < most:
                trail = _compiled().Trail()
                more, last = _compiled().solve_gram(H, c, part, some, tol, most - used, trail)
                used += more
        if used == 1 and (part == point.W[rows]).all():
            return point, 0, last, None
        W[rows] = part
        return Coefficients(W, point.b), used, last, trail


@cache
def _compiled() -> ModuleType:
    """The module of compiled descent, loaded on first use."""
    from skmtl.solvers import _row_descent

    return _row_descent


def _through_residuals(
    term: MomentTerm,
    gram: ThinGram,
    terms: RowTerms,
    part: Array,
    rows: IntArray | slice,
    tol: float,
    most: int,
    trail: Trail,
) -> tuple[int, float]:
    """Descend on more rows than twice those of X, whose Gram would be the larger matrix."""
    X = gram.columns(rows)
    residual = gram.targets - part.T @ X
    center = np.zeros_like(part)
    values: tuple[int, float] = _compiled().solve_residual(
        X, None, center, residual, part, terms, term.task_scale, tol, most, trail
    )
    return values


def _ahead(
    term: MomentTerm, problem: Problem, point: Coefficients, rows: IntArray | slice | None, trail: Trail | None
) -> Coefficients | None:
    """Where the last iterates lead, with the best intercepts and unpenalised coefficients."""
    part = None if trail is None else trail.ahead()
    if part is None:
        return None
    W = np.zeros_like(point.W)
    W[rows] = part
    return term.refit(Coefficients(W, point.b), problem.free)


def _first_size(term: MomentTerm, score: Array) -> int:
    """Size of the first working set: rows of a lazy Gram cost a pass over the data each, others next to nothing."""
    if isinstance(term.gram, LazyGram):
        return max(int((score >= 0.5 * score.max(initial=0.0)).sum()), _FEWEST)
    return max(2 * term.shape[1] + 10, _MANY)


def _within(rows: IntArray | slice, previous: IntArray | slice | None) -> bool:
    """Whether all rows were in the working set before."""
    if isinstance(rows, slice) or isinstance(previous, slice):
        return previous is not None
    return previous is not None and bool(np.isin(rows, previous, assume_unique=True).all())


__all__ = ["BlockCD"]
