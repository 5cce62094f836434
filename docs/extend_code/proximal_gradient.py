"""A solver of our own: proximal gradient steps, without any acceleration."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from skmtl.problem import Coefficients, Problem
from skmtl.solvers import IterativeSolver


class State(NamedTuple):
    """Where the solver is."""

    point: Coefficients
    bound: float  # of the curvature: steps are 1 / bound


class ProximalGradient(IterativeSolver):
    """Steps down the gradient of the loss, then the penalty's prox; shorter steps where one goes too far.

    The plainest method that solves every problem of the library, and the slowest: FISTA does it with momentum.
    """

    name: ClassVar[str] = "proximal_gradient"

    def init(self, problem: Problem, start: Coefficients) -> State:
        """Begin where the driver says."""
        return State(start, problem.curvature_bound)

    def point(self, state: State) -> Coefficients:
        """What the driver certifies."""
        return state.point

    def step(self, problem: Problem, state: State) -> State:
        """One step; the bound grows until the quadratic model at the point lies above the loss."""
        eta = problem.predictor(state.point)
        gradient = problem.smooth_gradient(state.point, eta)
        base, bound = problem.smooth_value(state.point, eta), state.bound
        while True:
            new = problem.descend(state.point, gradient, bound)
            move = new.combine(1.0, state.point, -1.0)
            model = (
                base + gradient.dot(move) + 0.5 * bound * problem.squared_length(move)
            )
            value = problem.smooth_value(new, problem.predictor(new))
            if value <= model + 1e-12 * abs(base):
                return State(new, bound)
            bound *= 2.0
