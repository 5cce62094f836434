"""Warm = cold: where a solve starts says nothing about where it ends."""

import cases
import numpy as np
import pytest

from skmtl.data import as_task_data
from skmtl.losses import PerTaskLoss
from skmtl.problem import DataTerm, Problem, alpha_grid
from skmtl.solvers import FISTA, choose, solve_path

N, P, T = 29, 5, 3


def test_warm_start_ends_where_a_cold_start_does(convex):
    data = cases.table(1, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    warm = convex.make(T, alpha=1.0, warm_start=True)
    for alpha in (1.0, 0.1, 0.03, 0.3):
        warm.set_params(alpha=alpha).fit(data.X, data.Y)
        cold = convex.make(T, alpha=alpha).fit(data.X, data.Y)
        assert warm.solver_result_.objective == pytest.approx(cold.solver_result_.objective, rel=1e-8)
        np.testing.assert_allclose(warm.coef_, cold.coef_, atol=1e-4 * max(1.0, np.abs(cold.coef_).max()))


def test_warm_start_with_scaled_targets_and_other_data(convex):
    one = cases.table(1, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    two = cases.table(2, kind=convex.kind, scenario="weighted", n=N, p=P, T=T)
    warm = convex.make(T, warm_start=True, scale_targets=True)
    one.fit(warm)
    two.fit(warm)
    cold = two.fit(convex.make(T, scale_targets=True))
    np.testing.assert_allclose(warm.coef_, cold.coef_, atol=1e-4 * max(1.0, np.abs(cold.coef_).max()))


def test_a_path_is_a_sequence_of_cold_fits(convex):
    data = cases.table(1, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    kinds = ["binary" if loss.id == "logistic" else "numeric" for loss in convex.losses(T)]
    task_data = as_task_data(data.X, data.Y, kinds=kinds)
    losses = PerTaskLoss([loss.make() for loss in convex.losses(T)], task_data.layout)
    term = DataTerm(task_data, losses, share_intercept=convex.share_intercept)
    problem = Problem(term, convex.penalty.make(T), 1.0)
    alphas = alpha_grid(problem, 6, 1e-3)

    def solver_for(current):
        return choose(current, tol=convex.make(T).tol, max_iter=10_000)

    results = list(solve_path(problem, alphas, solver_for))
    assert len(results) == 6
    for alpha, result in zip(alphas, results, strict=True):
        cold = data.fit(convex.make(T, alpha=alpha))
        assert result.converged
        assert result.objective == pytest.approx(cold.solver_result_.objective, rel=1e-8)
        W = problem.collapse(result.coefficients.W)
        np.testing.assert_allclose(W.T, cold.coef_, atol=2e-4 * max(1.0, np.abs(cold.coef_).max()))
    # Less penalty never costs a smaller objective.
    assert np.all(np.diff([result.objective for result in results]) <= 1e-12)
    assert problem.alpha == 1.0


def test_fits_are_deterministic(convex):
    data = cases.table(1, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    np.testing.assert_array_equal(data.fit(convex.make(T)).coef_, data.fit(convex.make(T)).coef_)


def test_a_warm_path_takes_fewer_steps():
    data = cases.table(1, scenario="missing", n=N, p=P, T=T)
    task_data = as_task_data(data.X, data.Y)
    term = DataTerm(task_data, PerTaskLoss([loss.make() for loss in cases.CONVEX[1].losses(T)], task_data.layout))
    problem = Problem(term, cases.PENALTY["group_lasso"].make(T), 1.0)
    alphas = alpha_grid(problem, 25, 1e-3)

    def solver_for(current):
        return FISTA(tol=1e-8, check_every=1)

    warm = sum(result.n_iter for result in solve_path(problem, alphas, solver_for))
    cold = sum(solver_for(problem).solve(problem.with_alpha(alpha)).n_iter for alpha in alphas)
    assert warm < 0.9 * cold, (warm, cold)
