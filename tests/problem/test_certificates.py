"""A certificate is a bound, not a hope: it is compared with optima that the library had no part in."""

import cases
import numpy as np
import pytest

from skmtl.data import as_task_data
from skmtl.losses import PerTaskLoss
from skmtl.problem import Certificate, Coefficients, DataTerm, Problem

N, P, T = 26, 4, 3


def build(case, data, alpha, *, fit_intercept=True):
    kinds = ["binary" if loss.id == "logistic" else "numeric" for loss in case.losses(T)]
    task_data = as_task_data(data.X, data.Y, sample_weight=data.weight, kinds=kinds)
    losses = PerTaskLoss([loss.make() for loss in case.losses(T)], task_data.layout)
    term = DataTerm(task_data, losses, fit_intercept=fit_intercept, share_intercept=case.share_intercept)
    return Problem(term, case.penalty.make(T), alpha)


def somewhere(case, rng):
    """Random coefficients, parts stacked, where the penalty is finite: a linear space in every case."""
    return case.penalty.domain(rng.normal(size=(case.penalty.parts * P, T)))


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_value_is_the_formula(convex, fit_intercept):
    """At any point, in working coordinates and back."""
    data = cases.table(1, kind=convex.kind, scenario="weighted", n=N, p=P, T=T)
    problem = build(convex, data, 0.3, fit_intercept=fit_intercept)
    rng = np.random.default_rng(0)
    for _ in range(5):
        W, b = somewhere(convex, rng), rng.normal(size=T) * fit_intercept
        point = problem.working(Coefficients(W, b))
        expected = cases.objective(convex, data, W, b, 0.3)
        assert problem.value(point) == pytest.approx(expected, rel=1e-12)
        back = problem.original(point)
        np.testing.assert_allclose(back.W, W, atol=1e-13)
        np.testing.assert_allclose(back.b, b, atol=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gradient_is_numerical(convex, fit_intercept):
    data = cases.table(1, kind=convex.kind, scenario="weighted", n=N, p=P, T=T)
    problem = build(convex, data, 0.3, fit_intercept=fit_intercept)
    rng = np.random.default_rng(0)
    shape = (convex.penalty.parts * P, T)
    point = Coefficients(rng.normal(size=shape), rng.normal(size=T) * fit_intercept)
    gradient = problem.smooth_gradient(point, problem.predictor(point))
    for _ in range(4):
        way = Coefficients(rng.normal(size=shape), rng.normal(size=T) * fit_intercept)
        ends = [point.combine(1.0, way, h) for h in (1e-5, -1e-5)]
        values = [problem.smooth_value(end, problem.predictor(end)) for end in ends]
        assert gradient.dot(way) == pytest.approx((values[0] - values[1]) / 2e-5, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("scenario", ["missing", "weighted"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_gap_bounds_the_distance_to_the_optimum(convex, scenario, fit_intercept):
    """At random points, near and far: gap >= value - optimum >= 0, with the optimum from cvxpy."""
    data = cases.table(2, kind=convex.kind, scenario=scenario, n=N, p=P, T=T)
    plain = cases.replace(convex, share_intercept=convex.share_intercept and fit_intercept)
    for alpha in (0.02, 0.4):
        problem = build(plain, data, alpha, fit_intercept=fit_intercept)
        W, b = cases.optimum(plain, data, alpha, fit_intercept=fit_intercept)
        best = problem.working(Coefficients(W, b))
        optimum = problem.value(best)
        rng = np.random.default_rng(1)
        kinds = set()
        for distance in (1e-6, 1e-3, 0.1, 1.0, 10.0):
            way = Coefficients(somewhere(convex, rng), rng.normal(size=T) * fit_intercept)
            point = best.combine(1.0, way, distance)
            certificate = problem.certificate(point)
            kinds.add(certificate.kind)
            assert certificate.value >= 0
            if certificate.kind == "duality gap":
                # The oracle's optimum is known to some 1e-9.
                assert certificate.value >= problem.value(point) - optimum - 1e-8 * optimum
                # The residuals of any point bound all objectives, and with them the gap of another.
                assert problem.bound(point) <= optimum + 1e-8 * optimum
                near = problem.certificate(point, dual=best)
                assert near.value <= certificate.value
                assert near.value >= problem.value(point) - optimum - 1e-8 * optimum
            else:
                assert certificate.value > 0
        singular = plain.id in ("mean_1", "graph_1")
        expected = "fixed-point residual" if plain.share_intercept or singular else "duality gap"
        assert kinds == {expected}


def test_certificate_is_small_at_the_optimum_only(convex):
    data = cases.table(2, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    problem = build(convex, data, 0.1)
    W, b = cases.optimum(convex, data, 0.1)
    best = problem.working(Coefficients(W, b))
    # cvxpy's value is good to 1e-9, its point to the root of that, and so is a residual.
    assert problem.certificate(best).value <= 1e-4 * problem.certificate(best).scale
    away = best.combine(1.0, Coefficients(np.ones_like(W), np.zeros(T)), 0.1)
    assert not problem.certificate(away).satisfied(1e-4)


def test_residual_is_zero_exactly_at_a_fixed_point(convex):
    """The residual of the fit is the length of one proximal step, recomputed from the pieces."""
    data = cases.table(2, kind=convex.kind, scenario="missing", n=N, p=P, T=T)
    problem = build(convex, data, 0.1)
    model = data.fit(convex.make(T, alpha=0.1))
    solved = problem.working(Coefficients(*convex.solution(model)))
    assert problem.residual(solved) <= 2e-5 * problem.residual(problem.null)
    rng = np.random.default_rng(1)
    assert problem.residual(solved.combine(1.0, Coefficients(somewhere(convex, rng), np.zeros(T)), 1.0)) > 0.01


def test_gap_of_the_multi_task_lasso_by_hand():
    """Primal minus dual, with the dual point made from the residuals, in plain NumPy."""
    data = cases.table(3, n=N, p=P, T=T)
    X, Y, alpha = data.X, data.Y, 0.2
    W, b = np.random.default_rng(0).normal(size=(P, T)), Y.mean(axis=0)
    problem = build(cases.CONVEX_BY_ID["lasso"], data, alpha)
    Xc, Yc = X - X.mean(axis=0), Y - Y.mean(axis=0)
    residual = Yc - Xc @ W
    residual -= residual.mean(axis=0)
    largest = np.linalg.norm(Xc.T @ residual, axis=1).max() / N
    theta = residual / N * min(1.0, alpha / largest)
    dual = (theta * Yc).sum() - 0.5 * N * (theta**2).sum()
    intercept = problem.working(Coefficients(W, b)).b
    primal = 0.5 * ((Y - Xc @ W - intercept) ** 2).sum() / N + alpha * np.linalg.norm(W, axis=1).sum()
    gap = problem.certificate(problem.working(Coefficients(W, b)))
    assert gap.kind == "duality gap"
    assert gap.value == pytest.approx(primal - dual, rel=1e-10)
    assert gap.scale == pytest.approx(T * 0.5 * (Yc**2).sum(axis=0).min() / N, rel=1e-12)


def test_threshold_of_a_certificate():
    certificate = Certificate("duality gap", value=3e-6, scale=2.0, floor=1e-6)
    assert certificate.threshold(1e-6) == pytest.approx(3e-6)
    assert certificate.satisfied(1e-6)
    assert not certificate.satisfied(0.9e-6)


def test_problem_at_another_strength_shares_the_data():
    data = cases.table(3, n=N, p=P, T=T)
    problem = build(cases.CONVEX_BY_ID["mean"], data, 0.2)
    other = problem.with_alpha(0.7)
    assert other.term is problem.term
    assert (problem.alpha, other.alpha) == (0.2, 0.7)
    point = problem.working(Coefficients(np.ones((P, T)), np.ones(T)))
    assert other.value(point) == pytest.approx(
        cases.objective(cases.CONVEX_BY_ID["mean"], data, np.ones((P, T)), np.ones(T), 0.7)
    )
