"""Alternating directions reach the optimum that FISTA reaches, in far fewer iterations where units differ."""

import cases
import numpy as np
import pytest

from skmtl._convex import TargetScale
from skmtl.data import as_task_data
from skmtl.exceptions import IncompatibleProblemError
from skmtl.linear_model import MultiTaskGLM, MultiTaskLasso
from skmtl.losses import PerTaskLoss, SquaredLoss
from skmtl.penalties import SquaredTraceNorm, TraceNorm
from skmtl.problem import DataTerm, Problem
from skmtl.solvers import FISTA, Newton, Splitting, solve_path
from skmtl.solvers._normal_equations import normal_equations

PENALTIES = {"trace": TraceNorm(), "squared": SquaredTraceNorm()}
SHAPES = {"tall": (60, 7, 4), "wide": (20, 33, 4), "many tasks": (40, 5, 9)}


def problem(penalty, alpha, shape="tall", scenario="complete", units=0.0, fit_intercept=True):
    n, p, T = SHAPES[shape]
    data = cases.table(3, scenario=scenario, n=n, p=p, T=T)
    X = data.X * 10 ** np.linspace(-units, units, p)
    task_data = as_task_data(X, data.Y)
    scale = TargetScale.of(task_data, center=fit_intercept, scale=False, common=False)
    task_data = scale.apply(task_data)
    term = DataTerm(task_data, PerTaskLoss([SquaredLoss()] * T, task_data.layout), fit_intercept=fit_intercept)
    start = Problem(term, penalty, 1.0)
    largest = start.alpha_max()
    return start.with_alpha(alpha * (largest if np.isfinite(largest) else 1.0))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("scenario", ["complete", "missing"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PENALTIES)
def test_optimum_is_that_of_fista(name, shape, scenario, fit_intercept):
    one = problem(PENALTIES[name], 0.1, shape, scenario, fit_intercept=fit_intercept)
    ours = Splitting(tol=1e-10).solve(one)
    theirs = FISTA(tol=1e-10).solve(one)
    assert ours.converged
    assert ours.solver == "splitting"
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-9)
    np.testing.assert_allclose(ours.coefficients.W, theirs.coefficients.W, atol=1e-3)
    np.testing.assert_allclose(ours.coefficients.b, theirs.coefficients.b, atol=1e-3)
    if name == "trace":  # small singular values are zeros, and not small numbers
        values = np.linalg.svd(ours.coefficients.W, compute_uv=False)
        assert not ((values > 1e-13 * values[0]) & (values < 1e-7 * values[0])).any()


@pytest.mark.parametrize("scenario", ["complete", "missing"])
def test_units_of_features_cost_little(scenario):
    even, uneven = (problem(TraceNorm(), 0.03, scenario=scenario, units=units) for units in (0.0, 1.5))
    counts = [Splitting(tol=1e-8).solve(one).n_iter for one in (even, uneven)]
    assert counts[1] <= 200
    assert counts[1] < Newton(tol=1e-8).solve(uneven).n_iter * 10 / 2  # which counts ten for one


def test_units_beyond_the_precision_end_in_newton_or_converge():
    one = problem(TraceNorm(), 0.03, units=6.0)
    result = Splitting(tol=1e-6).solve(one)
    assert result.converged


@pytest.mark.parametrize("share", [1.0, 1.5])
def test_nothing_enters_from_alpha_max_on(share):
    result = Splitting().solve(problem(TraceNorm(), share))
    assert result.converged
    assert not result.coefficients.W.any()


def test_task_weights_and_rows_of_tasks():
    data = cases.table(3, n=50, p=6, T=4)
    for options in ({"task_weight": [1.0, 4.0, 0.3, 2.0]}, {"task_weight": "equal"}):
        fits = [
            MultiTaskGLM("squared", TraceNorm(), alpha=0.05, solver=solver, **options).fit(data.X, data.Y)
            for solver in (Splitting(tol=1e-10), FISTA(tol=1e-10))
        ]
        np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, atol=1e-4)
    rows = data.as_rows()
    fits = [
        rows.fit(MultiTaskGLM("squared", TraceNorm(), alpha=0.05, solver=solver))
        for solver in (Splitting(tol=1e-10), FISTA(tol=1e-10))
    ]
    np.testing.assert_allclose(fits[0].coef_, fits[1].coef_, atol=1e-4)


def test_a_path_starts_where_the_last_solve_ended():
    one = problem(TraceNorm(), 1.0)
    alphas = one.alpha * np.geomspace(1.0, 0.01, 12)
    path = list(solve_path(one, alphas, lambda current: Splitting(tol=1e-8, check_every=1)))
    cold = [Splitting(tol=1e-8, check_every=1).solve(one.with_alpha(alpha)) for alpha in alphas]
    for warm, alone in zip(path, cold, strict=True):
        assert warm.converged
        assert warm.objective == pytest.approx(alone.objective, rel=1e-7)
    assert sum(result.n_iter for result in path) < sum(result.n_iter for result in cold)
    again = Splitting(tol=1e-6).solve(one.with_alpha(alphas[-1]), path[-1].coefficients)
    assert again.n_iter == 0


def test_a_few_weights_go_by_inverses_and_many_by_eigenvectors():
    one = problem(TraceNorm(), 0.1)
    system = normal_equations(one)
    short = Splitting(tol=1e-2).solve(one)
    assert short.converged
    assert 1 <= len(system.inverses) <= 3
    assert "eigen" not in system.__dict__
    far = problem(TraceNorm(), 0.03, units=2.0)
    far_system = normal_equations(far)
    by_both = Splitting(tol=1e-9).solve(far)
    assert len(far_system.inverses) == 3
    assert "eigen" in far_system.__dict__
    by_eigenvectors = Splitting(tol=1e-9).solve(far)  # which are there now
    assert by_both.converged
    assert by_eigenvectors.converged
    assert by_both.objective == pytest.approx(by_eigenvectors.objective, rel=1e-9)
    for ridge, inverse in far_system.inverses.items():
        H = far_system.scale[0] * far_system.grams[0] + ridge * np.eye(len(inverse))
        np.testing.assert_allclose(inverse @ H, np.eye(len(inverse)), atol=1e-9)


def test_other_problems_are_refused():
    data = cases.table(3, n=30, p=4, T=3)
    with pytest.raises(IncompatibleProblemError, match="needs 'spectral', which GroupLasso does not have"):
        MultiTaskLasso(solver=Splitting()).fit(data.X, data.Y)
    binary = cases.table(3, kind="binary", n=30, p=4, T=3)
    with pytest.raises(IncompatibleProblemError, match="needs 'quadratic'"):
        MultiTaskGLM("logistic", TraceNorm(), solver=Splitting()).fit(binary.X, binary.Y)
