"""Proximal Newton: a quadratic model of the loss, minimised with the penalty, and a line search."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import LinearOperator, cg

from skmtl._linalg import CG_TOLERANCE
from skmtl._typing import Array
from skmtl.problem import Coefficients, Problem
from skmtl.solvers._driver import IterativeSolver
from skmtl.solvers._model import GramModel, QuadraticModel, curvature_at, quadratic_model
from skmtl.solvers._result import HistoryRow, SolveResult
from skmtl.solvers._rows import descend_on_rows, on_rows

_LARGEST_INNER = 500
# Coefficients up to which iterations on the model take next to no time.
_LITTLE = 512
# How many of them are counted as one iteration.
_ON_THE_MODEL = 10
# Iterations on the model within which its residual has to fall, where steps change the last digits only.
_PATIENCE = 100
# Steps without a visible decrease of the objective: the certificate often still falls for some of them.
_MOST_SMALL = 10


@dataclass(frozen=True, eq=False)
class _State:
    current: Coefficients
    eta: Array  # predictor at current
    bound: float  # estimate of the model's largest curvature in its metric
    damping: float  # how much of a safe curvature is added to the model
    forcing: float  # how much of the model's residual a step may leave
    small: int  # steps in a row without a visible decrease
    stalled: bool
    work: int  # iterations on models so far
    model: QuadraticModel | None  # kept where the loss is quadratic


class Newton(IterativeSolver):
    """Proximal Newton method with a line search on the objective.

    Lee, Sun and Saunders, SIAM J. Optim. 24:1420-1443, 2014. Each step minimises the second-order model of the loss
    plus the penalty: by accelerated proximal gradient on the model, or by conjugate gradients where the penalty is
    quadratic. The model costs one pass over the data (a weighted Gram per task, where features are few) and its
    minimisation none; so curved losses need some ten passes in place of hundreds. Where the model is poor (steps have
    to be cut) a multiple of the loss's global curvature is added to it.

    Parameters
    ----------
    tol, max_iter
        See `IterativeSolver`. Ten iterations on the model, which pass over no data where Grams are at hand, count as
        one; a step of Newton takes from a few to some hundreds of them.
    check_every : int, default 1
        In steps of Newton.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskLogisticRegression
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 3))
    >>> Y = X[:, [0]] + rng.logistic(size=(100, 2)) > 0
    >>> fit = MultiTaskLogisticRegression(alpha=0.01, solver="newton").fit(X, Y)
    >>> fit.solver_result_.solver, fit.solver_result_.converged, len(fit.solver_result_.history) < 10
    ('newton', True, True)
    """

    name: ClassVar[str] = "newton"

    def __init__(self, tol: float = 1e-6, max_iter: int = 10_000, check_every: int = 1):
        super().__init__(tol, max_iter, check_every)

    def init(self, problem: Problem, start: Coefficients) -> _State:
        """Start with an undamped model, or with parabolas above losses whose tails are straight."""
        eta = problem.predictor(start)
        flat = problem.loss.secant(problem.data.y, eta, problem.term.weight) is not None
        # On a model that is the loss itself little problems get their digits for nothing.
        little = start.W.size <= _LITTLE
        forcing = (1e-6 if little else 1e-3) if problem.loss.quadratic else 0.1
        return _State(start, eta, 1.0, float(flat), forcing, 0, False, 0, None)

    def point(self, state: _State) -> Coefficients:
        """The last accepted point."""
        return state.current

    def stalled(self, state: _State) -> bool:
        """Whether steps have ceased to change the objective."""
        return state.stalled

    def count(self, state: _State) -> int:
        """Iterations on models, ten for one."""
        return -(-state.work // _ON_THE_MODEL)

    def step(self, problem: Problem, state: _State) -> _State:
        """Minimise the model and go as far towards its minimum as the objective agrees."""
        if state.stalled:
            return state
        gradient = problem.smooth_gradient(state.current, state.eta)
        if not problem.loss.quadratic and on_rows(problem):
            curvature = curvature_at(problem, state.eta, state.damping)
            goal, work = descend_on_rows(problem, state.current, gradient, curvature, state.forcing)
            return self._towards(problem, state, gradient, goal, goal.combine(1.0, state.current, -1.0), work)
        model = quadratic_model(problem, state.eta, state.damping) if state.model is None else state.model
        # A model that is the loss itself may be solved to the end; others are not worth more.
        most = _ON_THE_MODEL * self.max_iter - state.work if problem.loss.quadratic else _LARGEST_INNER
        bound = state.bound
        if hasattr(problem.penalty, "task_matrix"):
            way, work = _conjugate_gradients(problem, state, model, gradient)
            goal = state.current.combine(1.0, way, 1.0)
        else:
            goal, bound, work = _accelerated(problem, state, model, gradient, max(most, 1))
            way = goal.combine(1.0, state.current, -1.0)
        return replace(
            self._towards(problem, state, gradient, goal, way, work),
            bound=0.7 * bound,
            model=model if problem.loss.quadratic else None,
        )

    def _towards(
        self,
        problem: Problem,
        state: _State,
        gradient: Coefficients,
        goal: Coefficients,
        way: Coefficients,
        work: int,
    ) -> _State:
        """Go as far towards the model's minimum as the objective agrees."""
        way_eta = problem.predictor(way)
        before = problem.smooth_value(state.current, state.eta) + problem.penalty_value(state.current)
        slope = gradient.dot(way) + problem.penalty_value(goal) - problem.penalty_value(state.current)
        # Below this a decrease is lost in the rounding of the objective: the step is then taken on trust. So is the
        # first step from a start outside the penalty's domain.
        visible = np.isfinite(before) and -slope > 1e-13 * max(abs(before), 1e-300)
        length = 1.0
        while visible and length > 1e-8:
            # The goal itself and not a sum that rounds to it: its zeros are zeros, and it lies within the bounds.
            moved = goal if length == 1.0 else state.current.combine(1.0, way, length)
            eta = state.eta + length * way_eta
            with np.errstate(over="ignore", invalid="ignore"):
                value = problem.smooth_value(moved, eta) + problem.penalty_value(moved)
            if value <= before + 1e-4 * length * slope:
                break
            length *= 0.5
        else:
            moved, eta = goal, state.eta + way_eta
            if visible:  # no step length will do: the model cannot be trusted at all
                damping = max(10 * state.damping, 1e-2)
                return replace(state, damping=damping, stalled=damping > 1e8, work=state.work + work, model=None)
        damping = max(4 * state.damping, 1e-3) if length < 0.5 else state.damping / 4
        small = 0 if visible or not np.isfinite(before) else state.small + 1
        return _State(
            moved,
            eta,
            state.bound,
            damping if damping > 1e-6 else 0.0,
            # Better points deserve better steps: that is what makes Newton's method fast at the end.
            max((0.3 if visible else 0.03) * state.forcing, 1e-5) if length == 1.0 else 0.1,
            small,
            small >= _MOST_SMALL,
            state.work + work,
            None,
        )


def _accelerated(
    problem: Problem, state: _State, model: QuadraticModel, gradient: Coefficients, most: int
) -> tuple[Coefficients, float, int]:
    """The minimum of the model plus the penalty, by accelerated proximal gradient with restarts on the model alone."""
    x, bound = state.current, state.bound
    metric, metric_b = model.metric, model.metric_b

    def size(way: Coefficients) -> float:
        return float((metric * way.W**2).sum() + metric_b @ way.b**2)

    zero = Coefficients(np.zeros_like(x.W), np.zeros_like(x.b))
    current = probe = current_image = probe_image = zero
    momentum, first, least, least_at = 1.0, 0.0, np.inf, 0
    for iteration in range(most):
        while True:
            step = 1.0 / (bound * metric)
            base = x.W + probe.W
            landed = problem.penalty.prox(base - step * (gradient.W + probe_image.W), _number(problem.alpha * step))
            new = Coefficients(landed - x.W, probe.b - (gradient.b + probe_image.b) / (bound * metric_b))
            image = model.product(new)
            move = new.combine(1.0, probe, -1.0)
            length = size(move)
            if move.dot(image.combine(1.0, probe_image, -1.0)) <= bound * length * (1 + 1e-10) or length == 0:
                break
            bound *= 1.5
        residual = bound * np.sqrt(length)
        first = residual if iteration == 0 else first
        ahead = new.combine(1.0, current, -1.0)
        pull = probe.combine(1.0, new, -1.0)
        uphill = float((metric * pull.W * ahead.W).sum() + metric_b @ (pull.b * ahead.b)) > 0
        previous, previous_image = current, current_image
        current, current_image = new, image
        if residual <= state.forcing * first:
            break
        if residual < least:
            least, least_at = residual, iteration
        elif iteration - least_at > _PATIENCE and length <= 1e-20 * size(Coefficients(landed, x.b + current.b)):
            break  # what is left is the rounding of the prox
        if uphill:
            probe, probe_image, momentum = current, current_image, 1.0
            continue
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        beta, momentum = (momentum - 1.0) / following, following
        probe = current.combine(1.0 + beta, previous, -beta)
        probe_image = current_image.combine(1.0 + beta, previous_image, -beta)
    return Coefficients(landed, x.b + current.b), bound, iteration + 1


def _number(step: Array) -> Array | float:
    return float(step[0, 0]) if step.size == 1 else step


def _conjugate_gradients(
    problem: Problem, state: _State, model: QuadraticModel, gradient: Coefficients
) -> tuple[Coefficients, int]:
    """Minimise the model plus a quadratic penalty: one linear system, by products only."""
    shape, n_channels = state.current.W.shape, len(state.current.b)
    M = problem.penalty.task_matrix(n_channels)
    fixed = not problem.fit_intercept

    def unpack(flat: Array) -> Coefficients:
        return Coefficients(flat[:-n_channels].reshape(shape), flat[-n_channels:])

    def pack(W: Array, b: Array) -> Array:
        return np.concatenate([W.ravel(), np.zeros(n_channels) if fixed else b])

    def product(flat: Array) -> Array:
        way = unpack(flat)
        image = model.product(way)
        return pack(image.W + problem.alpha * way.W @ M, image.b)

    count = [0]

    def one_more(_: Array) -> None:
        count[0] += 1

    right = -pack(gradient.W + problem.alpha * state.current.W @ M, gradient.b)
    size = len(right)
    solved, _ = cg(
        LinearOperator((size, size), matvec=product, dtype=np.float64),
        right,
        maxiter=_LARGEST_INNER,
        atol=0.0,
        callback=one_more,
        M=_preconditioner(problem, state, model, M, pack, unpack),
        **{CG_TOLERANCE: min(state.forcing, 1e-2)},
    )
    return unpack(solved), count[0]


def _preconditioner(problem: Problem, state: _State, model: QuadraticModel, M: Array, pack, unpack) -> LinearOperator:  # type: ignore[no-untyped-def]
    """Each task's own system where its Gram is at hand, else the curvature along each coefficient."""
    own = problem.alpha * np.diag(M)
    intercepts = 0.0 if problem.intercept_matrix is None else problem.alpha * np.diag(problem.intercept_matrix)
    diagonal_b = model.metric_b + intercepts
    size = state.current.W.size + len(state.current.b)
    if not isinstance(model, GramModel):
        diagonal = model.metric + own

        def scale(flat: Array) -> Array:
            way = unpack(flat)
            values: Array = pack(way.W / diagonal, way.b / diagonal_b)
            return values

        return LinearOperator((size, size), matvec=scale, dtype=np.float64)
    factors = []
    p = state.current.W.shape[0]
    for t, ridge in enumerate(own):
        block = model.scale[t] * model.grams[t if len(model.grams) > 1 else 0]
        whole = np.zeros((p + 1, p + 1))
        whole[:p, :p] = block
        whole[p, p] = diagonal_b[t]
        if model.cross is not None:
            whole[:p, p] = whole[p, :p] = model.cross[:, t]
        # A ridge at rounding level keeps the preconditioner (not the system) positive definite.
        whole[np.arange(p), np.arange(p)] += ridge + 1e-10 * max(float(np.trace(block)) / p, 1e-300)
        whole[p, p] *= 1 + 1e-10
        factors.append(linalg.cho_factor(whole, lower=True))

    def solve(flat: Array) -> Array:
        way = unpack(flat)
        columns = [linalg.cho_solve(factor, np.append(way.W[:, t], way.b[t])) for t, factor in enumerate(factors)]
        table = np.column_stack(columns)
        values: Array = pack(table[:-1], table[-1])
        return values

    return LinearOperator((size, size), matvec=solve, dtype=np.float64)


def finished_by_newton(problem: Problem, result: SolveResult, tol: float, max_iter: int) -> SolveResult:
    """What another solver has left undone."""
    last = Newton(tol, max(max_iter - result.n_iter, 1)).solve(problem, result.coefficients)
    before = result.history[-1]
    later = (
        HistoryRow(before.iteration + row.iteration, row.objective, row.certificate, before.seconds + row.seconds)
        for row in last.history[1:]
    )
    return replace(
        last,
        n_iter=result.n_iter + last.n_iter,
        solver=result.solver,
        history=(*result.history, *later),
        detail=f"The last {last.n_iter} iterations are Newton's.",
    )


__all__ = ["Newton", "finished_by_newton"]
